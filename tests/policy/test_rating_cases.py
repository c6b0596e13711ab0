"""Cases of rating and credit repair as a legal officer writes them, against the dated policy book. R28, R44, R61–R67; domain.md 2.1, Q5."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from compliance.policy.book import Book
from compliance.rating.clocks import may_object_until, rating_turn
from compliance.rating.lifecycle import RatingState
from compliance.rating.rules import Event, Kind, RatingRule, rate
from compliance.rating.ruleset import CollectionRule, CycleRule, EffectRule
from compliance.rating.terms import ItemClass, ItemRule, is_over, is_published, may_apply, milder, terms
from tests.policy.cases import FOLDER, Case, cases, load, local

BOOK = Book.load()
Facts = Mapping[str, Any]  # Any: as the legal officer wrote it


def _event(told: Facts, on: date) -> Event:
    return Event(
        Kind(told["kind"]),
        told.get("on", on),
        told.get("ref", told["kind"]),
        told.get("grade", ""),
        told.get("value", 0),
        told.get("of", 0),
        told.get("settled", False),
    )


def _rated(facts: Facts, on: date) -> Facts:
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


def _term(facts: Facts, on: date) -> Facts:
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


def _clock(facts: Facts, on: date) -> Facts:
    rule, state, entered, now = BOOK.read(CycleRule, on=on), RatingState(facts["state"]), local(facts["entered"]), local(facts["now"])
    turn = rating_turn(state, entered, rule, now, object_until=may_object_until(entered, rule) if state is RatingState.NOTICED else None)
    assert turn is not None
    return {"whose": turn.party, "what": turn.act, "until": turn.until, "late": turn.is_late(now)}


def _archive(facts: Facts, on: date) -> Facts:
    return {"counted": facts["ended_on"] < BOOK.read(CollectionRule, on=on).archives_due_before(facts["as_of"])}


def _outcome(facts: Facts, on: date) -> Facts:
    asked = {"class": _term, "state": _clock, "ended_on": _archive}
    return next((run for name, run in asked.items() if name in facts), _rated)(facts, on)


@cases("rating")
def test_the_case_comes_out_as_the_document_wants(case: Case) -> None:
    case.check(**_outcome(case.facts, case.on))


def test_there_are_enough_cases() -> None:
    assert len(load(FOLDER / "rating.yaml")) >= 50
