"""No record, no subsidy, as pages: classes, the certificate of one, the year's shares, the payment watch. R13, R19, R24, R28, R84, R85, R94."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, File, Form, Request, UploadFile
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import INSTITUTION, OFFICERS, Role
from api.http.paging import Key, page
from api.http.problem import Problem, problem_of
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.http.typed import Most, attempt
from api.locale.language import choose_language
from api.locale.marks import N_
from api.pages.frame import render, translator
from api.pages.labels import LABELS
from api.pages.listing import Column, Listing
from api.pages.navigation import show_navigation
from api.pages.outcomes.views import class_of
from api.pages.persons import namer
from api.pages.reading import chosen_of
from api.pages.sheet import CSV, rows_of, sheet, state_word
from api.pages.subsidy.words import ARCHIVE, CHECKS, GATES, MOVES, STANDINGS, STEPS, TARIFFS, WHY
from api.papers.subsidy_certificate import render_certificate
from api.subsidy import deadline_rule, portfolio_rule, subsidy_rules
from compliance.papers.models import CaseAttachment, CasePaper
from compliance.subsidy import queries, service
from compliance.subsidy.days import WHY_NOT
from compliance.subsidy.errors import MalformedSubsidy, SubsidyNotFound
from compliance.subsidy.lifecycle import CertificateState
from compliance.subsidy.models import ArchiveKind, CertificateIssue
from compliance.subsidy.rules import words
from storage.kernel.errors import DomainError, NotFound
from storage.ledger import history
from supervision.classes.models import TrainingClass
from supervision.findings.attachments import MAX_FILE_BYTES, Given
from supervision.institutions.models import Institution

router = APIRouter(include_in_schema=False)
READERS = INSTITUTION | OFFICERS | {Role.LEGAL_OFFICER}
Reader = Annotated[Caller, access(roles=READERS)]
Officer = Annotated[Caller, access(roles={Role.BUREAU_OFFICER})]
Leader = Annotated[Caller, access(roles={Role.BUREAU_LEADER}, fresh=True)]
Filer = Annotated[Caller, access(roles=INSTITUTION)]
Words = Annotated[str, Form(), Most(1000)]
Name = Annotated[str, Form(), Most(200)]
Short = Annotated[str, Form(), Most(30)]
Files = Annotated[list[UploadFile] | None, File()]
BEHIND = {"enterprise-share": "enterprise", "order-share": "order-project", "universal-not-all-at-cap": "universal"}  # share → the list behind it
CLAIMABLE = (CertificateState.COMPLETE, CertificateState.INCOMPLETE, CertificateState.WAIVED)
COLUMNS = (
    Column("code", N_("Class")),
    Column("institution", N_("Institution")),
    Column("days", N_("Days")),
    Column("certificate", N_("Certificate")),
    Column("amount", N_("Certified, yuan"), figures=True),
    Column("claim", N_("Claim")),
    Column("paid", N_("Paid, yuan"), figures=True),
)
SHEET = (
    N_("Class"), N_("Trade"), N_("Institution"), N_("First day"), N_("Last day"), N_("Certificate"), N_("Certified, yuan"), N_("Claim"),
    N_("State of the claim"), N_("Paid, yuan"),
)  # fmt: skip
WATCH_SHEET = (N_("Class"), N_("Institution"), N_("Next step"), N_("Outstanding, yuan"), N_("Last day"), N_("Days left"), N_("State"))


@router.get("/subsidy")
def list_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep, export: str = "") -> Response:
    """Classes with their certificate and claim; the shares of the year."""
    own = caller.role in INSTITUTION
    tenant = caller.tenant() if own else None
    today = services.clock.today_on()
    listing = Listing.of(request, COLUMNS, sort="-code", filters=("year",), exports=(CSV,))
    wanted = listing.filters.get("year", "")
    year = int(wanted) if re.fullmatch(r"2[01]\d\d", wanted, re.ASCII) else today.year
    query = queries.classes(institution_id=tenant, words=listing.q, year=year)
    found = page(session, query, [Key(TrainingClass.ends_on, descending=True), Key(TrainingClass.id)], after=listing.after, limit=rows_of(export))
    if export == CSV:
        return _sheet(request, session, found.items)
    return render(
        request,
        "subsidy/list.html",
        **show_navigation(request, caller, "subsidy"),
        listing=replace(listing, next_after=found.next_after or ""),
        rows=found.items,
        beside=queries.beside(session, found.items),
        year=year,
        years=[(str(y), str(y)) for y in range(today.year, today.year - 5, -1)],
        checks=queries.portfolio(session, year, portfolio_rule(services.policy, today), institution_id=tenant),
        check_words=CHECKS,
        behind=BEHIND,
        own=own,
    )


def _sheet(request: Request, session: Session, rows: Sequence[TrainingClass]) -> Response:
    _, beside = translator(request), queries.beside(session, rows)
    lines: list[list[object]] = []
    for row in rows:
        one = beside[row.id]
        certificate = LABELS["subsidy-certificate"][one.certificate.state.value if one.certificate else "open"]
        claim = [one.claim.code, state_word(request, "subsidy-claim", one.claim.state.value)] if one.claim else ["", ""]
        lines.append(
            [
                row.code,
                row.trade,
                one.institution,
                row.starts_on,
                row.ends_on,
                _(certificate.word),
                one.issue.amount_yuan if one.issue else None,
                *claim,
                one.paid_yuan,
            ]
        )
    return sheet(request, "subsidy", SHEET, lines)


@router.get("/subsidy/watch")
def watch_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep, export: str = "") -> Response:
    """What is to be paid by 31 March, and which start-up classes still lack their success."""
    today = services.clock.today_on()
    rule = deadline_rule(services.policy, today)
    tenant = caller.tenant() if caller.role in INSTITUTION else None
    watched = queries.payment_watch(session, rule, on=today, institution_id=tenant)
    if export == CSV:
        _ = translator(request)
        lines = [
            [
                one.code,
                one.institution,
                _(STEPS[one.step]),
                one.outstanding_yuan,
                one.duty.last_on,
                one.duty.days_left,
                _(STANDINGS[one.duty.standing.value][1]),
            ]
            for one in watched
        ]
        return sheet(request, "payment-watch", WATCH_SHEET, lines)
    return render(
        request,
        "subsidy/watch.html",
        **show_navigation(request, caller, "subsidy"),
        watched=watched,
        startups=queries.startup_watch(session, rule, on=today, institution_id=tenant),
        standings=STANDINGS,
        steps=STEPS,
        own=tenant is not None,
    )


@router.get("/subsidy/classes/{code}")
def class_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep, code: str) -> Response:
    """The gates of one class day by day, every trainee's reckoning, the archive, and what may be done now."""
    return show(request, caller, session, services, class_of(session, caller, code))


def show(
    request: Request,
    caller: Caller,
    session: Session,
    services: Services,
    row: TrainingClass,
    *,
    problem: Problem | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    at, today = services.clock.now_at(), services.clock.today_on()
    rules = subsidy_rules(services.policy, today)
    found = service.assessment_of(session, row, rules, at=at)
    certificate = service.certificate_of(session, row)
    issues = service.issues_of(session, certificate.id) if certificate else []
    state = certificate.state if certificate else CertificateState.OPEN
    filed = queries.archive_of(session, row.id)
    return render(
        request,
        "subsidy/class.html",
        status_code=problem.status if problem else 200,
        **show_navigation(request, caller, "subsidy"),
        row=row,
        institution=session.get_one(Institution, row.institution_id),
        found=found,
        gates_of_day=[(day, _marks(day.failed)) for day in found.days],
        day_gates=[gate for gate in found.gates if gate.gate.value not in ("archive", "curriculum")],
        class_gates=[gate for gate in found.gates if gate.gate.value in ("archive", "curriculum")],
        certificate=certificate,
        state=state.value,
        issues=issues,
        claims=queries.claims_of_class(session, row.id),
        wanted=words(rules.subsidy.archive_papers),
        filed=filed,
        attachments=_attachments(session, [one.paper_id for one in filed]),
        timeline=_timeline(request, session, certificate.id) if certificate else [],
        gate_words=GATES,
        why=WHY,
        archive_words=ARCHIVE,
        tariffs=TARIFFS,
        own=caller.role in INSTITUTION,
        may_file=caller.role in INSTITUTION and state is not CertificateState.CITED_IN_CLAIM,
        may_claim=caller.role is Role.INSTITUTION_HEAD and bool(issues) and issues[0].amount_yuan > 0 and state in CLAIMABLE,
        may_issue=caller.role is Role.BUREAU_OFFICER and state is not CertificateState.CITED_IN_CLAIM,
        may_waive=caller.role is Role.BUREAU_LEADER and state is not CertificateState.CITED_IN_CLAIM,
        problem=problem,
        typed=typed or {},
    )


def _marks(failed: tuple[str, ...]) -> dict[str, str]:
    """Gate → why this day does not pass it."""
    return {gate.value: code for code in failed if (gate := WHY_NOT[code][0]) is not None}


def _attachments(session: Session, paper_ids: list[UUID]) -> dict[UUID, list[tuple[UUID, str]]]:
    found: dict[UUID, list[tuple[UUID, str]]] = {}
    for paper_id, attachment_id, name in session.execute(
        select(CaseAttachment.paper_id, CaseAttachment.id, CaseAttachment.file_name)
        .where(CaseAttachment.paper_id.in_(paper_ids))
        .order_by(CaseAttachment.position)
    ):
        found.setdefault(paper_id, []).append((attachment_id, name))
    return found


def _timeline(request: Request, session: Session, certificate_id: UUID) -> list[dict[str, object]]:
    _ = translator(request)
    moves = history.timeline(session, "subsidy-certificate", certificate_id)
    named = namer(session, moves, choose_language(request))
    return [
        {
            "at": move.at,
            "title": _(MOVES.get(move.event, move.event)),
            "actor": named(move),
            "clause": move.clause,
            "text": move.reason,
        }
        for move in moves
    ]


def _act(request: Request, caller: Caller, session: Session, services: Services, code: str, do: Any, **typed: str) -> Response:  # Any: a use-case
    row = class_of(session, caller, code)
    try:
        with attempt(request, session):
            do(row)
    except NotFound:
        raise
    except DomainError as refused:
        return show(request, caller, session, services, row, problem=problem_of(refused, request), typed=typed)
    return RedirectResponse(f"/subsidy/classes/{code}", status_code=303)


@router.post("/subsidy/classes/{code}/archive")
def file_paper(
    request: Request,
    caller: Filer,
    session: SessionDep,
    services: ServicesDep,
    code: str,
    kind: Short = "",
    note: Words = "",
    files: Files = None,
) -> Response:
    """File a paper of the class's archive."""

    def filed(row: TrainingClass) -> object:
        which = chosen_of(ArchiveKind, kind, "kind", refused=MalformedSubsidy)
        handed = [Given(one.filename or "file", one.file.read(MAX_FILE_BYTES + 1)) for one in files or [] if one.filename]
        return service.file_paper(session, row, which, handed, note=note, actor=caller.actor, at=services.clock.now_at())

    return _act(request, caller, session, services, code, filed, kind=kind, note=note)


@router.get("/subsidy/archive/{attachment_id}")
def archived_file(caller: Reader, session: SessionDep, attachment_id: UUID) -> Response:
    """One file of an archive, as it was handed in."""
    query = (
        select(CaseAttachment)
        .join(CasePaper, CasePaper.id == CaseAttachment.paper_id)
        .where(CaseAttachment.id == attachment_id, CasePaper.machine == "subsidy-certificate", CaseAttachment.internal.is_(False))
    )
    if caller.role in INSTITUTION:
        query = query.where(CaseAttachment.institution_id == caller.tenant())
    found = session.scalars(query).one_or_none()
    if found is None:
        raise SubsidyNotFound(what="paper", id=str(attachment_id))
    suffix = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}[found.media_type]
    headers = {"Content-Disposition": f'attachment; filename="archive-{found.id}.{suffix}"'}
    return Response(found.data, media_type=found.media_type, headers=headers)


@router.post("/subsidy/classes/{code}/issue")
def issue(request: Request, caller: Officer, session: SessionDep, services: ServicesDep, code: str) -> Response:
    """Issue the certificate as the facts stand, in the officer's own name."""
    rules = subsidy_rules(services.policy, services.clock.today_on())
    key = services.secrets.receipt_key()
    return _act(
        request,
        caller,
        session,
        services,
        code,
        lambda row: service.issue(session, row, rules, key=key, actor=caller.actor, clock=services.clock, name=caller.display_name),
    )


@router.post("/subsidy/classes/{code}/waive")
def waive(
    request: Request,
    caller: Leader,
    session: SessionDep,
    services: ServicesDep,
    code: str,
    unit: Name = "",
    document: Name = "",
    reason: Words = "",
) -> Response:
    """Spare a classified unit the gates that the policy names."""
    rules = subsidy_rules(services.policy, services.clock.today_on())
    key = services.secrets.receipt_key()

    def waived(row: TrainingClass) -> object:
        by = {"key": key, "actor": caller.actor, "clock": services.clock, "name": caller.display_name}
        return service.waive(session, row, rules, unit=unit, document=document, reason=reason, **by)  # type: ignore[arg-type]  # keywords

    return _act(request, caller, session, services, code, waived, unit=unit, document=document, reason=reason)


@router.get("/subsidy/certificates/{issue_id}.pdf")
def certificate_pdf(caller: Reader, session: SessionDep, services: ServicesDep, issue_id: UUID) -> Response:
    """The certificate to print: every figure on it comes from the signed bytes."""
    found = issue_of(session, caller, issue_id)
    headers = {"Content-Disposition": f'attachment; filename="certificate-{found.id}.pdf"'}
    pdf = render_certificate(found.body, found.signature, bureau=services.settings.bureau_name)
    return Response(pdf, media_type="application/pdf", headers=headers)


def issue_of(session: Session, caller: Caller, issue_id: UUID) -> CertificateIssue:
    """An issue that the caller may see. Raises: SubsidyNotFound."""
    query = select(CertificateIssue).where(CertificateIssue.id == issue_id)
    if caller.role in INSTITUTION:
        query = query.where(CertificateIssue.institution_id == caller.tenant())
    found = session.scalars(query).one_or_none()
    if found is None:
        raise SubsidyNotFound(what="certificate", id=str(issue_id))
    return found
