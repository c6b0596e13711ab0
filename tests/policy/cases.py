"""Policy cases that a legal officer can read: `tests/policy/cases/<feature>.yaml`, a list of `{case, on, facts, expect, clause}`.

    - case: 就业率恰好25%，不触发退出        # a sentence in Chinese; it names the test
      on: 2026-11-24                         # the day whose policy applies
      facts: {employed: 25, counted: 100}    # what is known
      expect: {triggered: false}             # what must come out, exactly these
      clause: R44                            # on what it rests

A runner per feature turns facts into arguments of the pure rule:

    @cases("exit_triggers")
    def test_exit_trigger(case: Case) -> None:
        rule = case.rule(ExitRule)
        case.check(triggered=is_below(case.facts["employed"], case.facts["counted"], rule))
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest

from compliance.policy.book import Book
from compliance.policy.citations import CITED
from compliance.policy.lines import Located, read_lines
from storage.kernel.clock import BUREAU_ZONE

FOLDER: Final = Path(__file__).parent / "cases"
KEYS: Final = ("case", "on", "facts", "expect", "clause")
BOOK: Final = Book.load()
CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")

T = TypeVar("T")


class DefectiveCases(Exception):
    """A file of cases with defects, all of them, each with file and line."""


@dataclass(frozen=True)
class Case:
    """One case. `where` is file:line."""

    case: str
    on: date
    facts: Mapping[str, Any]  # Any: what the rule of the feature needs
    expect: Mapping[str, Any]
    clause: str
    where: str

    def rule(self, kind: type[T]) -> T:
        """The figures in force on the day of the case."""
        return BOOK.read(kind, on=self.on)

    def check(self, **outcome: object) -> None:
        """The outcome is what the case expects; a runner may compute more than a case asks for, never less."""
        missing = set(self.expect) - set(outcome)
        assert not missing, f"{self.where}: nothing computes {', '.join(sorted(missing))}"
        found = {key: comparable(outcome[key]) for key in self.expect}
        wanted = {key: comparable(value) for key, value in self.expect.items()}
        assert found == wanted, f"{self.where}: {self.case} ({self.clause})"


def comparable(value: object) -> object:
    """Instants as text of the bureau's clock (`2028-09-02 00:00`), dates as text, enums as their value, so that YAML can say them."""
    if isinstance(value, datetime):
        local = value.astimezone(BUREAU_ZONE) if value.tzinfo else value
        return local.strftime("%Y-%m-%d %H:%M:%S" if local.second else "%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [comparable(one) for one in value]
    if isinstance(value, Mapping):
        return {str(key): comparable(one) for key, one in value.items()}
    return str(value) if isinstance(value, str) else value


def local(text: object) -> datetime:
    """A time of day at the bureau: `2026-09-01 23:59:59`, written as text or as YAML's own time."""
    moment = text if isinstance(text, datetime) else datetime.fromisoformat(str(text))
    return moment.replace(tzinfo=BUREAU_ZONE)


def load(path: Path) -> list[Case]:
    """Every case of a file. Raises: DefectiveCases — with every defect and its line."""
    document, defects = read_lines(path.read_text(encoding="utf-8"), path.name)
    if not document.items and not defects:
        defects = [f"{path.name}:1: expected a list of cases"]
    found: list[Case] = []
    sentences: dict[str, int] = {}
    for item in document.items:
        wrong = [f"{path.name}:{line}: {what}" for line, what in _wrong(item)]
        if not wrong:
            one = item.fields
            case = Case(*(one[key].plain() for key in KEYS), where=f"{path.name}:{item.line}")  # type: ignore[arg-type]
            if case.case in sentences:
                wrong = [f"{path.name}:{item.line}: the same sentence stands on line {sentences[case.case]}"]
            sentences[case.case] = item.line
            found.append(case)
        defects += wrong
    if defects:
        raise DefectiveCases("\n".join(defects))
    return found


def _wrong(item: Located) -> list[tuple[int, str]]:
    if item.kind != "mapping":
        return [(item.line, f"a case is a mapping of {', '.join(KEYS)}")]
    found = [(item.line, f"{key} is missing") for key in KEYS if key not in item.fields]
    found += [(one.line, f"{key} is not known") for key, one in item.fields.items() if key not in KEYS]
    for key, sound, what in (
        ("case", lambda v: isinstance(v, str) and CHINESE.search(v) is not None, "must be a sentence in Chinese"),
        ("on", lambda v: type(v) is date, "must be a day, YYYY-MM-DD"),
        ("facts", lambda v: isinstance(v, dict), "must be a mapping"),
        ("expect", lambda v: isinstance(v, dict) and v, "must be a mapping with at least one outcome"),
        ("clause", lambda v: CITED.search(str(v)) is not None, "must cite a requirement (R44), a question (Q1), a fraud (F-21), a goal or a section"),
    ):
        if key in item.fields and not sound(item.fields[key].plain()):
            found.append((item.fields[key].line, f"{key} {what}"))
    return found


def cases(feature: str) -> pytest.MarkDecorator:
    """Every case of `cases/<feature>.yaml` as a test of its own, named by its sentence."""
    return pytest.mark.parametrize("case", [pytest.param(one, id=one.case) for one in load(FOLDER / f"{feature}.yaml")])
