"""Write the letters and take the statements of ratings and items. 2.3.4."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from compliance.papers import service as papers
from compliance.papers.models import CasePaper
from compliance.papers.service import Case
from compliance.rating import letters
from compliance.rating.errors import MalformedRating
from compliance.rating.letters import Addressee, Signer
from storage.kernel.actor import Actor
from supervision.findings.attachments import Given
from supervision.institutions.models import Institution


def issue(session: Session, case: Case, content: Mapping[str, Any], *, actor: Actor, at: datetime) -> CasePaper:
    """A letter of the bureau with the next number of its series. Any: JSON."""
    kind = content["kind"]
    return papers.issue(session, case, kind, letters.LETTERS[kind][1], content, actor=actor, at=at)


def take_points(
    session: Session, case: Case, kind: str, points: Sequence[str], files: Sequence[Given], *, actor: Actor, at: datetime, name: str
) -> CasePaper:
    """A statement in points. Raises: MalformedRating, MalformedStatement."""
    given = [point.strip() for point in points if point.strip()]
    errors: list[dict[str, object]] = []
    if not 1 <= len(given) <= letters.MAX_POINTS:
        errors.append({"where": "points", "code": "too-many" if given else "missing", "value": len(given)})
    errors += [
        {"where": "points", "code": "wrong-length", "value": one[:40]} for one in given if not letters.MIN_TEXT <= len(one) <= letters.MAX_TEXT
    ]
    if errors:
        raise MalformedRating(errors=errors)
    content = letters.statement(case.code, at=at, author=signer(actor, name), points=given)
    return papers.take(session, case, kind, content, files, actor=actor, at=at)


def paired(session: Session, case: Case, kind: str, answers: Sequence[str]) -> list[tuple[str, str]]:
    """Each point of the last statement with its answer; no statement, no pairs. Raises: MalformedRating — not as many answers as points."""
    paper = papers.last(session, case.id, kind)
    points, given = (list(paper.content["points"]) if paper else []), [one.strip() for one in answers]
    if len(given) != len(points):
        raise MalformedRating(errors=[{"where": "answers", "code": "wrong-length", "value": len(given)}])
    return list(zip(points, given, strict=True))


def all_answered(pairs: Sequence[tuple[str, str]]) -> bool:
    """Every answer says something."""
    return all(len(answer) >= letters.MIN_TEXT for _, answer in pairs)


def demand_text(where: str, given: str) -> str:
    """What was typed, trimmed. Raises: MalformedRating — nothing said, or too much."""
    said = given.strip()
    if not letters.MIN_TEXT <= len(said) <= letters.MAX_TEXT:
        raise MalformedRating(errors=[{"where": where, "code": "wrong-length", "value": len(said)}])
    return said


def signer(actor: Actor, name: str) -> Signer:
    """The name as it is printed: a person's, not the one they sign in with."""
    return Signer(name or actor.name, actor.role)


def addressee(session: Session, case: Case) -> Addressee:
    """To whom a letter goes."""
    owner = session.get_one(Institution, case.institution_id)
    return Addressee(owner.code, owner.name)


def took_part(session: Session, case: Case, *also: object) -> list[str]:
    """Ids of everybody of the bureau who signed a paper of the case, and of those named besides."""
    authors = [paper.author_id for paper in papers.of_case(session, case.id) if paper.kind in letters.LETTERS]
    return sorted({str(one) for one in (*authors, *also) if one is not None})
