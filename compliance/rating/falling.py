"""A finding that was withdrawn, a decision that was reversed: the rating in force is computed again without it, and says so. 2.3.4, 2.3.5; R67.

Idempotent: a rating that no longer counts it is left alone.
"""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from compliance.rating import service
from compliance.rating.lifecycle import IN_FORCE
from compliance.rating.models import Rating
from compliance.rating.rules import Kind
from compliance.rating.ruleset import EffectRule
from compliance.rating.service import Fallen
from storage.kernel.actor import Actor
from storage.kernel.clock import Clock
from supervision.findings.lifecycle import FindingState
from supervision.findings.models import Finding
from supervision.outcomes.models import AuditProblem

OF_FINDING = (Kind.FINDING, Kind.SAFETY, Kind.RECTIFICATION)


def withdrawn_findings(session: Session) -> list[Fallen]:
    """Findings that a review took back, of institutions with a rating in force."""
    rows = session.execute(
        select(Finding.institution_id, Finding.id, Finding.code)
        .join(Rating, Rating.institution_id == Finding.institution_id)
        .where(Finding.state == FindingState.WITHDRAWN, Rating.state.in_(IN_FORCE))
        .order_by(Finding.code)
    )
    return [Fallen(owner, key, code, OF_FINDING, f"监督检查问题{code}经复核已撤销", FindingState.WITHDRAWN.value) for owner, key, code in rows]


def reversed_problem(problem: AuditProblem) -> Fallen:
    """A major problem whose exit decision was revoked."""
    because = f"以{problem.document}为依据的退出决定已被撤销"
    return Fallen(problem.institution_id, problem.id, problem.document, (Kind.MAJOR_PROBLEM,), because, "reversed")


def reread(session: Session, fallen: Iterable[Fallen], *, effects: EffectRule, actor: Actor, clock: Clock) -> list[Rating]:
    """Compute again what counted any of it; the ratings that were made."""
    made = [service.recompute_fallen(session, one, effects=effects, actor=actor, clock=clock) for one in fallen]
    return [row for row in made if row is not None]
