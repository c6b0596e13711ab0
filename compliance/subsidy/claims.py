"""Use-cases of claims and payments: the institution claims, an officer checks, a leader decides, payments are entered. R84, R87, R94; Q2."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from compliance.subsidy import service as certificates
from compliance.subsidy.errors import (
    CertificateMissing,
    CertificateOutdated,
    MalformedSubsidy,
    NotPayable,
    PaysTooMuch,
    SubsidyNotFound,
    VoucherTaken,
)
from compliance.subsidy.facts import Rules
from compliance.subsidy.lifecycle import CERTIFICATE_MOVES, CLAIM_MOVES, CertificateEvent, ClaimEvent, ClaimState
from compliance.subsidy.models import CertificateIssue, PayeeKind, SubsidyCertificate, SubsidyClaim, SubsidyPayment
from storage.kernel.actor import Actor
from storage.kernel.clock import Clock, local_date
from storage.kernel.identity import masked
from storage.kernel.lifecycle import advance
from storage.ledger import history
from storage.ledger import service as ledger
from supervision.classes import service as classes
from supervision.classes.models import TrainingAgreement, TrainingClass


def claim(session: Session, code: str, *, institution_id: UUID | None = None, lock: bool = False) -> SubsidyClaim:
    """One claim, of an institution (None: any). Raises: SubsidyNotFound."""
    query = select(SubsidyClaim).where(SubsidyClaim.code == code)
    if institution_id is not None:
        query = query.where(SubsidyClaim.institution_id == institution_id)
    row = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise SubsidyNotFound(what="claim", id=code)
    return row


def submit(session: Session, row: TrainingClass, rules: Rules, *, payee: str, account: str, actor: Actor, clock: Clock) -> SubsidyClaim:
    """The head claims what the newest certificate says, no more and no less. `account`: the payee's bank account, kept as its mask only.

    Raises: CertificateMissing; ForbiddenMove — incomplete, nothing payable, cited already; MalformedSubsidy.
    """
    at = clock.now_at()
    stated, digits = " ".join(payee.split()), "".join(c for c in account if c.isascii() and c.isdigit())
    errors: list[dict[str, object]] = []
    if not stated:
        errors.append({"where": "payee", "code": "missing", "value": None})
    if set(account) - set(digits) - set(" -"):
        errors.append({"where": "account", "code": "digits-only", "value": None})
    elif not 8 <= len(digits) <= 32:
        errors.append({"where": "account", "code": "wrong-length", "value": len(digits)})
    if actor.id is None:
        errors.append({"where": "claimant", "code": "missing", "value": None})
    if errors:
        raise MalformedSubsidy(errors=errors)
    assert actor.id is not None  # noqa: S101 - refused above
    certificate = certificates.certificate_of(session, row, lock=True)
    cited = certificates.newest_issue(session, certificate) if certificate is not None else None
    if certificate is None or cited is None:
        raise CertificateMissing(class_code=row.code)
    facts: dict[str, object] = {
        "amount_yuan": cited.amount_yuan,
        "partial_allowed": bool(rules.subsidy.incomplete_class_pays_proven_days),
        "number": cited.number,
        "sha256": cited.sha256.hex(),
    }
    advance(CERTIFICATE_MOVES, certificate.state, CertificateEvent.CITE, facts)
    year = session.get_one(TrainingAgreement, row.agreement_id).year
    made = SubsidyClaim(
        institution_id=row.institution_id,
        class_id=row.id,
        issue_id=cited.id,
        code=_next_code(session, row),
        year=year,
        state=ClaimState.SUBMITTED,
        claimed_yuan=cited.amount_yuan,
        payee=stated,
        account_masked=masked(digits),
        submitted_at=at,
        claimant_id=actor.id,
        claimant=actor.name,
    )
    history.begin(session, made, actor=actor, at=at, event="submit", clause="R84", facts={"class": row.code, **facts})
    history.move(session, certificate, CERTIFICATE_MOVES, CertificateEvent.CITE, actor=actor, at=at, facts={**facts, "claim": made.code})
    return made


def check(session: Session, code: str, rules: Rules, *, yuan: int, note: str = "", actor: Actor, clock: Clock) -> SubsidyClaim:
    """An officer checks a claim and says how much of it stands. The class is reckoned again first.

    Raises: SubsidyNotFound; CertificateOutdated — the facts are worth less now; ForbiddenMove — `amount-out-of-range`; MalformedSubsidy — less
    than claimed and no note.
    """
    at = clock.now_at()
    row = claim(session, code, lock=True)
    issue = session.get_one(CertificateIssue, row.issue_id)
    found = certificates.assessment_of(session, session.get_one(TrainingClass, row.class_id), rules, at=at)
    if found.total_yuan < yuan:
        raise CertificateOutdated(number=issue.number, certified_yuan=issue.amount_yuan, found_yuan=found.total_yuan)
    stated = " ".join(note.split())
    if yuan < row.claimed_yuan and not stated:
        raise MalformedSubsidy(errors=[{"where": "note", "code": "missing", "value": None}])
    facts = {"checker": str(actor.id or ""), "checked_yuan": yuan, "claimed_yuan": row.claimed_yuan}
    advance(CLAIM_MOVES, row.state, ClaimEvent.CHECK, facts)
    row.checked_at, row.checked_by_id, row.checked_by, row.checked_yuan, row.check_note = at, actor.id, actor.name, yuan, stated
    history.move(session, row, CLAIM_MOVES, ClaimEvent.CHECK, actor=actor, at=at, reason=stated, facts=facts)
    return row


def approve(session: Session, code: str, *, actor: Actor, clock: Clock) -> SubsidyClaim:
    """A leader who neither claimed nor checked decides. Raises: SubsidyNotFound; ForbiddenMove — `same-person`, not checked."""
    at = clock.now_at()
    row = claim(session, code, lock=True)
    facts = _deciding(row, actor, "")
    advance(CLAIM_MOVES, row.state, ClaimEvent.APPROVE, facts)
    row.decided_at, row.decided_by_id, row.decided_by, row.approved_yuan = at, actor.id, actor.name, row.checked_yuan
    history.move(
        session, row, CLAIM_MOVES, ClaimEvent.APPROVE, actor=actor, at=at, facts={**facts, "approved_yuan": row.approved_yuan, "year": row.year}
    )
    return row


def refuse(session: Session, code: str, *, reason: str, actor: Actor, clock: Clock) -> SubsidyClaim:
    """Somebody else of the bureau refuses, with a reason; the certificate is free again. Raises: SubsidyNotFound; ForbiddenMove."""
    at = clock.now_at()
    row = claim(session, code, lock=True)
    stated = " ".join(reason.split())
    facts = _deciding(row, actor, stated)
    advance(CLAIM_MOVES, row.state, ClaimEvent.REFUSE, facts)
    row.decided_at, row.decided_by_id, row.decided_by, row.decision_reason = at, actor.id, actor.name, stated
    history.move(session, row, CLAIM_MOVES, ClaimEvent.REFUSE, actor=actor, at=at, reason=stated, facts=facts)
    _release(session, row, actor, at)
    return row


def withdraw(session: Session, code: str, *, institution_id: UUID, reason: str = "", actor: Actor, clock: Clock) -> SubsidyClaim:
    """The institution takes its claim back before it is decided; the certificate is free again. Raises: SubsidyNotFound; ForbiddenMove."""
    at = clock.now_at()
    row = claim(session, code, institution_id=institution_id, lock=True)
    history.move(session, row, CLAIM_MOVES, ClaimEvent.WITHDRAW, actor=actor, at=at, reason=" ".join(reason.split()))
    _release(session, row, actor, at)
    return row


def pay(
    session: Session,
    code: str,
    *,
    amount_yuan: int,
    paid_on: date,
    payee_kind: PayeeKind,
    payee: str,
    voucher: str,
    actor: Actor,
    clock: Clock,
) -> SubsidyPayment:
    """Enter a payment that was made (R87). The claim is paid when the payments reach what was decided; the two years of its footage then run
    from the last payment at the earliest (Q2).

    Raises: SubsidyNotFound, NotPayable, PaysTooMuch, VoucherTaken, MalformedSubsidy.
    """
    at = clock.now_at()
    row = claim(session, code, lock=True)
    if row.state is not ClaimState.APPROVED or row.approved_yuan is None:
        raise NotPayable(claim=row.code, state=row.state.value)
    stated, number = " ".join(payee.split()), " ".join(voucher.split())
    errors: list[dict[str, object]] = [{"where": n, "code": "missing", "value": None} for n, t in (("payee", stated), ("voucher", number)) if not t]
    if amount_yuan <= 0:
        errors.append({"where": "amount_yuan", "code": "out-of-range", "value": amount_yuan})
    if row.decided_at is not None and not local_date(row.decided_at) <= paid_on <= local_date(at):
        errors.append({"where": "paid_on", "code": "out-of-range", "value": paid_on.isoformat()})
    if actor.id is None:
        errors.append({"where": "recorded_by", "code": "missing", "value": None})
    if errors:
        raise MalformedSubsidy(errors=errors)
    assert actor.id is not None  # noqa: S101 - refused above
    paid = paid_yuan(session, row.id)
    if paid + amount_yuan > row.approved_yuan:
        raise PaysTooMuch(claim=row.code, approved_yuan=row.approved_yuan, paid_yuan=paid, amount_yuan=amount_yuan)
    if session.scalar(select(SubsidyPayment.id).where(SubsidyPayment.voucher == number)) is not None:
        raise VoucherTaken(voucher=number)
    made = SubsidyPayment(
        institution_id=row.institution_id,
        claim_id=row.id,
        amount_yuan=amount_yuan,
        paid_on=paid_on,
        payee_kind=payee_kind,
        payee=stated,
        voucher=number,
        recorded_at=at,
        recorded_by_id=actor.id,
        recorded_by=actor.name,
    )
    session.add(made)
    session.flush()
    facts = {"claim": row.code, "amount_yuan": amount_yuan, "paid_on": paid_on, "payee_kind": payee_kind, "voucher": number}
    ledger.append(session, actor=actor, at=at, action="subsidy.paid", subject=f"subsidy-claim/{row.id}", tenant=row.institution_id, body=facts)
    classes.note_subsidy_paid(session, session.get_one(TrainingClass, row.class_id), paid_on, actor=actor, at=at)
    if paid + amount_yuan == row.approved_yuan:
        done = {"paid_yuan": paid + amount_yuan, "approved_yuan": row.approved_yuan}
        history.move(session, row, CLAIM_MOVES, ClaimEvent.PAY, actor=actor, at=at, facts=done)
    return made


def paid_yuan(session: Session, claim_id: UUID) -> int:
    """What was paid on a claim so far."""
    return session.scalar(select(func.coalesce(func.sum(SubsidyPayment.amount_yuan), 0)).where(SubsidyPayment.claim_id == claim_id)) or 0


def _deciding(row: SubsidyClaim, actor: Actor, reason: str) -> dict[str, object]:
    return {"decider": str(actor.id or ""), "checker": str(row.checked_by_id or ""), "claimant": str(row.claimant_id), "reason": reason}


def _release(session: Session, row: SubsidyClaim, actor: Actor, at: datetime) -> None:
    certificate = session.scalars(select(SubsidyCertificate).where(SubsidyCertificate.class_id == row.class_id).with_for_update()).one()
    history.move(session, certificate, CERTIFICATE_MOVES, CertificateEvent.RELEASE, actor=actor, at=at, facts={"claim": row.code})


def _next_code(session: Session, row: TrainingClass) -> str:
    """After the class, because an institution sees no other's claims; its certificate is locked, so numbers do not meet."""
    count = session.scalar(select(func.count()).where(SubsidyClaim.class_id == row.id)) or 0
    return f"领-{row.code}-{count + 1}"
