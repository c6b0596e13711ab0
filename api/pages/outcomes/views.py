"""How courses ended and who found work: the page of a class, and the list of papers that an officer verifies. R16, R44; F-21, Q1."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import INSTITUTION, OFFICERS, Role
from api.employment import employment_rule
from api.http.paging import Key, page
from api.http.problem import Problem, problem_of
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.http.typed import Most, attempt
from api.locale.language import Language, choose_language
from api.locale.marks import N_
from api.pages import formats
from api.pages.frame import render, translator
from api.pages.labels import LABELS
from api.pages.listing import Column, Listing
from api.pages.navigation import show_navigation
from api.pages.persons import person_teller
from api.pages.reading import all_of, chosen_of, day_of, id_of, said_of
from api.pages.sheet import CSV, rows_of, sheet, state_word
from api.subsidy import lead_rule, subsidy_rules
from storage.kernel.errors import DomainError, NotFound
from supervision.classes.models import TrainingAgreement, TrainingClass
from supervision.classes.sheets import MAX_BYTES
from supervision.institutions.models import Institution
from supervision.outcomes import leads, queries, reading, service
from supervision.outcomes.errors import MalformedOutcome
from supervision.outcomes.lifecycle import EvidenceState
from supervision.outcomes.models import EmploymentEvidence, EvidenceKind, Result
from supervision.outcomes.outcome_sheets import read_completions, read_employment
from supervision.outcomes.rules import Denominator, employment_rate

router = APIRouter(include_in_schema=False)
READERS = INSTITUTION | OFFICERS | {Role.LEGAL_OFFICER}
Reader = Annotated[Caller, access(roles=READERS)]
Recorder = Annotated[Caller, access(roles=INSTITUTION | {Role.BUREAU_OFFICER})]
Filer = Annotated[Caller, access(roles=INSTITUTION)]
Decider = Annotated[Caller, access(roles=OFFICERS)]
Words = Annotated[str, Form(), Most(1000)]
Short = Annotated[str, Form(), Most(40)]
Name = Annotated[str, Form(), Most(100)]
Sheet = Annotated[UploadFile | None, File()]
RESULTS = {"passed": N_("passed"), "completed": N_("completed, not passed"), "withdrawn": N_("withdrew")}
KINDS = {
    "contract": N_("employment contract"),
    "insurance": N_("social insurance"),
    "licence": N_("business licence"),
    "flexible": N_("flexible employment"),
}
DENOMINATORS = {"enrolled": N_("everybody enrolled"), "completed": N_("everybody who completed"), "passed": N_("only who passed")}
WHY = {
    "employed": N_("counted and employed"),
    "enterprise-employee": N_("employee of the enterprise: not counted"),
    "not-completed": N_("did not complete: not counted"),
    "not-passed": N_("did not pass: not counted"),
    "after-the-window": N_("work began too late or after this day"),
    "not-verified": N_("no paper is verified"),
    "no-evidence": N_("no paper was filed"),
}
FORM_NAMES: Final[Mapping[str, Mapping[str, str]]] = {
    "completions": {"reason": N_("Reason, when results that stand are corrected")},
    "completion": {"reason": N_("Reason, when a result that stands is corrected")},
    "employment": {"sheet": N_("Sheet of employment (.xlsx or .csv)")},
    "evidence": {"kind": N_("Paper"), "reference": N_("Number of the paper")},
}
SHEET = (
    N_("Trainee"), N_("Identity number"), N_("Class"), N_("Institution"), N_("Paper"), N_("Number"), N_("Employer"), N_("Employed on"),
    N_("State"), N_("Decided by"), N_("Reason"),
)  # fmt: skip
EVIDENCE = LABELS["employment-evidence"]
COLUMNS = (
    Column("trainee", N_("Trainee")),
    Column("class", N_("Class")),
    Column("kind", N_("Paper")),
    Column("employer", N_("Employer")),
    Column("employed_on", N_("Works since")),
    Column("state", N_("State")),
)


@dataclass(frozen=True, slots=True)
class Desk:
    """Where an act on a class is done: inside a savepoint, and when it is refused the page is shown again with what was typed."""

    request: Request
    session: Session
    services: Services

    def act(self, caller: Caller, code: str, do: Callable[[TrainingClass], object], **typed: object) -> Response:
        row = class_of(self.session, caller, code)
        try:
            with attempt(self.request, self.session):
                done = do(row)
        except NotFound:
            raise
        except DomainError as refused:
            problem, act = problem_of(refused, self.request), self.request.url.path.rpartition("/")[2]
            return show(self.request, caller, self.session, self.services, row, problem=problem, typed=typed, act=act)
        return show(self.request, caller, self.session, self.services, row, done=done)


def _desk(request: Request, session: SessionDep, services: ServicesDep) -> Desk:
    return Desk(request, session, services)


AtDesk = Annotated[Desk, Depends(_desk)]


def class_of(session: Session, caller: Caller, code: str) -> TrainingClass:
    """A class that the caller may see. Raises: NotFound — none, or another institution's."""
    query = select(TrainingClass).where(TrainingClass.code == code)
    if caller.role in INSTITUTION:
        query = query.where(TrainingClass.institution_id == caller.tenant())
    row = session.scalars(query).one_or_none()
    if row is None:
        raise NotFound(what="class", id=code)
    return row


@router.get("/classes/{code}/outcomes")
def class_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep, code: str) -> Response:
    """Completion and employment of one class, with the whole sheet of the rate."""
    return show(request, caller, session, services, class_of(session, caller, code))


def show(
    request: Request,
    caller: Caller,
    session: Session,
    services: Services,
    row: TrainingClass,
    *,
    problem: Problem | None = None,
    done: object = None,
    typed: dict[str, object] | None = None,
    act: str = "",
) -> Response:
    """`act`: the form that was refused; its fields are named as they are in it."""
    _, language = translator(request), choose_language(request)
    today = services.clock.today_on()
    people = queries.people_of_class(session, row.id)
    rule = employment_rule(services.policy, today)
    papers = reading.of_class(session, row.id)
    rates = {one.value: employment_rate(people, replace(rule, employment_denominator=one.value), on=today) for one in Denominator}
    own = caller.role in INSTITUTION
    return render(
        request,
        "outcomes/class.html",
        status_code=problem.status if problem else 200,
        **show_navigation(request, caller, "outcomes"),
        row=row,
        institution=session.get_one(Institution, row.institution_id),
        category=session.get_one(TrainingAgreement, row.agreement_id).category.value,
        roster=reading.roster(session, row.id),
        papers=papers,
        whose=reading.whose(session, papers),
        rule=rule,
        rates=rates,
        rate=rates[rule.employment_denominator],
        leads=[] if own else [(one, _shown(one, language)) for one in _leads(services, papers, rates[rule.employment_denominator], today)],
        done=done if isinstance(done, service.Recorded) else None,
        problem=problem,
        names={name: _(word) for name, word in FORM_NAMES.get(act, {}).items()},
        typed=typed or {},
        may_record=own or caller.role is Role.BUREAU_OFFICER,
        may_file=own,
        results=RESULTS,
        kinds=KINDS,
        why=WHY,
        denominators=DENOMINATORS,
        today=today,
    )


def _shown(lead: leads.Lead, language: Language) -> str:
    """What a lead points at, as people write it: an employer, a day, a mark in percent."""
    if lead.code == "same-day":
        return formats.date_text(date.fromisoformat(lead.value), language)
    return f"{int(lead.value) / 10:g}%" if lead.code == "just-over" else lead.value


def _leads(services: Services, papers: Sequence[EmploymentEvidence], rate: Any, today: date) -> list[leads.Lead]:  # Any: a Rate
    rule = lead_rule(services.policy, today)
    filed = [leads.Filed(p.employer, p.employed_on) for p in papers if p.state is not EvidenceState.REJECTED]
    reached = subsidy_rules(services.policy, today).subsidy.order_employment_permille
    return [*leads.leads(filed, rule), *leads.just_over(rate.employed, rate.counted, (rule.lead_exit_permille, reached), rule)]


@router.post("/classes/{code}/outcomes/completions")
def import_completions(caller: Recorder, desk: AtDesk, code: str, sheet: Sheet = None, reason: Words = "") -> Response:
    """Record how courses ended from a sheet: every bad row is shown, and then nothing is recorded."""

    def recorded(row: TrainingClass) -> object:
        lines = read_completions(*_read(sheet))
        key, at = desk.services.secrets.master_key(), desk.services.clock.now_at()
        return service.import_completions(desk.session, row, lines, master_key=key, reason=reason, actor=caller.actor, at=at)

    return desk.act(caller, code, recorded, sheet_reason=reason)


@router.post("/classes/{code}/outcomes/completion")
def record_completion(
    caller: Recorder,
    desk: AtDesk,
    code: str,
    enrolment: Short = "",
    result: Short = "",
    ended_on: Short = "",
    certificate: Name = "",
    reason: Words = "",
) -> Response:
    """Record or correct the end of one trainee's course."""

    def recorded(row: TrainingClass) -> object:
        whose, how, day = all_of(
            lambda: id_of(enrolment, "enrolment", refused=MalformedOutcome),
            lambda: chosen_of(Result, result, "result", refused=MalformedOutcome),
            lambda: day_of(ended_on, "ended_on", refused=MalformedOutcome),
        )
        ending = service.Ending(whose, how, day, certificate.strip())
        return service.record_completions(desk.session, row, [ending], reason=reason, actor=caller.actor, at=desk.services.clock.now_at())

    return desk.act(caller, code, recorded, enrolment=enrolment, result=result, ended_on=ended_on, certificate=certificate, reason=reason)


@router.post("/classes/{code}/outcomes/employment")
def import_evidence(caller: Filer, desk: AtDesk, code: str, sheet: Sheet = None) -> Response:
    """File papers of employment from a sheet."""

    def filed(row: TrainingClass) -> object:
        lines = read_employment(*_read(sheet))
        key, at = desk.services.secrets.master_key(), desk.services.clock.now_at()
        return service.import_evidence(desk.session, row, lines, master_key=key, actor=caller.actor, at=at)

    return desk.act(caller, code, filed)


@router.post("/classes/{code}/outcomes/evidence")
def file_evidence(
    caller: Filer,
    desk: AtDesk,
    code: str,
    trainee: Short = "",
    kind: Short = "",
    reference: Name = "",
    employed_on: Short = "",
    employer: Name = "",
    employer_code: Annotated[str, Form(), Most(30)] = "",
) -> Response:
    """File one paper of employment."""

    def filed(row: TrainingClass) -> object:
        whose, which, number, day = all_of(
            lambda: id_of(trainee, "trainee", refused=MalformedOutcome),
            lambda: chosen_of(EvidenceKind, kind, "kind", refused=MalformedOutcome),
            lambda: said_of(reference, "reference", refused=MalformedOutcome),
            lambda: day_of(employed_on, "employed_on", refused=MalformedOutcome),
        )
        service.file_evidence(
            desk.session,
            row,
            whose,
            kind=which,
            reference=number,
            employed_on=day,
            employer=employer,
            employer_code=employer_code,
            actor=caller.actor,
            at=desk.services.clock.now_at(),
        )
        return service.Recorded(1, 0, 0)

    typed = {"trainee": trainee, "kind": kind, "reference": reference, "employed_on": employed_on, "employer": employer}
    return desk.act(caller, code, filed, **typed, employer_code=employer_code)


@router.get("/employment")
def list_page(request: Request, caller: Reader, session: SessionDep, export: str = "") -> Response:
    """Papers of employment, newest first; what waits for an officer by default."""
    return _list(request, caller, session, export=export)


def _list(
    request: Request,
    caller: Caller,
    session: Session,
    *,
    export: str = "",
    problem: Problem | None = None,
    refused: UUID | None = None,
    reason: str = "",
) -> Response:
    """`refused`: the paper whose form was refused stands first, open, with the reason that was typed."""
    own = caller.role in INSTITUTION
    listing = Listing.of(request, COLUMNS, sort="-employed_on", filters=("state", "class"), exports=(CSV,))
    state = EvidenceState(listing.filters["state"]) if listing.filters.get("state") in set(EvidenceState) else None
    tenant = caller.tenant() if own else None
    query = reading.evidence(institution_id=tenant, state=state, class_code=listing.filters.get("class", ""), words=listing.q)
    keys = [Key(EmploymentEvidence.filed_at, descending=True), Key(EmploymentEvidence.id, descending=True)]
    found = page(session, query, keys, after=listing.after, limit=rows_of(export))
    _ = translator(request)
    if export == CSV:
        return _sheet(request, session, found.items)
    again = session.get(EmploymentEvidence, refused) if refused else None
    papers = [*([again] if again else []), *(one for one in found.items if one is not again)]
    return render(
        request,
        "outcomes/employment.html",
        status_code=problem.status if problem else 200,
        **show_navigation(request, caller, "outcomes"),
        listing=replace(listing, path="/employment", next_after=found.next_after or ""),
        papers=papers,
        whose=reading.whose(session, papers),
        refused=refused,
        reason=reason,
        states=[(state.value, _(EVIDENCE[state.value].word)) for state in EvidenceState],
        kinds=KINDS,
        own=own,
        may_decide=caller.role in OFFICERS,
        me=caller.account_id,
        problem=problem,
    )


def _sheet(request: Request, session: Session, papers: Sequence[EmploymentEvidence]) -> Response:
    """Identity numbers masked, as on the page."""
    _, whose = translator(request), reading.whose(session, papers)
    person = person_teller(request, choose_language(request))
    lines = [
        [
            whose[paper.id].trainee,
            whose[paper.id].mask,
            whose[paper.id].class_code,
            whose[paper.id].institution,
            _(KINDS[paper.kind.value]),
            paper.reference,
            paper.employer,
            paper.employed_on,
            state_word(request, "employment-evidence", paper.state.value),
            person(paper.decided_by) if paper.decided_by else "",
            paper.decision_reason,
        ]
        for paper in papers
    ]
    return sheet(request, "employment", SHEET, lines)


@router.post("/employment/{evidence_id}/{verdict}")
def decide(
    request: Request, caller: Decider, session: SessionDep, services: ServicesDep, evidence_id: UUID, verdict: str, reason: Words = ""
) -> Response:
    """Verify or reject one paper."""
    if verdict not in ("verify", "reject"):
        raise NotFound(what="act", id=verdict)
    act = service.verify if verdict == "verify" else service.reject
    try:
        with attempt(request, session):
            why = said_of(reason, "reason", refused=MalformedOutcome) if verdict == "reject" else reason
            act(session, evidence_id, reason=why, actor=caller.actor, clock=services.clock)
    except NotFound:
        raise
    except DomainError as refused:
        return _list(request, caller, session, problem=problem_of(refused, request), refused=evidence_id, reason=reason)
    return RedirectResponse("/employment?state=filed", status_code=303)


def _read(sheet: UploadFile | None) -> tuple[str, bytes]:
    """Name and bytes of the sheet. Raises: MalformedOutcome — none was chosen."""
    if sheet is None or not sheet.filename:
        raise MalformedOutcome(errors=[{"where": "sheet", "code": "missing", "value": None}])
    return sheet.filename, sheet.file.read(MAX_BYTES + 1)
