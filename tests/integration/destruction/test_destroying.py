"""Two people agree, the bytes go, the trace stays: DUE → DESTROYED in the real store. R73; domain.md 2.3.1; G4."""

import json

from storage.database.session import SYSTEM
from storage.ledger import history
from supervision.footage import receipts
from supervision.footage.destruction_lifecycle import DestructionState
from supervision.footage.lifecycle import RecordingState
from tests.integration.destruction.stage import REASON, Due


def test_two_people_agree_and_every_version_goes_with_a_certificate(due: Due) -> None:
    before = due.row
    stray = due.services.buckets.evidence.put(before.object_key, b"a second version that somebody wrote", "video/mp4")
    due.propose()
    due.approve()
    assert len(due.stored()) == 2, "an approval deletes nothing by itself"
    due.run_jobs()
    row, done = due.row, due.proposal()
    assert (row.state, done.state) == (RecordingState.DESTROYED, DestructionState.DESTROYED)
    assert due.stored() == []
    store = due.services.buckets.evidence
    assert all(store.stat(row.object_key, version_id) is None for version_id in (row.version_id or "", stray.version_id))
    assert (row.sha256, row.size_bytes, row.version_id, row.recorded_span) == (
        before.sha256,
        before.size_bytes,
        before.version_id,
        before.recorded_span,
    )
    assert due.kept.destroyed_at is not None
    assert due.events()[-2:] == ["fall-due", "destroy"]
    assert [event for event, _ in due.steps()] == ["propose-destruction", "approve-destruction", "begin-destruction", "finish-destruction"]
    begun, gone = due.entries("destruction.begin-destruction")[-1], due.entries("recording.destroy")[-1]
    assert begun.id < gone.id
    assert {one["version_id"] for one in json.loads(begun.body)["facts"]["facts"]["versions"]} == {before.version_id, stray.version_id}
    assert done.certificate is not None and done.signature is not None
    assert receipts.verify(done.certificate, done.signature, due.services.secrets.receipt_key().public_key())
    told = json.loads(done.certificate)
    assert (told["sha256"], told["size_bytes"], told["reason"]) == (before.sha256.hex() if before.sha256 else "", before.size_bytes, REASON)
    assert (told["proposed"]["by"], told["approved"]["by"]) == (due.officer.login_name, due.leader.login_name)
    assert due.differences() == set()
    assert due.act() is DestructionState.DESTROYED, "a second call changes nothing"
    assert due.events().count("destroy") == 1
    with due.services.database.transaction(SYSTEM) as session:
        assert receipts.of_recording(session, row.id) is not None
        assert history.timeline(session, "recording", row.id)[-1].reason == "two-people-agreed"
