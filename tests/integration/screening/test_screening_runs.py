"""A verified recording is screened once, whole, with its cost. A killed worker goes on at its checkpoint, a hostile file costs its limits. R60."""

import hashlib
import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update

from api.http.services import Services
from api.wiring import bench, screener
from bench.screening_looks import kept
from storage.clips.models import MediaIndexRow
from storage.database.session import BUREAU, PUBLIC, SYSTEM, Database, Scope, make_engine
from storage.media.index import SampleIndex, from_bytes
from supervision.footage.models import Recording
from supervision.footage.verification import verify
from supervision.screening import kept_looks, rehearsal, service
from supervision.screening.errors import ScreenedElsewhere
from supervision.screening.looks import Code
from supervision.screening.screening_models import LeadVerdict, RunState, ScreeningLead, ScreeningPart, ScreeningRun
from supervision.screening.service import Screener, screen
from tests.factories.world import World
from tests.integration.screening.conftest import Filmed

CLOCK_STRETCHES = 2  # in which a clock was looked for; the film shows none of a date

Jobs = Callable[[], None]
COUNTED = 6  # pictures of the lesson whose faces are counted: those before it turns black
WHOLE_LOOKS = 105  # of the film with a black and a frozen part: 30 of the cheap pass, the others closer


def leads(services: Services, recording_id: UUID) -> list[ScreeningLead]:
    with services.database.transaction(SYSTEM) as session:
        return list(session.scalars(select(ScreeningLead).where(ScreeningLead.recording_id == recording_id).order_by(ScreeningLead.from_ms)))


def the_run(services: Services, recording_id: UUID) -> ScreeningRun:
    with services.database.transaction(SYSTEM) as session:
        return session.scalars(select(ScreeningRun).where(ScreeningRun.recording_id == recording_id)).one()


def spans(found: list[ScreeningLead], code: Code) -> list[tuple[int, int]]:
    return [(one.from_ms, one.to_ms) for one in found if one.code is code]


def test_a_verified_recording_is_screened_and_its_defects_are_where_they_were_made(services: Services, filmed: Filmed) -> None:
    recording_id = filmed()
    # comparing tells more of this film, whose walker repeats its steps
    run, found = the_run(services, recording_id), [one for one in leads(services, recording_id) if one.run_id]
    assert (run.state, run.failure) == (RunState.DONE, "")
    assert run.looks == WHOLE_LOOKS  # one each ten seconds, and the key frames around what looked wrong
    assert run.checkpoint_ms >= 300_000
    assert run.bytes_read > 0
    assert run.requests == run.looks + COUNTED + CLOCK_STRETCHES
    assert run.cpu_ms > 0
    assert {one.code for one in found} == {Code.BLACK, Code.FROZEN, Code.LOW_RESOLUTION}  # without a sound track: a fact, no flag
    assert spans(found, Code.BLACK) == [(60_000, 120_000)]
    ((begin_ms, end_ms),) = spans(found, Code.FROZEN)
    assert 160_000 <= begin_ms <= 172_000  # the encoder needs some key frames to settle on the still
    assert 228_000 <= end_ms <= 240_000
    for one in found:
        assert one.technical
        assert one.clause
        assert one.still_key is not None
        assert one.still_version_id is not None
        picture = services.buckets.viewing.read_range(one.still_key, one.still_version_id, 0, 1 << 20)
        assert picture[:2] == b"\xff\xd8"
        assert hashlib.sha256(picture).digest() == one.still_sha256
    with services.database.transaction(SYSTEM) as session:
        assert session.scalar(select(func.count()).select_from(ScreeningPart).where(ScreeningPart.run_id == run.id)) == 0


def test_what_is_kept_of_a_recording_tells_what_the_worker_told(services: Services, filmed: Filmed, tmp_path: Path) -> None:
    """The table of held-out recordings is made of kept looks and packets: another answer than the worker's would promise something else."""
    parts = ((63.0, "busy"), (31.0, "black"), (57.0, "busy"), (19.0, "frozen"), (40.0, "busy"), (32.0, "blurred"))
    recording_id = filmed(parts, leap_ms=(190_000, 12_000), gop_s=1)
    rule = screener(services).rule
    told = [(one.code, one.from_ms, one.to_ms, one.figure, one.strength) for one in leads(services, recording_id) if one.code in rehearsal.REHEARSED]
    whole_ms = the_run(services, recording_id).duration_ms  # of the catalogue: with the time of the last picture
    made = replace(kept("lesson", tmp_path / "lesson-0.mp4"), duration_ms=whole_ms)
    assert {code for code, *_ in told} == {Code.BLACK, Code.FROZEN, Code.TIME_JUMP, Code.DEFOCUSED}
    assert sorted((one.code, one.from_ms, one.to_ms, one.figure, one.strength) for one in rehearsal.found_in(made, rule)) == sorted(told)
    without = rehearsal.found_in(replace(made, packets=None), rule)
    assert {one.code for one in without} == {Code.BLACK, Code.DEFOCUSED}  # the freeze lies between two looks, the hole in the packets
    kept_looks.write([made], tmp_path / "kept")
    (back,) = kept_looks.read(tmp_path / "kept")
    assert sorted((one.code, one.from_ms, one.to_ms) for one in rehearsal.found_in(back, rule)) == sorted(one[:3] for one in told)


def test_a_hole_inside_is_found_and_located_to_the_picture(services: Services, filmed: Filmed) -> None:
    recording_id = filmed(((60, "busy"),), leap_ms=(30_000, 12_000))
    assert spans(leads(services, recording_id), Code.TIME_JUMP) == [(29_900, 42_000)]


def test_a_film_of_key_frames_alone_is_looked_at_closer_twice_a_second(services: Services, filmed: Filmed) -> None:
    """Motion JPEG, and cameras that write nothing but key frames: each of them would be a full decode of what looked wrong."""
    recording_id = filmed(((40, "busy"), (40, "black"), (40, "busy")), gop_s=0.1)
    assert spans(leads(services, recording_id), Code.BLACK) == [(40_000, 80_000)]
    assert the_run(services, recording_id).looks <= 12 + 2 * 60


def test_what_is_screened_stays_screened(services: Services, filmed: Filmed, run_jobs: Jobs) -> None:
    recording_id = filmed(((60, "busy"),))
    before = (the_run(services, recording_id).looks, len(leads(services, recording_id)))
    assert screen(screener(services), recording_id) is RunState.DONE
    other = replace(screener(services), rule=replace(screener(services).rule, screening_black_grey=17))
    assert screen(other, recording_id) is RunState.DONE  # other figures alone screen nothing again
    run_jobs()
    assert (the_run(services, recording_id).looks, len(leads(services, recording_id))) == before
    assert screen(other, recording_id, again=True) is RunState.DONE
    with services.database.transaction(SYSTEM) as session:
        assert session.scalar(select(func.count()).select_from(ScreeningRun).where(ScreeningRun.recording_id == recording_id)) == 2


def test_one_recording_has_one_worker(services: Services, filmed: Filmed) -> None:
    recording_id = filmed(((30, "busy"),), screened=False)
    verify(bench(services), recording_id)
    with service._alone(services.database, recording_id) as mine:
        assert mine
        with pytest.raises(ScreenedElsewhere):
            screen(screener(services), recording_id)
    assert screen(screener(services), recording_id) is RunState.DONE


def _die_at_the_second_checkpoint(url: str, tool: Screener, recording_id: UUID) -> None:
    kept, calls = service._checkpoint, []

    def checkpoint(*arguments: object) -> bool:
        calls.append(1)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return kept(*arguments)  # type: ignore[arg-type]

    service._checkpoint = checkpoint  # type: ignore[assignment]
    screen(replace(tool, database=Database(make_engine(url))), recording_id)


def test_a_worker_killed_in_the_middle_goes_on_at_its_checkpoint(services: Services, filmed: Filmed) -> None:
    recording_id = filmed(screened=False)
    verify(bench(services), recording_id)
    tool = replace(screener(services), batch_looks=8)
    url = services.database.engine.url.render_as_string(hide_password=False)
    child = multiprocessing.get_context("fork").Process(target=_die_at_the_second_checkpoint, args=(url, tool, recording_id))
    child.start()
    child.join(120)
    assert child.exitcode == -signal.SIGKILL
    half = the_run(services, recording_id)
    assert (half.state, half.checkpoint_ms, half.looks) == (RunState.RUNNING, 80_000, 8)
    assert screen(tool, recording_id) is RunState.DONE
    whole = the_run(services, recording_id)
    assert whole.id == half.id
    assert whole.looks == whole.requests - COUNTED - CLOCK_STRETCHES == WHOLE_LOOKS  # as without a kill: nothing was looked at twice
    found = leads(services, recording_id)
    assert spans(found, Code.BLACK) == [(60_000, 120_000)]  # it lies across the kill
    ((begin_ms, end_ms),) = spans(found, Code.FROZEN)
    assert 160_000 <= begin_ms <= 172_000  # the encoder needs some key frames to settle on the still
    assert 228_000 <= end_ms <= 240_000


def test_figures_that_changed_while_nobody_was_at_it_begin_anew(services: Services, filmed: Filmed) -> None:
    recording_id = filmed(((30, "busy"),), screened=False)
    verify(bench(services), recording_id)
    tool = screener(services)
    with services.database.transaction(SYSTEM) as session:
        session.add(
            ScreeningRun(recording_id=recording_id, rules_version="0-old", state=RunState.RUNNING, duration_ms=1, started_at=services.clock.now_at())
        )
    assert screen(tool, recording_id) is RunState.DONE
    with services.database.transaction(SYSTEM) as session:
        states = dict(session.execute(select(ScreeningRun.rules_version, ScreeningRun.state).where(ScreeningRun.recording_id == recording_id)).all())
    assert states == {"0-old": RunState.FAILED, tool.rule.version: RunState.DONE}


def test_a_hostile_stretch_costs_its_limits_and_is_told(services: Services, filmed: Filmed) -> None:
    """Key frames whose bytes are noise give no picture: the run ends, the lead says from when on nothing can be checked."""
    recording_id = filmed(((120, "busy"),), screened=False)
    verify(bench(services), recording_id)
    with services.database.transaction(SYSTEM) as session:
        recording = session.get_one(Recording, recording_id)
        kept = session.get_one(MediaIndexRow, (recording.object_key, recording.version_id))
        index = from_bytes(kept.body)
        assert isinstance(index, SampleIndex)
        index.video.offsets[index.video.shown >= 50 * index.video.timescale] = 0  # points at the file's head instead of pictures
        index.video.sizes[index.video.shown >= 50 * index.video.timescale] = 8
        session.execute(update(MediaIndexRow).where(MediaIndexRow.object_key == recording.object_key).values(body=index.to_bytes()))
    assert screen(replace(screener(services), batch_looks=2), recording_id) in (RunState.DONE, RunState.FAILED)
    (found,) = [one for one in leads(services, recording_id) if one.code is Code.UNDECODABLE]
    assert found.from_ms == 50_000
    assert found.to_ms == 120_000


def test_a_recording_that_is_not_verified_is_left_alone(services: Services, filmed: Filmed) -> None:
    recording_id = filmed(((10, "busy"),), screened=False)
    assert screen(screener(services), recording_id) is None
    assert screen(screener(services), UUID(int=7)) is None


def test_the_job_is_enqueued_with_the_verification(services: Services, filmed: Filmed) -> None:
    recording_id = filmed(((10, "busy"),), screened=False)
    count = text("select count(*) from procrastinate_jobs where task_name = 'screen-recording' and args ->> 'recording_id' = :id")
    with services.database.transaction(SYSTEM) as session:
        assert session.scalar(count, {"id": str(recording_id)}) == 0
    verify(bench(services), recording_id)
    with services.database.transaction(SYSTEM) as session:
        assert session.scalar(count, {"id": str(recording_id)}) == 1


def test_an_institution_reads_its_technical_defects_and_no_suspicion(services: Services, filmed: Filmed, world: World) -> None:
    recording_id = filmed(((60, "black"),))
    with services.database.transaction(SYSTEM) as session:
        run = session.scalars(select(ScreeningRun).where(ScreeningRun.recording_id == recording_id)).one()
        session.add(
            ScreeningLead(
                institution_id=world.institution.id, recording_id=recording_id, run_id=run.id, code=Code.NO_MOVEMENT, technical=False,
                from_ms=0, to_ms=1, figure=1.0, threshold=2.0, clause="F-01", strength=5, still_ms=0, found_at=services.clock.now_at(),
            )
        )  # fmt: skip
    counted = select(func.count()).select_from(ScreeningLead).where(ScreeningLead.recording_id == recording_id)
    suspicious = counted.where(~ScreeningLead.technical)
    for scope, all_, suspected in (
        (BUREAU, True, 1),
        (Scope("institution", world.institution.id), True, 0),
        (Scope("institution", UUID(int=5)), False, 0),
        (PUBLIC, False, 0),
    ):
        with services.database.transaction(scope) as session:
            assert bool(session.scalar(counted)) is all_
            assert session.scalar(suspicious) == suspected
            runs = session.scalar(select(func.count()).select_from(ScreeningRun))
            assert bool(runs) is (scope == BUREAU)
            assert session.scalar(select(func.count()).select_from(LeadVerdict)) == 0
