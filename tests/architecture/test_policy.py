"""The policy book and the code know each other completely: no figure without a reader, no rule without a figure.

None without a clause. R1, R20; invariant 8.
"""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import Field, fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import api
import compliance
import storage
import supervision
from compliance.policy.book import Book, Parameter

ROOT = Path(__file__).resolve().parents[2]
BOOK = Book.load()
IN_FORCE_SINCE = date(2023, 5, 5)  # 古人社发〔2023〕21号
NOT_MODULES = ("api.migrations", "api.locale.extract")
UNITS = {
    "hours",
    "hour-of-day",
    "metres",
    "days",
    "working-days",
    "months",
    "years",
    "seconds",
    "yuan",
    "points",
    "flag",
    "px",
    "permille",
    "count",
    "KiB",
    "GiB",
    "TiB",
    "rule",
}
_CLAUSE = r"(R\d{1,3}(\(\d\))?|Q\d{1,2}|F-\d\d|G\d{1,2}|\d(\.\d){1,2})"  # domain.md: requirement, open question, fraud, goal, section
CLAUSES = re.compile(rf"{_CLAUSE}(, {_CLAUSE})*")


def sources() -> Iterator[tuple[Path, str]]:
    for package in ("storage", "supervision", "compliance", "api"):
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path, path.read_text(encoding="utf-8")


SOURCES = dict(sources())


def rules() -> dict[str, type[Any]]:  # Any: rules belong to every stage
    """Every dataclass that is filled from the book, found by the calls that ask for it."""
    asked = {name for text in SOURCES.values() for name in re.findall(r"(?:policy|book)\.read\(\s*(?:\w+\.)*([A-Z]\w+)", text)}
    found: dict[str, type[Any]] = {}
    for package in (storage, supervision, compliance, api):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if module.name.startswith(NOT_MODULES) or module.name.endswith("__main__"):
                continue
            for name, value in vars(importlib.import_module(module.name)).items():
                if name in asked and isinstance(value, type) and is_dataclass(value):
                    assert found.setdefault(name, value) is value, f"two rules are called {name}"
    assert asked == set(found)
    return found


RULES = rules()
FIELDS = [(rule, field) for rule in RULES.values() for field in fields(rule)]


def named(pair: object) -> str:
    return pair.name if isinstance(pair, Parameter | Field) else getattr(pair, "__name__", str(pair))


def test_rules_were_found() -> None:
    assert {"CoverageRule", "UploadRule", "RetentionRule", "PatrolRule", "SamplingRule", "ReviewRule"} <= set(RULES)


@pytest.mark.parametrize("rule", RULES.values(), ids=named)
def test_a_rule_is_frozen_and_says_which_figures_it_needs(rule: type[Any]) -> None:
    assert rule.__dataclass_params__.frozen
    assert fields(rule)
    assert BOOK.read(rule, on=IN_FORCE_SINCE) == BOOK.read(rule, on=IN_FORCE_SINCE)


@pytest.mark.parametrize(("rule", "field"), FIELDS, ids=named)
def test_a_rules_field_is_a_parameter_of_its_type_and_somebody_uses_it(rule: type[Any], field: Field[Any]) -> None:
    parameter = BOOK.parameters[field.name]
    assert {type(value.value) for value in parameter.values} == {field.type}, "a figure of another type than the rule declares"
    declared_in = importlib.import_module(rule.__module__).__file__
    uses = sum(len(re.findall(rf"\.{field.name}\b", text)) for text in SOURCES.values())
    assert uses >= 1, f"{rule.__name__}.{field.name} is declared in {declared_in} and read nowhere"


@pytest.mark.parametrize("parameter", BOOK.parameters.values(), ids=named)
def test_a_parameter_has_a_reader(parameter: Parameter) -> None:
    assert parameter.name in {field.name for _, field in FIELDS}, "nothing reads this figure: changing it would change nothing"


@pytest.mark.parametrize("parameter", BOOK.parameters.values(), ids=named)
def test_a_parameter_is_dated_cited_and_told_in_both_languages(parameter: Parameter) -> None:
    assert parameter.values[0].from_on <= IN_FORCE_SINCE, "no value on the first day of the measures"
    assert parameter.unit in UNITS
    assert CLAUSES.fullmatch(parameter.clause), parameter.clause
    assert re.search(r"[\u4e00-\u9fff]", parameter.zh)
    assert parameter.en
    assert not re.search(r"[\u4e00-\u9fff]", parameter.en)
    for suffix, units in {"_s": {"seconds"}, "_px": {"px"}, "_permille": {"permille"}, "_kib": {"KiB"}, "_gib": {"GiB"}, "_tib": {"TiB"}}.items():
        assert not parameter.name.endswith(suffix) or parameter.unit in units
    for word, unit in {"working_days": "working-days", "_hours": "hours", "_months": "months", "_years": "years", "_yuan": "yuan"}.items():
        assert word not in parameter.name or parameter.unit == unit
    assert parameter.unit != "flag" or {v.value for v in parameter.values} <= {0, 1}
    assert parameter.unit == "rule" or all(isinstance(v.value, int) and v.value >= 0 for v in parameter.values)


def test_no_two_parameters_are_told_in_the_same_words() -> None:
    for language in ("zh", "en"):
        texts = [getattr(parameter, language) for parameter in BOOK.parameters.values()]
        assert len(texts) == len(set(texts))
