"""Use-cases of the certificate: file a paper of the archive, issue, waive for a classified unit. R76, R84, R85; domain.md 2.3.6.

The machine reckons, a named officer issues; what was issued is signed and never changed.
"""

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from compliance.papers import service as papers
from compliance.subsidy.assessment import Assessment, assess
from compliance.subsidy.errors import MalformedSubsidy
from compliance.subsidy.facts import Rules, facts_of
from compliance.subsidy.lifecycle import CERTIFICATE_MOVES, CertificateEvent, CertificateState
from compliance.subsidy.models import ArchivedPaper, ArchiveKind, CertificateIssue, SubsidyCertificate
from storage.kernel.actor import Actor
from storage.kernel.canonical import canonical_json
from storage.kernel.clock import Clock, local_date
from storage.kernel.lifecycle import advance
from storage.ledger import history
from storage.ledger import service as ledger
from supervision.classes.models import TrainingClass
from supervision.findings.attachments import Given
from supervision.institutions.models import Institution

FORMAT: Final = "classproof-subsidy-certificate@v1"


def assessment_of(session: Session, row: TrainingClass, rules: Rules, *, at: datetime) -> Assessment:
    """The class as it stands now; nothing is written."""
    on = local_date(at)
    return assess(facts_of(session, row, rules, on=on), rules.subsidy, now=at, on=on)


def certificate_of(session: Session, row: TrainingClass, *, lock: bool = False) -> SubsidyCertificate | None:
    """The certificate of a class, once it was opened."""
    query = select(SubsidyCertificate).where(SubsidyCertificate.class_id == row.id)
    return session.scalars(query.with_for_update() if lock else query).one_or_none()


def open_certificate(session: Session, row: TrainingClass, *, actor: Actor, at: datetime) -> SubsidyCertificate:
    """The certificate of a class, opened when there is none; locked."""
    session.execute(select(TrainingClass.id).where(TrainingClass.id == row.id).with_for_update())
    known = certificate_of(session, row, lock=True)
    if known is not None:
        return known
    made = SubsidyCertificate(
        institution_id=row.institution_id, class_id=row.id, code=f"补-{row.code}", state=CertificateState.OPEN, issued_number="", opened_at=at
    )
    history.begin(session, made, actor=actor, at=at, event="open", clause="R84", facts={"class": row.code})
    return made


def file_paper(
    session: Session, row: TrainingClass, kind: ArchiveKind, files: Sequence[Given], *, note: str = "", actor: Actor, at: datetime
) -> ArchivedPaper:
    """File a paper of the class's archive (R76). Raises: MalformedSubsidy — no file; MalformedStatement — a file that is not taken."""
    if not files:
        raise MalformedSubsidy(errors=[{"where": "files", "code": "missing", "value": None}])
    certificate = open_certificate(session, row, actor=actor, at=at)
    content = {"class": row.code, "kind": kind.value, "note": " ".join(note.split())}
    paper = papers.take(session, certificate, f"archive-{kind.value}", content, files, actor=actor, at=at)
    made = ArchivedPaper(institution_id=row.institution_id, class_id=row.id, paper_id=paper.id, kind=kind, filed_at=at, filed_by=actor.name)
    session.add(made)
    session.flush()
    facts = {"class": row.code, "kind": kind.value, **papers.cited(paper)}
    ledger.append(session, actor=actor, at=at, action="archive.filed", subject=f"class/{row.code}", tenant=row.institution_id, body=facts)
    return made


def issue(
    session: Session, row: TrainingClass, rules: Rules, *, key: Ed25519PrivateKey, actor: Actor, clock: Clock, name: str = ""
) -> CertificateIssue:
    """A named officer issues the certificate as the facts stand; again when they changed, until a claim cites it. `name`: as it is printed.

    Raises: ForbiddenMove — cited in a claim, or nobody named.
    """
    at = clock.now_at()
    certificate = open_certificate(session, row, actor=actor, at=at)
    found = assessment_of(session, row, rules, at=at)
    event = _event(certificate, found)
    facts: dict[str, object] = {
        "complete": found.complete,
        "reasons": list(found.reasons),
        "amount_yuan": found.total_yuan,
        "decider": str(actor.id or ""),
        "document": certificate.waiver_document,
        "unit": certificate.waiver_unit,
    }
    advance(CERTIFICATE_MOVES, certificate.state, event, facts)
    made = _sign(session, row, certificate, found, key, actor, at, name=name or actor.name)
    certificate.issued_number = made.number
    history.move(
        session, certificate, CERTIFICATE_MOVES, event, actor=actor, at=at, facts={**facts, "number": made.number, "sha256": made.sha256.hex()}
    )
    return made


def _event(certificate: SubsidyCertificate, found: Assessment) -> CertificateEvent:
    if certificate.waiver_document and certificate.state is not CertificateState.CITED_IN_CLAIM:
        return CertificateEvent.WAIVE
    return CertificateEvent.COMPLETE if found.complete else CertificateEvent.FALL_SHORT


def waive(
    session: Session,
    row: TrainingClass,
    rules: Rules,
    *,
    unit: str,
    document: str,
    reason: str,
    key: Ed25519PrivateKey,
    actor: Actor,
    clock: Clock,
    name: str = "",
) -> CertificateIssue:
    """A leader spares a classified unit the gates that the policy names, by its authorising paper, and issues (R85, Q12).

    Raises: MalformedSubsidy — unit, paper or reason missing; ForbiddenMove — cited in a claim, or nobody named.
    """
    told = {"unit": " ".join(unit.split()), "document": " ".join(document.split()), "reason": " ".join(reason.split())}
    errors = [{"where": name, "code": "missing", "value": None} for name, text in told.items() if not text]
    if errors:
        raise MalformedSubsidy(errors=errors)
    at = clock.now_at()
    certificate = open_certificate(session, row, actor=actor, at=at)
    advance(CERTIFICATE_MOVES, certificate.state, CertificateEvent.WAIVE, {**told, "decider": str(actor.id or "")})
    certificate.waiver_unit, certificate.waiver_document = told["unit"], told["document"]
    certificate.waived_by, certificate.waived_by_id = actor.name, actor.id
    session.flush()
    papers.take(session, certificate, "waiver", told, actor=actor, at=at, internal=True)
    return issue(session, row, rules, key=key, actor=actor, clock=clock, name=name)


def issues_of(session: Session, certificate_id: UUID) -> Sequence[CertificateIssue]:
    """All issues of a certificate, newest first."""
    return session.scalars(
        select(CertificateIssue).where(CertificateIssue.certificate_id == certificate_id).order_by(CertificateIssue.id.desc())
    ).all()


def newest_issue(session: Session, certificate: SubsidyCertificate) -> CertificateIssue | None:
    """The issue that a claim may cite."""
    return session.scalars(select(CertificateIssue).where(CertificateIssue.number == certificate.issued_number)).one_or_none()


def verify(body: bytes, signature: bytes, public_key: Ed25519PublicKey) -> bool:
    """Whether a certificate was signed by this key, unchanged."""
    try:
        public_key.verify(signature, body)
    except InvalidSignature:
        return False
    return True


def _sign(
    session: Session,
    row: TrainingClass,
    certificate: SubsidyCertificate,
    found: Assessment,
    key: Ed25519PrivateKey,
    actor: Actor,
    at: datetime,
    *,
    name: str,
) -> CertificateIssue:
    count = session.scalar(select(func.count()).where(CertificateIssue.certificate_id == certificate.id)) or 0
    number = f"{certificate.code}-{count + 1}"
    institution = session.get_one(Institution, row.institution_id)
    body = canonical_json(
        {
            "format": FORMAT,
            "number": number,
            "institution": {"code": institution.code, "name": institution.name},
            "class": {"code": row.code, "trade": row.trade, "starts_on": row.starts_on, "ends_on": row.ends_on},
            "programme": found.facts.programme,
            "waiver": {"unit": certificate.waiver_unit, "document": certificate.waiver_document} if certificate.waiver_document else None,
            **content_of(found),
            "issued_at": at,
            "issued_by": {"name": name, "role": actor.role},
            "public_key": base64.b64encode(key.public_key().public_bytes_raw()).decode(),
        }
    )
    if actor.id is None:
        raise MalformedSubsidy(errors=[{"where": "issued_by", "code": "missing", "value": None}])
    made = CertificateIssue(
        certificate_id=certificate.id,
        institution_id=row.institution_id,
        number=number,
        complete=found.complete,
        amount_yuan=found.total_yuan,
        body=body,
        signature=key.sign(body),
        sha256=hashlib.sha256(body).digest(),
        issued_at=at,
        issued_by_id=actor.id,
        issued_by=name,
    )
    session.add(made)
    session.flush()
    return made


def content_of(found: Assessment) -> dict[str, Any]:  # Any: canonical JSON
    """The reckoning as it is signed: gates, days, and each person by number and mask, never by name."""
    return {
        "complete": found.complete,
        "reasons": list(found.reasons),
        "employment": {"employed": found.facts.employed, "counted": found.facts.counted, "reached": found.rate_reached},
        "gates": [{"gate": g.gate, "passed": g.passed, "total": g.total, "blocking": g.blocking, "missing": list(g.missing)} for g in found.gates],
        "days": [
            {
                "on": d.on,
                "scheduled_s": d.scheduled_s,
                "covered_s": d.covered_s,
                "not_to_be_shown_s": d.not_to_be_shown_s,
                "failed": list(d.failed),
            }
            for d in found.days
        ],
        "people": [
            {
                "key": p.key,
                "tariff": p.reckoning.tariff,
                "payable_days": p.reckoning.payable_days,
                "total_yuan": p.reckoning.total_yuan,
                "lines": [{"on": line.on, "yuan": line.yuan, "why": list(line.why), "clause": line.clause} for line in p.reckoning.lines],
            }
            for p in found.people
        ],
        "total_yuan": found.total_yuan,
    }
