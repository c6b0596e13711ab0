"""A finding brought to a state by the papers that the database wants to see, without the services in between."""

from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count
from uuid import UUID

from sqlalchemy.orm import Session

from supervision.findings.lifecycle import INSTITUTION_SEES, FindingState
from supervision.findings.models import Finding, FindingPaper, PaperKind

_numbers = count(1)
_PAPERS = {
    FindingState.RECTIFYING: (PaperKind.RECTIFICATION_ORDER,),
    FindingState.RECTIFIED: (PaperKind.RECTIFICATION_ORDER, PaperKind.RECTIFICATION_REPORT),
    FindingState.CLOSED: (PaperKind.RECTIFICATION_ORDER, PaperKind.RECTIFICATION_REPORT, PaperKind.CLOSING),
}


def put(session: Session, found: Finding, state: FindingState) -> Finding:
    """The row in the table, confirmed by somebody else and told of as far as the state asks."""
    found.state, at = FindingState.RECORDED, found.recorded_at
    session.add(found)
    session.flush()
    if state is not FindingState.RECORDED:
        found.decided_at, found.decided_by_id, found.decided_by = at, UUID(int=2), found.decided_by or "复核"
        found.decision_reason = "未见该问题" if state is FindingState.REJECTED else ""
    if state in INSTITUTION_SEES:
        paper(session, found, PaperKind.NOTICE, at)
    path = _PAPERS.get(FindingState.CLOSED if state is FindingState.PUBLISHED else state, ())
    for days, kind in enumerate(path, start=2):
        paper(session, found, kind, at + timedelta(days=days))
    if state is FindingState.PUBLISHED:
        found.state = FindingState.CLOSED
        session.flush()
    found.state = state
    session.flush()
    return found


def paper(session: Session, found: Finding, kind: PaperKind, at: datetime, **content: object) -> FindingPaper:
    """One letter, with a day to object that is over a day later."""
    made = FindingPaper(
        finding_id=found.id,
        institution_id=found.institution_id,
        kind=kind,
        number=f"古人社检试〔2026〕{next(_numbers)}号",
        at=at,
        author_id=UUID(int=3),
        author_name="科员",
        author_role="bureau-officer",
        content={"object_until": (at + timedelta(days=1)).isoformat(), "signer": {"name": "科员"}, **content},
        sha256=sha256(b"").digest(),
    )
    session.add(made)
    session.flush()
    return made
