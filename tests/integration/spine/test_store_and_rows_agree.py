"""fsck names each injected difference; a kill between store and database loses nothing; the store refuses what safety forbids."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from api.fsck import run_fsck
from api.http.services import Services
from api.wiring import bench
from storage.database.session import SYSTEM, Scope
from storage.objects.errors import VersionLocked
from storage.uploads.models import UploadSession
from supervision.footage import service as footage
from supervision.footage.lifecycle import RecordingState
from supervision.footage.models import Recording
from supervision.footage.verification import catalogue, confirm, verify
from tests import videos
from tests.factories.world import World, make_world
from tests.integration.conftest import TestDatabase
from tests.integration.spine.test_upload_to_catalogue import send


class Killed(BaseException):
    """The process ends here: nothing may catch it, and the transaction is lost."""


@pytest.fixture
def world(services: Services) -> World:
    with services.database.transaction(SYSTEM) as session:
        return make_world(session, services.clock.now_at())


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return videos.film(tmp_path / "lesson.mp4", "mp4", videos.Scene(seconds=120, fps=5))


def differences(services: Services, world: World, recording_id: UUID, *, deep: bool = False) -> set[str]:
    """Kinds found about this institution; the bucket also holds locked versions of earlier tests."""
    mine = (str(world.institution.id), str(recording_id))
    return {d.kind for d in run_fsck(services, deep=deep) if any(m in d.subject for m in mine)}


def recording(services: Services, recording_id: UUID) -> Recording:
    with services.database.transaction(SYSTEM) as session:
        return footage.find(session, recording_id, None)


def behind_the_back(database: TestDatabase, statement: str, *values: object) -> None:
    """What an administrator of the database could do."""
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        assert connection.execute(statement, values).rowcount == 1


def test_fsck_is_silent_until_a_row_is_edited_and_then_names_it(
    services: Services, world: World, film: Path, run_jobs: Callable[[], None], fresh_database: TestDatabase
) -> None:
    recording_id = send(services, world, film)
    run_jobs()
    assert differences(services, world, recording_id, deep=True) == set()
    row = recording(services, recording_id)

    behind_the_back(fresh_database, "update recording set retain_until = retain_until - interval '1 day' where id = %s", recording_id)
    assert differences(services, world, recording_id) == {"days-differ"}
    behind_the_back(fresh_database, "update recording set retain_until = %s where id = %s", row.retain_until, recording_id)

    behind_the_back(fresh_database, "update recording set sha256 = %s where id = %s", bytes(32), recording_id)
    assert differences(services, world, recording_id, deep=True) == {"hash-differs", "hash-rows-differ"}
    behind_the_back(fresh_database, "update recording set sha256 = %s where id = %s", row.sha256, recording_id)

    behind_the_back(fresh_database, "update recording set version_id = 'no-such-version' where id = %s", recording_id)
    assert "version-missing" in differences(services, world, recording_id)
    behind_the_back(fresh_database, "update recording set version_id = %s where id = %s", row.version_id, recording_id)

    behind_the_back(fresh_database, "update recording set state = 'verified' where id = %s", recording_id)
    assert "proof-without-recording" in differences(services, world, recording_id)
    behind_the_back(fresh_database, "update recording set state = 'retained' where id = %s", recording_id)

    services.buckets.evidence.put(f"{world.institution.id}/stranger", b"x", "text/plain")
    assert differences(services, world, recording_id) == {"stranger-object"}


def test_a_catalogued_version_is_neither_deleted_nor_freed_early(services: Services, world: World, film: Path, run_jobs: Callable[[], None]) -> None:
    row = recording(services, send(services, world, film))
    run_jobs()
    row = recording(services, row.id)
    assert row.version_id is not None
    assert row.retain_until is not None
    store = services.buckets.evidence
    with pytest.raises(VersionLocked):
        store.delete_version(row.object_key, row.version_id)
    with pytest.raises(VersionLocked):
        store.lock_until(row.object_key, row.version_id, row.retain_until - timedelta(days=1))
    assert store.retention(row.object_key, row.version_id).until >= row.retain_until


def test_a_kill_after_the_store_joined_the_parts_is_healed_by_the_clients_repeat(
    services: Services, world: World, film: Path, run_jobs: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = type(services.buckets.evidence)
    join = store.complete_multipart

    def join_and_die(*args: object, **kwargs: object) -> None:
        join(*args, **kwargs)
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(store, "complete_multipart", join_and_die)
        send(services, world, film)
    tenant = world.institution.id
    with services.database.transaction(Scope("institution", tenant)) as session:
        upload = session.query(UploadSession).filter_by(tenant_id=tenant).one()
        upload = session.get_one(UploadSession, upload.id, with_for_update=True)
        found = footage.recording_of_upload(session, upload.id, tenant)
        assert found.state is RecordingState.UPLOADING
        from storage.kernel.actor import SYSTEM_ACTOR

        footage.receive(session, services.buckets.evidence, upload, found, actor=SYSTEM_ACTOR, at=services.clock.now_at(), events=services.events)
    run_jobs()
    row = recording(services, found.id)
    assert row.state is RecordingState.RETAINED
    assert row.sha256 == hashlib.sha256(film.read_bytes()).digest()
    assert differences(services, world, row.id, deep=True) == set()


@pytest.mark.parametrize(("step", "method"), [(verify, "stream"), (catalogue, "lock_until"), (confirm, "stat")])
def test_a_kill_inside_a_step_of_the_worker_leaves_no_lie_and_the_step_is_done_again(
    services: Services, world: World, film: Path, monkeypatch: pytest.MonkeyPatch, step: Callable[..., object], method: str
) -> None:
    recording_id, tools = send(services, world, film), bench(services)
    steps = (verify, catalogue, confirm)
    store = type(services.buckets.evidence)
    real = getattr(store, method)

    def do_and_die(*args: object, **kwargs: object) -> None:
        real(*args, **kwargs)
        raise Killed

    for before in steps[: steps.index(step)]:
        before(tools, recording_id)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(store, method, do_and_die)
        step(tools, recording_id)
    assert differences(services, world, recording_id) == set()
    for again in steps:
        again(tools, recording_id)
    assert recording(services, recording_id).state is RecordingState.RETAINED
    assert differences(services, world, recording_id, deep=True) == set()


def test_a_truncated_and_a_foreign_file_are_refused_with_a_reason(services: Services, world: World, film: Path, tmp_path: Path) -> None:
    cut = videos.truncate(film, tmp_path / "cut.mp4", 0.5)
    text = tmp_path / "notes.mp4"
    text.write_bytes(b"this is no film" * 1000)
    for path, wrong in ((cut, None), (text, None), (film, bytes(32))):
        recording_id = send(services, world, path, sha256=wrong)
        assert verify(bench(services), recording_id) is RecordingState.REJECTED
        row = recording(services, recording_id)
        assert row.reason == "sha256-differs" if wrong else row.reason.startswith("media-") or row.reason == "truncated"
        assert services.buckets.evidence.retention(row.object_key, row.version_id) is None
