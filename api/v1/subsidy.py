"""Certificates and claims over HTTP: what a class is worth, line by line; claim, check, decide, pay. R84, R87."""

import base64
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, status
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy.orm import Session

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import INSTITUTION, OFFICERS, Role
from api.http.services import ServicesDep
from api.http.session import SessionDep
from api.pages.outcomes.views import class_of
from api.pages.subsidy.views import issue_of
from api.subsidy import subsidy_rules
from compliance.subsidy import claims, queries, service
from compliance.subsidy.models import CertificateIssue, PayeeKind, SubsidyClaim
from storage.kernel.clock import local_instant

router = APIRouter(prefix="/api/v1/subsidy", tags=["subsidy"])
READERS = INSTITUTION | OFFICERS | {Role.LEGAL_OFFICER}
Reader = Annotated[Caller, access(roles=READERS)]
Officer = Annotated[Caller, access(roles={Role.BUREAU_OFFICER})]
Leader = Annotated[Caller, access(roles={Role.BUREAU_LEADER}, fresh=True)]
Head = Annotated[Caller, access(roles={Role.INSTITUTION_HEAD})]
Words = Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]


class IssueOut(BaseModel):
    """A signed certificate. `body` is base64 of exactly the signed bytes, `signature` is Ed25519 over them."""

    id: UUID
    number: str
    complete: bool
    amount_yuan: int
    sha256: str
    issued_at: datetime
    issued_by: str
    body: str
    signature: str


class ClaimOut(BaseModel):
    code: str
    state: str
    year: int
    certificate: UUID
    claimed_yuan: int
    checked_yuan: int | None
    approved_yuan: int | None
    paid_yuan: int
    payee: str
    submitted_at: datetime


class NewClaim(BaseModel):
    payee: Words
    account: Annotated[str, StringConstraints(min_length=8, max_length=40)]


class Check(BaseModel):
    yuan: int = Field(gt=0)
    note: Annotated[str, StringConstraints(max_length=1000)] = ""


class Verdict(BaseModel):
    approve: bool
    reason: Annotated[str, StringConstraints(max_length=1000)] = ""


class NewPayment(BaseModel):
    amount_yuan: int = Field(gt=0)
    paid_on: date
    payee_kind: PayeeKind
    payee: Words
    voucher: Words


class PaymentOut(BaseModel):
    amount_yuan: int
    paid_on: date
    payee_kind: str
    payee: str
    voucher: str


@router.get("/classes/{code}")
def show_class(caller: Reader, session: SessionDep, services: ServicesDep, code: str) -> dict[str, Any]:  # Any: JSON of the reckoning
    """The class as it stands now: gates, days, and each trainee by number and mask."""
    row = class_of(session, caller, code)
    found = service.assessment_of(session, row, subsidy_rules(services.policy, services.clock.today_on()), at=services.clock.now_at())
    certificate = service.certificate_of(session, row)
    return {"class": row.code, "state": certificate.state.value if certificate else "open", **service.content_of(found)}


@router.post("/classes/{code}/certificates", status_code=status.HTTP_201_CREATED)
def issue(caller: Officer, session: SessionDep, services: ServicesDep, code: str) -> IssueOut:
    """Issue the certificate as the facts stand."""
    rules = subsidy_rules(services.policy, services.clock.today_on())
    row = class_of(session, caller, code)
    by = {"actor": caller.actor, "clock": services.clock, "name": caller.display_name}
    made = service.issue(session, row, rules, key=services.secrets.receipt_key(), **by)  # type: ignore[arg-type]  # keywords
    return _issue_out(made)


@router.get("/certificates/{issue_id}")
def show_certificate(caller: Reader, session: SessionDep, issue_id: UUID) -> IssueOut:
    """One signed certificate."""
    return _issue_out(issue_of(session, caller, issue_id))


@router.post("/classes/{code}/claims", status_code=status.HTTP_201_CREATED)
def submit(body: NewClaim, caller: Head, session: SessionDep, services: ServicesDep, code: str) -> ClaimOut:
    """Claim what the newest certificate says."""
    rules = subsidy_rules(services.policy, services.clock.today_on())
    row = class_of(session, caller, code)
    made = claims.submit(session, row, rules, payee=body.payee, account=body.account, actor=caller.actor, clock=services.clock)
    return _claim_out(session, made)


@router.get("/claims/{code}")
def show_claim(caller: Reader, session: SessionDep, code: str) -> ClaimOut:
    """One claim."""
    return _claim_out(session, _claim(session, caller, code))


@router.get("/claims/{code}/payments")
def list_payments(caller: Reader, session: SessionDep, code: str) -> list[PaymentOut]:
    """What was paid on a claim, oldest first."""
    rows = queries.payments_of(session, _claim(session, caller, code).id)
    return [PaymentOut(amount_yuan=p.amount_yuan, paid_on=p.paid_on, payee_kind=p.payee_kind.value, payee=p.payee, voucher=p.voucher) for p in rows]


@router.post("/claims/{code}/check")
def check(body: Check, caller: Officer, session: SessionDep, services: ServicesDep, code: str) -> ClaimOut:
    """Check a claim; the class is reckoned again first."""
    rules = subsidy_rules(services.policy, services.clock.today_on())
    row = claims.check(session, code, rules, yuan=body.yuan, note=body.note, actor=caller.actor, clock=services.clock)
    return _claim_out(session, row)


@router.post("/claims/{code}/decision")
def decide(body: Verdict, caller: Leader, session: SessionDep, services: ServicesDep, code: str) -> ClaimOut:
    """Approve what was checked, or refuse with a reason."""
    if body.approve:
        return _claim_out(session, claims.approve(session, code, actor=caller.actor, clock=services.clock))
    return _claim_out(session, claims.refuse(session, code, reason=body.reason, actor=caller.actor, clock=services.clock))


@router.post("/claims/{code}/withdrawal")
def withdraw(caller: Head, session: SessionDep, services: ServicesDep, code: str) -> ClaimOut:
    """Take the own claim back before it is decided."""
    return _claim_out(session, claims.withdraw(session, code, institution_id=caller.tenant(), actor=caller.actor, clock=services.clock))


@router.post("/claims/{code}/payments", status_code=status.HTTP_201_CREATED)
def pay(body: NewPayment, caller: Officer, session: SessionDep, services: ServicesDep, code: str) -> ClaimOut:
    """Enter a payment that was made; never more than was decided."""
    claims.pay(session, code, **body.model_dump(), actor=caller.actor, clock=services.clock)
    return _claim_out(session, claims.claim(session, code))


def _claim(session: Session, caller: Caller, code: str) -> SubsidyClaim:
    return claims.claim(session, code, institution_id=caller.tenant() if caller.role in INSTITUTION else None)


def _issue_out(row: CertificateIssue) -> IssueOut:
    return IssueOut(
        id=row.id,
        number=row.number,
        complete=row.complete,
        amount_yuan=row.amount_yuan,
        sha256=row.sha256.hex(),
        issued_at=local_instant(row.issued_at),
        issued_by=row.issued_by,
        body=base64.b64encode(row.body).decode(),
        signature=base64.b64encode(row.signature).decode(),
    )


def _claim_out(session: Session, row: SubsidyClaim) -> ClaimOut:
    return ClaimOut(
        code=row.code,
        state=row.state.value,
        year=row.year,
        certificate=row.issue_id,
        claimed_yuan=row.claimed_yuan,
        checked_yuan=row.checked_yuan,
        approved_yuan=row.approved_yuan,
        paid_yuan=claims.paid_yuan(session, row.id),
        payee=row.payee,
        submitted_at=local_instant(row.submitted_at),
    )
