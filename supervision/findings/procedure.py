"""Use-cases from the notice to the publication: letters of the bureau, statements of the institution, each with its clock. domain.md 2.3.2.

A person named in one step does not decide the next where the machine says so: `seen_by` is everybody who recorded, decided or signed before.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.kernel.clock import Clock
from storage.ledger import history
from supervision.classes.models import Lesson
from supervision.findings import attachments, evidence, letters, papers, queries
from supervision.findings.clocks import ProcedureRule, Turn, deadline, turn
from supervision.findings.errors import MalformedStatement
from supervision.findings.holds import Holds
from supervision.findings.letters import Case, Seen
from supervision.findings.lifecycle import FINDING_MOVES, FindingEvent, FindingState
from supervision.findings.models import Finding, FindingPaper, PaperKind
from supervision.findings.rules import DEFECTS
from supervision.footage.models import Recording, Slot
from supervision.institutions.models import Camera, Institution, Room
from supervision.spotchecks import stills
from supervision.visits import queries as visits
from supervision.visits.checklist import BY_CODE


def serve_notice(
    session: Session, code: str, *, hash_verified: bool, still: bytes | None, rule: ProcedureRule, actor: Actor, clock: Clock, name: str = ""
) -> FindingPaper:
    """监督检查问题告知书: from this moment the institution sees the finding, and its days for an objection run.

    `still`: a JPEG of the marked stretch; its hash stands in the letter, and so does that of every still which the inspector took of the mark.

    Raises: FindingNotFound; ForbiddenMove — not confirmed, footage not verified, or the letter lacks something.
    """
    at = clock.now_at()
    found = queries.locked_finding(session, code)
    until = deadline(at, rule.objection_working_days)
    taken = stills.of_finding(session, found.code)
    content = letters.notice(
        case_of(session, found),
        at=at,
        signer=papers.signer(actor, name),
        object_until=until,
        working_days=rule.objection_working_days,
        still_sha256=hashlib.sha256(still).hexdigest() if still else "",
        stills=[{"sha256": one.sha256.hex(), "at": one.wall_at.isoformat(), "at_ms": one.at_ms} for one in taken],
    )
    facts = {**letters.is_whole(content), "hash_verified": hash_verified, "object_until": until}
    paper = papers.issue(session, found, PaperKind.NOTICE, content, actor=actor, at=at)
    given = [attachments.Given(f"{found.code}.jpg", still)] if still else []
    given += [attachments.Given(f"{found.code}-{number}.jpg", bytes(one.data)) for number, one in enumerate(taken, start=1)]
    if given:
        papers.attach(session, paper, attachments.check(attachments.as_many_as_go(given)))
    history.move(session, found, FINDING_MOVES, FindingEvent.NOTICE, actor=actor, at=at, facts={**facts, **papers.cited(paper)})
    return paper


def reply(
    session: Session, code: str, *, said: str, files: Sequence[attachments.Given], institution_id: UUID, actor: Actor, clock: Clock, name: str = ""
) -> FindingPaper:
    """情况说明: the institution explains without objecting. Raises: FindingNotFound, MalformedStatement, ForbiddenMove."""
    at = clock.now_at()
    found = queries.locked_finding(session, code, institution_id=institution_id)
    paper = papers.take(session, found, PaperKind.REPLY, said, (), files, actor=actor, at=at, name=name)
    history.move(session, found, FINDING_MOVES, FindingEvent.REPLY, actor=actor, at=at, facts={"statement_given": True, **papers.cited(paper)})
    return paper


def raise_objection(
    session: Session,
    code: str,
    *,
    points: Sequence[str],
    files: Sequence[attachments.Given],
    institution_id: UUID,
    actor: Actor,
    clock: Clock,
    name: str = "",
) -> FindingPaper:
    """陈述申辩: in points, because each must be answered. Raises: FindingNotFound, MalformedStatement, ForbiddenMove (`deadline-over`)."""
    at = clock.now_at()
    found = queries.locked_finding(session, code, institution_id=institution_id)
    given = [point.strip() for point in points if point.strip()]
    until = object_until(session, found)
    within = until is not None and at < until
    paper = papers.take(session, found, PaperKind.OBJECTION, "", given, files, actor=actor, at=at, name=name)
    facts = {"within_deadline": within, "statement_given": bool(given), **papers.cited(paper)}
    history.move(session, found, FINDING_MOVES, FindingEvent.OBJECT, actor=actor, at=at, facts=facts)
    return paper


def answer_objection(
    session: Session,
    code: str,
    *,
    answers: Sequence[str],
    upheld: bool,
    rule: ProcedureRule,
    holds: Holds,
    actor: Actor,
    clock: Clock,
    name: str = "",
) -> FindingPaper:
    """复核答复: by a person who took no part so far, every point answered. Upheld ends the matter; overruled orders rectification.

    Raises: FindingNotFound; MalformedStatement — as many answers as points; ForbiddenMove (`same-person`, `objection-unanswered`).
    """
    at = clock.now_at()
    found = queries.locked_finding(session, code)
    pairs = _paired(session, found, PaperKind.OBJECTION, answers)
    until = None if upheld else deadline(at, rule.rectification_working_days)
    content = letters.answer(case_of(session, found), at=at, signer=papers.signer(actor, name), points=pairs, rectify_until=until)
    event = FindingEvent.UPHOLD_OBJECTION if upheld else FindingEvent.OVERRULE_OBJECTION
    facts = _answered(session, found, pairs, content, actor)
    paper = papers.issue(session, found, PaperKind.ANSWER, content, actor=actor, at=at)
    history.move(session, found, FINDING_MOVES, event, actor=actor, at=at, reason=content["follows"], facts=facts | papers.cited(paper))
    if upheld:
        _end_matter(session, found, holds, "objection upheld", actor=actor, at=at)
    return paper


def order_rectification(session: Session, code: str, *, wanted: str, rule: ProcedureRule, actor: Actor, clock: Clock, name: str = "") -> FindingPaper:
    """限期整改: only after the days for an objection are over. Raises: FindingNotFound, MalformedStatement, ForbiddenMove (`objection-time-open`)."""
    at = clock.now_at()
    found = queries.locked_finding(session, code)
    papers.demand_text("wanted", wanted)
    until = deadline(at, rule.rectification_working_days)
    content = letters.rectification_order(
        case_of(session, found), at=at, signer=papers.signer(actor, name), rectify_until=until, wanted=wanted.strip()
    )
    over = object_until(session, found)
    paper = papers.issue(session, found, PaperKind.RECTIFICATION_ORDER, content, actor=actor, at=at)
    facts = {"objection_time_over": over is not None and at >= over, "rectify_until": until, **papers.cited(paper)}
    history.move(session, found, FINDING_MOVES, FindingEvent.ORDER_RECTIFICATION, actor=actor, at=at, facts=facts)
    return paper


def report_rectification(
    session: Session, code: str, *, said: str, files: Sequence[attachments.Given], institution_id: UUID, actor: Actor, clock: Clock, name: str = ""
) -> FindingPaper:
    """整改报告; another may follow until it is verified. Raises: FindingNotFound, MalformedStatement."""
    at = clock.now_at()
    found = queries.locked_finding(session, code, institution_id=institution_id)
    if found.state is not FindingState.RECTIFYING:
        raise MalformedStatement(errors=[{"where": "state", "code": "not-now", "value": found.state.value}])
    return papers.take(session, found, PaperKind.RECTIFICATION_REPORT, said, (), files, actor=actor, at=at, name=name)


def verify_rectification(session: Session, code: str, *, how: str, actor: Actor, clock: Clock, name: str = "") -> Finding:
    """整改核验: somebody looked, and says how. Raises: FindingNotFound, ForbiddenMove (`evidence-missing`, `not-inspected`)."""
    at = clock.now_at()
    found = queries.locked_finding(session, code)
    reported = papers.last(session, found, PaperKind.RECTIFICATION_REPORT)
    facts = {"evidence_given": reported is not None, "inspected": len(how.strip()) >= papers.MIN_TEXT, "how": how.strip(), "signed_by": name}
    history.move(session, found, FINDING_MOVES, FindingEvent.VERIFY, actor=actor, at=at, reason=how.strip(), facts=facts)
    return found


def close(session: Session, code: str, *, rule: ProcedureRule, actor: Actor, clock: Clock, name: str = "") -> FindingPaper:
    """办结: the closing letter says the result, how to have it reviewed, and how credit is repaired. Raises: FindingNotFound, ForbiddenMove."""
    at = clock.now_at()
    found = queries.locked_finding(session, code)
    verified = next((m.reason for m in reversed(history.timeline(session, "finding", found.id)) if m.event == FindingEvent.VERIFY), "")
    until = deadline(at, rule.review_request_working_days)
    content = letters.closing(case_of(session, found), at=at, signer=papers.signer(actor, name), how_verified=verified, review_until=until)
    paper = papers.issue(session, found, PaperKind.CLOSING, content, actor=actor, at=at)
    history.move(session, found, FINDING_MOVES, FindingEvent.CLOSE, actor=actor, at=at, facts=papers.cited(paper))
    return paper


def request_review(
    session: Session,
    code: str,
    *,
    points: Sequence[str],
    files: Sequence[attachments.Given],
    institution_id: UUID,
    actor: Actor,
    clock: Clock,
    name: str = "",
) -> FindingPaper:
    """复核申请 after the closing letter, in points, once, within the days that letter named.

    Raises: FindingNotFound, MalformedStatement, ForbiddenMove (`review-time-over`, `review-already-decided`).
    """
    at = clock.now_at()
    found = queries.locked_finding(session, code, institution_id=institution_id)
    given = [point.strip() for point in points if point.strip()]
    until = review_until(session, found)
    first = papers.last(session, found, PaperKind.REVIEW_REQUEST) is None
    paper = papers.take(session, found, PaperKind.REVIEW_REQUEST, "", given, files, actor=actor, at=at, name=name)
    facts = {"within_deadline": until is not None and at < until, "first_review": first, "statement_given": bool(given), **papers.cited(paper)}
    history.move(session, found, FINDING_MOVES, FindingEvent.REQUEST_REVIEW, actor=actor, at=at, facts=facts)
    return paper


def decide_review(
    session: Session, code: str, *, answers: Sequence[str], upheld: bool, holds: Holds, actor: Actor, clock: Clock, name: str = ""
) -> FindingPaper:
    """复核决定: by a person who took no part so far. Upheld withdraws the finding; otherwise the result stands and may be published.

    Raises: FindingNotFound; MalformedStatement — as many answers as points; ForbiddenMove (`same-person`, `objection-unanswered`).
    """
    at = clock.now_at()
    found = queries.locked_finding(session, code)
    pairs = _paired(session, found, PaperKind.REVIEW_REQUEST, answers)
    content = letters.review_answer(case_of(session, found), at=at, signer=papers.signer(actor, name), points=pairs, upheld=upheld)
    facts = _answered(session, found, pairs, content, actor)
    paper = papers.issue(session, found, PaperKind.REVIEW_ANSWER, content, actor=actor, at=at)
    event = FindingEvent.UPHOLD_REVIEW if upheld else FindingEvent.KEEP_RESULT
    history.move(session, found, FINDING_MOVES, event, actor=actor, at=at, reason=content["follows"], facts=facts | papers.cited(paper))
    if upheld:
        _end_matter(session, found, holds, "review upheld", actor=actor, at=at)
    return paper


def publish(session: Session, code: str, *, holds: Holds, actor: Actor, clock: Clock, name: str = "") -> Finding:
    """公示: codes and clauses only, no word of a person, and only when nobody can ask for a review any more. R67.

    Raises: FindingNotFound, ForbiddenMove (`appeal-time-open`).
    """
    at = clock.now_at()
    found = queries.locked_finding(session, code)
    until = review_until(session, found)
    decided = papers.last(session, found, PaperKind.REVIEW_ANSWER) is not None  # a review is asked for once
    facts = {
        "redacted": True,
        "appeal_time_over": decided or (until is not None and at >= until),
        "signed_by": name,
    }  # what is public is built from codes: `public_line`
    history.move(session, found, FINDING_MOVES, FindingEvent.PUBLISH, actor=actor, at=at, facts=facts)
    _end_matter(session, found, holds, "published", actor=actor, at=at)
    return found


def declare_void(session: Session, code: str, *, reason: str, holds: Holds, actor: Actor, clock: Clock, name: str = "") -> Finding:
    """A finding that should not exist: it stays on record with the reason. Raises: FindingNotFound, ForbiddenMove (`reason-needed`)."""
    at = clock.now_at()
    found = queries.locked_finding(session, code)
    history.move(
        session,
        found,
        FINDING_MOVES,
        FindingEvent.VOID,
        actor=actor,
        at=at,
        reason=reason.strip(),
        facts={"reason": reason.strip(), "signed_by": name},
    )
    _end_matter(session, found, holds, reason.strip(), actor=actor, at=at)
    return found


def escalate(session: Session, code: str, *, exit_case: str, reason: str, actor: Actor, clock: Clock) -> Finding:
    """It became an exit case (R43–R47): the finding waits, and what it rests on stays held, until that case has ended.

    Raises: FindingNotFound, ForbiddenMove (`reason-needed`, `no-exit-case`, or not open for it).
    """
    found = queries.locked_finding(session, code)
    found.exit_case = exit_case
    facts = {"reason": reason.strip(), "case_opened": bool(exit_case), "exit_case": exit_case}
    history.move(session, found, FINDING_MOVES, FindingEvent.ESCALATE, actor=actor, at=clock.now_at(), reason=reason.strip(), facts=facts)
    return found


def turn_of(session: Session, found: Finding, rule: ProcedureRule, now_at: datetime) -> Turn | None:
    """Whose turn it is on this finding."""
    moves = history.timeline(session, "finding", found.id)
    ordered = papers.last(session, found, PaperKind.RECTIFICATION_ORDER) or papers.last(session, found, PaperKind.ANSWER)
    reported = papers.last(session, found, PaperKind.RECTIFICATION_REPORT)
    return turn(
        found.state,
        moves[-1].at if moves else found.recorded_at,
        rule,
        now_at,
        object_until=object_until(session, found),
        rectify_until=papers.instant(ordered.content, "rectify_until") if ordered else None,
        reported_at=reported.at if reported else None,
    )


def object_until(session: Session, found: Finding) -> datetime | None:
    """The deadline that the notice named."""
    notice = papers.last(session, found, PaperKind.NOTICE)
    return papers.instant(notice.content, "object_until") if notice else None


def review_until(session: Session, found: Finding) -> datetime | None:
    """Until when a review may be asked for, as the closing letter named it; None while there is none."""
    closing = papers.last(session, found, PaperKind.CLOSING)
    return papers.instant(closing.content, "review_until") if closing else None


def may_request_review(session: Session, found: Finding, now_at: datetime) -> bool:
    """Closed, within its days, and no review was asked for before."""
    until = review_until(session, found)
    in_time = until is not None and now_at < until
    return found.state is FindingState.CLOSED and in_time and papers.last(session, found, PaperKind.REVIEW_REQUEST) is None


def case_of(session: Session, found: Finding) -> Case:
    """What every letter about a finding repeats."""
    lesson = session.get_one(Lesson, found.lesson_id)
    institution = session.get_one(Institution, found.institution_id)
    room = session.get_one(Room, lesson.room_id)
    stretch, visit = evidence.marked(found), evidence.visit_of(session, found)
    recording = session.get_one(Recording, stretch.recording_id) if stretch else None
    camera = session.scalar(select(Camera.code).join(Slot, Slot.camera_id == Camera.id).where(Slot.id == recording.slot_id)) if recording else None
    assert found.span.lower is not None and found.span.upper is not None  # noqa: S101 — findings are bounded
    return Case(
        code=found.code,
        institution_code=institution.code,
        institution_name=institution.name,
        lesson=lesson.natural_id,
        place=room.name,
        camera=camera or "",
        starts_at=found.span.lower,
        ends_at=found.span.upper,
        start_ms=stretch.start_ms if stretch else 0,
        end_ms=stretch.end_ms if stretch else 0,
        file_name=recording.file_name if recording else "",
        footage_sha256=stretch.sha256.hex() if stretch else "",
        defect=DEFECTS[found.defect],
        severity=found.severity,
        note=found.note,
        visit=Seen(
            visit.code,
            BY_CODE[found.visit_item].zh,
            tuple(m.inspector_name for m in visits.members(session, visit.id)),
            (found.record_sha256 or b"").hex(),
            tuple(photo.sha256.hex() for photo in evidence.photos_of(session, found)),
        )
        if visit
        else None,
    )


def seen_by(session: Session, found: Finding) -> list[str]:
    """Ids of everybody who recorded, decided or signed something about it: they do not answer an objection."""
    authors = session.scalars(select(FindingPaper.author_id).where(FindingPaper.finding_id == found.id))
    return sorted({str(i) for i in (found.recorded_by_id, found.decided_by_id, *authors) if i is not None})


def _paired(session: Session, found: Finding, asked: PaperKind, answers: Sequence[str]) -> list[tuple[str, str]]:
    """Each point of the institution's last paper of that kind with its answer. Raises: MalformedStatement — not as many answers as points."""
    paper = papers.last(session, found, asked)
    points, given = list(paper.content["points"]) if paper else [], [one.strip() for one in answers]
    if len(given) != len(points):
        raise MalformedStatement(errors=[{"where": "answers", "code": "wrong-length", "value": len(given)}])
    return list(zip(points, given, strict=True))


def _answered(session: Session, found: Finding, pairs: Sequence[tuple[str, str]], content: Mapping[str, Any], actor: Actor) -> dict[str, object]:
    """What the guard of an answer asks for: who decides, who took part before this letter, whether every point has its answer."""
    return {
        "decided_by": str(actor.id) if actor.id else "",
        "seen_by": seen_by(session, found),
        "points_answered": bool(pairs) and all(len(answer) >= papers.MIN_TEXT for _, answer in pairs),
        "reason": content["follows"],
    }


def _end_matter(session: Session, found: Finding, holds: Holds, reason: str, *, actor: Actor, at: datetime) -> None:
    evidence.release(session, found, holds, reason, actor=actor, at=at)
