"""What people together say of a lead. The newest word of each person counts; where two persons disagree, the lead is disputed. R60; F-25.

A disputed lead stays a lead: nobody makes it disappear alone. It counts neither as real nor as not real.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, Subquery, func, select, true
from sqlalchemy.dialects.postgresql import distinct_on

from supervision.screening.screening_models import LeadVerdict, ScreeningLead


class Opinion(StrEnum):
    NONE = "none"  # nobody said anything
    REAL = "real"
    NOT_REAL = "not-real"
    DISPUTED = "disputed"


class Said(Protocol):
    """A verdict as far as this module looks at it."""

    @property
    def id(self) -> UUID: ...

    @property
    def real(self) -> bool: ...

    @property
    def given_by(self) -> str: ...


def newest_of_each(verdicts: Iterable[Said]) -> dict[str, Said]:
    """Person → what that person said last."""
    last: dict[str, Said] = {}
    for one in verdicts:
        if one.given_by not in last or one.id > last[one.given_by].id:
            last[one.given_by] = one
    return last


def opinion(verdicts: Iterable[Said]) -> Opinion:
    """Of all that was ever said of one lead, in any order. Pure."""
    words = {one.real for one in newest_of_each(verdicts).values()}
    if not words:
        return Opinion.NONE
    return Opinion.DISPUTED if len(words) > 1 else Opinion.REAL if True in words else Opinion.NOT_REAL


def said(wanted: ColumnElement[bool] | None = None) -> Subquery:
    """(code, lead_id, any_real, any_not) of every lead that somebody judged, by the newest word of each person. `wanted`: a condition on leads.

    Of the verdicts with their leads, never the other way round: row-level security keeps the planner from joining all leads with this well.
    """
    last = (
        select(ScreeningLead.code, LeadVerdict.lead_id, LeadVerdict.real)
        .join(ScreeningLead, ScreeningLead.id == LeadVerdict.lead_id)
        .where(true() if wanted is None else wanted)
        .ext(distinct_on(LeadVerdict.lead_id, LeadVerdict.given_by))
        .order_by(LeadVerdict.lead_id, LeadVerdict.given_by, LeadVerdict.id.desc())
        .subquery("last_words")
    )
    return (
        select(last.c.code, last.c.lead_id, func.bool_or(last.c.real).label("any_real"), func.bool_or(~last.c.real).label("any_not"))
        .group_by(last.c.code, last.c.lead_id)
        .subquery("said")
    )


def dismissed() -> ColumnElement[bool]:
    """For a query over leads: people said that it is not real, and by the newest word of each nobody says that it is."""
    last = (
        select(LeadVerdict.real)
        .where(LeadVerdict.lead_id == ScreeningLead.id)
        .ext(distinct_on(LeadVerdict.given_by))
        .order_by(LeadVerdict.given_by, LeadVerdict.id.desc())
        .correlate(ScreeningLead)
        .subquery("last_words")
    )
    return select(func.coalesce(~func.bool_or(last.c.real), False)).scalar_subquery()
