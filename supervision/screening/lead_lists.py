"""Leads as a queue: narrowed, folded to one row for each recording, and walked through one after the other. R60, R72.

A recording stands where its strongest (or newest) lead puts it, whatever people have said of that lead: so nothing changes its place while
somebody works through the queue. Within a recording the strongest comes first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, false, func, or_, select, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from supervision.footage.models import Recording
from supervision.institutions.models import Institution
from supervision.screening.leads import LeadRow, with_place
from supervision.screening.looks import Code
from supervision.screening.opinions import Opinion, opinion, said
from supervision.screening.screening_models import LeadVerdict, ScreeningLead

MOST_ROWS: Final = 200


class Order(StrEnum):
    STRENGTH = "strength"
    FOUND = "found"


class Judged(StrEnum):
    """What people said, as a list is narrowed to it."""

    NO = "no"
    YES = "yes"
    REAL = "real"
    NOT_REAL = "not-real"
    DISPUTED = "disputed"


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What a list is narrowed to. `strength` permille at least; empty or None: everything."""

    codes: frozenset[Code] = frozenset()
    institution_id: UUID | None = None
    recording_id: UUID | None = None
    strength: int = 1
    judged: Judged | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a recording stands in the queue: its strength or the microseconds of its newest lead, then its id."""

    key: int
    recording_id: UUID


@dataclass(frozen=True, slots=True)
class Folded:
    """The leads of one recording that match: the first of them, how many, how many of each kind, how many somebody judged."""

    place: Place
    first: LeadRow
    opinion: Opinion
    count: int
    judged: int
    kinds: Mapping[Code, int]

    @property
    def further(self) -> list[tuple[Code, int]]:
        """The kinds of the others, the most frequent first."""
        others = {code: count - (code is self.first.lead.code) for code, count in self.kinds.items()}
        return sorted(((code, count) for code, count in others.items() if count), key=lambda one: (-one[1], one[0]))


@dataclass(frozen=True, slots=True)
class Total:
    leads: int
    recordings: int


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The leads before and after one; None at either end."""

    before: UUID | None
    after: UUID | None


def total(session: Session, narrowed: Narrowed) -> Total:
    """How many leads match, of how many recordings."""
    statement = select(func.count(ScreeningLead.id), func.count(ScreeningLead.recording_id.distinct()))
    leads, recordings = session.execute(statement.where(*_in(narrowed), _said_as(narrowed.judged))).one()
    return Total(leads, recordings)


def folded(session: Session, narrowed: Narrowed, order: Order, *, after: Place | None = None, limit: int = 50) -> list[Folded]:
    """One row for each recording with leads that match, behind `after`."""
    places = _places(session, narrowed, order, beyond=after, limit=min(limit, MOST_ROWS))
    ids = [one.recording_id for one in places]
    within = (*_in(narrowed), _said_as(narrowed.judged), ScreeningLead.recording_id.in_(ids))
    heads = (
        with_place()
        .where(*within)
        .ext(distinct_on(ScreeningLead.recording_id))
        .order_by(ScreeningLead.recording_id, ScreeningLead.strength.desc(), ScreeningLead.id.desc())
    )
    first = {row[0].recording_id: LeadRow(*row) for row in session.execute(heads)}
    judged_one = select(LeadVerdict.id).where(LeadVerdict.lead_id == ScreeningLead.id).exists()
    counted = (
        select(ScreeningLead.recording_id, ScreeningLead.code, func.count(), func.count().filter(judged_one))
        .where(*within)
        .group_by(ScreeningLead.recording_id, ScreeningLead.code)
    )
    kinds: dict[UUID, dict[Code, int]] = {}
    judged = dict.fromkeys(ids, 0)
    for recording_id, code, count, told in session.execute(counted):
        kinds.setdefault(recording_id, {})[code] = count
        judged[recording_id] += told
    opinions = opinions_of(session, [row.lead.id for row in first.values()])
    return [
        Folded(
            place,
            first[place.recording_id],
            opinions[first[place.recording_id].lead.id],
            sum(kinds[place.recording_id].values()),
            judged[place.recording_id],
            kinds[place.recording_id],
        )
        for place in places
    ]


def in_order(session: Session, narrowed: Narrowed, order: Order, *, limit: int) -> list[LeadRow]:
    """Lead by lead as the queue is walked: recording by recording, within each the strongest first."""
    key = _key(order).label("key")
    place = select(ScreeningLead.recording_id, key).where(*_in(narrowed)).group_by(ScreeningLead.recording_id).subquery()
    statement = (
        with_place()
        .join(place, place.c.recording_id == ScreeningLead.recording_id)
        .where(*_in(narrowed), _said_as(narrowed.judged))
        .order_by(place.c.key.desc(), ScreeningLead.recording_id.desc(), ScreeningLead.strength.desc(), ScreeningLead.id.desc())
        .limit(limit)
    )
    return [LeadRow(*row) for row in session.execute(statement)]


def of_recording(session: Session, narrowed: Narrowed, *, after: tuple[int, UUID] | None = None, limit: int = 50) -> list[LeadRow]:
    """Lead by lead, strongest first; `after` is (strength, id) of the last one seen."""
    statement = with_place().where(*_in(narrowed), _said_as(narrowed.judged))
    if after is not None:
        statement = statement.where(func.row(ScreeningLead.strength, ScreeningLead.id) < func.row(*after))
    statement = statement.order_by(ScreeningLead.strength.desc(), ScreeningLead.id.desc()).limit(min(limit, MOST_ROWS))
    return [LeadRow(*row) for row in session.execute(statement)]


def opinions_of(session: Session, lead_ids: Sequence[UUID]) -> dict[UUID, Opinion]:
    """What people together say of each of these leads."""
    found: dict[UUID, list[LeadVerdict]] = {lead_id: [] for lead_id in lead_ids}
    for one in session.scalars(select(LeadVerdict).where(LeadVerdict.lead_id.in_(lead_ids))):
        found[one.lead_id].append(one)
    return {lead_id: opinion(verdicts) for lead_id, verdicts in found.items()}


def neighbours(session: Session, narrowed: Narrowed, order: Order, lead: ScreeningLead) -> Neighbours:
    """The leads before and behind this one in the queue, whether it still matches or not."""
    here = _place_of(session, narrowed, order, lead)
    own = (ScreeningLead.strength, ScreeningLead.id), (lead.strength, lead.id)
    before, after = (_end(session, narrowed, lead.recording_id, own, earlier=earlier) for earlier in (True, False))
    if after is None and (places := _places(session, narrowed, order, beyond=here, limit=1)):
        after = _end(session, narrowed, places[0].recording_id, None, earlier=False)
    if before is None and (places := _places(session, narrowed, order, beyond=here, limit=1, backwards=True)):
        before = _end(session, narrowed, places[0].recording_id, None, earlier=True)
    return Neighbours(before, after)


def _end(session: Session, narrowed: Narrowed, recording_id: UUID, beyond: Any, *, earlier: bool) -> UUID | None:  # Any: (columns, values)
    """In one recording: the nearest matching lead before (weaker last) or behind `beyond`, or the last or the first of all."""
    statement = select(ScreeningLead.id).where(*_in(narrowed), _said_as(narrowed.judged), ScreeningLead.recording_id == recording_id)
    if beyond is not None:
        columns, values = (func.row(*side) for side in beyond)
        statement = statement.where(columns > values if earlier else columns < values)
    by = (ScreeningLead.strength, ScreeningLead.id)
    return session.scalars(statement.order_by(*(by if earlier else (one.desc() for one in by))).limit(1)).one_or_none()


def _key(order: Order) -> ColumnElement[Any]:  # Any: permille or an instant
    return func.max(ScreeningLead.strength if order is Order.STRENGTH else ScreeningLead.found_at)


def _bound(order: Order, key: int) -> object:
    return key if order is Order.STRENGTH else datetime.fromtimestamp(key // 1_000_000, UTC).replace(microsecond=key % 1_000_000)


def _number(order: Order, value: Any) -> int:  # Any: permille or an instant
    return int(value) if order is Order.STRENGTH else int(value.timestamp()) * 1_000_000 + value.microsecond


def _place_of(session: Session, narrowed: Narrowed, order: Order, lead: ScreeningLead) -> Place:
    """Where the recording of a lead stands; by the lead itself when nothing of the recording matches any more."""
    key = session.scalar(select(_key(order)).where(*_in(narrowed), ScreeningLead.recording_id == lead.recording_id))
    own = _number(order, lead.strength if order is Order.STRENGTH else lead.found_at)
    return Place(own if key is None else _number(order, key), lead.recording_id)


def _places(session: Session, narrowed: Narrowed, order: Order, *, beyond: Place | None, limit: int, backwards: bool = False) -> list[Place]:
    """Recordings with leads that match, in the order of the queue, behind (or before) a place."""
    key = _key(order)
    statement = select(ScreeningLead.recording_id, key).where(*_in(narrowed)).group_by(ScreeningLead.recording_id)
    if narrowed.judged is not None:
        statement = statement.having(func.bool_or(_said_as(narrowed.judged)))
    if beyond is not None:
        here, there = func.row(key, ScreeningLead.recording_id), func.row(_bound(order, beyond.key), beyond.recording_id)
        statement = statement.having(here > there if backwards else here < there)
    by = (key, ScreeningLead.recording_id)
    rows = session.execute(statement.order_by(*(by if backwards else (one.desc() for one in by))).limit(limit))
    return [Place(_number(order, value), recording_id) for recording_id, value in rows]


def _in(narrowed: Narrowed) -> list[ColumnElement[bool]]:
    """All that narrows but what people said."""
    found: list[ColumnElement[bool]] = [ScreeningLead.strength >= narrowed.strength]
    if narrowed.codes:
        found.append(ScreeningLead.code.in_(narrowed.codes))
    if narrowed.institution_id is not None:
        found.append(ScreeningLead.institution_id == narrowed.institution_id)
    if narrowed.recording_id is not None:
        found.append(ScreeningLead.recording_id == narrowed.recording_id)
    if narrowed.words:
        named = select(Institution.id).where(Institution.name.icontains(narrowed.words, autoescape=True))
        filed = select(Recording.id).where(Recording.file_name.icontains(narrowed.words, autoescape=True))
        found.append(or_(ScreeningLead.institution_id.in_(named), ScreeningLead.recording_id.in_(filed)))
    return found


def _said_as(judged: Judged | None) -> ColumnElement[bool]:
    """… and what people said.

    `coalesce` keeps the planner from joining: it takes row-level security for far more selective than it is, and would loop over all verdicts for
    each lead; so they are read once and hashed.
    """
    if judged is None:
        return true()
    words = said()
    real, unreal = words.c.any_real, words.c.any_not
    told = select(words.c.lead_id)
    if judged is Judged.NO:
        return ScreeningLead.id.not_in(select(LeadVerdict.lead_id))
    matching = {Judged.YES: told, Judged.REAL: told.where(~unreal), Judged.NOT_REAL: told.where(~real), Judged.DISPUTED: told.where(real, unreal)}
    return func.coalesce(ScreeningLead.id.in_(matching[judged]), false())
