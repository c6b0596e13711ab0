"""What every act of an exit case needs: the matter of its letters, who signs, its day, a guarded move, and texts that say something."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from compliance.exit import queries
from compliance.exit.errors import MalformedExit
from compliance.exit.letters import Matter
from compliance.exit.lifecycle import EXIT_MOVES, ExitEvent
from compliance.exit.models import ExitCase, SheetKind
from compliance.exit.rules import Trigger
from storage.kernel.actor import Actor
from storage.kernel.clock import local_date
from storage.ledger import history
from supervision.findings.letters import Signer
from supervision.findings.rules import DEFECTS
from supervision.institutions.models import Institution

MIN_TEXT: Final = 2
MAX_TEXT: Final = 8000
MAX_POINTS: Final = 20


def matter_of(session: Session, row: ExitCase) -> Matter:
    """What every letter of a case repeats: the evidence with its hashes."""
    institution = session.get_one(Institution, row.institution_id)
    frozen = queries.sheet(session, row.id, SheetKind.FROZEN)
    evidence: list[tuple[str, str]] = []
    if frozen is not None:
        problem = frozen.content.get("problem")
        if problem and row.trigger is Trigger.AUDIT:
            evidence += [("文书", f"{problem['issuer']} {problem['document']}"), ("问题", problem["summary"])]
        if problem:
            evidence.append(("认定为重大问题", f"{problem['classified_by']}：{problem['reason']}"))
        evidence.append(("计算表 SHA-256" if row.denominator is not None else "案件依据 SHA-256", frozen.sha256.hex()))
    for found in queries.findings(session, row.id):
        sha256 = found.footage_sha256 or found.record_sha256 or b""
        evidence.append((f"问题 {found.code}", f"{DEFECTS[found.defect].zh}，证据 SHA-256 {sha256.hex()}"))
    figures = None
    if row.numerator is not None and row.denominator is not None and row.limit_permille is not None:
        figures = (row.numerator, row.denominator, row.limit_permille)
    return Matter(row.code, institution.code, institution.name, row.trigger, row.year, figures, tuple(evidence))


def signer(actor: Actor, name: str) -> Signer:
    """The name as it is printed: a person's, not the one they sign in with."""
    return Signer(name or actor.name, actor.role)


def clock_day(row: ExitCase) -> date:
    """The day of detection at the bureau: its rules and its evidence dates hold for the whole case (Q10)."""
    return local_date(row.detected_at)


def guarded(session: Session, row: ExitCase, event: ExitEvent, actor: Actor, at: datetime, facts: Mapping[str, object], *, reason: str = "") -> None:
    """Move. The guard answers before the changed columns reach the database, so that a refusal is told in words and not as a broken check."""
    with session.no_autoflush:
        history.move(session, row, EXIT_MOVES, event, actor=actor, at=at, reason=reason, facts=facts)


def id_of(actor: Actor) -> str:
    return str(actor.id) if actor.id else ""


def ids_of(*people: UUID | None) -> list[str]:
    return [str(one) for one in people if one is not None]


def points_of(points: Sequence[str]) -> list[str]:
    given = [point.strip() for point in points if point.strip()]
    errors: list[dict[str, object]] = []
    if not 1 <= len(given) <= MAX_POINTS:
        errors.append({"where": "points", "code": "missing" if not given else "too-many", "value": len(given) or ""})
    errors += [{"where": "points", "code": found, "value": one[:40]} for one in given if (found := _length_defect(one))]
    if errors:
        raise MalformedExit(errors=errors)
    return given


def demand(*, errors: Sequence[Mapping[str, object]] = (), **texts: str) -> None:
    """Each text by its name must say something. Raises: MalformedExit — with every defect, those of `errors` too."""
    found = [*errors]
    found += [{"where": where, "code": defect, "value": ""} for where, given in texts.items() if (defect := _length_defect(given.strip()))]
    if found:
        raise MalformedExit(errors=found)


def _length_defect(text: str) -> str:
    """Empty when the text is neither missing nor too short nor too long."""
    if not text:
        return "missing"
    return "too-short" if len(text) < MIN_TEXT else "too-long" if len(text) > MAX_TEXT else ""
