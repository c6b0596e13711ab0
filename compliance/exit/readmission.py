"""重新准入: after the term, on application, when cause, money and site are in order; from the lowest tier. R47, Q6; domain.md 2.3.5."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from compliance.exit import effects, letters, queries
from compliance.exit.acts import demand, guarded, id_of, ids_of, matter_of, points_of, signer
from compliance.exit.errors import MalformedExit
from compliance.exit.lifecycle import ExitEvent
from compliance.exit.models import ExitCase
from compliance.exit.rules import READMISSION_CHECKS, RemedyRule, readmission_missing
from compliance.papers import service as papers
from compliance.papers.models import CasePaper
from storage.kernel.actor import Actor
from storage.kernel.clock import Clock, add_months
from storage.kernel.events import Events
from supervision.findings.attachments import Given
from supervision.findings.holds import Holds
from supervision.institutions import service as registry
from supervision.institutions.errors import CodeTaken
from supervision.institutions.models import Institution, Tier

PROBATION_TIER: Final = Tier.D  # the lowest: what it means for the draw is said by `weight_tier_d_permille`


def apply(
    session: Session,
    code: str,
    *,
    points: Sequence[str],
    files: Sequence[Given],
    institution_id: UUID,
    actor: Actor,
    clock: Clock,
    name: str = "",
) -> CasePaper:
    """By the head, after the term, as often as needed. Raises: ExitCaseNotFound, MalformedExit, ForbiddenMove — the term is not over."""
    at = clock.now_at()
    row = queries.case(session, code, institution_id=institution_id, lock=True)
    given = points_of(points)
    content = letters.paper("readmission-application", at=at, author=signer(actor, name), points=given)
    paper = papers.take(session, row, "readmission-application", content, files, actor=actor, at=at)
    guarded(session, row, ExitEvent.APPLY_READMISSION, actor, at, {"statement_given": True, **papers.cited(paper)})
    return paper


def assess(
    session: Session, code: str, *, checks: Mapping[str, bool], notes: Mapping[str, str], actor: Actor, clock: Clock, name: str = ""
) -> CasePaper:
    """评估: cause removed, subsidy repaid, site checked; each with what it rests on. Raises: MalformedExit, ForbiddenMove."""
    at = clock.now_at()
    row = queries.case(session, code, lock=True)
    missing: list[dict[str, object]] = [
        {"where": one, "code": "missing", "value": ""} for one in READMISSION_CHECKS if not notes.get(one, "").strip()
    ]
    if missing:
        raise MalformedExit(errors=missing)
    met = {one: bool(checks.get(one)) for one in READMISSION_CHECKS}
    told = {one: notes[one].strip() for one in READMISSION_CHECKS}
    content = letters.paper("assessment", at=at, author=signer(actor, name), checks=met, notes=told)
    paper = papers.take(session, row, "assessment", content, actor=actor, at=at, internal=True)
    row.assessed_by_id = actor.id
    guarded(session, row, ExitEvent.ASSESS, actor, at, {"assessed": True, "checks": met, **papers.cited(paper)})
    return paper


def decide(
    session: Session,
    code: str,
    *,
    admitted: bool,
    reasons: str,
    rule: RemedyRule,
    holds: Holds,
    actor: Actor,
    clock: Clock,
    events: Events,
    name: str = "",
) -> CasePaper:
    """重新准入决定 by a leader who did not assess it. Admitted: status restored, lowest tier, in one transaction.

    Raises: MalformedExit, ForbiddenMove (`same-person`, `readmission-conditions-open`, `reason-needed`).
    """
    at = clock.now_at()
    row = queries.case(session, code, lock=True)
    demand(reasons=reasons)
    assessed = papers.last(session, row.id, "assessment")
    met = assessed.content["checks"] if assessed else {}
    content = letters.readmission(
        matter_of(session, row),
        at=at,
        signer=signer(actor, name),
        admitted=admitted,
        reasons=reasons.strip(),
        checks={one: ("符合" if met.get(one) else "不符合") for one in READMISSION_CHECKS},
        reconsider_days=rule.exit_reconsideration_days,
        sue_months=rule.exit_litigation_months,
    )
    paper = papers.issue(session, row, "readmission", letters.WORDS["readmission"], content, actor=actor, at=at)
    facts = {
        "person": id_of(actor),
        "seen_by": ids_of(row.assessed_by_id),
        "conditions_met": not readmission_missing(met),
        "reason": reasons.strip(),
        **papers.cited(paper),
    }
    if admitted:
        row.ended_at = at
    event = ExitEvent.READMIT if admitted else ExitEvent.REFUSE_READMISSION
    guarded(session, row, event, actor, at, facts, reason=reasons.strip())
    if admitted:
        effects.lift_readmitted(session, row, paper.number, holds=holds, actor=actor, clock=clock, events=events)
        _probation(session, row, paper.number, rule, actor=actor, clock=clock)
    return paper


def _probation(session: Session, row: ExitCase, document: str, rule: RemedyRule, *, actor: Actor, clock: Clock) -> None:
    """The lowest tier, and every lesson reviewed for the months of probation, whatever tier follows meanwhile (R66)."""
    institution, today = session.get_one(Institution, row.institution_id), clock.today_on()
    by = {"tier": PROBATION_TIER, "document": document, "probation_until_on": add_months(today, rule.exit_probation_months)}
    try:
        registry.record_tier(session, institution, from_on=today, **by, actor=actor, at=clock.now_at())  # type: ignore[arg-type]  # keywords
    except CodeTaken:  # a tier was decided for this very day: the lowest follows it
        registry.record_tier(session, institution, from_on=today + timedelta(days=1), **by, actor=actor, at=clock.now_at())  # type: ignore[arg-type]
