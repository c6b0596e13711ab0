"""Every container and codec a recorder writes ends in the catalogue with what was measured of it; everything else is refused with its reason.

All files go into one database in one sweep of the queue, so that the matrix costs one start; each test then looks at its own file.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from api.http.services import Services
from storage.database.session import SYSTEM
from storage.engines.engines import Engines
from storage.kernel.settings import Settings
from storage.objects.port import Buckets
from storage.retention.service import kept_version
from supervision.footage import receipts
from supervision.footage import service as footage
from supervision.footage.lifecycle import RecordingState
from supervision.footage.models import RecordedSpan, Recording
from tests import videos
from tests.engine_fixtures import WORKER, TestDatabase
from tests.factories.world import make_world
from tests.integration.media.test_media_hostile import NOT_VIDEOS
from tests.integration.spine.test_upload_to_catalogue import send
from tests.site_fixtures import Hands, drain, make_services

SECONDS = 6
CONTAINERS = ("mp4", "mp4-end", "mp4-fragmented", "mkv", "ts", "avi", "ps", "ps-without-map")
GOOD = {
    f"{container}/{codec}/{'sound' if sound else 'silent'}": (container, codec, sound)
    for container in CONTAINERS
    for codec in ("h264", "hevc")
    for sound in (False, True)
}
SUFFIXES = {"mkv": "mkv", "ts": "ts", "avi": "avi"}  # recorders name program streams .mp4 as well


def _scene(codec: str, sound: bool) -> videos.Scene:
    return videos.Scene(seconds=SECONDS, codec=codec, sound=sound, noise=8)


def _cut(place: Path, container: str) -> bytes:
    whole = videos.film(place / "whole", container, _scene("h264", sound=False))
    return videos.truncate(whole, place / "cut", 0.6).read_bytes()


BAD: dict[str, tuple[Callable[[Path], bytes], set[str]]] = {
    **{
        kind: (make, {f"media-{reason.value}" for reason in reasons}) for kind, (make, reasons) in NOT_VIDEOS.items() if kind != "empty"
    },  # the service refuses an empty file before the first byte
    "cut-mp4": (lambda place: _cut(place, "mp4"), {"truncated"}),
    "cut-mp4-end": (lambda place: _cut(place, "mp4-end"), {"media-truncated-no-index"}),
    "cut-mkv": (lambda place: _cut(place, "mkv"), {"truncated"}),
}


@dataclass(frozen=True)
class Archive:
    """What became of the files, by their name in `GOOD` and `BAD`."""

    services: Services
    recordings: dict[str, Recording]


@pytest.fixture(scope="module")
def archive(
    engines: Engines,
    clone_database: Callable[[str], TestDatabase],
    buckets: Buckets,
    engine_settings: Settings,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Archive]:
    place = tmp_path_factory.mktemp("containers")
    database = clone_database(f"classproof_{WORKER}_containers")
    services = make_services(engines, database.app_url, buckets, engine_settings.model_copy(update={"scratch_dir": place / "scratch"}), Hands())
    names = [*GOOD, *BAD]
    with services.database.transaction(SYSTEM) as session:
        world = make_world(session, services.clock.now_at(), lessons=len(names), length=timedelta(minutes=2))
    sent: dict[str, UUID] = {}
    for number, name in enumerate(names):
        path = place / f"{number}"
        if name in GOOD:
            container, codec, sound = GOOD[name]
            videos.film(path, container, _scene(codec, sound))
        else:
            (place / f"{number}-making").mkdir()
            path.write_bytes(BAD[name][0](place / f"{number}-making"))
            container = "mp4"
        sent[name] = send(services, world, path, file_name=world.file_name(lesson=number, suffix=SUFFIXES.get(container, "mp4")))
    drain(services, database.app_url)
    with services.database.transaction(SYSTEM) as session:
        yield Archive(services, {name: footage.find(session, recording_id, None) for name, recording_id in sent.items()})
    services.database.engine.dispose()


@pytest.mark.parametrize("name", GOOD)
def test_what_a_recorder_writes_is_catalogued_with_what_was_measured(archive: Archive, name: str) -> None:
    container, codec, sound = GOOD[name]
    row = archive.recordings[name]
    assert (row.state, row.reason) == (RecordingState.RETAINED, "")
    media = row.media
    assert media is not None
    assert (media["container"], media["video_codec"]) == (container.partition("-")[0], codec)
    assert media["fragmented"] == (container == "mp4-fragmented")
    assert media["has_audio"] == sound
    assert ("no-sound" in media["remarks"]) != sound
    assert (media["width_px"], media["height_px"], media["packet_count"]) == (320, 240, SECONDS * 25)
    assert abs(media["duration_ms"] - SECONDS * 1000) <= 70  # the fragmented muxer shifts the first picture by the sound's priming
    assert not media["truncated"]
    assert row.recorded_span is not None
    assert row.recorded_span.upper is not None
    assert row.recorded_span.lower == row.declared_start_at
    assert row.recorded_span.upper - row.recorded_span.lower == timedelta(milliseconds=media["duration_ms"])
    assert row.version_id is not None
    assert row.retain_until is not None
    lock = archive.services.buckets.evidence.retention(row.object_key, row.version_id)
    assert lock is not None
    assert (lock.mode, lock.until) == ("COMPLIANCE", row.retain_until)
    with archive.services.database.transaction(SYSTEM) as session:
        assert receipts.of_recording(session, row.id) is not None
        proven = session.query(RecordedSpan).filter_by(recording_id=row.id).all()
    assert [(p.span.lower, p.span.upper) for p in proven] == [(row.recorded_span.lower, row.recorded_span.upper)]


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_recording_is_refused_with_its_reason_and_nothing_is_locked(archive: Archive, name: str) -> None:
    row = archive.recordings[name]
    assert row.state is RecordingState.REJECTED
    assert row.reason in BAD[name][1]
    assert row.version_id is not None
    assert archive.services.buckets.evidence.retention(row.object_key, row.version_id) is None
    with archive.services.database.transaction(SYSTEM) as session:
        assert kept_version(session, row.object_key, row.version_id) is None
        assert receipts.of_recording(session, row.id) is None
        assert session.query(RecordedSpan).filter_by(recording_id=row.id).count() == 0


def test_the_same_pictures_in_another_container_are_recognised(archive: Archive) -> None:
    """All silent H.264 files carry the same packets; the first one sent is the original, the others say so."""
    family = [name for name in GOOD if name.endswith("h264/silent")]
    told = {name: "same-packets-as-earlier" in (archive.recordings[name].media or {})["remarks"] for name in family}
    assert told == {name: name != family[0] for name in family}
