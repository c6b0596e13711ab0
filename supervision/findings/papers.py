"""The papers of a finding: letters of the bureau, numbered without gaps, and statements of the institution with their documents. 2.3.2; ADR 0063.

Once given a paper is never changed; the SHA-256 of its canonical content stands in the ledger entry of the move that it belongs to.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.database.series import next_in_series
from storage.kernel.actor import Actor
from storage.kernel.canonical import canonical_json
from storage.kernel.clock import local_date
from supervision.findings import attachments, letters
from supervision.findings.errors import MalformedStatement
from supervision.findings.letters import Signer
from supervision.findings.models import Finding, FindingAttachment, FindingPaper, PaperKind

BUREAU_WORD: Final = "古人社"
MIN_TEXT: Final = 2  # 见附件 is an answer


def issue(session: Session, found: Finding, kind: PaperKind, content: Mapping[str, Any], *, actor: Actor, at: datetime) -> FindingPaper:
    """A letter of the bureau with the next number of its series."""
    return _paper(session, found, kind, _next_number(session, kind, local_date(at).year), content, actor=actor, at=at)


def take(
    session: Session,
    found: Finding,
    kind: PaperKind,
    said: str,
    points: Sequence[str],
    files: Sequence[attachments.Given],
    *,
    actor: Actor,
    at: datetime,
    name: str,
) -> FindingPaper:
    """A statement of the institution, numbered after the finding, with its documents. Raises: MalformedStatement."""
    errors: list[dict[str, object]] = []
    if kind in (PaperKind.OBJECTION, PaperKind.REVIEW_REQUEST):
        if not 1 <= len(points) <= letters.MAX_POINTS:
            errors.append({"where": "points", "code": "missing" if not points else "too-many", "value": len(points)})
        errors += [
            {"where": "points", "code": "wrong-length", "value": point[:40]} for point in points if not MIN_TEXT <= len(point) <= letters.MAX_TEXT
        ]
    elif not MIN_TEXT <= len(said.strip()) <= letters.MAX_TEXT:
        errors.append({"where": "text", "code": "wrong-length", "value": len(said.strip())})
    if errors:
        raise MalformedStatement(errors=errors)
    checked = attachments.check(files)
    content = letters.statement(kind, at=at, text=said.strip(), points=points, author=signer(actor, name), finding=found.code)
    content["attachments"] = [{"file_name": one.file_name, "sha256": one.sha256.hex(), "size_bytes": len(one.data)} for one in checked]
    count = session.scalar(select(func.count()).where(FindingPaper.finding_id == found.id)) or 0
    paper = _paper(session, found, kind, f"{found.code}-{count + 1}", content, actor=actor, at=at)
    attach(session, paper, checked)
    return paper


def attach(session: Session, paper: FindingPaper, files: Sequence[attachments.Checked]) -> None:
    """Documents that go with a paper, in their order."""
    for position, one in enumerate(files, start=1):
        session.add(
            FindingAttachment(
                paper_id=paper.id,
                institution_id=paper.institution_id,
                position=position,
                file_name=one.file_name,
                media_type=one.media_type,
                size_bytes=len(one.data),
                sha256=one.sha256,
                data=one.data,
            )
        )
    session.flush()


def _paper(session: Session, found: Finding, kind: PaperKind, number: str, content: Mapping[str, Any], *, actor: Actor, at: datetime) -> FindingPaper:
    assert actor.id is not None  # noqa: S101 — every route of the procedure names a person
    paper = FindingPaper(
        finding_id=found.id,
        institution_id=found.institution_id,
        kind=kind,
        number=number,
        at=at,
        author_id=actor.id,
        author_name=actor.name,
        author_role=actor.role,
        content=dict(content),
        sha256=hashlib.sha256(canonical_json(content)).digest(),
    )
    session.add(paper)
    session.flush()
    return paper


def cited(paper: FindingPaper) -> dict[str, object]:
    """The paper as the record of a move names it."""
    return {"paper": paper.number, "paper_sha256": paper.sha256.hex()}


def _next_number(session: Session, kind: PaperKind, year: int) -> str:
    """古人社检告〔2026〕1号, without gaps: the transaction that takes a number holds the series until it ends."""
    return next_in_series(session, FindingPaper.number, f"{BUREAU_WORD}{letters.WORDS[kind]}〔{year}〕", digits=1, end="号")


def signer(actor: Actor, name: str) -> Signer:
    """The name as it is printed: a person's, not the one they sign in with."""
    return Signer(name or actor.name, actor.role)


def last(session: Session, found: Finding, kind: PaperKind) -> FindingPaper | None:
    """The newest paper of a kind; None while there is none."""
    return session.scalars(
        select(FindingPaper).where(FindingPaper.finding_id == found.id, FindingPaper.kind == kind).order_by(FindingPaper.id.desc()).limit(1)
    ).one_or_none()


def instant(content: Mapping[str, Any], name: str) -> datetime | None:
    """A deadline that a letter named."""
    told = content.get(name)
    return datetime.fromisoformat(told) if told else None


def demand_text(where: str, given: str) -> None:
    """Raises: MalformedStatement — nothing said, or too much."""
    if not MIN_TEXT <= len(given.strip()) <= letters.MAX_TEXT:
        raise MalformedStatement(errors=[{"where": where, "code": "wrong-length", "value": len(given.strip())}])
