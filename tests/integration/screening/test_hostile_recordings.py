"""Recordings made to keep the machine busy or blind cost their limits, say why, and the next one is screened as ever. R60, R72."""

import json
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from api.http.services import Services
from api.wiring import bench, screener
from storage.clips.models import MediaIndexRow
from storage.database.session import SYSTEM
from storage.media import looks
from storage.media.facts import Limits
from supervision.footage.models import Recording
from supervision.footage.verification import verify
from supervision.screening import service
from supervision.screening.comparing import LONGEST_MS
from supervision.screening.looks import Code
from supervision.screening.motion import from_bytes as motion_from_bytes
from supervision.screening.recycled_models import RecordingMotion
from supervision.screening.screening_models import RunState, ScreeningLead, ScreeningRun
from supervision.screening.service import screen
from tests.factories.world import make_world
from tests.integration.screening.conftest import Filmed
from tests.integration.spine.test_upload_to_catalogue import send
from tests.screened import film
from tests.videos import remux

DAYS = 40
BUSY = ((60.0, "busy"),)


def leaping(folder: Path) -> Path:
    """A minute in fragments; from the middle on each says that it is shown forty days later."""
    path = folder / "leap.mp4"
    data = bytearray(remux(film(folder / "plain.mp4", BUSY), path, "mp4-fragmented").read_bytes())
    timescale = struct.unpack_from(">I", data, data.index(b"mdhd") + 16)[0]
    at = -1
    for number in range(count := data.count(b"tfdt")):
        at = data.index(b"tfdt", at + 1)
        if number >= count // 2:
            struct.pack_into(">Q", data, at + 8, struct.unpack_from(">Q", data, at + 8)[0] + timescale * 86_400 * DAYS)
    path.write_bytes(data)
    return path


def run_of(services: Services, recording_id: UUID) -> ScreeningRun:
    with services.database.transaction(SYSTEM) as session:
        return session.scalars(select(ScreeningRun).where(ScreeningRun.recording_id == recording_id)).one()


def test_a_leap_of_weeks_in_a_late_file_is_told_and_costs_no_weeks(services: Services, run_jobs: Callable[[], None], tmp_path: Path) -> None:
    with services.database.transaction(SYSTEM) as session:
        late = make_world(session, services.clock.now_at(), days_ago=DAYS + 20, lessons=2, name="补传学校")
    recording_id = send(services, late, leaping(tmp_path))
    following = send(services, late, film(tmp_path / "next.mp4", BUSY), file_name=late.file_name(lesson=1))
    begun = time.process_time()
    run_jobs()
    assert time.process_time() - begun < 60
    assert (run_of(services, recording_id).state, run_of(services, following).state) == (RunState.DONE, RunState.DONE)
    with services.database.transaction(SYSTEM) as session:
        (jump,) = session.scalars(select(ScreeningLead).where(ScreeningLead.recording_id == recording_id, ScreeningLead.code == Code.TIME_JUMP))
        assert timedelta(milliseconds=jump.to_ms - jump.from_ms) > timedelta(days=DAYS)
        kept = session.get_one(RecordingMotion, recording_id)
        assert kept.compared_at is not None
        assert session.get_one(RecordingMotion, following).compared_at is not None
    seen = motion_from_bytes(b"".join(services.buckets.viewing.stream(kept.motion_key, kept.motion_version_id)))
    assert 0 < seen.duration_ms < LONGEST_MS
    assert len(kept.signatures) < 1_000


def test_an_index_of_a_thousand_million_samples_is_none(services: Services, filmed: Filmed) -> None:
    """As if it had been written over: what is kept is not believed more than the file."""
    recording_id = filmed(BUSY, screened=False)
    verify(bench(services), recording_id)
    with services.database.transaction(SYSTEM) as session:
        recording = session.get_one(Recording, recording_id)
        kept = session.get_one(MediaIndexRow, (recording.object_key, recording.version_id))
        promised = promising(kept.body, 1_000_000_000)
        session.execute(update(MediaIndexRow).where(MediaIndexRow.object_key == recording.object_key).values(body=promised))
    assert screen(screener(services), recording_id) is RunState.FAILED
    assert run_of(services, recording_id).failure == "media-damaged"
    following = filmed(BUSY, lesson=1, screened=False)
    verify(bench(services), following)
    assert screen(screener(services), following) is RunState.DONE


def promising(body: bytes, count: int) -> bytes:
    """The index, but that it says it has so many samples."""
    plain = zlib.decompress(body[5:])
    length = int.from_bytes(plain[:4], "little")
    head = json.loads(plain[4 : 4 + length])
    head["tracks"][0]["count"] = count
    text = json.dumps(head).encode()
    return body[:5] + zlib.compress(len(text).to_bytes(4, "little") + text + plain[4 + length :])


@pytest.mark.parametrize(("limits", "cost_s"), [(Limits(base_s=0), 40), (Limits(memory_bytes=40_000_000), 40)], ids=["processor", "memory"])
def test_a_run_whose_batches_hit_a_limit_three_times_ends_with_its_reason_and_keeps_what_it_saw(
    services: Services, filmed: Filmed, monkeypatch: pytest.MonkeyPatch, limits: Limits, cost_s: int
) -> None:
    recording_id = filmed(((100.0, "busy"),), screened=False)
    verify(bench(services), recording_id)
    real, batches = looks.read_looks, 0

    def read(*arguments: Any, **more: Any) -> Iterator[looks.Batch]:  # Any: as it is called
        nonlocal batches
        at = more.get("start_ms", 0)
        (first, *_) = real(*arguments, **{**more, "end_ms": at + 20_000})
        yield replace(first, until_ms=at + 20_000)
        for batch in real(*arguments, **{**more, "start_ms": at + 20_000, "limits": limits}):
            batches += 1
            yield batch

    monkeypatch.setattr(service, "read_looks", read)
    begun = time.monotonic()
    assert screen(replace(screener(services), batch_looks=2), recording_id) is RunState.FAILED
    assert time.monotonic() - begun < cost_s
    run = run_of(services, recording_id)
    assert (run.failure, batches) == ("media-hostile", service.MOST_REFUSED)
    with services.database.transaction(SYSTEM) as session:
        (lead,) = session.scalars(select(ScreeningLead).where(ScreeningLead.recording_id == recording_id, ScreeningLead.code == Code.UNDECODABLE))
    assert lead.from_ms == 20_000
