"""Whose turn it is on a rating or an item, and until when. 2.3.4. Pure."""

from datetime import datetime

from compliance.rating.item_lifecycle import ItemState
from compliance.rating.lifecycle import RatingState
from compliance.rating.ruleset import CycleRule
from compliance.rating.terms import ItemRule
from supervision.findings.clocks import Party, Turn, deadline, following


def may_object_until(noticed_at: datetime, rule: CycleRule) -> datetime:
    """The end of the days in which the institution may object to a preliminary rating."""
    return deadline(noticed_at, rule.rating_objection_working_days)


def rating_turn(state: RatingState, entered_at: datetime, rule: CycleRule, now_at: datetime, *, object_until: datetime | None) -> Turn | None:
    """The clock that runs; None when nothing with a deadline is awaited. What the notice named binds."""
    if state is RatingState.NOTICED and object_until is not None:
        if now_at < object_until:
            return Turn(Party.INSTITUTION, "object", object_until)
        return Turn(Party.BUREAU, "finalise", following(object_until, rule.rating_answer_working_days))
    if state is RatingState.OBJECTION:
        return Turn(Party.BUREAU, "answer", deadline(entered_at, rule.rating_answer_working_days))
    if state in (RatingState.ANSWERED, RatingState.UNCONTESTED):
        return Turn(Party.BUREAU, "finalise", deadline(entered_at, rule.rating_answer_working_days))
    if state is RatingState.FINAL:
        return Turn(Party.BUREAU, "publish", deadline(entered_at, rule.rating_publication_working_days))
    return None


def item_turn(state: ItemState, entered_at: datetime, rule: ItemRule, now_at: datetime, *, state_until: datetime | None) -> Turn | None:
    """Likewise for an item."""
    if state is ItemState.CLASSIFIED and state_until is not None:
        if now_at < state_until:
            return Turn(Party.INSTITUTION, "state", state_until)
        return Turn(Party.BUREAU, "decide", following(state_until, rule.item_verification_working_days))
    if state is ItemState.UNCONTESTED:
        return Turn(Party.BUREAU, "decide", deadline(entered_at, rule.item_verification_working_days))
    if state is ItemState.REPAIR_APPLIED:
        return Turn(Party.BUREAU, "accept", deadline(entered_at, rule.item_acceptance_working_days))
    if state is ItemState.ACCEPTED:
        return Turn(Party.BUREAU, "verify", deadline(entered_at, rule.item_verification_working_days))
    return None
