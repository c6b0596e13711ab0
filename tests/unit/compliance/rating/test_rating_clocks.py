"""Whose turn it is on a rating or an item of information. domain.md 2.3.4."""

from datetime import date, datetime, timedelta

import pytest

from compliance.policy.book import Book
from compliance.rating.clocks import item_turn, may_object_until, rating_turn
from compliance.rating.item_lifecycle import ItemState
from compliance.rating.lifecycle import RatingState
from compliance.rating.ruleset import CycleRule
from compliance.rating.terms import ItemRule
from storage.kernel.clock import BUREAU_ZONE
from supervision.findings.clocks import Party, Turn

ON = date(2026, 11, 3)
CYCLE = Book.load().read(CycleRule, on=ON)
ITEMS = Book.load().read(ItemRule, on=ON)


def after(days: int, hour: int = 0) -> datetime:
    """Counted from Tuesday, 3 November 2026: no holiday until the new year."""
    return datetime(2026, 11, 3, hour, tzinfo=BUREAU_ZONE) + timedelta(days=days)


ENTERED, NAMED = after(0, 9), after(10)


def rating(state: RatingState, now: datetime = ENTERED, *, until: datetime | None = None) -> Turn | None:
    return rating_turn(state, ENTERED, CYCLE, now, object_until=until)


def item(state: ItemState, now: datetime = ENTERED, *, until: datetime | None = None) -> Turn | None:
    return item_turn(state, ENTERED, ITEMS, now, state_until=until)


def test_the_day_that_the_notice_named_binds_and_its_last_instant_is_the_institution_s() -> None:
    assert may_object_until(ENTERED, CYCLE) == after(8)
    assert rating(RatingState.NOTICED, NAMED - timedelta(microseconds=1), until=NAMED) == Turn(Party.INSTITUTION, "object", NAMED)
    assert rating(RatingState.NOTICED, NAMED, until=NAMED) == Turn(Party.BUREAU, "finalise", after(17))  # five working days after its last


@pytest.mark.parametrize(
    ("state", "act", "days"),
    [
        (RatingState.OBJECTION, "answer", 8),
        (RatingState.ANSWERED, "finalise", 8),
        (RatingState.UNCONTESTED, "finalise", 8),
        (RatingState.FINAL, "publish", 29),
    ],
)
def test_every_other_clock_of_a_rating_is_the_bureau_s(state: RatingState, act: str, days: int) -> None:
    assert rating(state) == Turn(Party.BUREAU, act, after(days))
    assert rating(state, until=NAMED) == Turn(Party.BUREAU, act, after(days))


def test_nobody_is_late_with_a_rating_that_awaits_nothing() -> None:
    running = {RatingState.OBJECTION, RatingState.ANSWERED, RatingState.UNCONTESTED, RatingState.FINAL}
    assert {state for state in RatingState if rating(state)} == running
    assert {state for state in RatingState if rating(state, until=NAMED)} == running | {RatingState.NOTICED}


def test_an_item_is_contested_within_the_days_of_its_letter_then_decided() -> None:
    assert item(ItemState.CLASSIFIED, NAMED - timedelta(microseconds=1), until=NAMED) == Turn(Party.INSTITUTION, "state", NAMED)
    assert item(ItemState.CLASSIFIED, NAMED, until=NAMED) == Turn(Party.BUREAU, "decide", after(24))


def test_a_repair_is_accepted_and_verified_within_the_days_of_the_order() -> None:
    assert item(ItemState.REPAIR_APPLIED) == Turn(Party.BUREAU, "accept", after(3))
    assert item(ItemState.ACCEPTED) == Turn(Party.BUREAU, "verify", after(15))


def test_an_item_that_is_not_contested_is_decided_within_the_days_of_the_bureau() -> None:
    assert item(ItemState.UNCONTESTED) == Turn(Party.BUREAU, "decide", after(15))


def test_nobody_is_late_with_an_item_that_awaits_nothing() -> None:
    running = {ItemState.UNCONTESTED, ItemState.REPAIR_APPLIED, ItemState.ACCEPTED}
    assert {state for state in ItemState if item(state)} == running
    assert {state for state in ItemState if item(state, until=NAMED)} == running | {ItemState.CLASSIFIED}
