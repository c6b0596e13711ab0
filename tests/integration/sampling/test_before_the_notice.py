"""Before the notice an institution learns nothing of a finding about it: not the row, not its moves, not its ledger entries, not the hold. 2.3.2."""

from datetime import UTC, datetime

from sqlalchemy import select

from api.holds import EvidenceHolds
from storage.database.session import SYSTEM, Scope, apply_scope
from storage.ledger import history
from storage.ledger.models import LedgerEntry, StateMove
from storage.objects.port import Buckets
from storage.retention import service as retention
from storage.retention.models import LegalHold
from supervision.findings import service as findings
from supervision.findings.lifecycle import FINDING_MOVES, FindingEvent
from supervision.findings.models import Finding, PaperKind
from supervision.footage.models import Recording
from supervision.spotchecks import queries
from supervision.spotchecks.models import ReviewAssignment
from tests.factories.findings import paper
from tests.integration.sampling.stage import BUREAU, WATCHDOG, Stage
from tests.integration.sampling.test_reviews_and_findings import given, record

__all__ = ["given"]  # a fixture

NOTICE = {"hash_verified": True, "facts_stated": True, "basis_stated": True, "rights_stated": True, "signed": True}


def seen_by(stage: Stage, found: Finding) -> dict[str, int]:
    """What the institution's scope shows when every filter is forgotten."""
    stage.session.flush()
    apply_scope(stage.session, Scope("institution", found.institution_id))
    seen = {
        "rows": len(stage.session.scalars(select(Finding.id)).all()),
        "moves": len(stage.session.scalars(select(StateMove.id).where(StateMove.machine == "finding")).all()),
        "entries": len(stage.session.scalars(select(LedgerEntry.id).where(LedgerEntry.action.startswith("finding."))).all()),
        "hold-entries": len(stage.session.scalars(select(LedgerEntry.id).where(LedgerEntry.action.startswith("retention.held"))).all()),
        "holds": len(stage.session.scalars(select(LegalHold.id)).all()),
    }
    apply_scope(stage.session, SYSTEM)
    return seen


def test_an_institution_learns_of_a_finding_from_its_notice_on_and_not_before(stage: Stage, given: ReviewAssignment, buckets: Buckets) -> None:
    footage = stage.session.get_one(Recording, queries.items(stage.session, given.id)[0].recording_id)
    stored = buckets.evidence.put(f"{footage.institution_id}/{footage.id}", b"bytes", "video/mp4")
    footage.object_key, footage.version_id = stored.key, stored.version_id
    assert footage.sha256 is not None
    held = retention.Held(footage.institution_id, stored.key, stored.version_id, stored.size_bytes, footage.sha256)
    retention.keep(stage.session, buckets.evidence, held, until=datetime(2030, 1, 1, tzinfo=UTC), actor=BUREAU, at=stage.now)
    found = record(stage, given, holds=EvidenceHolds(buckets.evidence), assignment_id=None)
    nothing = {"rows": 0, "moves": 0, "entries": 0, "hold-entries": 0, "holds": 0}
    assert seen_by(stage, found) == nothing
    findings.confirm(stage.session, found.code, hash_verified=True, actor=WATCHDOG, clock=stage.clock)
    assert seen_by(stage, found) == nothing
    paper(stage.session, found, PaperKind.NOTICE, stage.now)
    history.move(stage.session, found, FINDING_MOVES, FindingEvent.NOTICE, actor=BUREAU, at=stage.now, facts=NOTICE)
    assert seen_by(stage, found) == nothing | {"rows": 1, "moves": 1, "entries": 1}
    assert [m.event for m in history.timeline(stage.session, "finding", found.id)] == ["record", "confirm", "notice"]
    assert retention.open_matters(stage.session, stage.session.scalars(select(LegalHold.kept_version_id)).one()) == [f"finding/{found.code}"]
