"""Write the papers of a case: letters of the bureau numbered without gaps, statements of the institution with their documents. ADR 0063."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Protocol
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from compliance.papers.models import CaseAttachment, CasePaper
from storage.database.series import next_in_series
from storage.kernel.actor import Actor
from storage.kernel.canonical import canonical_json
from storage.kernel.clock import local_date
from supervision.findings import attachments
from supervision.findings.papers import BUREAU_WORD


class Case(Protocol):
    """What papers need to know of the row they are about. `code` is its natural id, e.g. E2026-0001."""

    MACHINE: ClassVar[str]

    @property
    def id(self) -> UUID: ...
    @property
    def code(self) -> str: ...
    @property
    def institution_id(self) -> UUID: ...


def issue(
    session: Session,
    case: Case,
    kind: str,
    word: str,
    content: Mapping[str, Any],
    *,
    actor: Actor,
    at: datetime,
    internal: bool = False,
    office: str = BUREAU_WORD,
) -> CasePaper:
    """A letter with the next number of its series, e.g. `word` 退告 → 古人社退告〔2026〕1号. `office`: another one's word before it."""
    return _paper(session, case, kind, _next_number(session, office + word, local_date(at).year), content, actor=actor, at=at, internal=internal)


def take(
    session: Session,
    case: Case,
    kind: str,
    content: Mapping[str, Any],
    files: Sequence[attachments.Given] = (),
    *,
    actor: Actor,
    at: datetime,
    internal: bool = False,
) -> CasePaper:
    """A paper without a letter's number: a statement, an application, a memo; numbered after the case, E2026-0001-2, an internal one E2026-0001-M2.

    Raises: MalformedStatement — a file that is not a PDF, JPEG or PNG, too large, or too many.
    """
    checked = attachments.check(files)
    told = dict(content)
    if checked:
        told["attachments"] = [{"file_name": one.file_name, "sha256": one.sha256.hex(), "size_bytes": len(one.data)} for one in checked]
    session.execute(text("select pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"case-paper/{case.id}"})
    series = f"{case.code}-M" if internal else f"{case.code}-"  # two series: who counts them as an institution does not see the internal ones
    counted = (CasePaper.case_id == case.id, CasePaper.internal == internal, CasePaper.number.startswith(f"{case.code}-", autoescape=True))
    count = session.scalar(select(func.count()).where(*counted)) or 0
    paper = _paper(session, case, kind, f"{series}{count + 1}", told, actor=actor, at=at, internal=internal)
    for position, one in enumerate(checked, start=1):
        session.add(
            CaseAttachment(
                paper_id=paper.id,
                institution_id=paper.institution_id,
                internal=internal,
                position=position,
                file_name=one.file_name,
                media_type=one.media_type,
                size_bytes=len(one.data),
                sha256=one.sha256,
                data=one.data,
            )
        )
    session.flush()
    return paper


def cited(paper: CasePaper) -> dict[str, object]:
    """The paper as the record of a move names it."""
    return {"paper": paper.number, "paper_sha256": paper.sha256.hex()}


def of_case(session: Session, case_id: UUID) -> Sequence[CasePaper]:
    """All papers of a case, oldest first; row-level security leaves an institution without the internal ones."""
    return session.scalars(select(CasePaper).where(CasePaper.case_id == case_id).order_by(CasePaper.id)).all()


def last(session: Session, case_id: UUID, kind: str) -> CasePaper | None:
    """The newest paper of a kind; None while there is none."""
    return session.scalars(
        select(CasePaper).where(CasePaper.case_id == case_id, CasePaper.kind == kind).order_by(CasePaper.id.desc()).limit(1)
    ).one_or_none()


def _paper(
    session: Session, case: Case, kind: str, number: str, content: Mapping[str, Any], *, actor: Actor, at: datetime, internal: bool
) -> CasePaper:
    paper = CasePaper(
        machine=case.MACHINE,
        case_id=case.id,
        institution_id=case.institution_id,
        kind=kind,
        number=number,
        internal=internal,
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


def _next_number(session: Session, series: str, year: int) -> str:
    """Without gaps: the transaction that takes a number holds the series until it ends."""
    return next_in_series(session, CasePaper.number, f"{series}〔{year}〕", digits=1, end="号")
