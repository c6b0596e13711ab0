"""Who may be drawn to look, and until when: accounts are known here, the draw knows logins only."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth.models import Account
from api.auth.roles import OFFICERS, REVIEWERS, Role
from api.http.services import Services
from supervision.sampling.lifecycle import DrawMethod
from supervision.sampling.models import DrawRound
from supervision.spotchecks import rules
from supervision.spotchecks.inspectors import Inspector
from supervision.spotchecks.models import ReviewAssignment
from supervision.spotchecks.rules import ReviewClock

REGISTRY_CHANGED: Final = "registry.changed"  # new institutions, teachers or trainees: whom must an inspector not judge now?


def eligible_inspectors(session: Session, services: Services, method: DrawMethod | None = None) -> list[Inspector]:
    """Who may be drawn for a round of that method: active accounts valid today; the draw itself takes out who is recused.

    委托第三方核查 (R57) is looked at by third-party verifiers and by nobody of the bureau; everything else by inspectors.
    """
    return _active(session, services, [Role.THIRD_PARTY_VERIFIER if method is DrawMethod.THIRD_PARTY else Role.INSPECTOR])


def eligible_for(session: Session, services: Services, assignment_id: UUID) -> list[Inspector]:
    """Who may be drawn for another look, or instead of somebody, in the round of an assignment."""
    method = session.scalar(
        select(DrawRound.method).join(ReviewAssignment, ReviewAssignment.round_id == DrawRound.id).where(ReviewAssignment.id == assignment_id)
    )
    return eligible_inspectors(session, services, method)


def all_who_judge(session: Session, services: Services) -> list[Inspector]:
    """Everybody who may look at something today, or say what a lead is worth: whom the register of recusals may name."""
    return _active(session, services, sorted(REVIEWERS | OFFICERS))


def _active(session: Session, services: Services, roles: Sequence[Role]) -> list[Inspector]:
    now = services.clock.now_at()
    rows = session.execute(
        select(Account.login_name, Account.id, Account.display_name)
        .where(Account.role.in_(roles), Account.active, (Account.valid_until.is_(None)) | (Account.valid_until > now))
        .order_by(Account.login_name)
    )
    return [Inspector(login, account_id, name) for login, account_id, name in rows]


def review_due(services: Services) -> datetime:
    """Until when a review that is given today is awaited."""
    today = services.clock.today_on()
    return rules.review_due(today, services.policy.read(ReviewClock, today))
