"""The destruction of recordings with what all stages know: which matters are open, who is still entitled, what is to be forgotten. R73; 2.3.1."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from api.auth.models import Account
from api.auth.roles import OFFICERS, Role
from api.http.services import Services
from api.pages.persons import display_name
from compliance.subsidy.lifecycle import ClaimState
from compliance.subsidy.models import SubsidyClaim
from storage.clips import discarding
from storage.database.session import SYSTEM
from storage.kernel.actor import Actor
from storage.kernel.errors import ForbiddenMove
from storage.retention.rules import RetentionRule
from supervision.classes.models import Lesson
from supervision.findings.lifecycle import ENDED
from supervision.findings.models import Finding
from supervision.footage import destruction
from supervision.footage.copy_models import CopyCheck
from supervision.footage.destroying import DESTROYER, destroy
from supervision.footage.destruction_checks import Ports
from supervision.footage.destruction_models import Destruction
from supervision.footage.errors import DestructionRefused
from supervision.footage.models import Recording, Slot
from supervision.footage.verification import Bench
from supervision.releases.lifecycle import LIVE_STATES
from supervision.releases.models import FootageRelease
from supervision.screening.forgetting import forget
from supervision.spotchecks.lifecycle import OPEN_STATES, UNDECIDED
from supervision.spotchecks.models import ReviewAssignment, ReviewItem, ReviewOutcome

PROPOSERS: Final = OFFICERS
APPROVERS: Final = frozenset({Role.BUREAU_LEADER})
OPEN_CLAIMS: Final = (ClaimState.SUBMITTED, ClaimState.CHECKED, ClaimState.APPROVED)


def ports(services: Services) -> Ports:
    """What the deed asks of the stages above."""
    return Ports(matters=open_matters, entitled=entitled, forget=partial(_forget, services), name=display_name, key=services.secrets.receipt_key())


def rule(services: Services) -> RetentionRule:
    """The term in force today."""
    return services.policy.read(RetentionRule, services.clock.today_on())


def run_destruction(services: Services, bench: Bench, destruction_id: str) -> None:
    """The job `destroy-recording`."""
    destroy(bench, ports(services), UUID(destruction_id))


def settle_destructions(services: Services, actor: Actor) -> None:
    """The hourly job: proposals about what is no longer due stop; what was approved and is not done is asked for again."""
    while True:
        with services.database.transaction(SYSTEM) as session:
            if destruction.settle(session, actor=actor, at=services.clock.now_at(), events=services.events) == 0:
                return


def open_matters(session: Session, recording: Recording) -> list[str]:
    """Matters that need the bytes and need not hold them: findings, looks, releases, a check of the own copy, the claim of the class."""
    of_it = Finding.recording_id == recording.id
    found = [f"finding/{code}" for code in session.scalars(select(Finding.code).where(of_it, Finding.state.not_in(ENDED)).order_by(Finding.code))]
    undecided = exists().where(
        ReviewOutcome.round_id == ReviewAssignment.round_id,
        ReviewOutcome.natural_id == ReviewAssignment.natural_id,
        ReviewOutcome.state.in_(UNDECIDED),
    )
    looks = (
        select(ReviewAssignment.id)
        .join(ReviewItem, ReviewItem.assignment_id == ReviewAssignment.id)
        .where(ReviewItem.recording_id == recording.id, or_(ReviewAssignment.state.in_(OPEN_STATES), undecided))
        .distinct()
    )
    found += [f"assignment/{one}" for one in session.scalars(looks)]
    live = select(FootageRelease.id).where(FootageRelease.recording_id == recording.id, FootageRelease.state.in_(LIVE_STATES))
    found += [f"release/{one}" for one in session.scalars(live)]
    asked = select(CopyCheck.id).where(
        CopyCheck.recording_id == recording.id, CopyCheck.answered_at.is_(None), CopyCheck.due_at > func.clock_timestamp()
    )
    found += [f"copy-check/{one}" for one in session.scalars(asked)]
    claims = (
        select(SubsidyClaim.code)
        .join(Lesson, Lesson.class_id == SubsidyClaim.class_id)
        .join(Slot, Slot.lesson_id == Lesson.id)
        .where(Slot.id == recording.slot_id, SubsidyClaim.state.in_(OPEN_CLAIMS))
    )
    return found + [f"claim/{code}" for code in session.scalars(claims)]


def entitled(session: Session, row: Destruction) -> list[UUID]:
    """Of the two, those whose account is active and may today still do what it did."""
    wanted = ((row.proposer_account_id, PROPOSERS), (row.approver_account_id, APPROVERS))
    found: list[UUID] = []
    for account_id, roles in wanted:
        account = session.get(Account, account_id) if account_id else None
        over = (
            account is not None and account.valid_until is not None and account.valid_until <= (session.scalar(select(func.now())) or row.proposed_at)
        )
        if account is not None and account.active and not over and account.role in roles:
            found.append(account.id)
    return found


def _forget(services: Services, session: Session, recording: Recording, at: datetime) -> Sequence[dict[str, object]]:
    viewing = services.buckets.viewing
    copies = discarding.discard_recording(session, viewing, recording.id, recording.object_key, actor=DESTROYER, at=at)
    return [*copies, *forget(session, viewing, recording, at)]


def propose_all(services: Services, session: Session, recording_ids: Sequence[UUID], *, reason: str, actor: Actor) -> list[Destruction]:
    """What a person chose, all or none. Raises: as `destruction.propose`."""
    return destruction.propose(
        session,
        services.buckets.evidence,
        recording_ids,
        reason=reason,
        rule=rule(services),
        ports=ports(services),
        actor=actor,
        clock=services.clock,
    )


def approve_all(services: Services, session: Session, ids: Sequence[UUID], *, note: str, actor: Actor) -> list[Destruction]:
    """Another person agrees to each, all or none. Raises: as `destruction.approve`; DestructionRefused — names what something speaks against."""
    made: list[Destruction] = []
    for one in sorted(set(ids)):
        try:
            row = destruction.approve(
                session,
                services.buckets.evidence,
                one,
                note=note,
                rule=rule(services),
                ports=ports(services),
                actor=actor,
                clock=services.clock,
                events=services.events,
            )
        except ForbiddenMove as refused:
            named = session.scalar(
                select(Recording.file_name).join(Destruction, Destruction.recording_id == Recording.id).where(Destruction.id == one)
            )
            if refused.facts["why"] in ("not-listed", "same-person"):
                raise
            raise DestructionRefused(file=named or str(one), why=refused.facts["why"]) from refused
        made.append(row)
    return made
