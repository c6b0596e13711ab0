"""From the first part to a locked, proven recording, on the real engines."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from api.http.services import Services
from api.wiring import bench, job_handlers
from storage.database.session import SYSTEM, Scope
from storage.kernel.actor import SYSTEM_ACTOR
from storage.uploads import service as uploads
from storage.uploads.models import UploadSession, UploadState
from storage.uploads.rules import UploadRule
from supervision.footage import receipts
from supervision.footage import service as footage
from supervision.footage.coverage import coverage
from supervision.footage.lifecycle import RecordingState, SlotState
from supervision.footage.models import Slot
from supervision.footage.service import Choice
from tests import videos
from tests.factories.world import COVERAGE, World, make_world
from tests.site_fixtures import Hands

RULE = UploadRule(max_file_gib=1, max_open_uploads=20, quota_tib=1, open_upload_days=7)


def send(services: Services, world: World, path: Path, *, file_name: str | None = None, sha256: bytes | None = None, finish: bool = True) -> UUID:
    """What a client does: open, ask for addresses, PUT, complete. Returns the recording's id."""
    data = path.read_bytes()
    tenant = world.institution.id
    now = services.clock.now_at()
    scope = Scope("institution", tenant)
    with services.database.transaction(scope) as session:
        wanted = uploads.Wanted(
            tenant, file_name or world.file_name(suffix=path.suffix[1:]), len(data), hashlib.sha256(data).hexdigest(), sha256=sha256
        )
        upload, recording, _ = footage.announce(
            session, services.buckets.evidence, wanted, Choice(), rules=(RULE, COVERAGE), actor=SYSTEM_ACTOR, at=now
        )
        upload_id, recording_id, part_bytes = upload.id, recording.id, upload.part_bytes
    parts = [data[i : i + part_bytes] for i in range(0, len(data), part_bytes)]
    with services.database.transaction(scope) as session:
        row = uploads.find(session, upload_id, tenant)
        signed = uploads.sign_parts(
            session, services.buckets.evidence, row, {n: hashlib.sha256(p).digest() for n, p in enumerate(parts, start=1)}, at=now
        )
    for number, request in signed:
        answer = httpx.put(request.url, content=parts[number - 1], headers=request.headers)
        assert answer.status_code == 200, answer.text
    if not finish:
        return recording_id
    with services.database.transaction(scope) as session:
        row = uploads.find(session, upload_id, tenant, lock=True)
        recording = footage.recording_of_upload(session, upload_id, tenant)
        footage.receive(session, services.buckets.evidence, row, recording, actor=SYSTEM_ACTOR, at=now, events=services.events)
    return recording_id


@pytest.fixture
def world(services: Services) -> World:
    with services.database.transaction(SYSTEM) as session:
        return make_world(session, services.clock.now_at())


def test_a_recording_is_verified_locked_and_proves_its_time(services: Services, world: World, run_jobs: Callable[[], None], tmp_path: Path) -> None:
    path = videos.film(tmp_path / "lesson.mp4", "mp4", videos.Scene(seconds=120))
    recording_id = send(services, world, path)
    run_jobs()
    with services.database.transaction(SYSTEM) as session:
        row = footage.find(session, recording_id, None)
        assert row.state is RecordingState.RETAINED
        assert row.sha256 == hashlib.sha256(path.read_bytes()).digest()
        lock = services.buckets.evidence.retention(row.object_key, row.version_id)
        assert lock.mode == "COMPLIANCE"
        assert lock.until >= row.retain_until
        found = coverage(session, [world.slot.id], COVERAGE)[world.slot.id]
        assert found.is_whole
        assert session.get_one(Slot, world.slot.id).state is SlotState.COVERED
        receipt = receipts.of_recording(session, row.id)
        assert receipts.verify(receipt.body, receipt.signature, services.secrets.receipt_key().public_key())
        assert bench(services).store.stat(row.object_key, row.version_id).size_bytes == row.size_bytes


def test_an_upload_joined_just_before_a_crash_is_received_when_it_expires(
    services: Services, world: World, hands: Hands, run_jobs: Callable[[], None], tmp_path: Path
) -> None:
    path = videos.film(tmp_path / "lesson.mp4", "mp4", videos.Scene(seconds=120))
    recording_id = send(services, world, path, finish=False)
    with suppress(ConnectionAbortedError), services.database.transaction(SYSTEM) as session:
        upload = session.scalars(select(UploadSession).where(UploadSession.tenant_id == world.institution.id)).one()
        uploads.complete(session, services.buckets.evidence, upload, at=services.clock.now_at())
        raise ConnectionAbortedError  # the store joined the parts; the database never heard of it
    hands.forward(days=8)
    job_handlers(services)["expire-uploads"]()
    run_jobs()
    with services.database.transaction(SYSTEM) as session:
        assert footage.find(session, recording_id, None).state is RecordingState.RETAINED


def test_an_upload_without_its_parts_is_given_up_when_it_expires(services: Services, world: World, hands: Hands, tmp_path: Path) -> None:
    recording_id = send(services, world, videos.film(tmp_path / "lesson.mp4", "mp4", videos.Scene(seconds=20)), finish=False)
    hands.forward(days=8)
    job_handlers(services)["expire-uploads"]()
    with services.database.transaction(SYSTEM) as session:
        assert footage.find(session, recording_id, None).state is RecordingState.ABANDONED


def test_an_upload_joined_just_before_a_crash_still_has_all_its_parts_and_can_be_discarded(services: Services, world: World, tmp_path: Path) -> None:
    send(services, world, videos.film(tmp_path / "lesson.mp4", "mp4", videos.Scene(seconds=20)), finish=False)
    store = services.buckets.evidence
    with suppress(ConnectionAbortedError), services.database.transaction(SYSTEM) as session:
        upload = session.scalars(select(UploadSession).where(UploadSession.tenant_id == world.institution.id)).one()
        uploads.complete(session, store, upload, at=services.clock.now_at())
        raise ConnectionAbortedError
    with services.database.transaction(SYSTEM) as session:
        upload = session.scalars(select(UploadSession).where(UploadSession.tenant_id == world.institution.id)).one()
        assert sum(part.size_bytes for part in uploads.arrived(store, upload)) == upload.size_bytes
        uploads.give_up(store, upload, state=UploadState.ABORTED, at=services.clock.now_at())
        assert store.list_versions(upload.object_key) == []
