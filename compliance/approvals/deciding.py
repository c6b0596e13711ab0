"""What the deciding office does: accept or return, visit, assess, decide, revoke; never the wrong office. R21–R23, R78, R79; 2.3.3.

About a place at least three people speak: one on quality, one on safety, one decides. Nothing is approved for the past: a decision counts from its
own moment on, whatever the application asks for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from compliance.approvals import granting, late, queries
from compliance.approvals.errors import AlreadyAssessed, MalformedApproval, RevocationNotAnnounced, WrongDecider
from compliance.approvals.letters import WORDS, LetterKind, Signer, StatementKind, Subject, letter, remedies
from compliance.approvals.lifecycle import APPROVAL_MOVES, ApprovalEvent, ApprovalState
from compliance.approvals.models import Approval
from compliance.approvals.queries import Reader
from compliance.approvals.rules import (
    ApprovalRule,
    Aspect,
    Kind,
    aspects_of,
    demand_short,
    granted_from,
    has_future,
    is_right_decider,
    too_long,
)
from compliance.papers import service as papers
from compliance.papers.models import CasePaper
from storage.kernel.actor import Actor
from storage.kernel.clock import Clock, local_date
from storage.kernel.errors import ForbiddenMove
from storage.kernel.lifecycle import advance
from storage.ledger import history
from storage.ledger import service as ledger
from supervision.classes import places
from supervision.findings import attachments
from supervision.findings.clocks import deadline
from supervision.findings.papers import BUREAU_WORD
from supervision.institutions.models import Institution

ANSWERS: Final = ("yes", "no", "na")
ITEMS: Final = ("fire", "food", "building")  # R103


@dataclass(frozen=True, slots=True)
class Officer:
    """Who acts for a deciding office. `department` None: for the bureau. `name`: as letters print it."""

    actor: Actor
    name: str
    department: str | None

    @property
    def reader(self) -> Reader:
        return Reader(department=self.department)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the visitors of a site report; `items`: fire, food, building → yes, no, na."""

    visitors: str
    covers_room: bool
    items: Mapping[str, str]
    note: str


def accept(session: Session, code: str, *, by: Officer, rule: ApprovalRule, clock: Clock) -> Approval:
    """受理: the officer takes it over by name. Raises: ApprovalNotFound, WrongDecider, ForbiddenMove."""
    row, at = _locked(session, code, by), clock.now_at()
    facts = _facts(row, by) | {"assignee_named": bool(by.name)}
    advance(APPROVAL_MOVES, row.state, ApprovalEvent.ACCEPT, facts)
    row.accepted_at, row.assignee_id, row.assignee = at, by.actor.id, by.name
    days = rule.approval_visit_working_days if row.kind is Kind.LOCATION else rule.approval_decide_working_days
    what = "现场查看" if row.kind is Kind.LOCATION else "作出决定"
    until = deadline(at, days)
    says = [f"贵单位提交的申请材料齐全，现予受理，由{by.name}经办。", f"本机关将在受理后{days}个工作日内{what}。"]
    paper = _issue(session, row, LetterKind.ACCEPTANCE, says, by, at, {"act_until": until.isoformat()})
    history.move(session, row, APPROVAL_MOVES, ApprovalEvent.ACCEPT, actor=by.actor, at=at, facts=facts | papers.cited(paper))
    return row


def give_back(session: Session, code: str, *, reason: str, by: Officer, clock: Clock) -> Approval:
    """退回补正, with everything that is missing in words. Raises: ApprovalNotFound, WrongDecider, ForbiddenMove."""
    row, at = _locked(session, code, by), clock.now_at()
    stated = demand_short("reason", reason)
    facts = _facts(row, by) | {"reason": stated}
    advance(APPROVAL_MOVES, row.state, ApprovalEvent.RETURN, facts)
    paper = _issue(session, row, LetterKind.RETURN, ["贵单位提交的申请材料需要补正，现予退回。需要补正的内容：", stated], by, at)
    history.move(session, row, APPROVAL_MOVES, ApprovalEvent.RETURN, actor=by.actor, at=at, reason=stated, facts=facts | papers.cited(paper))
    return row


def record_visit(session: Session, code: str, seen: Seen, files: Sequence[attachments.Given], *, by: Officer, clock: Clock) -> Approval:
    """现场查看, with photos. Raises: ApprovalNotFound, WrongDecider, ForbiddenMove, MalformedApproval, MalformedStatement."""
    row, at = _locked(session, code, by), clock.now_at()
    facts = _facts(row, by) | {"visit_recorded": True}
    advance(APPROVAL_MOVES, row.state, ApprovalEvent.VISIT, facts)
    errors = too_long({"visitors": seen.visitors, "note": seen.note})
    errors += [{"where": name, "code": "missing", "value": None} for name in ("visitors", "note") if not str(getattr(seen, name)).strip()]
    errors += [{"where": item, "code": "missing", "value": None} for item in ITEMS if seen.items.get(item) not in ANSWERS]
    if errors:
        raise MalformedApproval(errors=errors)
    content = {
        "format": "classproof-site-visit-1",
        "visitors": seen.visitors.strip(),
        "covers_room": seen.covers_room,
        "items": {item: seen.items[item] for item in ITEMS},
        "text": seen.note.strip(),
        "signer": {"name": by.name, "role": by.actor.role},
    }
    paper = papers.take(session, row, StatementKind.VISIT.value, content, files, actor=by.actor, at=at, internal=True)
    row.visited_at = at
    history.move(session, row, APPROVAL_MOVES, ApprovalEvent.VISIT, actor=by.actor, at=at, facts=facts | papers.cited(paper))
    return row


def assess(session: Session, code: str, aspect: Aspect, *, passed: bool, note: str, by: Officer, clock: Clock) -> Approval:
    """One test of R79 by a named person; the last one moves the application on.

    Raises: ApprovalNotFound, WrongDecider, ForbiddenMove — `visit-needed`; AlreadyAssessed — or the other test was theirs; MalformedApproval.
    """
    row, at = _locked(session, code, by), clock.now_at()
    facts = _facts(row, by) | {"assessments_whole": True}
    advance(APPROVAL_MOVES, row.state, ApprovalEvent.ASSESS, facts)
    done = {Aspect.QUALITY: row.quality_by_id, Aspect.SAFETY: row.safety_by_id}
    if aspect not in aspects_of(row.kind):
        raise MalformedApproval(errors=[{"where": "aspect", "code": "unknown", "value": aspect.value}])
    if done[aspect] is not None or by.actor.id in done.values():
        raise AlreadyAssessed(approval=code, aspect=aspect.value)
    stated = demand_short("note", note)
    if not stated:
        raise MalformedApproval(errors=[{"where": "note", "code": "missing", "value": None}])
    content = {
        "format": "classproof-assessment-1",
        "passed": passed,
        "text": stated,
        "signer": {"name": by.name, "role": by.actor.role},
    }
    paper = papers.take(session, row, f"assessment-{aspect.value}", content, actor=by.actor, at=at, internal=True)
    if aspect is Aspect.QUALITY:
        row.quality_by_id, row.quality_by, row.quality_passed = by.actor.id, by.name, passed
    else:
        row.safety_by_id, row.safety_by, row.safety_passed = by.actor.id, by.name, passed
    session.flush()
    ledger.append(
        session,
        actor=by.actor,
        at=at,
        action=f"approval.assessed-{aspect.value}",
        subject=f"approval/{row.id}",
        tenant=None,
        body={"passed": passed, **papers.cited(paper)},
    )
    if _assessors(row).keys() >= set(aspects_of(row.kind)):
        history.move(session, row, APPROVAL_MOVES, ApprovalEvent.ASSESS, actor=by.actor, at=at, facts=facts)
    return row


def approve(session: Session, code: str, *, conditions: str = "", by: Officer, rule: ApprovalRule, clock: Clock) -> Approval:
    """批复; with `conditions` it takes effect when they are met. Never for the past.

    Raises: ApprovalNotFound, WrongDecider, ForbiddenMove — `same-person`, `test-failed`, `nothing-left`, `beyond-limits`; ExtensionExhausted;
    NotTaskable; HallTaken; CodeTaken.
    """
    row, at = _locked(session, code, by), clock.now_at()
    stated = demand_short("conditions", conditions)
    event = ApprovalEvent.APPROVE_CONDITIONALLY if stated else ApprovalEvent.APPROVE
    granting.require_taskable(session, row)
    facts = _facts(row, by) | {
        "tests_passed": all(passed is True for passed in _assessors(row).values()),
        "within_limits": granting.is_within_limits(session, row, rule, at),
        "future_left": row.until_on is not None and has_future(row.until_on, at),
        "signed": bool(by.name),
        "conditions": stated,
    }
    advance(APPROVAL_MOVES, row.state, event, facts)
    late.note(session, row, actor=by.actor, at=at)
    _decide(row, by, at)
    row.conditions = stated
    if row.from_on is not None:
        row.from_on = granted_from(row.from_on, at)
    paper = _issue(session, row, LetterKind.CONDITIONAL if stated else LetterKind.APPROVAL, _granting_words(row, stated), by, at, _assessed_by(row))
    history.move(session, row, APPROVAL_MOVES, event, actor=by.actor, at=at, reason=stated, facts=facts | papers.cited(paper))
    if not stated:
        _take_effect(session, row, rule, by, at)
    return row


def confirm_conditions(session: Session, code: str, *, how: str, by: Officer, rule: ApprovalRule, clock: Clock) -> Approval:
    """A named person saw the conditions met: from now on the approval counts. Raises: as `approve`, and MalformedApproval — no words."""
    row, at = _locked(session, code, by), clock.now_at()
    left, seen = row.until_on is not None and has_future(row.until_on, at), demand_short("how", how)
    facts = {"conditions_met": bool(seen), "future_left": left}
    advance(APPROVAL_MOVES, row.state, ApprovalEvent.ACTIVATE, facts | {"day_come": False})
    granting.require_taskable(session, row)
    if not granting.is_within_limits(session, row, rule, at):
        raise ForbiddenMove(machine="ApprovalState", state=row.state.value, event=ApprovalEvent.ACTIVATE.value, why="beyond-limits")
    row.conditions_met_at, row.conditions_met_by = at, by.name
    if row.from_on is not None:
        row.from_on = granted_from(row.from_on, at)
    granting.grant(session, row, rule, actor=by.actor, at=at)
    says = ["附条件批复所列条件经核验已经满足，批复自本通知作出时生效。", f"核验情况：{seen}"]
    paper = _issue(session, row, LetterKind.IN_FORCE, says, by, at)
    history.move(session, row, APPROVAL_MOVES, ApprovalEvent.ACTIVATE, actor=by.actor, at=at, reason=seen, facts=facts | papers.cited(paper))
    return row


def refuse(session: Session, code: str, *, reason: str, by: Officer, rule: ApprovalRule, clock: Clock) -> Approval:
    """不予批准, with reasons, remedies and how to put it right. Raises: ApprovalNotFound, WrongDecider, ForbiddenMove."""
    row, at = _locked(session, code, by), clock.now_at()
    stated, rights = demand_short("reason", reason), remedies(rule)
    facts = _facts(row, by) | {"reason": stated, "rights_stated": bool(rights), "signed": bool(by.name)}
    advance(APPROVAL_MOVES, row.state, ApprovalEvent.REFUSE, facts)
    late.note(session, row, actor=by.actor, at=at)
    _decide(row, by, at)
    row.decision_reason = stated
    says = ["贵单位的申请经评估，决定不予批准。理由：", stated]
    paper = _issue(session, row, LetterKind.REFUSAL, says, by, at, _assessed_by(row) | {"rights": rights})
    history.move(session, row, APPROVAL_MOVES, ApprovalEvent.REFUSE, actor=by.actor, at=at, reason=stated, facts=facts | papers.cited(paper))
    return row


def announce_revocation(session: Session, code: str, *, reason: str, by: Officer, rule: ApprovalRule, clock: Clock) -> Approval:
    """拟撤销事先告知: reasons and days for a statement; nothing takes effect yet. Raises: WrongDecider, ForbiddenMove, MalformedApproval."""
    row, at = _locked(session, code, by), clock.now_at()
    stated = demand_short("reason", reason)
    if row.kind is not Kind.LOCATION or row.state not in (ApprovalState.ACTIVE, ApprovalState.SUSPENDED) or row.revocation_notice_at is not None:
        raise ForbiddenMove(machine="ApprovalState", state=row.state.value, event="announce-revocation", why="not-listed")
    if not stated:
        raise MalformedApproval(errors=[{"where": "reason", "code": "missing", "value": None}])
    until = deadline(at, rule.approval_statement_working_days)
    row.revocation_notice_at, row.revocation_by_id, row.statement_until = at, by.actor.id, until
    rights = f"贵单位可以在收到本告知书后{rule.approval_statement_working_days}个工作日内陈述、申辩。"
    says = ["拟撤销对贵单位下列地点的批准。事实和理由：", stated]
    paper = _issue(session, row, LetterKind.REVOCATION_NOTICE, says, by, at, {"rights": rights, "act_until": until.isoformat()})
    _append(session, row, "approval.revocation-announced", by.actor, at, {"reason": stated, **papers.cited(paper)})
    return row


def drop_revocation(session: Session, code: str, *, reason: str, by: Officer, clock: Clock) -> Approval:
    """The announced revocation is not pursued. Raises: WrongDecider, RevocationNotAnnounced, MalformedApproval."""
    row, at = _locked(session, code, by), clock.now_at()
    if row.revocation_notice_at is None or row.state is ApprovalState.REVOKED:
        raise RevocationNotAnnounced(approval=code)
    stated = demand_short("reason", reason)
    if not stated:
        raise MalformedApproval(errors=[{"where": "reason", "code": "missing", "value": None}])
    row.revocation_notice_at = row.revocation_by_id = row.statement_until = None
    session.flush()
    _append(session, row, "approval.revocation-dropped", by.actor, at, {"reason": stated})
    return row


def revoke(session: Session, code: str, *, reason: str, by: Officer, rule: ApprovalRule, clock: Clock) -> Approval:
    """撤销, by another person than who announced it, after the days for a statement. What was proven before stays proven.

    Raises: ApprovalNotFound, WrongDecider, ForbiddenMove — `notice-missing`, `objection-time-open`, `same-person`, `reason-needed`.
    """
    row, at = _locked(session, code, by), clock.now_at()
    stated, rights = demand_short("reason", reason), remedies(rule)
    facts = _facts(row, by) | {
        "reason": stated,
        "notice_served": row.revocation_notice_at is not None,
        "statement_time_over": row.statement_until is not None and at >= row.statement_until,
        "signed": bool(by.name),
        "another_signer": by.actor.id is not None and by.actor.id != row.revocation_by_id,
    }
    advance(APPROVAL_MOVES, row.state, ApprovalEvent.REVOKE, facts)
    view = papers.last(session, row.id, StatementKind.VIEW.value)
    heard = "贵单位在期限内提交的陈述申辩意见已经复核，答复见理由。" if view else "贵单位在期限内未提交陈述申辩意见。"
    row.ended_at, row.ended_by_id = at, by.actor.id
    says = [heard, "决定撤销对下列地点的批准，自本决定作出时生效。理由：", stated]
    paper = _issue(session, row, LetterKind.REVOCATION, says, by, at, {"rights": rights})
    if row.state is ApprovalState.SUSPENDED:
        places.resume(session, row.code, actor=by.actor, at=at)
    places.end(session, row.code, reason="revoked", actor=by.actor, at=at)
    history.move(session, row, APPROVAL_MOVES, ApprovalEvent.REVOKE, actor=by.actor, at=at, reason=stated, facts=facts | papers.cited(paper))
    return row


def subject_of(session: Session, row: Approval) -> Subject:
    """What letters about this application repeat."""
    owner = session.get_one(Institution, row.institution_id)
    return Subject(
        code=row.code,
        kind=row.kind,
        institution_code=owner.code,
        institution_name=owner.name,
        classes=[f"{one.code} {one.trade}" for one in queries.classes_of(session, row.id)],
        clause=queries.route_of(row).clause,
        address=row.address,
        room_name=row.room_name,
        capacity=row.capacity,
        cameras=len(queries.cameras_of(session, row.id)),
        from_on=row.from_on,
        until_on=row.until_on,
        days=row.days or 0,
        office=row.department,
    )


def issue(
    session: Session,
    row: Approval,
    kind: LetterKind,
    says: Sequence[str],
    signer: Signer,
    actor: Actor,
    at: datetime,
    more: Mapping[str, Any] | None = None,
) -> CasePaper:  # Any: JSON
    """A letter of the deciding office with the next number of its series."""
    content = letter(kind, subject_of(session, row), at=at, signer=signer, body={"says": [one for one in says if one], **(more or {})})
    return papers.issue(session, row, kind.value, WORDS[kind], content, actor=actor, at=at, office=row.department or BUREAU_WORD)


def _issue(
    session: Session, row: Approval, kind: LetterKind, says: Sequence[str], by: Officer, at: datetime, more: Mapping[str, Any] | None = None
) -> CasePaper:  # Any: JSON
    return issue(session, row, kind, says, Signer(by.name, by.actor.role), by.actor, at, more)


def _take_effect(session: Session, row: Approval, rule: ApprovalRule, by: Officer, at: datetime) -> None:
    granting.grant(session, row, rule, actor=by.actor, at=at)
    if row.from_on is None or row.from_on <= local_date(at):
        history.move(session, row, APPROVAL_MOVES, ApprovalEvent.ACTIVATE, actor=by.actor, at=at, facts={"day_come": True})


def _locked(session: Session, code: str, by: Officer) -> Approval:
    row = queries.approval(session, code, by.reader, lock=True)
    if not is_right_decider(queries.route_of(row), department=by.department):
        raise WrongDecider(approval=code, decider=row.department or row.decider.value, clause=queries.route_of(row).clause)
    return row


def _facts(row: Approval, by: Officer) -> dict[str, object]:
    return {
        "kind": row.kind.value,
        "right_decider": is_right_decider(queries.route_of(row), department=by.department),
        "visited": row.visited_at is not None,
        "decided_by": str(by.actor.id or ""),
        "assessed_by": [str(one) for one in (row.quality_by_id, row.safety_by_id) if one],
    }


def _assessors(row: Approval) -> dict[Aspect, bool | None]:
    """Which tests were made, with their results."""
    made = {Aspect.QUALITY: (row.quality_by_id, row.quality_passed), Aspect.SAFETY: (row.safety_by_id, row.safety_passed)}
    return {aspect: passed for aspect, (who, passed) in made.items() if who is not None}


def _assessed_by(row: Approval) -> dict[str, object]:
    words = {True: "符合要求", False: "不符合要求", None: "未评估"}
    told = [f"培训质量：{words[row.quality_passed]}（评估人：{row.quality_by}）"]
    if row.kind is Kind.LOCATION:
        told.append(f"培训安全（消防、食品、房屋建筑）：{words[row.safety_passed]}（评估人：{row.safety_by}）")
    return {"assessed": told}


def _granting_words(row: Approval, conditions: str) -> list[str]:
    if row.kind is Kind.EXTENSION:
        core = f"同意该班级在原培训时间上延长{row.days}个培训日，最晚于{row.until_on:%Y年%m月%d日}结束。"
    else:
        core = f"同意下列班级自{row.from_on:%Y年%m月%d日}起至{row.until_on:%Y年%m月%d日}止在下列地点开展培训。"
    never = "本批复自作出时起生效，不追认此前开始的课时。"
    if not conditions:
        return [core, never]
    return [core, "本批复附下列条件，经核验满足后方可生效；生效前开始的课时不计入：", conditions, never]


def _decide(row: Approval, by: Officer, at: datetime) -> None:
    row.decided_at, row.decided_by_id, row.decided_by = at, by.actor.id, by.name


def _append(session: Session, row: Approval, action: str, actor: Actor, at: datetime, body: Mapping[str, object]) -> None:
    session.flush()
    ledger.append(session, actor=actor, at=at, action=action, subject=f"approval/{row.id}", tenant=row.institution_id, body=dict(body))
