"""Use-cases from the frozen evidence to the signed decision: each with its person, its paper and its days. domain.md 2.3.5, 2.1.

Nobody checks their own work: legal review, recheck and decision are by people who did none of the steps they look at. The database holds the
same walls (`models.py`, `ddl.py`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from compliance.exit import letters, opening, queries
from compliance.exit.acts import MIN_TEXT, clock_day, demand, guarded, id_of, ids_of, matter_of, points_of, signer
from compliance.exit.clocks import ExitClocks, earliest_hearing
from compliance.exit.lifecycle import BEFORE_DECISION, EXIT_MOVES, ExitEvent, ExitState
from compliance.exit.models import ExitCase, SheetKind
from compliance.exit.rules import (
    LEGAL_CHECKS,
    Effect,
    ExitRule,
    Figures,
    Measure,
    RemedyRule,
    Trigger,
    allowed,
    better,
    measure_defects,
    needs_collective,
)
from compliance.papers import service as papers
from compliance.papers.models import CasePaper
from storage.kernel.actor import Actor
from storage.kernel.clock import Clock
from storage.ledger import history
from supervision.findings.attachments import Given
from supervision.findings.clocks import deadline
from supervision.findings.holds import Holds
from supervision.institutions.models import RunningClasses
from supervision.outcomes.rules import EmploymentRule


def submit(session: Session, code: str, *, reasons: str, measure: Measure, rule: ExitRule, actor: Actor, clock: Clock, name: str = "") -> CasePaper:
    """立案调查报告: an officer takes the case, states the reasons and the intended measure, and hands it to the legal officer.

    Raises: ExitCaseNotFound, MalformedExit, ForbiddenMove.
    """
    at = clock.now_at()
    row = queries.case(session, code, lock=True)
    demand(reasons=reasons, errors=measure_defects(measure, rule))
    memo = letters.paper("submission", at=at, author=signer(actor, name), text=reasons.strip(), effect=measure.effect.value, months=measure.months)
    paper = papers.take(session, row, "submission", memo, actor=actor, at=at, internal=True)
    row.investigator_id, row.investigator = actor.id, name or actor.name
    row.intended_effect, row.intended_months = measure.effect, measure.months
    facts = {"measure_stated": True, "effect": measure.effect, "months": measure.months, **papers.cited(paper)}
    guarded(session, row, ExitEvent.SUBMIT, actor, at, facts)
    return paper


def review_legality(
    session: Session, code: str, *, checks: Mapping[str, bool], opinion: str, passed: bool, actor: Actor, clock: Clock, name: str = ""
) -> CasePaper:
    """法制审核 by a legal officer who is not the investigator: every item of the list, and an opinion. Not passed: back to the investigator.

    Raises: ExitCaseNotFound, MalformedExit, ForbiddenMove (`same-person`, `checklist-open`, `reason-needed`).
    """
    at = clock.now_at()
    row = queries.case(session, code, lock=True)
    demand(opinion=opinion)
    answered = {check: bool(checks.get(check)) for check in LEGAL_CHECKS}
    memo = letters.paper("legal-review", at=at, author=signer(actor, name), text=opinion.strip(), checks=answered, passed=passed)
    facts: dict[str, object] = {
        "person": id_of(actor),
        "seen_by": ids_of(row.investigator_id),
        "checklist_passed": all(answered.values()),
        "reason": opinion.strip(),
    }
    paper = papers.take(session, row, "legal-review", memo, actor=actor, at=at, internal=True)
    if passed:
        row.legal_officer_id, row.legal_officer = actor.id, name or actor.name
    event = ExitEvent.CLEAR if passed else ExitEvent.RETURN
    guarded(session, row, event, actor, at, facts | papers.cited(paper), reason=opinion.strip())
    return paper


def serve_notice(session: Session, code: str, *, clocks: ExitClocks, actor: Actor, clock: Clock, name: str = "") -> CasePaper:
    """事先告知书: from now on the institution sees the case, and its days for a statement and for asking for a hearing run.

    Raises: ExitCaseNotFound, ForbiddenMove — not legally cleared, or the letter lacks something.
    """
    at = clock.now_at()
    row = queries.case(session, code, lock=True)
    submitted = papers.last(session, row.id, "submission")
    intended = Measure(row.intended_effect or Effect.DISMISS, row.intended_months)
    statement_until = deadline(at, clocks.exit_statement_working_days)
    hearing_until = deadline(at, clocks.exit_hearing_request_working_days)
    content = letters.notice(
        matter_of(session, row),
        at=at,
        signer=signer(actor, name),
        reasons=str(submitted.content["text"]) if submitted else "",
        intended=intended,
        statement_until=statement_until,
        statement_days=clocks.exit_statement_working_days,
        hearing_until=hearing_until,
        hearing_days=clocks.exit_hearing_request_working_days,
    )
    paper = papers.issue(session, row, "notice", letters.WORDS["notice"], content, actor=actor, at=at)
    if row.state is ExitState.CLEARED:
        row.noticed_at, row.notice_paper_id = at, paper.id
        row.statement_until_at, row.hearing_until_at = statement_until, hearing_until
    facts = {**letters.is_whole(content), "statement_until": statement_until, "hearing_until": hearing_until, **papers.cited(paper)}
    guarded(session, row, ExitEvent.NOTICE, actor, at, facts)
    return paper


def state(
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
    """陈述申辩 by the head, in points, as often as needed within the days of the notice. Raises: MalformedExit, ForbiddenMove (`deadline-over`)."""
    at = clock.now_at()
    row = queries.case(session, code, institution_id=institution_id, lock=True)
    given = points_of(points)
    content = letters.paper("statement", at=at, author=signer(actor, name), points=given)
    paper = papers.take(session, row, "statement", content, files, actor=actor, at=at)
    within = row.statement_until_at is not None and at < row.statement_until_at
    facts = {"within_deadline": within, "statement_given": bool(given), **papers.cited(paper)}
    history.move(session, row, EXIT_MOVES, ExitEvent.STATE, actor=actor, at=at, facts=facts)
    return paper


def request_hearing(session: Session, code: str, *, reason: str, institution_id: UUID, actor: Actor, clock: Clock, name: str = "") -> CasePaper:
    """听证申请 within the days of the notice. Raises: MalformedExit, ForbiddenMove (`deadline-over`)."""
    at = clock.now_at()
    row = queries.case(session, code, institution_id=institution_id, lock=True)
    demand(reason=reason)
    content = letters.paper("hearing-request", at=at, author=signer(actor, name), text=reason.strip())
    paper = papers.take(session, row, "hearing-request", content, actor=actor, at=at)
    within = row.hearing_until_at is not None and at < row.hearing_until_at
    facts = {"within_deadline": within, "statement_given": True, **papers.cited(paper)}
    history.move(session, row, EXIT_MOVES, ExitEvent.REQUEST_HEARING, actor=actor, at=at, facts=facts)
    return paper


def call_hearing(
    session: Session, code: str, *, hearing_at: datetime, place: str, clocks: ExitClocks, actor: Actor, clock: Clock, name: str = ""
) -> CasePaper:
    """听证通知书, signed by the one who will preside and did not investigate. Raises: ForbiddenMove (`hearing-too-soon`, `same-person`)."""
    at = clock.now_at()
    row = queries.case(session, code, lock=True)
    demand(place=place)
    content = letters.hearing_call(
        matter_of(session, row), at=at, signer=signer(actor, name), hearing_at=hearing_at, place=place.strip(), chair=name or actor.name
    )
    paper = papers.issue(session, row, "hearing-call", letters.WORDS["hearing-call"], content, actor=actor, at=at)
    row.hearing_at = hearing_at
    facts = {
        "person": id_of(actor),
        "seen_by": ids_of(row.investigator_id, row.detected_by_id),
        "told_in_time": hearing_at >= earliest_hearing(at, clocks),
        "hearing_at": hearing_at,
        **papers.cited(paper),
    }
    guarded(session, row, ExitEvent.CALL_HEARING, actor, at, facts)
    return paper


def hold_hearing(
    session: Session, code: str, *, record: str, points: Sequence[str], files: Sequence[Given], actor: Actor, clock: Clock, name: str = ""
) -> CasePaper:
    """听证笔录: who came, what was said, and the points the institution made, which the decision answers too. Raises: ForbiddenMove."""
    at = clock.now_at()
    row = queries.case(session, code, lock=True)
    demand(record=record)
    made = points_of(points) if any(point.strip() for point in points) else []
    content = letters.paper("hearing-record", at=at, author=signer(actor, name), text=record.strip(), points=made)
    paper = papers.take(session, row, "hearing-record", content, files, actor=actor, at=at)
    facts = {
        "person": id_of(actor),
        "seen_by": ids_of(row.investigator_id, row.detected_by_id),
        "day_come": row.hearing_at is not None and at >= row.hearing_at,
        "recorded": True,
        **papers.cited(paper),
    }
    guarded(session, row, ExitEvent.HOLD_HEARING, actor, at, facts)
    return paper


def recheck(
    session: Session, code: str, *, opinion: str, stands: bool, rule: ExitRule, counting: EmploymentRule, actor: Actor, clock: Clock, name: str = ""
) -> CasePaper:
    """复核 by a second official: the figures again with what came in since, under the rules of the day of detection (`rule`, `counting`).

    The better figures count. `stands`: what the second official concludes; where figures decide (A, B) they may only take the ground away.
    Raises: ForbiddenMove (`same-person`, `statement-time-open`, `hearing-time-open`).
    """
    at = clock.now_at()
    row = queries.case(session, code, lock=True)
    demand(opinion=opinion)
    again = _recount(session, row, rule, counting, at=at)
    content = letters.paper(
        "recheck",
        at=at,
        author=signer(actor, name),
        text=opinion.strip(),
        stands=stands and (again is None or again.is_short),
        figures=[again.numerator, again.denominator] if again else None,
    )
    paper = papers.take(session, row, "recheck", content, actor=actor, at=at, internal=True)
    row.rechecked_by_id, row.rechecked_by = actor.id, name or actor.name
    row.ground_stands = bool(content["stands"])
    if again is not None:
        row.again_numerator, row.again_denominator = again.numerator, again.denominator
    facts = {
        "person": id_of(actor),
        "seen_by": ids_of(row.investigator_id, row.detected_by_id),
        **_periods(row, at),
        "not_worse": True,
        "stands": row.ground_stands,
        "figures": content["figures"],
        **papers.cited(paper),
    }
    guarded(session, row, ExitEvent.RECHECK, actor, at, facts)
    return paper


def propose(
    session: Session,
    code: str,
    *,
    reasons: str,
    measure: Measure,
    running_classes: RunningClasses | None,
    answers: Sequence[str],
    collective: str,
    rule: ExitRule,
    actor: Actor,
    clock: Clock,
    name: str = "",
) -> CasePaper:
    """拟处理意见: what the leader is asked to sign. Every point answered; running classes chosen when tasks are barred; a major one discussed.

    Raises: MalformedExit; ForbiddenMove (`objection-unanswered`, `heavier-than-the-notice`, `ground-fell-away`).
    """
    at = clock.now_at()
    row = queries.case(session, code, lock=True)
    errors = measure_defects(measure, rule)
    if measure.effect.bars and running_classes is None:
        errors.append({"where": "running_classes", "code": "missing", "value": ""})
    if needs_collective(measure) and len(collective.strip()) < MIN_TEXT:
        errors.append({"where": "collective", "code": "missing", "value": ""})
    made = queries.points(session, row.id)
    given = [one.strip() for one in answers]
    if len(given) != len(made):
        errors.append({"where": "answers", "code": "wrong-length", "value": len(given)})
    demand(reasons=reasons, errors=errors)
    pairs = list(zip(made, given, strict=True))
    content = letters.paper(
        "proposal",
        at=at,
        author=signer(actor, name),
        text=reasons.strip(),
        effect=measure.effect.value,
        months=measure.months,
        running_classes=running_classes.value if running_classes and measure.effect.bars else None,
        answers=[list(pair) for pair in pairs],
        collective=collective.strip(),
    )
    paper = papers.take(session, row, "proposal", content, actor=actor, at=at, internal=True)
    row.proposed_by_id, row.proposed_by = actor.id, name or actor.name
    row.collective_record = collective.strip()
    facts = {**_measure_facts(row, measure), "points_answered": all(len(answer) >= MIN_TEXT for _, answer in pairs), **papers.cited(paper)}
    guarded(session, row, ExitEvent.PROPOSE, actor, at, facts)
    return paper


def send_back(session: Session, code: str, *, reason: str, actor: Actor, clock: Clock, name: str = "") -> ExitCase:
    """The leader does not sign this proposal, and says why. Raises: ForbiddenMove (`reason-needed`)."""
    row = queries.case(session, code, lock=True)
    facts = {"reason": reason.strip(), "signed_by": name}
    history.move(session, row, EXIT_MOVES, ExitEvent.SEND_BACK, actor=actor, at=clock.now_at(), reason=reason.strip(), facts=facts)
    return row


def decide(session: Session, code: str, *, remedies: RemedyRule, actor: Actor, clock: Clock, name: str = "") -> CasePaper:
    """处理决定: a leader who did nothing of the case before signs what was proposed. Nothing is in force before it is served.

    Raises: ForbiddenMove (`same-person`, `statement-time-open`, `collective-discussion-missing`, …).
    """
    at = clock.now_at()
    row = queries.case(session, code, lock=True)
    proposed = papers.last(session, row.id, "proposal")
    told = proposed.content if proposed else {}
    measure = Measure(Effect(told.get("effect", "dismiss")), int(told.get("months", 0)))
    fate = RunningClasses(told["running_classes"]) if told.get("running_classes") else None
    pairs = [(str(point), str(answer)) for point, answer in told.get("answers", [])]
    content = letters.decision(
        matter_of(session, row),
        at=at,
        signer=signer(actor, name),
        reasons=str(told.get("text", "")),
        measure=measure,
        running_classes=fate,
        points=pairs,
        recheck=_recheck_text(row),
        collective=row.collective_record if needs_collective(measure) else "",
        reconsider_days=remedies.exit_reconsideration_days,
        sue_months=remedies.exit_litigation_months,
    )
    facts = {
        "person": id_of(actor),
        "seen_by": ids_of(row.detected_by_id, row.investigator_id, row.legal_officer_id, row.rechecked_by_id, row.proposed_by_id),
        "notice_given": row.notice_paper_id is not None,
        **_periods(row, at),
        **_measure_facts(row, measure),
        "points_answered": len(pairs) == len(queries.points(session, row.id)),
        "collective": not needs_collective(measure) or bool(row.collective_record),
        "effect": measure.effect,
        "months": measure.months,
    }
    paper = papers.issue(session, row, "decision", letters.WORDS["decision"], content, actor=actor, at=at)
    row.effect, row.months, row.running_classes = measure.effect, measure.months, fate
    row.decided_at, row.decided_by_id, row.decided_by, row.decision_paper_id = at, actor.id, name or actor.name, paper.id
    guarded(session, row, ExitEvent.DECIDE, actor, at, facts | papers.cited(paper))
    return paper


def withdraw(session: Session, code: str, *, reason: str, holds: Holds, actor: Actor, clock: Clock, name: str = "") -> ExitCase:
    """撤销立案: the case should not exist. A leader says why; the institution is told when it had been told before. Raises: ForbiddenMove."""
    at = clock.now_at()
    row = queries.case(session, code, lock=True)
    facts: dict[str, object] = {"reason": reason.strip(), "signed_by": name}
    if row.noticed_at is not None and reason.strip() and row.state in (*BEFORE_DECISION, ExitState.DECIDED):
        follows = "本案撤销，不作出处理决定，不影响贵单位承担政府补贴性培训任务，不作为信用评价的依据。"
        content = letters.ending("withdrawal", matter_of(session, row), at=at, signer=signer(actor, name), reasons=reason.strip(), follows=follows)
        facts |= papers.cited(papers.issue(session, row, "withdrawal", letters.WORDS["withdrawal"], content, actor=actor, at=at))
    row.ended_at = at
    guarded(session, row, ExitEvent.WITHDRAW, actor, at, facts, reason=reason.strip())
    opening.release(session, row, holds, reason.strip(), actor=actor, at=at)
    return row


def _recount(session: Session, row: ExitCase, rule: ExitRule, counting: EmploymentRule, *, at: datetime) -> Figures | None:
    """The figures with today's records, as of the day of detection; None where no figure decides. Never worse than the frozen ones."""
    if row.numerator is None or row.denominator is None or row.limit_permille is None:
        return None
    on = clock_day(row)
    if row.trigger is Trigger.EMPLOYMENT:
        _, sheet = opening.employment_sheet(session, row.institution_id, rule, counting, year=row.year, on=on)
    else:
        _, sheet = opening.task_sheet(session, row.institution_id, rule, year=row.year, on=on)
    opening.add_sheet(session, row, SheetKind.AGAIN, sheet, at=at)
    return better(Figures(row.numerator, row.denominator, row.limit_permille), Figures(**sheet["figures"]))


def _recheck_text(row: ExitCase) -> str:
    if row.again_numerator is None or row.again_denominator is None:
        return "复核认为立案事实成立。" if row.ground_stands else "复核认为立案事实不成立。"
    result = "立案事实成立" if row.ground_stands else "立案事实不成立"
    return f"复核时重新计算为 {row.again_numerator}/{row.again_denominator}（立案时 {row.numerator}/{row.denominator}），{result}。"


def _measure_facts(row: ExitCase, measure: Measure) -> dict[str, object]:
    intended = Measure(row.intended_effect or Effect.DISMISS, row.intended_months)
    why = allowed(measure, intended=intended, stands=row.ground_stands is True)
    return {"not_heavier": why != "heavier-than-the-notice", "ground_stands": why != "ground-fell-away"}


def _periods(row: ExitCase, at: datetime) -> dict[str, object]:
    return {
        "statement_over": row.statement_until_at is not None and at >= row.statement_until_at,
        "hearing_over": row.hearing_until_at is not None and at >= row.hearing_until_at,
    }
