"""Cases of rating and credit repair as a legal officer writes them, against the dated policy book. R28, R44, R61–R67; domain.md 2.1, Q5."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from compliance.policy.book import Book
from compliance.rating.rules import Event, Kind, RatingRule, rate
from compliance.rating.ruleset import EffectRule
from compliance.rating.terms import ItemClass, ItemRule, is_over, is_published, may_apply, milder, terms

READ = yaml.safe_load((Path(__file__).parent / "cases" / "rating.yaml").read_text(encoding="utf-8"))
CASES: list[dict[str, Any]] = [{"on" if key is True else key: value for key, value in case.items()} for case in READ]  # YAML 1.1 reads `on` as true
BOOK = Book.load()


def _event(told: dict[str, Any], on: date) -> Event:  # Any: YAML
    return Event(
        Kind(told["kind"]),
        told.get("on", on),
        told.get("ref", told["kind"]),
        told.get("grade", ""),
        told.get("value", 0),
        told.get("of", 0),
        told.get("settled", False),
    )


def _rated(facts: dict[str, Any], on: date) -> dict[str, Any]:  # Any: YAML
    events = [_event(one, on) for one in facts["events"] for _ in range(one.get("times", 1))]
    if not facts.get("without_footage"):
        events.append(Event(Kind.COVERAGE, on, "coverage", value=1000, of=1000))
    grade = rate(BOOK.read(RatingRule, on=on), events)
    effects = BOOK.read(EffectRule, on=on)
    return {
        "score": grade.score,
        "tier": grade.tier,
        "codes": [reason.code for reason in grade.reasons if reason.points or reason.floor],
        "most_persons": effects.most_persons(grade.tier),
        "rank": effects.rank(grade.tier),
    }


def _term(facts: dict[str, Any], on: date) -> dict[str, Any]:  # Any: YAML
    kind, decided_on, safety = ItemClass(facts["class"]), facts["decided_on"], facts.get("safety", False)
    rule = BOOK.read(ItemRule, on=on)
    held = terms(kind, decided_on, rule, safety=safety)
    if "classified_on" in facts:
        held = milder(terms(kind, decided_on, BOOK.read(ItemRule, on=facts["classified_on"]), safety=safety), held)
    return {
        "rule_set": held.rule_set,
        "repairable_on": held.repairable_on,
        "ends_on": held.ends_on,
        "may_apply": may_apply(on, held),
        "over": is_over(on, held),
        "published": is_published(kind, rule, necessary=facts.get("necessary", False)),
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_the_case_comes_out_as_the_document_wants(case: dict[str, Any]) -> None:  # Any: YAML
    found = _term(case["facts"], case["on"]) if "class" in case["facts"] else _rated(case["facts"], case["on"])
    assert {name: found[name] for name in case["expect"]} == case["expect"], case["clause"]


def test_there_are_cases_enough_and_each_is_named_once() -> None:
    assert len(CASES) >= 50
    assert len({case["case"] for case in CASES}) == len(CASES)
    assert all(case["clause"] for case in CASES)
