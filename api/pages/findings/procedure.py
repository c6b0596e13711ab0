"""The acts from notice to publication as forms: each side sees what it may do now, and for the rest until when or why not. 2.3.2; UI.md."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.footage import Shown, record_view
from api.auth.models import ViewKind
from api.auth.roles import BUREAU, INSTITUTION, OFFICERS, Role
from api.evidence import verify_now
from api.holds import EvidenceHolds
from api.http.problem import problem_of
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.http.typed import Most, attempt
from api.pages.findings.views import Reader, show
from api.papers.finding_letter import render_letter
from api.stills import index_of, stored_source
from storage.kernel.errors import DomainError, NotFound
from storage.kernel.events import Event
from storage.media.errors import NothingToCut, UnreadableMedia
from storage.media.still import keyframe_at
from supervision.findings import evidence, procedure, queries
from supervision.findings.attachments import MAX_FILE_BYTES, Given
from supervision.findings.clocks import ProcedureRule
from supervision.findings.models import Finding, FindingPaper
from supervision.footage.models import Recording
from supervision.visits import on_site

router = APIRouter(include_in_schema=False)
Officer = Annotated[Caller, access(roles=OFFICERS)]
Server = Annotated[Caller, access(roles=OFFICERS, purpose=ViewKind.STILL)]
Answerer = Annotated[Caller, access(roles=OFFICERS | {Role.LEGAL_OFFICER})]
Verifier = Annotated[Caller, access(roles=BUREAU - {Role.INSPECTOR})]
Leader = Annotated[Caller, access(roles={Role.BUREAU_LEADER})]
Head = Annotated[Caller, access(roles={Role.INSTITUTION_HEAD})]
Sender = Annotated[Caller, access(roles=INSTITUTION)]
Words = Annotated[str, Form(), Most(8000)]
Many = Annotated[list[str] | None, Form(), Most(8000)]
Files = Annotated[list[UploadFile] | None, File()]
STILL_WIDTH_PX = 960


@dataclass(frozen=True, slots=True)
class Desk:
    """Where an act of this page is done: tried inside a savepoint, and when it is refused the page is shown again with what was typed."""

    request: Request
    session: Session
    services: Services

    @property
    def rule(self) -> ProcedureRule:
        """The working days in force today."""
        return self.services.policy.read(ProcedureRule, self.services.clock.today_on())

    @property
    def holds(self) -> EvidenceHolds:
        return EvidenceHolds(self.services.buckets.evidence)

    def act(self, caller: Caller, code: str, do: Callable[[dict[str, Any]], object], **typed: object) -> Response:
        """`do` gets actor, clock and the printed name as keywords. Any: keywords of the use-case."""
        try:
            with attempt(self.request, self.session):
                do({"actor": caller.actor, "clock": self.services.clock, "name": caller.display_name})
                self.services.events.publish(self.session, Event("finding.moved"))
        except DomainError as refused:
            return show(self.request, caller, self.session, self.services, code, problem=problem_of(refused, self.request), typed=typed)
        return RedirectResponse(f"/findings/{code}", status_code=303)


def _desk(request: Request, session: SessionDep, services: ServicesDep) -> Desk:
    return Desk(request, session, services)


AtDesk = Annotated[Desk, Depends(_desk)]


@router.post("/findings/{code}/notice")
def serve_notice(caller: Server, desk: AtDesk, code: str) -> Response:
    """Serve the notice; the footage is hashed again and a still of the marked stretch goes with it."""

    def served(by: dict[str, Any]) -> object:  # Any: keywords of the use-case
        found = queries.finding(desk.session, code)
        verify_now(desk.services, desk.session, found)
        still = _still(desk.services, caller, desk.session, found)
        return procedure.serve_notice(desk.session, code, hash_verified=True, still=still, rule=desk.rule, **by)

    return desk.act(caller, code, served)


def _still(services: Services, caller: Caller, session: Session, found: Finding) -> bytes | None:
    """The key frame in the middle of the marked stretch, or the first photo of the item; None when there is no such picture."""
    stretch = evidence.marked(found)
    if stretch is None:
        return next(
            (on_site.check_photo(services.buckets.evidence, p) for p in evidence.photos_of(session, found) if p.media_type == "image/jpeg"), None
        )
    recording = session.get_one(Recording, stretch.recording_id)
    shown = Shown(recording.id, recording.institution_id, start_ms=stretch.start_ms, end_ms=stretch.end_ms)
    record_view(services, caller, shown, kind=ViewKind.STILL, purpose="still for the notice", case_ref=found.code)
    source = stored_source(services, recording)
    try:
        return keyframe_at(source, index_of(services, session, recording, source), (stretch.start_ms + stretch.end_ms) // 2, width_px=STILL_WIDTH_PX)
    except (UnreadableMedia, NothingToCut):
        return None


@router.post("/findings/{code}/order")
def order(caller: Officer, desk: AtDesk, code: str, wanted: Words = "") -> Response:
    """Order rectification, once the days for an objection are over."""
    return desk.act(caller, code, lambda by: procedure.order_rectification(desk.session, code, wanted=wanted, rule=desk.rule, **by), wanted=wanted)


@router.post("/findings/{code}/answer")
def answer(caller: Answerer, desk: AtDesk, code: str, upheld: Annotated[str, Form(), Most(10)] = "", answers: Many = None) -> Response:
    """Answer every point of an objection."""
    given = answers or []
    return desk.act(
        caller,
        code,
        lambda by: procedure.answer_objection(desk.session, code, answers=given, upheld=upheld == "yes", rule=desk.rule, holds=desk.holds, **by),
        answers=given,
        upheld=upheld,
    )


@router.post("/findings/{code}/verify")
def verify(caller: Verifier, desk: AtDesk, code: str, how: Words = "") -> Response:
    """Say how the rectification was verified."""
    return desk.act(caller, code, lambda by: procedure.verify_rectification(desk.session, code, how=how, **by), how=how)


@router.post("/findings/{code}/close")
def close(caller: Officer, desk: AtDesk, code: str) -> Response:
    """Close with the closing letter."""
    return desk.act(caller, code, lambda by: procedure.close(desk.session, code, rule=desk.rule, **by))


@router.post("/findings/{code}/request-review")
def request_review(caller: Head, desk: AtDesk, code: str, points: Words = "", files: Files = None) -> Response:
    """复核申请 after the closing letter, one point per line."""
    own, given = caller.tenant(), [line for line in points.splitlines() if line.strip()]
    return desk.act(
        caller,
        code,
        lambda by: procedure.request_review(desk.session, code, points=given, files=_given(files), institution_id=own, **by),
        points=points,
    )


@router.post("/findings/{code}/decide-review")
def decide_review(caller: Answerer, desk: AtDesk, code: str, upheld: Annotated[str, Form(), Most(10)] = "", answers: Many = None) -> Response:
    """Answer every point of a request for review, by somebody who took no part so far."""
    given = answers or []
    return desk.act(
        caller,
        code,
        lambda by: procedure.decide_review(desk.session, code, answers=given, upheld=upheld == "yes", holds=desk.holds, **by),
        answers=given,
        upheld=upheld,
    )


@router.post("/findings/{code}/publish")
def publish(caller: Officer, desk: AtDesk, code: str) -> Response:
    """Publish the result, without a word about a person."""
    return desk.act(caller, code, lambda by: procedure.publish(desk.session, code, holds=desk.holds, **by))


@router.post("/findings/{code}/void")
def void(caller: Leader, desk: AtDesk, code: str, reason: Words = "") -> Response:
    """Declare the finding void."""
    return desk.act(caller, code, lambda by: procedure.declare_void(desk.session, code, reason=reason, holds=desk.holds, **by), reason=reason)


@router.post("/findings/{code}/reply")
def reply(caller: Head, desk: AtDesk, code: str, said: Words = "", files: Files = None) -> Response:
    """情况说明."""
    own = caller.tenant()
    return desk.act(caller, code, lambda by: procedure.reply(desk.session, code, said=said, files=_given(files), institution_id=own, **by), said=said)


@router.post("/findings/{code}/object")
def raise_objection(caller: Head, desk: AtDesk, code: str, points: Words = "", files: Files = None) -> Response:
    """陈述申辩, one point per line."""
    own, given = caller.tenant(), [line for line in points.splitlines() if line.strip()]
    return desk.act(
        caller,
        code,
        lambda by: procedure.raise_objection(desk.session, code, points=given, files=_given(files), institution_id=own, **by),
        points=points,
    )


@router.post("/findings/{code}/report")
def report(caller: Sender, desk: AtDesk, code: str, said: Words = "", files: Files = None) -> Response:
    """整改报告."""
    own = caller.tenant()
    return desk.act(
        caller,
        code,
        lambda by: procedure.report_rectification(desk.session, code, said=said, files=_given(files), institution_id=own, **by),
        said=said,
    )


@router.get("/findings/{code}/papers/{paper_id}.pdf")
def letter(caller: Reader, session: SessionDep, services: ServicesDep, code: str, paper_id: UUID) -> Response:
    """A letter of the bureau, to print."""
    paper = _paper(caller, session, code, paper_id)
    if "facts" not in paper.content:
        raise NotFound(what="letter", id=str(paper_id))
    pictures = [queries.attachment(session, paper.id, position).data for position, _, _ in queries.attachments(session, [paper.id]).get(paper.id, [])]
    still = pictures.pop(0) if paper.content.get("still_sha256") and pictures else None
    stills = pictures if paper.content.get("stills") else []
    pdf = render_letter(
        paper.kind, paper.number, paper.content, bureau=services.settings.bureau_name, sha256=paper.sha256, still=still, stills=stills
    )
    return Response(pdf, media_type="application/pdf", headers={"Content-Disposition": f'inline; filename="{code}-{paper.kind.value}.pdf"'})


@router.get("/findings/{code}/papers/{paper_id}/files/{position}")
def attachment(caller: Reader, session: SessionDep, code: str, paper_id: UUID, position: int) -> Response:
    """What came with a statement. Never shown inside a page of ours."""
    found = queries.attachment(session, _paper(caller, session, code, paper_id).id, position)
    ending = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}[found.media_type]
    headers = {"Content-Disposition": f'attachment; filename="{code}-{position}.{ending}"'}
    return Response(found.data, media_type=found.media_type, headers=headers)


def _paper(caller: Caller, session: Session, code: str, paper_id: UUID) -> FindingPaper:
    own = caller.tenant() if caller.role in INSTITUTION else None
    found = queries.finding(session, code, institution_id=own)
    paper = queries.paper(session, paper_id, institution_id=own)
    if paper.finding_id != found.id:
        raise NotFound(what="paper", id=str(paper_id))
    return paper


def _given(files: list[UploadFile] | None) -> list[Given]:
    return [Given(one.filename or "", one.file.read(MAX_FILE_BYTES + 1)) for one in files or () if one.filename]
