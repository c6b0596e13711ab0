"""Reminders of turns that end soon or are over, by the scheduler. domain.md 2.3.2; G10.

A reminder is written once and tells; it moves nothing. What a late turn leads to is decided by a named person.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.kernel.clock import Clock
from storage.ledger import service as ledger
from supervision.findings import procedure
from supervision.findings.clocks import Grade, Party, ProcedureRule, Turn, grade
from supervision.findings.lifecycle import FindingState
from supervision.findings.models import Audience, Finding, FindingReminder

AWAITING: Final = (
    FindingState.CONFIRMED,
    FindingState.NOTICED,
    FindingState.REPLIED,
    FindingState.OBJECTED,
    FindingState.RECTIFYING,
    FindingState.RECTIFIED,
    FindingState.CLOSED,
    FindingState.UNDER_REVIEW,
)
AUDIENCES: Final[Mapping[tuple[Party, Grade], tuple[Audience, ...]]] = {
    (Party.INSTITUTION, Grade.SOON): (Audience.INSTITUTION,),
    (Party.INSTITUTION, Grade.LATE): (Audience.INSTITUTION, Audience.OFFICER),
    (Party.INSTITUTION, Grade.ESCALATED): (Audience.INSTITUTION, Audience.OFFICER, Audience.LEADER),
    (Party.BUREAU, Grade.SOON): (Audience.OFFICER,),
    (Party.BUREAU, Grade.LATE): (Audience.OFFICER,),
    (Party.BUREAU, Grade.ESCALATED): (Audience.OFFICER, Audience.LEADER),
}


def remind(session: Session, finding: Finding, rule: ProcedureRule, *, actor: Actor, clock: Clock) -> Sequence[Audience]:
    """Write what is due for one finding now; who was newly reminded. The same call again writes nothing."""
    at = clock.now_at()
    awaited = procedure.turn_of(session, finding, rule, at)
    pressing = grade(awaited, rule, at) if awaited else None
    if awaited is None or pressing is None:
        return ()
    told: list[Audience] = []
    for audience in AUDIENCES[awaited.party, pressing]:
        fresh = session.scalar(
            insert(FindingReminder)
            .values(
                finding_id=finding.id,
                institution_id=finding.institution_id,
                act=awaited.act,
                until=awaited.until,
                grade=pressing.value,
                audience=audience,
                at=at,
            )
            .on_conflict_do_nothing()
            .returning(FindingReminder.id)
        )
        if fresh is not None:
            told.append(audience)
    if told:
        body = {"finding": finding.code, "act": awaited.act, "until": awaited.until, "grade": pressing.value, "told": [one.value for one in told]}
        tenant = finding.institution_id if Audience.INSTITUTION in told else None
        ledger.append(session, actor=actor, at=at, action="finding.reminded", subject=f"finding/{finding.id}", tenant=tenant, body=body)
    return told


def awaiting(session: Session) -> Sequence[Finding]:
    """Findings of which somebody must do something."""
    return session.scalars(select(Finding).where(Finding.state.in_(AWAITING)).order_by(Finding.id)).all()


def standing(session: Session, audience: Audience, rule: ProcedureRule, clock: Clock) -> list[tuple[Finding, FindingReminder, Turn]]:
    """Reminders whose turn is still the same and still open, most pressing deadline first; row-level security keeps an institution to its own."""
    newest: dict[object, tuple[Finding, FindingReminder, Turn]] = {}
    rows = session.execute(
        select(Finding, FindingReminder)
        .join(FindingReminder, FindingReminder.finding_id == Finding.id)
        .where(FindingReminder.audience == audience, Finding.state.in_(AWAITING))
        .order_by(FindingReminder.at)
    )
    for finding, reminder in rows:
        awaited = procedure.turn_of(session, finding, rule, clock.now_at())
        if awaited is not None and (awaited.act, awaited.until) == (reminder.act, reminder.until):
            newest[finding.id] = (finding, reminder, awaited)
    return sorted(newest.values(), key=lambda one: one[2].until)
