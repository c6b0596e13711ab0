"""The acts on an application as forms, each tried inside a savepoint; when it is refused, the page is shown again with what was typed. 2.3.3."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.approving import DECIDERS, OFFICE, officer_of, reader_of, rule_of
from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import INSTITUTION, Role
from api.http.problem import problem_of
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.http.typed import Most, attempt
from api.pages.approvals.forms import AsTyped, Figure, Short, Words
from api.pages.approvals.views import show
from compliance.approvals import deciding, late, service
from compliance.approvals.deciding import Seen
from compliance.approvals.errors import MalformedApproval
from compliance.approvals.rules import LONGEST, Aspect, Proof
from storage.kernel.errors import DomainError, NotFound
from supervision.findings.attachments import MAX_FILE_BYTES, Given

router = APIRouter(include_in_schema=False)
Applicant = Annotated[Caller, access(roles=INSTITUTION)]
Head = Annotated[Caller, access(roles={Role.INSTITUTION_HEAD})]
Office = Annotated[Caller, access(roles=OFFICE)]
Decider = Annotated[Caller, access(roles=DECIDERS)]
Files = Annotated[list[UploadFile] | None, File()]
YES_OR_NO: Final = ("yes", "no")


@dataclass(frozen=True, slots=True)
class Desk:
    """Where an act of this page is done."""

    request: Request
    session: Session
    services: Services

    def act(self, caller: Caller, code: str, do: Callable[[], object], **typed: object) -> Response:
        """Try it; back to the page either way. Raises: NotFound — the application is not this caller's to know of."""
        try:
            with attempt(self.request, self.session):
                do()
        except NotFound:
            raise
        except DomainError as refused:
            problem, act = problem_of(refused, self.request), self.request.url.path.split("/")[3]
            return show(self.request, caller, self.session, self.services, code, problem=problem, typed=typed, act=act)
        return RedirectResponse(f"/approvals/{code}", status_code=303)


def _desk(request: Request, session: SessionDep, services: ServicesDep) -> Desk:
    return Desk(request, session, services)


AtDesk = Annotated[Desk, Depends(_desk)]


@router.post("/approvals/{code}/save")
def save(caller: Applicant, desk: AtDesk, code: str, typed: AsTyped) -> Response:
    """Save the draft as typed; what is still missing is shown, not refused."""
    own = caller.tenant()
    return desk.act(caller, code, lambda: service.save(desk.session, code, typed.draft(), institution_id=own), **typed.shown())


@router.post("/approvals/{code}/cameras")
def add_camera(
    caller: Applicant,
    desk: AtDesk,
    code: str,
    picture: Annotated[UploadFile | None, File()] = None,
    name: Annotated[str, Form(), Most(LONGEST["name"])] = "",
    shows: Annotated[str, Form(), Most(LONGEST["shows"])] = "",
    camera: Short = "",
) -> Response:
    """One camera of the plan with its reference picture."""
    given = Given(picture.filename or "", picture.file.read(MAX_FILE_BYTES + 1)) if picture else Given("", b"")
    own, clock = caller.tenant(), desk.services.clock
    return desk.act(
        caller,
        code,
        lambda: service.add_camera(desk.session, code, name=name, shows=shows, camera=camera, picture=given, institution_id=own, clock=clock),
        name=name,
        shows=shows,
        camera=camera,
    )


@router.post("/approvals/{code}/cameras/{camera_id}/remove")
def remove_camera(caller: Applicant, desk: AtDesk, code: str, camera_id: UUID) -> Response:
    """Take a camera out of the plan."""
    own, clock = caller.tenant(), desk.services.clock
    return desk.act(caller, code, lambda: service.remove_camera(desk.session, code, camera_id, institution_id=own, clock=clock))


@router.post("/approvals/{code}/proofs")
def add_proof(caller: Applicant, desk: AtDesk, code: str, proof: Figure = "", said: Words = "", files: Files = None) -> Response:
    """A paper about fire, food or building safety."""
    own, clock = caller.tenant(), desk.services.clock

    def added() -> object:
        kind = Proof(chosen("proof", proof, Proof))
        return service.add_proof(desk.session, code, kind, said, given(files), institution_id=own, actor=caller.actor, clock=clock)

    return desk.act(caller, code, added, said=said, proof=proof)


@router.post("/approvals/{code}/submit")
def submit(caller: Head, desk: AtDesk, code: str) -> Response:
    """Hand it in."""
    own, rule = caller.tenant(), rule_of(desk.services)
    return desk.act(
        caller, code, lambda: service.submit(desk.session, code, institution_id=own, rule=rule, actor=caller.actor, clock=desk.services.clock)
    )


@router.post("/approvals/{code}/withdraw")
def withdraw(caller: Head, desk: AtDesk, code: str, reason: Words = "") -> Response:
    """Take it back."""
    own, clock = caller.tenant(), desk.services.clock
    return desk.act(
        caller,
        code,
        lambda: service.withdraw(desk.session, code, reason=written("reason", reason), institution_id=own, actor=caller.actor, clock=clock),
        withdrawn=reason,
    )


@router.post("/approvals/{code}/view")
def state_view(caller: Head, desk: AtDesk, code: str, said: Words = "", files: Files = None) -> Response:
    """陈述申辩 about an announced revocation."""
    own, clock = caller.tenant(), desk.services.clock
    return desk.act(
        caller,
        code,
        lambda: service.state_view(desk.session, code, said=said, files=given(files), institution_id=own, actor=caller.actor, clock=clock),
        said=said,
    )


@router.post("/approvals/{code}/accept")
def accept(caller: Decider, desk: AtDesk, code: str) -> Response:
    """受理, by name."""
    rule, clock = rule_of(desk.services), desk.services.clock
    return desk.act(caller, code, lambda: deciding.accept(desk.session, code, by=officer_of(caller), rule=rule, clock=clock))


@router.post("/approvals/{code}/return")
def give_back(caller: Decider, desk: AtDesk, code: str, reason: Words = "") -> Response:
    """退回补正."""
    clock = desk.services.clock
    by = officer_of(caller)
    return desk.act(caller, code, lambda: deciding.give_back(desk.session, code, reason=written("reason", reason), by=by, clock=clock), reason=reason)


@router.post("/approvals/{code}/visit")
def record_visit(
    caller: Office,
    desk: AtDesk,
    code: str,
    visitors: Short = "",
    covers_room: Short = "",
    fire: Short = "",
    food: Short = "",
    building: Short = "",
    note: Words = "",
    files: Files = None,
) -> Response:
    """现场查看."""
    seen = Seen(visitors, covers_room == "on", {"fire": fire, "food": food, "building": building}, note)
    clock = desk.services.clock
    return desk.act(
        caller,
        code,
        lambda: deciding.record_visit(desk.session, code, seen, given(files), by=officer_of(caller), clock=clock),
        visitors=visitors,
        note=note,
        covers_room=covers_room,
        fire=fire,
        food=food,
        building=building,
    )


@router.post("/approvals/{code}/assess")
def assess(caller: Office, desk: AtDesk, code: str, aspect: Figure = "", passed: Figure = "", note: Words = "") -> Response:
    """One of the two tests. Nothing chosen is not a no."""
    by, clock = officer_of(caller), desk.services.clock

    def assessed() -> object:
        which, result = Aspect(chosen("aspect", aspect, Aspect)), chosen("passed", passed, YES_OR_NO)
        return deciding.assess(desk.session, code, which, passed=result == "yes", note=note, by=by, clock=clock)

    return desk.act(caller, code, assessed, **{f"note_{aspect}": note, f"passed_{aspect}": passed})


@router.post("/approvals/{code}/approve")
def approve(caller: Decider, desk: AtDesk, code: str, conditions: Words = "") -> Response:
    """批复, with or without conditions."""
    rule, clock = rule_of(desk.services), desk.services.clock
    return desk.act(
        caller,
        code,
        lambda: deciding.approve(desk.session, code, conditions=conditions, by=officer_of(caller), rule=rule, clock=clock),
        conditions=conditions,
    )


@router.post("/approvals/{code}/refuse")
def refuse(caller: Decider, desk: AtDesk, code: str, reason: Words = "") -> Response:
    """不予批准."""
    rule, clock = rule_of(desk.services), desk.services.clock
    return desk.act(
        caller,
        code,
        lambda: deciding.refuse(desk.session, code, reason=written("reason", reason), by=officer_of(caller), rule=rule, clock=clock),
        refusal=reason,
    )


@router.post("/approvals/{code}/conditions-met")
def confirm_conditions(caller: Decider, desk: AtDesk, code: str, how: Words = "") -> Response:
    """The conditions were seen to be met."""
    rule, clock = rule_of(desk.services), desk.services.clock
    return desk.act(
        caller,
        code,
        lambda: deciding.confirm_conditions(desk.session, code, how=written("how", how), by=officer_of(caller), rule=rule, clock=clock),
        how=how,
    )


@router.post("/approvals/{code}/announce-revocation")
def announce_revocation(caller: Decider, desk: AtDesk, code: str, reason: Words = "") -> Response:
    """拟撤销事先告知."""
    rule, clock = rule_of(desk.services), desk.services.clock
    return desk.act(
        caller,
        code,
        lambda: deciding.announce_revocation(desk.session, code, reason=reason, by=officer_of(caller), rule=rule, clock=clock),
        announced=reason,
    )


@router.post("/approvals/{code}/drop-revocation")
def drop_revocation(caller: Decider, desk: AtDesk, code: str, reason: Words = "") -> Response:
    """The announced revocation is not pursued."""
    clock = desk.services.clock
    by = officer_of(caller)
    return desk.act(caller, code, lambda: deciding.drop_revocation(desk.session, code, reason=reason, by=by, clock=clock), dropped=reason)


@router.post("/approvals/{code}/revoke")
def revoke(caller: Decider, desk: AtDesk, code: str, reason: Words = "") -> Response:
    """撤销."""
    rule, clock = rule_of(desk.services), desk.services.clock
    return desk.act(
        caller,
        code,
        lambda: deciding.revoke(desk.session, code, reason=written("reason", reason), by=officer_of(caller), rule=rule, clock=clock),
        revoked=reason,
    )


@router.post("/approvals/{code}/late")
def settle_late(caller: Decider, desk: AtDesk, code: str, take_up: Short = "", reason: Words = "") -> Response:
    """What follows from a late request."""
    clock = desk.services.clock

    def settled() -> object:
        follows, why = chosen("take_up", take_up, YES_OR_NO) == "yes", written("reason", reason)
        return late.settle(desk.session, code, take_up=follows, reason=why, reader=reader_of(caller), actor=caller.actor, clock=clock)

    return desk.act(caller, code, settled, late=reason, take_up=take_up)


def chosen(where: str, value: str, choices: Iterable[str]) -> str:
    """What was chosen. Raises: MalformedApproval — nothing, or what is not offered."""
    if value not in set(choices):
        raise MalformedApproval(errors=[{"where": where, "code": "enum" if value else "missing", "value": value[:40] or None}])
    return value


def written(where: str, text: str) -> str:
    """What was written. Raises: MalformedApproval — nothing."""
    if not text.strip():
        raise MalformedApproval(errors=[{"where": where, "code": "missing", "value": None}])
    return text


def given(files: list[UploadFile] | None) -> list[Given]:
    """Uploaded files as the services take them."""
    return [Given(one.filename or "", one.file.read(MAX_FILE_BYTES + 1)) for one in files or () if one.filename]
