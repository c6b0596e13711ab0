"""Reads of visits. Who asks decides what there is: a member sees the own visits shortly before, the office what has ended, nobody a sealed one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from supervision.visits.checklist import BY_CODE, photo_is_needed
from supervision.visits.errors import VisitNotFound
from supervision.visits.lifecycle import ENDED_STATES, OPEN_STATES, VisitState
from supervision.visits.models import Visit, VisitAnswer, VisitMember, VisitPhoto, VisitSignature
from supervision.visits.rules import VisitRule, visible_from

OFFICE_SEES: Final = ENDED_STATES


def locked_visit(session: Session, code: str) -> Visit:
    """The visit under FOR UPDATE, read afresh. Raises: VisitNotFound."""
    found = session.scalars(select(Visit).where(Visit.code == code).with_for_update(), execution_options={"populate_existing": True}).one_or_none()
    if found is None:
        raise VisitNotFound(visit=code)
    return found


def visit_for_office(session: Session, code: str) -> Visit:
    """A visit that has ended; void ones of a sealed round stay sealed until the list is revealed. Raises: VisitNotFound."""
    found = session.scalars(select(Visit).where(Visit.code == code, Visit.state.in_(OFFICE_SEES))).one_or_none()
    if found is None:
        raise VisitNotFound(visit=code)
    return found


def visit_of_member(session: Session, code: str, account_id: UUID, *, rule: VisitRule, now_at: datetime) -> tuple[Visit, VisitMember]:
    """A visit for one of its members, once they may know of it. Raises: VisitNotFound."""
    found = session.execute(
        select(Visit, VisitMember)
        .join(VisitMember, VisitMember.visit_id == Visit.id)
        .where(Visit.code == code, VisitMember.inspector_account_id == account_id, VisitMember.recused_at.is_(None))
    ).one_or_none()
    if found is None or not _is_visible(found.Visit, rule, now_at):
        raise VisitNotFound(visit=code)
    return found.Visit, found.VisitMember


def visits_of_member(session: Session, account_id: UUID, *, rule: VisitRule, now_at: datetime, limit: int = 100) -> list[Visit]:
    """An inspector's own visits that may be known, newest day first."""
    rows = session.scalars(
        select(Visit)
        .join(VisitMember, VisitMember.visit_id == Visit.id)
        .where(VisitMember.inspector_account_id == account_id, VisitMember.recused_at.is_(None))
        .order_by(Visit.starts_at.desc(), Visit.id.desc())
        .limit(limit)
    )
    return [visit for visit in rows if _is_visible(visit, rule, now_at)]


def _is_visible(visit: Visit, rule: VisitRule, now_at: datetime) -> bool:
    if visit.state in (VisitState.MISSED, VisitState.VOID) and visit.opened_at is None:
        return now_at >= visible_from(visit.starts_at, rule)
    return visit.state is not VisitState.SEALED or now_at >= visible_from(visit.starts_at, rule)


def visits_of_round(session: Session, round_id: UUID) -> Sequence[Visit]:
    """All of a round by rank. For the services and for a revealed list, never for a page of a sealed one."""
    return session.scalars(select(Visit).where(Visit.round_id == round_id).order_by(Visit.rank, Visit.id)).all()


def ended_of_round(session: Session, round_id: UUID) -> Sequence[Visit]:
    """What the office may open."""
    return session.scalars(select(Visit).where(Visit.round_id == round_id, Visit.state.in_(OFFICE_SEES)).order_by(Visit.code)).all()


def counts(session: Session, round_ids: Sequence[UUID]) -> dict[UUID, dict[VisitState, int]]:
    """How many visits of each round are in which state."""
    found: dict[UUID, dict[VisitState, int]] = {}
    rows = session.execute(
        select(Visit.round_id, Visit.state, func.count()).where(Visit.round_id.in_(round_ids)).group_by(Visit.round_id, Visit.state)
    )
    for round_id, state, count in rows:
        found.setdefault(round_id, {})[state] = count
    return found


def open_count(session: Session, round_id: UUID) -> int:
    """Visits of a round that are still to be made or under way."""
    return session.scalar(select(func.count()).where(Visit.round_id == round_id, Visit.state.in_(OPEN_STATES))) or 0


def unclosed_count(session: Session, round_id: UUID) -> int:
    """Visits that the office has not dealt with yet."""
    waiting = (*OPEN_STATES, VisitState.SIGNED)
    return session.scalar(select(func.count()).where(Visit.round_id == round_id, Visit.state.in_(waiting))) or 0


def duties(session: Session, round_id: UUID) -> list[tuple[str, int]]:
    """`(inspector's name, visits)` of a round: the load, without a word about where."""
    rows = session.execute(
        select(VisitMember.inspector_name, func.count())
        .join(Visit, Visit.id == VisitMember.visit_id)
        .where(Visit.round_id == round_id, Visit.state != VisitState.VOID, VisitMember.recused_at.is_(None))
        .group_by(VisitMember.inspector_account_id, VisitMember.inspector_name)
        .order_by(VisitMember.inspector_name)
    )
    return [(name, count) for name, count in rows]


def loads(session: Session, round_id: UUID) -> dict[UUID, int]:
    """Visits per account in a round, recused and void ones left out."""
    rows = session.execute(
        select(VisitMember.inspector_account_id, func.count())
        .join(Visit, Visit.id == VisitMember.visit_id)
        .where(Visit.round_id == round_id, Visit.state != VisitState.VOID, VisitMember.recused_at.is_(None))
        .group_by(VisitMember.inspector_account_id)
    )
    return dict(rows.all())


def recused_in_visits(session: Session, institution_id: UUID) -> set[UUID]:
    """Who stepped back from a visit of this institution that has not ended: the register learns of it afterwards, the draw at once."""
    return set(
        session.scalars(
            select(VisitMember.inspector_account_id)
            .join(Visit, Visit.id == VisitMember.visit_id)
            .where(Visit.institution_id == institution_id, Visit.state.in_(OPEN_STATES), VisitMember.recused_at.is_not(None))
        )
    )


def overdue(session: Session, today: date) -> Sequence[str]:
    """Codes of sealed visits whose day is over."""
    return session.scalars(select(Visit.code).where(Visit.state == VisitState.SEALED, Visit.visit_on < today).order_by(Visit.code)).all()


def members(session: Session, visit_id: UUID, *, all_: bool = False) -> Sequence[VisitMember]:
    """The team, its lead first; with `all_` those who stepped back too."""
    statement = select(VisitMember).where(VisitMember.visit_id == visit_id).order_by(VisitMember.is_lead.desc(), VisitMember.ticket)
    return session.scalars(statement if all_ else statement.where(VisitMember.recused_at.is_(None))).all()


def answers(session: Session, visit_id: UUID) -> Sequence[VisitAnswer]:
    """Every answer, oldest first."""
    order = (VisitAnswer.answered_at, VisitAnswer.received_at, VisitAnswer.id)
    return session.scalars(select(VisitAnswer).where(VisitAnswer.visit_id == visit_id).order_by(*order)).all()


def standing(given: Sequence[VisitAnswer]) -> dict[str, VisitAnswer]:
    """Item → the last answer to it."""
    return {answer.item: answer for answer in given}


def photos(session: Session, visit_id: UUID) -> Sequence[VisitPhoto]:
    """In order of arrival."""
    return session.scalars(select(VisitPhoto).where(VisitPhoto.visit_id == visit_id).order_by(VisitPhoto.received_at, VisitPhoto.id)).all()


def photo(session: Session, visit_id: UUID, photo_id: UUID) -> VisitPhoto:
    """One photo of a visit. Raises: VisitNotFound."""
    found = session.scalars(select(VisitPhoto).where(VisitPhoto.visit_id == visit_id, VisitPhoto.id == photo_id)).one_or_none()
    if found is None:
        raise VisitNotFound(visit=str(photo_id))
    return found


def signatures(session: Session, visit_id: UUID) -> Sequence[VisitSignature]:
    """In order of signing."""
    return session.scalars(select(VisitSignature).where(VisitSignature.visit_id == visit_id).order_by(VisitSignature.at, VisitSignature.id)).all()


def signed_by(session: Session, visit_id: UUID, record_sha256: bytes) -> set[UUID]:
    """Members whose signature stands under exactly this record."""
    statement = select(VisitSignature.member_id).where(VisitSignature.visit_id == visit_id, VisitSignature.record_sha256 == record_sha256)
    return set(session.scalars(statement))


@dataclass(frozen=True, slots=True)
class Open:
    """What still keeps a visit from being signed."""

    present: int
    unanswered: tuple[str, ...]
    photos_missing: tuple[str, ...]

    @property
    def facts(self) -> dict[str, object]:
        """As the guards ask for it."""
        return {"present": self.present, "unanswered": len(self.unanswered), "photos_missing": len(self.photos_missing)}


def what_is_open(session: Session, visit: Visit) -> Open:
    """Presence, items without an answer, items whose photo has not arrived."""
    given = standing(answers(session, visit.id))
    shown = {p.item for p in photos(session, visit.id)}
    there = sum(m.present_at is not None for m in members(session, visit.id))
    missing = tuple(code for code, answer in given.items() if photo_is_needed(BY_CODE[code], answer.answer) and code not in shown)
    return Open(there, tuple(code for code in BY_CODE if code not in given), missing)
