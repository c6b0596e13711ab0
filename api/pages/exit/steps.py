"""The acts of an exit case as forms, each of one person; refused acts show the page again with what was typed. 2.3.5; UI.md."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, Path, Request, UploadFile
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import OFFICERS, Role
from api.exits import ExitTools
from api.http.problem import problem_of
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.http.typed import Most, attempt
from api.pages.exit.views import show
from api.pages.findings import views as finding_pages
from compliance.exit import effects, opening, procedure, queries, readmission, remedies
from compliance.exit.errors import MalformedExit
from compliance.exit.lifecycle import ChallengeEvent
from compliance.exit.models import ChallengeKind
from compliance.exit.rules import LEGAL_CHECKS, READMISSION_CHECKS, Effect, Measure
from storage.kernel.clock import BUREAU_ZONE
from storage.kernel.errors import DomainError
from supervision.findings.attachments import MAX_FILE_BYTES, Given
from supervision.institutions.models import RunningClasses

router = APIRouter(include_in_schema=False)
Officer = Annotated[Caller, access(roles=OFFICERS)]
Chair = Annotated[Caller, access(roles=OFFICERS | {Role.LEGAL_OFFICER})]
Lawyer = Annotated[Caller, access(roles={Role.LEGAL_OFFICER})]
Leader = Annotated[Caller, access(roles={Role.BUREAU_LEADER})]
Signer = Annotated[Caller, access(roles={Role.BUREAU_LEADER}, fresh=True)]
Head = Annotated[Caller, access(roles={Role.INSTITUTION_HEAD})]
Code = Annotated[str, Path(max_length=40)]  # one that is no code is not found, as another institution's is
Words = Annotated[str, Form(), Most(20_000)]  # the rules say what is too long, in words; a line break is one character there and two here
Short = Annotated[str, Form(), Most(200)]
Many = Annotated[list[str] | None, Form(), Most(8000)]
Files = Annotated[list[UploadFile] | None, File()]
Months = Annotated[str, Form(), Most(10)]


@dataclass(frozen=True, slots=True)
class Desk:
    """Where an act of these pages is done: inside a savepoint; when it is refused the page is shown again with what was typed."""

    request: Request
    session: Session
    services: Services

    def act(self, caller: Caller, code: str, do: Callable[[ExitTools], object], **typed: object) -> Response:
        try:
            with attempt(self.request, self.session):
                do(ExitTools(self.services, caller))
        except DomainError as refused:
            return show(self.request, caller, self.session, self.services, code, problem=problem_of(refused, self.request), typed=typed)
        return RedirectResponse(f"/exit/{code}", status_code=303)


def _desk(request: Request, session: SessionDep, services: ServicesDep) -> Desk:
    return Desk(request, session, services)


AtDesk = Annotated[Desk, Depends(_desk)]


@router.post("/exit/{code}/submit")
def submit(caller: Officer, desk: AtDesk, code: Code, reasons: Words = "", effect: Effect = Form(Effect.DISMISS), months: Months = "") -> Response:
    """Take the case and hand it to the legal officer."""
    return desk.act(
        caller,
        code,
        lambda t: procedure.submit(desk.session, code, reasons=reasons, measure=Measure(effect, months_of(months)), rule=t.rule, **t.by),
        reasons=reasons,
        effect=effect.value,
        months=months,
    )


@router.post("/exit/{code}/review")
def review(caller: Lawyer, desk: AtDesk, code: Code, checks: Many = None, opinion: Words = "", passed: Short = "") -> Response:
    """法制审核."""
    given = {name: name in (checks or []) for name in LEGAL_CHECKS}

    def reviewed(tools: ExitTools) -> object:
        _chosen("result", passed)
        return procedure.review_legality(desk.session, code, checks=given, opinion=opinion, passed=passed == "yes", **tools.by)

    return desk.act(caller, code, reviewed, opinion=opinion, checks=checks or [], passed=passed)


@router.post("/exit/{code}/notice")
def notice(caller: Officer, desk: AtDesk, code: Code) -> Response:
    """事先告知书."""
    return desk.act(caller, code, lambda t: procedure.serve_notice(desk.session, code, clocks=t.clocks, **t.by))


@router.post("/exit/{code}/state")
def state(caller: Head, desk: AtDesk, code: Code, points: Words = "", files: Files = None) -> Response:
    """陈述申辩, one point per line."""
    own, given = caller.tenant(), points.splitlines()
    return desk.act(
        caller,
        code,
        lambda t: procedure.state(desk.session, code, points=given, files=_given(files), institution_id=own, **t.by),
        points=points,
    )


@router.post("/exit/{code}/request-hearing")
def request_hearing(caller: Head, desk: AtDesk, code: Code, reason: Words = "") -> Response:
    """听证申请."""
    own = caller.tenant()
    return desk.act(caller, code, lambda t: procedure.request_hearing(desk.session, code, reason=reason, institution_id=own, **t.by), reason=reason)


@router.post("/exit/{code}/call-hearing")
def call_hearing(caller: Chair, desk: AtDesk, code: Code, hearing_at: Short = "", place: Short = "") -> Response:
    """听证通知书; whoever calls presides."""

    def called(tools: ExitTools) -> object:
        when = _instant(hearing_at)
        return procedure.call_hearing(desk.session, code, hearing_at=when, place=place, clocks=tools.clocks, **tools.by)

    return desk.act(caller, code, called, hearing_at=hearing_at, place=place)


@router.post("/exit/{code}/hold-hearing")
def hold_hearing(caller: Chair, desk: AtDesk, code: Code, record: Words = "", points: Words = "", files: Files = None) -> Response:
    """听证笔录."""
    given = points.splitlines()
    return desk.act(
        caller,
        code,
        lambda t: procedure.hold_hearing(desk.session, code, record=record, points=given, files=_given(files), **t.by),
        record=record,
        points=points,
    )


@router.post("/exit/{code}/recheck")
def recheck(caller: Officer, desk: AtDesk, code: Code, opinion: Words = "", stands: Short = "") -> Response:
    """复核."""

    def checked(tools: ExitTools) -> object:
        _chosen("ground", stands)
        rule, counting = tools.as_detected(queries.case(desk.session, code))
        return procedure.recheck(desk.session, code, opinion=opinion, stands=stands == "yes", rule=rule, counting=counting, **tools.by)

    return desk.act(caller, code, checked, opinion=opinion, stands=stands)


@router.post("/exit/{code}/propose")
def propose(
    caller: Officer,
    desk: AtDesk,
    code: Code,
    reasons: Words = "",
    effect: Effect = Form(Effect.DISMISS),
    months: Months = "",
    running_classes: Short = "",
    answers: Many = None,
    collective: Words = "",
) -> Response:
    """拟处理意见."""
    given = answers or []
    fate = RunningClasses(running_classes) if running_classes in set(RunningClasses) else None
    return desk.act(
        caller,
        code,
        lambda t: procedure.propose(
            desk.session,
            code,
            reasons=reasons,
            measure=Measure(effect, months_of(months)),
            running_classes=fate,
            answers=given,
            collective=collective,
            rule=t.rule,
            **t.by,
        ),
        reasons=reasons,
        effect=effect.value,
        months=months,
        running_classes=running_classes,
        answers=given,
        collective=collective,
    )


@router.post("/exit/{code}/send-back")
def send_back(caller: Leader, desk: AtDesk, code: Code, reason: Words = "") -> Response:
    """The leader does not sign it."""
    return desk.act(caller, code, lambda t: procedure.send_back(desk.session, code, reason=reason, **t.by), reason=reason)


@router.post("/exit/{code}/decide")
def decide(caller: Signer, desk: AtDesk, code: Code) -> Response:
    """处理决定."""
    return desk.act(caller, code, lambda t: procedure.decide(desk.session, code, remedies=t.remedies, **t.by))


@router.post("/exit/{code}/serve")
def serve(caller: Officer, desk: AtDesk, code: Code, how: Short = "", received_by: Short = "") -> Response:
    """送达; the decision takes force."""
    return desk.act(
        caller,
        code,
        lambda t: effects.serve(desk.session, code, how=how, received_by=received_by, **t.ending, **t.by),
        how=how,
        received_by=received_by,
    )


@router.post("/exit/{code}/publish")
def publish(caller: Officer, desk: AtDesk, code: Code) -> Response:
    """公布."""
    return desk.act(caller, code, lambda t: effects.publish(desk.session, code, **t.by))


@router.post("/exit/{code}/correct")
def correct(caller: Officer, desk: AtDesk, code: Code, how: Words = "", corrected: Short = "") -> Response:
    """改正核验."""

    def closed(tools: ExitTools) -> object:
        _chosen("result", corrected)
        return effects.close_correction(desk.session, code, how=how, corrected=corrected == "yes", holds=tools.holds, **tools.by)

    return desk.act(caller, code, closed, how=how, corrected=corrected)


@router.post("/exit/{code}/challenge")
def challenge(
    caller: Officer,
    desk: AtDesk,
    code: Code,
    kind: ChallengeKind = Form(ChallengeKind.RECONSIDERATION),
    authority: Short = "",
    document: Short = "",
    filed_on: Short = "",
    late_reason: Words = "",
) -> Response:
    """An authority accepted a reconsideration or an action."""

    def recorded(tools: ExitTools) -> object:
        told = {"kind": kind, "authority": authority, "document": document, "filed_on": day_of(filed_on, "filed_on"), "late_reason": late_reason}
        return remedies.record(desk.session, code, **told, rule=tools.remedies, actor=caller.actor, clock=desk.services.clock)  # type: ignore[arg-type]  # keywords

    return desk.act(caller, code, recorded, kind=kind.value, authority=authority, document=document, filed_on=filed_on, late_reason=late_reason)


@router.post("/exit/{code}/challenges/{challenge_id}")
def conclude(
    caller: Signer,
    desk: AtDesk,
    code: Code,
    challenge_id: UUID,
    event: ChallengeEvent = Form(ChallengeEvent.UPHOLD),
    document: Short = "",
    decided_on: Short = "",
    months: Months = "",
) -> Response:
    """What the authority decided."""

    def concluded(tools: ExitTools) -> object:
        day = day_of(decided_on, "decided_on")
        return remedies.conclude(
            desk.session, code, challenge_id, event=event, document=document, decided_on=day, months=months_of(months), **tools.ending, **tools.by
        )

    typed = {"challenge": str(challenge_id), "event": event.value, "document": document, "decided_on": decided_on, "months": months}
    return desk.act(caller, code, concluded, **typed)


@router.post("/exit/{code}/revoke")
def revoke(caller: Signer, desk: AtDesk, code: Code, reason: Words = "", document: Short = "") -> Response:
    """撤销决定."""
    return desk.act(
        caller,
        code,
        lambda t: effects.revoke(desk.session, code, reason=reason, document=document, **t.ending, **t.by),
        reason=reason,
        document=document,
    )


@router.post("/exit/{code}/withdraw")
def withdraw(caller: Signer, desk: AtDesk, code: Code, reason: Words = "") -> Response:
    """撤销立案."""
    return desk.act(caller, code, lambda t: procedure.withdraw(desk.session, code, reason=reason, holds=t.holds, **t.by), reason=reason)


@router.post("/exit/{code}/apply")
def apply(caller: Head, desk: AtDesk, code: Code, points: Words = "", files: Files = None) -> Response:
    """重新准入申请."""
    own, given = caller.tenant(), points.splitlines()
    return desk.act(
        caller,
        code,
        lambda t: readmission.apply(desk.session, code, points=given, files=_given(files), institution_id=own, **t.by),
        points=points,
    )


@router.post("/exit/{code}/assess")
def assess(
    caller: Officer,
    desk: AtDesk,
    code: Code,
    checks: Many = None,
    cause_removed: Words = "",
    subsidy_repaid: Words = "",
    site_checked: Words = "",
) -> Response:
    """重新准入评估."""
    met = {name: name in (checks or []) for name in READMISSION_CHECKS}
    notes = {"cause_removed": cause_removed, "subsidy_repaid": subsidy_repaid, "site_checked": site_checked}
    return desk.act(caller, code, lambda t: readmission.assess(desk.session, code, checks=met, notes=notes, **t.by), **notes, checks=checks or [])


@router.post("/exit/{code}/readmit")
def readmit(caller: Signer, desk: AtDesk, code: Code, admitted: Short = "", reasons: Words = "") -> Response:
    """重新准入决定."""

    def decided(tools: ExitTools) -> object:
        _chosen("result", admitted)
        by = {"rule": tools.remedies, **tools.ending, **tools.by}
        return readmission.decide(desk.session, code, admitted=admitted == "yes", reasons=reasons, **by)

    return desk.act(caller, code, decided, reasons=reasons, admitted=admitted)


@router.post("/findings/{code}/escalate")
def escalate(caller: Signer, desk: AtDesk, code: str, reason: Words = "") -> Response:
    """A leader classifies a finding as a major problem: it becomes an exit case. R46."""
    tools = ExitTools(desk.services, caller)
    try:
        with attempt(desk.request, desk.session):
            made = opening.escalate(desk.session, code, reason=reason, holds=tools.holds, **tools.by)
    except DomainError as refused:
        problem = problem_of(refused, desk.request)
        return finding_pages.show(desk.request, caller, desk.session, desk.services, code, problem=problem, typed={"escalate": reason})
    return RedirectResponse(f"/exit/{made.code}", status_code=303)


def day_of(text: str, where: str) -> date:
    """A day as the field `where` of a form gives it. Raises: MalformedExit."""
    try:
        return date.fromisoformat(text)
    except ValueError as unreadable:
        raise MalformedExit(errors=[{"where": where, "code": "not-a-date" if text else "missing", "value": text[:40]}]) from unreadable


def _chosen(where: str, answer: str) -> None:
    """A yes or a no was chosen: nothing chosen is not a no. Raises: MalformedExit."""
    if answer not in ("yes", "no"):
        raise MalformedExit(errors=[{"where": where, "code": "missing" if not answer else "enum", "value": answer[:40]}])


def months_of(text: str) -> int:
    """A term as a form gives it; nothing typed is none. Raises: MalformedExit."""
    try:
        return int(text or "0")
    except ValueError as unreadable:
        raise MalformedExit(errors=[{"where": "months", "code": "int_parsing", "value": text}]) from unreadable


def _instant(text: str) -> datetime:
    """A time of day at the bureau, as a form gives it. Raises: MalformedExit."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=BUREAU_ZONE)
    except ValueError as unreadable:
        raise MalformedExit(errors=[{"where": "hearing_at", "code": "not-a-time" if text else "missing", "value": text[:40]}]) from unreadable


def _given(files: list[UploadFile] | None) -> list[Given]:
    return [Given(one.filename or "", one.file.read(MAX_FILE_BYTES + 1)) for one in files or () if one.filename]
