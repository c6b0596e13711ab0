"""Killed at any step, or begun twice at once, a recording has one run, one set of leads, and each pair is told once. R60, R72; F-05, F-06."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
import pytest
from sqlalchemy import func, select, text

from api.http.services import Services
from api.wiring import bench, comparer, job_handlers, screener
from bench.screening.encoding import remux
from storage.database.session import SYSTEM, Database, make_engine
from supervision.footage.models import Recording
from supervision.footage.verification import verify
from supervision.screening import clusters, comparing, service
from supervision.screening.clusters import cluster_of
from supervision.screening.comparing import LONGEST_MS, Collected, compare_recording
from supervision.screening.errors import ScreenedElsewhere
from supervision.screening.forgetting import forget
from supervision.screening.looks import Code
from supervision.screening.recycled_models import RecordingMotion, RecycledMatch
from supervision.screening.screening_models import RunState, ScreeningLead, ScreeningPart, ScreeningRun
from supervision.screening.service import screen
from tests.engine_fixtures import TestDatabase
from tests.factories.world import World, make_world
from tests.integration.screening.conftest import Filmed
from tests.integration.screening.test_recycled_footage import filmed as lesson_of
from tests.integration.spine.test_upload_to_catalogue import send
from tests.screened import Part

BLACK: tuple[Part, ...] = ((30, "busy"), (40, "black"), (30, "busy"))
Work = Callable[[Services], object]


def die(*_: object, **__: object) -> Any:  # Any: it does not return
    os.kill(os.getpid(), signal.SIGKILL)


def after(module: Any, name: str) -> None:  # Any: a module of the product
    """This process is killed when `name` has done its work."""
    real = getattr(module, name)

    def done(*arguments: object, **more: object) -> None:
        real(*arguments, **more)
        die()

    setattr(module, name, done)


def before(module: Any, name: str) -> None:  # Any: a module of the product
    setattr(module, name, die)


def _work(services: Services, kill: Callable[[], None], work: Work) -> None:
    """In a process of its own, with connections of its own."""
    url = services.database.engine.url.render_as_string(hide_password=False)
    kill()
    work(replace(services, database=Database(make_engine(url))))


def killed(services: Services, kill: Callable[[], None], work: Work) -> None:
    child = multiprocessing.get_context("fork").Process(target=_work, args=(services, kill, work))
    child.start()
    child.join(120)
    assert child.exitcode == -signal.SIGKILL


def told(services: Services, recording_id: UUID) -> list[tuple[str, int, int]]:
    with services.database.transaction(SYSTEM) as session:
        rows = session.scalars(
            select(ScreeningLead).where(ScreeningLead.recording_id == recording_id).order_by(ScreeningLead.from_ms, ScreeningLead.code)
        )
        return [(one.code.value, one.from_ms, one.to_ms) for one in rows]


def stored(services: Services, world: World, kind: str) -> Counter[str]:
    """Versions under each key of what screening made of an institution's recordings."""
    return Counter(one.key for one in services.buckets.viewing.list_versions(f"{world.institution.id}/{kind}/"))


KILLS: dict[str, Callable[[], None]] = {
    "in the middle of the closer look": lambda: after(service.closer, "density"),
    "after the closer look": lambda: after(service, "_look_closer"),
    "after the stills": lambda: after(service, "_stills"),
    "after the leads, before they are committed": lambda: after(service, "add_leads"),
    "before the last commit": lambda: after(service.headcounts, "keep"),
}


def test_a_worker_killed_at_any_step_of_the_end_of_a_run_leaves_one_set_of_leads(services: Services, world: World, filmed: Filmed) -> None:
    recording_id = filmed(BLACK, screened=False)
    verify(bench(services), recording_id)
    for kill in KILLS.values():
        killed(services, kill, lambda own: screen(screener(own), recording_id))
        assert told(services, recording_id) == []
    assert screen(screener(services), recording_id) is RunState.DONE
    once = told(services, recording_id)
    assert [code for code, *_ in once].count("black") == 1
    assert screen(screener(services), recording_id) is RunState.DONE
    assert told(services, recording_id) == once
    with services.database.transaction(SYSTEM) as session:
        (run,) = session.scalars(select(ScreeningRun).where(ScreeningRun.recording_id == recording_id))
        assert (run.state, run.failure) == (RunState.DONE, "")
        assert session.scalar(select(func.count()).select_from(ScreeningPart)) == 0
        named = set(session.scalars(select(ScreeningLead.still_key).where(ScreeningLead.recording_id == recording_id)))
        # stills that killed workers stored lie under the keys of those that count, and go with them
        assert set(stored(services, world, "leads")) == named
        forget(session, services.buckets.viewing, session.get_one(Recording, recording_id), services.clock.now_at())
    assert stored(services, world, "leads") == {}


def test_a_lock_that_stands_after_its_worker_puts_the_job_off_instead_of_ending_it(
    services: Services, filmed: Filmed, run_jobs: Callable[[], None]
) -> None:
    """A machine without power holds its database session for hours. A job that found the lock and ended was the last one of the recording."""
    recording_id = filmed(BLACK, screened=False)
    with service._alone(services.database, recording_id) as mine:
        assert mine
        run_jobs()
        with services.database.transaction(SYSTEM) as session:
            job = "select status, scheduled_at > now() from procrastinate_jobs where task_name = 'screen-recording'"
            assert [tuple(row) for row in session.execute(text(job))] == [("todo", True)]
        with pytest.raises(ScreenedElsewhere):
            job_handlers(services)["screen-recording"](recording_id=str(recording_id))
    assert screen(screener(services), recording_id) is RunState.DONE


def test_workers_at_one_recording_at_once_screen_it_once(services: Services, filmed: Filmed) -> None:
    recording_id = filmed(BLACK, screened=False)
    verify(bench(services), recording_id)
    gate = threading.Barrier(3)

    def work() -> object:
        gate.wait()
        try:
            return screen(screener(services), recording_id)
        except ScreenedElsewhere:
            return None

    with ThreadPoolExecutor(3) as pool:
        ended = [one.result() for one in [pool.submit(work) for _ in range(3)]]
    assert RunState.DONE in ended
    with services.database.transaction(SYSTEM) as session:
        (run,) = session.scalars(select(ScreeningRun).where(ScreeningRun.recording_id == recording_id))
    found = told(services, recording_id)
    assert len(found) == len(set(found))
    assert screen(screener(services), recording_id) is RunState.DONE
    with services.database.transaction(SYSTEM) as session:
        assert session.get_one(ScreeningRun, run.id).looks == run.looks


@pytest.fixture
def copies(services: Services, world: World, tmp_path: Path, run_jobs: Callable[[], None]) -> list[UUID]:
    """One lesson and two copies of it, under three institutions and on three days; verified, not yet compared."""
    with services.database.transaction(SYSTEM) as session:
        others = [make_world(session, services.clock.now_at(), name=f"第{n}职业培训学校", days_ago=3 * n) for n in (1, 2)]
    source = lesson_of(1)
    made = [send(services, world, source)]
    for n, other in enumerate(others):
        copy = remux(source, tmp_path / f"copy-{n}.ts", 20 * n, 330)
        made.append(send(services, other, copy, file_name=other.file_name(suffix="ts")))
    for recording_id in made:
        verify(bench(services), recording_id)
    return made


def pairs(services: Services) -> list[tuple[UUID, UUID]]:
    with services.database.transaction(SYSTEM) as session:
        return [
            (one.first_id, one.second_id) for one in session.scalars(select(RecycledMatch).order_by(RecycledMatch.first_id, RecycledMatch.second_id))
        ]


def unpaired_leads(services: Services) -> int:
    """Leads of footage used again that no pair stands behind."""
    with services.database.transaction(SYSTEM) as session:
        known = select(RecycledMatch.lead_id)
        count = select(func.count()).where(ScreeningLead.code.in_((Code.RECYCLED, Code.SPLICED)), ScreeningLead.id.not_in(known))
        return session.scalar(count) or 0


def all_pairs(ids: list[UUID]) -> list[tuple[UUID, UUID]]:
    return sorted((a, b) for a in ids for b in ids if a < b)


COMPARING_KILLS: dict[str, Callable[[], None]] = {
    "after the movement is stored, before its row": lambda: before(comparing, "insert"),
    "after it is kept": lambda: after(comparing, "_keep"),
    "between a lead and its pair": lambda: after(comparing, "add_leads"),
    "after the pair, before the commit": lambda: after(comparing, "_tell"),
}


def test_a_worker_killed_at_any_step_of_comparing_tells_each_pair_once(services: Services, world: World, copies: list[UUID]) -> None:
    def work(own: Services) -> None:
        for recording_id in copies:
            compare_recording(comparer(own), recording_id)

    for kill in COMPARING_KILLS.values():
        killed(services, kill, work)
    assert stored(services, world, "motion")[f"{world.institution.id}/motion/{copies[0]}.bin"] >= 1
    work(services)
    work(services)
    assert pairs(services) == all_pairs(copies)
    assert unpaired_leads(services) == 0
    with services.database.transaction(SYSTEM) as session:
        assert session.scalar(select(func.count()).select_from(RecordingMotion).where(RecordingMotion.compared_at.is_not(None))) == 3
        forget(session, services.buckets.viewing, session.get_one(Recording, copies[0]), services.clock.now_at())
    assert stored(services, world, "motion") == {}  # what a killed worker stored before its row goes as well


def test_copies_compared_at_the_same_time_by_as_many_workers_are_told_once_each(services: Services, copies: list[UUID]) -> None:
    tool = comparer(services)
    for recording_id in copies:
        comparing._keep(tool, recording_id)
    gate = threading.Barrier(6)

    def work(recording_id: UUID) -> int:
        gate.wait()
        return len(compare_recording(tool, recording_id))

    with ThreadPoolExecutor(6) as pool:
        added = [one.result() for one in [pool.submit(work, recording_id) for recording_id in [*copies, *copies]]]
    assert sum(added) == 3
    assert pairs(services) == all_pairs(copies)
    assert unpaired_leads(services) == 0


def test_workers_that_tell_each_others_pairs_do_not_wait_for_one_another_in_a_ring(
    services: Services, copies: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each holds its first pair until the others have theirs, or a second is over: in any order but one the database would have to break one off."""
    tool = comparer(services)
    for recording_id in copies:
        comparing._keep(tool, recording_id)
    gate, real, begun = threading.Barrier(3), comparing._tell, threading.local()

    def tell(*arguments: Any) -> UUID | None:  # Any: as it is called
        lead = real(*arguments)
        if not getattr(begun, "yes", False):
            begun.yes = True
            with contextlib.suppress(threading.BrokenBarrierError):
                gate.wait(1)
        return lead

    monkeypatch.setattr(comparing, "_tell", tell)
    with ThreadPoolExecutor(3) as pool:
        added = [len(one.result()) for one in [pool.submit(compare_recording, tool, recording_id) for recording_id in copies]]
    assert sum(added) == 3
    assert pairs(services) == all_pairs(copies)


ORDERS = [pytest.param(order, marks=[] if order in ((0, 1, 2), (2, 0, 1)) else pytest.mark.slow) for order in permutations(range(3))]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: "".join("ABC"[n] for n in order))
def test_three_of_one_footage_are_told_pair_by_pair_in_whichever_order_they_come(
    services: Services, copies: list[UUID], order: tuple[int, ...]
) -> None:
    added = [len(compare_recording(comparer(services), copies[n])) for n in order]
    assert added == [0, 1, 2]
    assert pairs(services) == all_pairs(copies)
    with services.database.transaction(SYSTEM) as session:
        leads = session.scalars(select(ScreeningLead).where(ScreeningLead.code == Code.RECYCLED)).all()
        # each is about the one that came later, with the earlier one beside it
        come = [copies[n] for n in order]
        assert all(come.index(one.recording_id) > come.index(one.related_recording_id) for one in leads if one.related_recording_id)
        assert len({(one.recording_id, one.related_recording_id) for one in leads}) == 3
        of_pair = {frozenset((one.first_id, one.second_id)): one.lead_id for one in session.scalars(select(RecycledMatch))}
        for recording_id in copies:  # whichever of them is opened
            cluster = cluster_of(session, recording_id)
            assert cluster.is_whole
            assert [one.recording.id for one in cluster.members] == copies[::-1]  # by the day they were filmed on
            for own, one in enumerate(cluster.members, 1):
                others = [number for number in (1, 2, 3) if number != own]
                assert one.agrees == tuple((n, of_pair[frozenset((one.recording.id, copies[3 - n]))]) for n in others)


def test_recordings_hang_together_through_others_and_a_long_chain_says_that_it_is_cut(
    services: Services, copies: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    for recording_id in copies:
        compare_recording(comparer(services), recording_id)
    monkeypatch.setattr(clusters, "MOST", 2)
    with services.database.transaction(SYSTEM) as session:
        cut = cluster_of(session, copies[0])
        assert (len(cut.members), cut.is_whole) == (2, False)
        assert copies[0] in {one.recording.id for one in cut.members}
        assert [len(one.agrees) for one in cut.members] == [1, 1]


def test_a_recording_of_which_no_pair_is_told_hangs_together_with_nothing(services: Services, copies: list[UUID]) -> None:
    with services.database.transaction(SYSTEM) as session:
        (alone,) = cluster_of(session, copies[0]).members
        assert (alone.recording.id, alone.agrees) == (copies[0], ())


def test_footage_that_is_destroyed_in_the_middle_is_recognised_by_its_packets_and_compared_no_more(
    services: Services, fresh_database: TestDatabase, copies: list[UUID]
) -> None:
    tool = comparer(services)
    assert [len(compare_recording(tool, copies[n])) for n in (0, 1)] == [0, 1]
    with services.database.transaction(SYSTEM) as session:
        forget(session, services.buckets.viewing, session.get_one(Recording, copies[0]), services.clock.now_at())
    with psycopg.connect(fresh_database.superuser_url) as connection:  # past the guard that asks for two people and a certificate
        connection.execute("set session_replication_role = replica")
        connection.execute("update recording set state = 'destroyed' where id = %s", (copies[0],))
    assert compare_recording(tool, copies[0]) == []
    assert len(compare_recording(tool, copies[2])) == 2
    assert pairs(services) == all_pairs(copies)


def test_a_source_that_is_destroyed_between_choosing_and_reading_it_is_left_out(
    services: Services, copies: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = comparer(services)
    compare_recording(tool, copies[0])
    with services.database.transaction(SYSTEM) as session:
        row = session.get_one(RecordingMotion, copies[0])
    forgotten = row.motion_key, row.motion_version_id
    services.buckets.viewing.delete_version(*forgotten)
    assert comparing._kept_motion(tool, copies[0]) is None


def test_a_picture_that_claims_to_be_shown_in_months_makes_no_months_of_movement() -> None:
    """Twenty days took 2.7 GB, sixty 8, in its own comparison and in that of every later recording of the view."""
    collected = Collected(300 * LONGEST_MS)
    dice = np.random.default_rng(1)
    for at_ms in (*range(0, 600_000, 4000), LONGEST_MS - 1, 250 * LONGEST_MS):
        collected.take(at_ms, dice.integers(0, 255, (180, 320), np.uint8))
    seen = collected.motion()
    assert seen is not None
    assert seen.times_ms.max() == LONGEST_MS - 1
