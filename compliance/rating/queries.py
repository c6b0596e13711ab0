"""Reads of ratings and information items; what is public comes from `published` and `published_items` alone. R67."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from compliance.rating import item_lifecycle
from compliance.rating.errors import ItemNotFound, RatingNotFound
from compliance.rating.item_lifecycle import ItemState
from compliance.rating.lifecycle import IN_FORCE, INSTITUTION_SEES, RatingState
from compliance.rating.models import CreditItem, Rating, RatingInputs
from compliance.rating.ruleset import EffectRule
from compliance.rating.terms import ItemClass
from compliance.rating.words import plain_texts
from storage.kernel.clock import local_date
from supervision.institutions.models import CreditTier, Institution, InstitutionKind, InstitutionStatus


def rating(session: Session, code: str, *, institution_id: UUID | None = None, lock: bool = False) -> Rating:
    """One rating; with `institution_id`, only that institution's and only when it was told. Raises: RatingNotFound."""
    wanted = select(Rating).where(Rating.code == code)
    if institution_id is not None:
        wanted = wanted.where(Rating.institution_id == institution_id, Rating.state.in_(INSTITUTION_SEES))
    found = session.scalars(wanted.with_for_update() if lock else wanted).one_or_none()
    if found is None:
        raise RatingNotFound(rating=code)
    return found


def item(session: Session, code: str, *, institution_id: UUID | None = None, lock: bool = False) -> CreditItem:
    """One information item, likewise. Raises: ItemNotFound."""
    wanted = select(CreditItem).where(CreditItem.code == code)
    if institution_id is not None:
        wanted = wanted.where(CreditItem.institution_id == institution_id, CreditItem.state.in_(item_lifecycle.INSTITUTION_SEES))
    found = session.scalars(wanted.with_for_update() if lock else wanted).one_or_none()
    if found is None:
        raise ItemNotFound(item=code)
    return found


def in_force(session: Session, institution_id: UUID, *, lock: bool = False) -> Rating | None:
    """The rating that holds now."""
    wanted = select(Rating).where(Rating.institution_id == institution_id, Rating.state.in_(IN_FORCE))
    return session.scalars(wanted.with_for_update() if lock else wanted).one_or_none()


def of_institution(session: Session, institution_id: UUID, *, limit: int = 50) -> Sequence[Rating]:
    """Newest first: the history line is drawn from it."""
    return session.scalars(select(Rating).where(Rating.institution_id == institution_id).order_by(Rating.id.desc()).limit(limit)).all()


def of_year(
    session: Session, year: int, *, states: Sequence[RatingState] = (), after: str = "", limit: int = 500
) -> Sequence[tuple[Rating, Institution]]:
    """A year's cycle by code, at most `limit` after a code."""
    wanted = select(Rating, Institution).join(Institution, Institution.id == Rating.institution_id).where(Rating.year == year, Rating.code > after)
    if states:
        wanted = wanted.where(Rating.state.in_(states))
    return [(row.Rating, row.Institution) for row in session.execute(wanted.order_by(Rating.code).limit(limit))]


def years(session: Session) -> Sequence[int]:
    """Years that have ratings, newest first."""
    return session.scalars(select(Rating.year).distinct().order_by(Rating.year.desc())).all()


def counts(session: Session, year: int) -> dict[RatingState, int]:
    """How many ratings of a year stand in each state."""
    rows = session.execute(select(Rating.state, func.count()).where(Rating.year == year).group_by(Rating.state))
    return {row[0]: row[1] for row in rows}


def without_rating(session: Session, year: int, *, limit: int = 500) -> Sequence[Institution]:
    """Institutions of the directory, those that train and those that evaluate (R37, R61), that have no rating of a year yet."""
    rated = exists().where(Rating.institution_id == Institution.id, Rating.year == year, Rating.state != RatingState.VOID)
    wanted = select(Institution).where(Institution.status != InstitutionStatus.EXCLUDED, ~rated)
    return session.scalars(wanted.order_by(Institution.code).limit(limit)).all()


def inputs_of(session: Session, row: Rating) -> RatingInputs | None:
    """The frozen inputs that the result rests on."""
    if row.inputs_sha256 is None:
        return None
    return session.scalars(select(RatingInputs).where(RatingInputs.rating_id == row.id, RatingInputs.sha256 == row.inputs_sha256)).one_or_none()


def items_of(session: Session, institution_id: UUID, *, told_only: bool = False, limit: int = 200) -> Sequence[CreditItem]:
    """Newest first."""
    wanted = select(CreditItem).where(CreditItem.institution_id == institution_id)
    if told_only:
        wanted = wanted.where(CreditItem.state.in_(item_lifecycle.INSTITUTION_SEES))
    return session.scalars(wanted.order_by(CreditItem.id.desc()).limit(limit)).all()


def items(
    session: Session, *, states: Sequence[ItemState] = (), before: UUID | None = None, limit: int = 200
) -> Sequence[tuple[CreditItem, Institution]]:
    """All items of the county, newest first."""
    wanted = select(CreditItem, Institution).join(Institution, Institution.id == CreditItem.institution_id)
    if states:
        wanted = wanted.where(CreditItem.state.in_(states))
    if before is not None:
        wanted = wanted.where(CreditItem.id < before)
    return [(row.CreditItem, row.Institution) for row in session.execute(wanted.order_by(CreditItem.id.desc()).limit(limit))]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One line of the order of selection (R63)."""

    institution: Institution
    tier: str
    score: int | None
    rank: int


def selection_order(session: Session, rule: EffectRule, *, on: date, limit: int = 500) -> list[Candidate]:
    """Training institutions in the order in which a task is offered: by rank of the tier in force, then score, then code."""
    newer = aliased(CreditTier)
    later = exists().where(newer.institution_id == CreditTier.institution_id, newer.from_on <= on, newer.from_on > CreditTier.from_on)
    rows = session.execute(
        select(Institution, CreditTier.tier, Rating.score)
        .select_from(Institution)
        .outerjoin(CreditTier, (CreditTier.institution_id == Institution.id) & (CreditTier.from_on <= on) & ~later)
        .outerjoin(Rating, (Rating.institution_id == Institution.id) & Rating.state.in_(IN_FORCE))
        .where(Institution.kind == InstitutionKind.TRAINING, Institution.status == InstitutionStatus.ACTIVE)
        .order_by(Institution.code)
        .limit(limit)
    ).all()
    found = [Candidate(row[0], row[1].value if row[1] else "", row[2], rule.rank(row[1].value if row[1] else "")) for row in rows]
    return sorted(found, key=lambda one: (one.rank, -(one.score or 0), one.institution.code))


@dataclass(frozen=True, slots=True)
class Published:
    """What the public reads of a rating: no word of a person, only codes in plain words."""

    institution_id: UUID
    code: str
    name: str
    year: int
    tier: str
    score: int
    decided_on: date
    document: str
    reasons: tuple[dict[str, Any], ...]  # Any: rules.Reason.plain()

    def plain_reasons(self, language: str) -> list[str]:
        """At most three sentences."""
        return plain_texts(self.reasons, language)


def published(session: Session, *, institution_ids: Sequence[UUID] = (), after: str = "", limit: int = 500) -> list[Published]:
    """Published ratings in force by institution code; reads under the public scope."""
    wanted = (
        select(Rating, Institution.code, Institution.name)
        .join(Institution, Institution.id == Rating.institution_id)
        .where(Rating.state == RatingState.PUBLISHED, Institution.code > after)
    )
    if institution_ids:
        wanted = wanted.where(Rating.institution_id.in_(list(institution_ids)))
    return [_published(row[0], row[1], row[2]) for row in session.execute(wanted.order_by(Institution.code).limit(limit))]


def _published(row: Rating, code: str, name: str) -> Published:
    return Published(
        institution_id=row.institution_id,
        code=code,
        name=name,
        year=row.year,
        tier=row.tier.value if row.tier else "",
        score=row.score or 0,
        decided_on=local_date(row.decided_at or row.opened_at),
        document=row.document,
        reasons=tuple({name: value for name, value in reason.items() if name != "evidence"} for reason in row.reasons),
    )


@dataclass(frozen=True, slots=True)
class PublishedItem:
    """What the public reads of an information item."""

    code: str
    institution: str
    item_class: ItemClass
    document: str
    decided_on: date
    ends_on: date
    repair_open: bool  # applied for and not decided


def published_items(session: Session, *, on: date, institution_id: UUID | None = None, limit: int = 200) -> list[PublishedItem]:
    """Items whose publication is on and whose longest time is not over, whether or not the scheduler has run since."""
    wanted = (
        select(CreditItem, Institution.name)
        .join(Institution, Institution.id == CreditItem.institution_id)
        .where(CreditItem.publication_on, CreditItem.ends_on > on)
    )
    if institution_id is not None:
        wanted = wanted.where(CreditItem.institution_id == institution_id)
    return [
        PublishedItem(row.code, name, row.item_class, row.document, row.decided_on, row.ends_on, row.state in item_lifecycle.REPAIR_OPEN)
        for row, name in session.execute(wanted.order_by(CreditItem.code).limit(limit))
        if row.item_class is not None and row.ends_on is not None
    ]


def told_at(row: Rating) -> datetime:
    """When it was decided, or opened while it is not."""
    return row.decided_at or row.opened_at
