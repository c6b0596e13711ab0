"""The registry as pages: who trains, under which licence, where, filmed by which cameras, and which classes. R40–R42, R68, R74, R77."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import OFFICERS, OUTSIDE_INSTITUTIONS, Role
from api.http.paging import csv_download
from api.http.problem import problem_of
from api.http.services import ServicesDep, services_of
from api.http.session import SessionDep
from api.http.typed import attempt
from api.locale.marks import N_
from api.pages.exit.successors import TRAITS, told_of
from api.pages.frame import render, translator
from api.pages.listing import Column, Listing
from api.pages.navigation import show_navigation
from api.pages.reading import read_form, typed_of
from api.v1.registry_schemas import NewAgreement, NewCamera, NewClass, NewInstitution, NewQualification, NewRoom, NewTeachingPoint, NewTier
from compliance.exit.successor_facts import successor_links
from compliance.exit.successors import SuccessorRule
from storage.kernel.errors import DomainError, NotFound
from supervision.classes import service as classes
from supervision.classes.models import TrainingAgreement, TrainingClass
from supervision.footage import service as footage
from supervision.footage.rules import CoverageRule
from supervision.institutions import service as registry
from supervision.institutions.models import Camera, CreditTier, Institution, Qualification, Room, TeachingPoint

Given = dict[str, Any]  # Any: a text, or a list of texts for one of LISTS
LISTS = ("teaching_points",)
router = APIRouter(include_in_schema=False)
Reader = Annotated[Caller, access(roles=OUTSIDE_INSTITUTIONS - {Role.THIRD_PARTY_VERIFIER, Role.INSPECTOR, Role.DEPARTMENT_OFFICER})]
Registrar = Annotated[Caller, access(roles={Role.BUREAU_OFFICER, Role.ADMINISTRATOR})]
REGISTRARS = (Role.BUREAU_OFFICER, Role.ADMINISTRATOR)
COLUMNS = (
    Column("code", N_("Code"), sort=True),
    Column("name", N_("Name"), sort=True),
    Column("kind", N_("Kind")),
    Column("principal", N_("Principal")),
    Column("status", N_("State")),
)
KINDS = {"training": N_("training institution"), "evaluation": N_("evaluation institution")}
STANDINGS = {"active": N_("in the directory"), "suspended": N_("suspended"), "excluded": N_("excluded")}
CATEGORIES = {
    "enterprise": N_("enterprise employees"),
    "order": N_("order-type"),
    "project": N_("project-type"),
    "universal": N_("universal"),
    "startup": N_("start-up"),
}


@router.get("/registry")
def list_page(request: Request, caller: Reader, session: SessionDep, export: str = "") -> Response:
    """The directory: search, sort, export."""
    return _list_page(request, caller, session, export=export)


def _list_page(
    request: Request, caller: Caller, session: Session, *, export: str = "", problem: Any = None, typed: dict[str, Any] | None = None
) -> Response:
    listing = Listing.of(request, COLUMNS, sort="code", exports=("csv",))
    column = {"code": Institution.code, "name": Institution.name}[listing.sort_key]
    query = select(Institution).order_by(column.desc() if listing.descending else column).limit(1000)
    if listing.q:
        query = query.where(Institution.name.icontains(listing.q, autoescape=True) | Institution.code.icontains(listing.q, autoescape=True))
    rows = session.scalars(query).all()
    if export == "csv":
        _ = translator(request)
        return csv_download(
            "institutions",
            [_("Code"), _("Name"), _("Kind"), _("State"), _("Principal"), _("Legal representative"), _("Address")],
            [[r.code, r.name, _(KINDS[r.kind.value]), _(STANDINGS[r.status.value]), r.principal, r.legal_representative, r.address] for r in rows],
        )
    return render(
        request,
        "registry/list.html",
        status_code=problem.status if problem else 200,
        **show_navigation(request, caller, "registry"),
        listing=listing,
        rows=rows,
        kinds=KINDS,
        standings=STANDINGS,
        may_enter=caller.role in REGISTRARS,
        problem=problem,
        typed=typed or {},
    )


@router.post("/registry")
async def enter_institution(request: Request, caller: Registrar, session: SessionDep, services: ServicesDep) -> Response:
    """Enter an institution in the directory."""
    typed = typed_of(await request.form())
    try:
        new = read_form(NewInstitution, typed)
        with attempt(request, session):
            row = registry.register_institution(session, **new.model_dump(), actor=caller.actor, at=services.clock.now_at())
    except DomainError as refused:
        return _list_page(request, caller, session, problem=problem_of(refused, request), typed=typed)
    return RedirectResponse(f"/registry/{row.id}", status_code=303)


@router.get("/registry/{institution_id}")
def show_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep, institution_id: UUID) -> Response:
    """One institution with all that belongs to it."""
    return _show_page(request, caller, session, services.clock.today_on(), institution_id)


def _show_page(
    request: Request,
    caller: Caller,
    session: Session,
    today: date,
    institution_id: UUID,
    *,
    problem: Any = None,
    typed: dict[str, Any] | None = None,
    opened: str = "",
) -> Response:
    row = _institution(session, institution_id)

    def of(table: Any) -> Any:  # Any: mapped classes of the registry and their rows
        return session.scalars(select(table).where(table.institution_id == row.id).order_by(table.id)).all()

    inside = caller.role in OFFICERS or caller.role in (Role.LEGAL_OFFICER, Role.AUDITOR)
    leads = successor_links(session, services_of(request).policy.read(SuccessorRule, today), institution_id=row.id) if inside else []
    _ = translator(request)
    return render(
        request,
        "registry/show.html",
        successors=told_of(leads, {trait: _(word) for trait, word in TRAITS.items()}),
        is_out=any(link.out == row.id for link in leads),
        status_code=problem.status if problem else 200,
        **show_navigation(request, caller, "registry"),
        row=row,
        today=today,
        tiers=sorted(of(CreditTier), key=lambda one: one.from_on, reverse=True),
        qualifications=of(Qualification),
        points=of(TeachingPoint),
        rooms=of(Room),
        cameras=of(Camera),
        agreements=of(TrainingAgreement),
        training_classes=of(TrainingClass),
        kinds=KINDS,
        standings=STANDINGS,
        categories=CATEGORIES,
        may_enter=caller.role in REGISTRARS,
        problem=problem,
        typed=typed or {},
        opened=opened,
    )


@router.post("/registry/{institution_id}/{what}")
async def add(request: Request, caller: Registrar, session: SessionDep, services: ServicesDep, institution_id: UUID, what: str) -> Response:
    """Add a licence, place, room, camera, agreement or class; a refused form keeps what was typed."""
    act = _ADD.get(what)
    if act is None:
        raise NotFound(what="page", id=what)
    typed = typed_of(await request.form(), lists=LISTS)
    owner = _institution(session, institution_id)
    try:
        with attempt(request, session):
            by: dict[str, Any] = {"actor": caller.actor, "at": services.clock.now_at()}  # Any: arguments of services
            made = act(session, owner, typed, by)
            if isinstance(made, Camera):
                footage.plan_camera(session, made, services.policy.read(CoverageRule, services.clock.today_on()), **by)
    except DomainError as refused:
        problem = problem_of(refused, request)
        return _show_page(request, caller, session, services.clock.today_on(), institution_id, problem=problem, typed=typed, opened=what)
    return RedirectResponse(f"/registry/{institution_id}#{what}", status_code=303)


def _add_qualification(session: Session, owner: Institution, given: Given, by: dict[str, Any]) -> None:
    registry.add_qualification(session, owner, **read_form(NewQualification, given).model_dump(), **by)


def _record_tier(session: Session, owner: Institution, given: Given, by: dict[str, Any]) -> None:
    registry.record_tier(session, owner, **read_form(NewTier, given).model_dump(), **by)


def _add_point(session: Session, owner: Institution, given: Given, by: dict[str, Any]) -> None:
    registry.add_teaching_point(session, owner, **read_form(NewTeachingPoint, given).model_dump(), **by)


def _add_room(session: Session, owner: Institution, given: Given, by: dict[str, Any]) -> None:
    new = read_form(NewRoom, given)
    registry.add_room(session, owner, teaching_point_code=new.teaching_point, code=new.code, name=new.name, capacity=new.capacity, **by)


def _add_camera(session: Session, owner: Institution, given: Given, by: dict[str, Any]) -> Camera:
    new = read_form(NewCamera, given)
    return registry.add_camera(session, owner, room_code=new.room, code=new.code, name=new.name, serial=new.serial, **by)


def _add_agreement(session: Session, owner: Institution, given: Given, by: dict[str, Any]) -> None:
    new = read_form(NewAgreement, given)
    signed = new.model_dump(exclude={"teaching_points"})
    classes.sign_agreement(session, owner, **signed, teaching_point_codes=new.teaching_points, **by)


def _add_class(session: Session, owner: Institution, given: Given, by: dict[str, Any]) -> None:
    new = read_form(NewClass, given)
    agreement = session.scalars(
        select(TrainingAgreement).where(TrainingAgreement.number == new.agreement, TrainingAgreement.institution_id == owner.id)
    ).one_or_none()
    if agreement is None:
        raise NotFound(what="agreement", id=new.agreement)
    classes.open_class(session, owner, agreement=agreement, **new.model_dump(exclude={"agreement"}), **by)


_ADD: dict[str, Callable[[Session, Institution, Given, dict[str, Any]], object]] = {
    "tiers": _record_tier,
    "qualifications": _add_qualification,
    "teaching-points": _add_point,
    "rooms": _add_room,
    "cameras": _add_camera,
    "agreements": _add_agreement,
    "classes": _add_class,
}


def _institution(session: Session, institution_id: UUID) -> Institution:
    row = session.get(Institution, institution_id)
    if row is None:
        raise NotFound(what="institution", id=str(institution_id))
    return row
