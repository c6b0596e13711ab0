"""What goes with a destroyed recording, what stays of it, and who notices when either is not so. R73; domain.md 2.3.1; G4."""

import base64
import hashlib
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import select

from api.http.services import Services
from api.log_keeper import sequence_pending, verifier
from api.papers.destruction_certificate import render_certificate
from api.stills import stored_source
from api.wiring import bench, job_handlers
from storage.clips import service as clips
from storage.clips import sheets
from storage.clips.models import Clip, ClipState, MediaIndexRow, SpriteSheets
from storage.database.session import SYSTEM
from storage.kernel.canonical import canonical_json
from storage.ledger import proofs
from storage.ledger.models import LedgerEntry
from storage.ledger.verify_offline import verify_entry
from supervision.footage import receipts
from supervision.footage import service as footage
from supervision.footage.coverage import coverage
from supervision.footage.errors import FootageDestroyed
from supervision.footage.lifecycle import RecordingState, SlotState
from supervision.footage.models import Slot
from supervision.footage.verification import check_hash
from supervision.screening.recycled_models import PacketMark, RecordingMotion
from supervision.screening.screening_models import ScreeningLead
from tests import videos
from tests.engine_fixtures import TestDatabase
from tests.factories.world import COVERAGE
from tests.integration.destruction.stage import Due, make_due, short_locks
from tests.integration.spine.test_upload_to_catalogue import send
from tests.site_fixtures import Hands


def destroyed(due: Due) -> Due:
    due.propose()
    due.approve()
    due.run_jobs()
    assert due.row.state is RecordingState.DESTROYED
    return due


def shown(due: Due) -> None:
    """Copies, sheets and a still of a lead, made of the recording."""
    row, services, now = due.row, due.services, due.services.clock.now_at()
    wanted = clips.Wanted(row.institution_id, row.id, row.object_key, row.version_id or "", start_ms=1000, end_ms=4000, purpose="finding/F2020-1")
    still = services.buckets.viewing.put(f"{row.institution_id}/leads/{row.id}-black-0.jpg", b"a picture", "image/jpeg")
    with services.database.transaction(SYSTEM) as session:
        clips.request_clip(session, wanted, events=services.events, at=now)
        sheets.request_sheets(session, wanted, events=services.events, at=now)
        session.add(
            ScreeningLead(
                institution_id=row.institution_id, recording_id=row.id, code="black", technical=True, from_ms=0, to_ms=1000, figure=1.0,
                threshold=0.5, clause="R72", strength=500, still_ms=10, still_key=still.key, still_version_id=still.version_id,
                still_sha256=hashlib.sha256(b"a picture").digest(), found_at=now,
            )
        )  # fmt: skip
    due.run_jobs()


def test_pictures_go_facts_stay(due: Due) -> None:
    shown(due)
    before = due.viewing()
    assert {key.split("/")[1] for key in before} >= {"clips", "sheets", "leads"}
    assert any(key.endswith(".packets") for key in before)
    destroyed(due)
    assert due.viewing() == []
    with due.services.database.transaction(SYSTEM) as session:
        made = [*session.scalars(select(Clip)), *session.scalars(select(SpriteSheets))]
        assert [copy.state for copy in made] == [ClipState.DELETED] * len(made)
        leads = session.scalars(select(ScreeningLead).where(ScreeningLead.recording_id == due.recording_id)).all()
        assert [lead.still_key for lead in leads] == [None] * len(leads) != []
        assert session.scalars(select(MediaIndexRow)).all() == []
        assert (due.row.media or {}).get("duration_ms"), "length, remarks and hash are the tombstone"
    told = json.loads(due.proposal().certificate or b"")["derived"]
    assert {"clip", "sheets", "packets", "lead-still"} <= {one["kind"] for one in told}
    assert due.differences() == set()


def test_what_it_proved_stays_proven_and_old_proofs_verify(due: Due) -> None:
    def proven() -> float:
        with due.services.database.transaction(SYSTEM) as session:
            return coverage(session, [due.world.slot.id], COVERAGE)[due.world.slot.id].proven_s

    before, receipt = proven(), None
    with due.services.database.transaction(SYSTEM) as session:
        receipt = receipts.of_recording(session, due.recording_id)
    assert before > 0 and receipt is not None
    destroyed(due)
    assert proven() == before
    with due.services.database.transaction(SYSTEM) as session:
        assert session.get_one(Slot, due.world.slot.id).state is SlotState.COVERED
    assert receipts.verify(receipt.body, receipt.signature, due.services.secrets.receipt_key().public_key())
    while sequence_pending(due.services):
        pass
    gone = due.entries("recording.destroy")[-1]
    with due.services.database.transaction(SYSTEM) as session:
        for entry_id in (receipt.ledger_entry_id, gone.id):
            verify_entry(session.get_one(LedgerEntry, entry_id).body, proofs.inclusion(session, entry_id), str(verifier(due.services)))
    facts = json.loads(gone.body)["facts"]["facts"]
    assert facts["certificate_sha256"] == hashlib.sha256(due.proposal().certificate or b"").hexdigest()


def test_a_certificate_is_checked_without_us_and_a_changed_one_fails(due: Due, tmp_path: Path) -> None:
    row = destroyed(due).proposal()
    assert row.certificate is not None and row.signature is not None
    told = json.loads(row.certificate)
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(told["public_key"]))
    assert canonical_json(told) == row.certificate
    assert receipts.verify(row.certificate, row.signature, key)
    for name, value in (("sha256", "00" * 32), ("destroyed_at", "2020-01-01T00:00:00.000000Z"), ("reason", "x")):
        assert not receipts.verify(canonical_json(told | {name: value}), row.signature, key)
    pdf = tmp_path / "certificate.pdf"
    pdf.write_bytes(render_certificate(row.certificate, row.signature))
    assert render_certificate(row.certificate, row.signature) == pdf.read_bytes(), "the same certificate prints the same bytes"
    text = subprocess.run(["pdftotext", str(pdf), "-"], capture_output=True, check=True, text=True).stdout.replace("\n", "")
    for words in ("录像销毁证明", row.certificate_number, due.officer.display_name, due.leader.display_name, "古人社发〔2023〕21号", row.reason):
        assert str(words) in text


def test_nothing_of_it_can_be_shown_and_each_refusal_says_so(due: Due) -> None:
    recording = destroyed(due).row
    with pytest.raises(FootageDestroyed):
        stored_source(due.services, recording)
    with pytest.raises(FootageDestroyed):
        check_hash(bench(due.services), recording)


def test_the_same_file_sent_again_is_recognised(due: Due, run_jobs: Callable[[], None], tmp_path: Path) -> None:
    """F-05, F-06: what is destroyed is not forgotten."""
    destroyed(due)
    film = videos.film(tmp_path / "again.mp4", "mp4", videos.Scene(seconds=20, fps=5))
    again = send(due.services, due.world, film, file_name="again.mp4")
    run_jobs()
    with due.services.database.transaction(SYSTEM) as session:
        media = footage.find(session, again, None).media or {}
    assert "same-bytes-as-earlier" in media["remarks"]


def test_movement_goes_and_signatures_and_marks_stay(
    services: Services, run_jobs: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_locks(monkeypatch)
    due = make_due(services, run_jobs, tmp_path, seconds=60)  # a signature is about half a minute
    handlers = job_handlers(due.services)
    handlers["compare-recording"](str(due.recording_id))
    with due.services.database.transaction(SYSTEM) as session:
        before = session.get_one(RecordingMotion, due.recording_id).signatures
        marks = len(session.scalars(select(PacketMark).where(PacketMark.recording_id == due.recording_id)).all())
    assert due.viewing("motion/")
    destroyed(due)
    assert due.viewing("motion/") == []
    with due.services.database.transaction(SYSTEM) as session:
        assert session.get_one(RecordingMotion, due.recording_id).signatures == before != b""
        assert len(session.scalars(select(PacketMark).where(PacketMark.recording_id == due.recording_id)).all()) == marks > 0


@contextmanager
def edited(database: TestDatabase, statement: str, back: str, due: Due) -> Iterator[None]:
    """Past every guard."""
    given = {"id": due.recording_id, "destruction": due.proposal().id, "kept": due.kept.id}
    for one in (statement, back):
        with psycopg.connect(database.superuser_url) as connection:
            connection.execute("set local session_replication_role = replica")
            connection.execute(one.encode(), given)
        if one is statement:
            yield


LIES = {
    "certificate-unsigned": (
        "update destruction set certificate = certificate || '\\x20' where id = %(destruction)s",
        "update destruction set certificate = substring(certificate from 1 for length(certificate) - 1) where id = %(destruction)s",
    ),
    "certificate-differs": (
        "update destruction set approver_name = 'nobody' || approver_name where id = %(destruction)s",
        "update destruction set approver_name = substring(approver_name from 7) where id = %(destruction)s",
    ),
    "certificate-missing": (
        "update destruction set recording_id = %(kept)s where id = %(destruction)s",
        "update destruction set recording_id = %(id)s where id = %(destruction)s",
    ),
    "tombstone-missing": (
        "update kept_version set destroyed_at = null where id = %(kept)s",
        "update kept_version set destroyed_at = now() where id = %(kept)s",
    ),
}


def test_each_lie_about_a_destroyed_recording_is_named(due: Due, fresh_database: TestDatabase) -> None:
    shown(due)
    destroyed(due)
    for kind, (statement, back) in LIES.items():
        with edited(fresh_database, statement, back, due):
            assert kind in due.differences(), kind
        assert due.differences() == set(), kind
    with due.services.database.transaction(SYSTEM) as session:
        clip = session.scalars(select(Clip)).first()
        assert clip is not None
    with edited(
        fresh_database,
        "update clip set state = 'ready' where recording_id = %(id)s",
        "update clip set state = 'deleted' where recording_id = %(id)s",
        due,
    ):
        assert due.differences() == {"copy-of-destroyed"}


def test_bytes_that_come_back_are_found_by_fsck_and_by_the_patrol(due: Due, hands: Hands) -> None:
    destroyed(due)
    patrol = job_handlers(due.services)["patrol"]
    patrol()
    assert due.entries("retention.destroyed-but-there") == []
    back = due.services.buckets.evidence.put(due.row.object_key, b"back", "video/mp4")
    assert due.differences() == {"extra-version"}
    patrol()
    assert due.entries("retention.destroyed-but-there") == [], "it was looked at a moment ago"
    hands.forward(hours=timedelta(days=91) / timedelta(hours=1))
    patrol()
    told = due.entries("retention.destroyed-but-there")
    assert [back.version_id.encode() in one.body for one in told] == [True]
    assert len(due.stored()) == 1, "the patrol deletes nothing"
