"""Whatever the line does, the store ends up with the file's bytes, and what had arrived is not sent again."""

import hashlib
import signal
from collections.abc import Callable

import pytest

from api.agent.errors import AgentStopped
from storage.uploads.models import UploadState
from tests.integration.agent.bad_line import Fault
from tests.integration.agent.conftest import Desk

MIXED = (Fault.CUT, Fault.BUSY, Fault.DAMAGE, Fault.CUT_ANSWER, Fault.PORTAL)
LINES: dict[str, Callable[[int], Fault]] = {
    "cut": lambda n: Fault.CUT if n % 2 else Fault.NONE,
    "cut before the answer": lambda n: Fault.CUT_ANSWER if n <= 3 else Fault.NONE,
    "stalls": lambda n: Fault.STALL if n == 2 else Fault.NONE,
    "busy": lambda n: Fault.BUSY if n in (1, 3, 4) else Fault.NONE,
    "damages": lambda n: Fault.DAMAGE if n <= 2 else Fault.NONE,
    "a portal in between": lambda n: Fault.PORTAL if n == 2 else Fault.NONE,
    "everything": lambda n: MIXED[n - 1] if n <= len(MIXED) else Fault.NONE,
}


@pytest.mark.parametrize("line", LINES)
def test_a_bad_line_to_the_store_costs_time_and_no_byte(desk: Desk, line: str) -> None:
    path = desk.film(parts=4)
    desk.store.fault = LINES[line]
    with desk.agent() as agent:
        sent = agent.send(path)
    (upload,) = desk.uploads()
    assert upload.state is UploadState.RECEIVED
    assert hashlib.sha256(desk.stored(upload)).hexdigest() == sent.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert set(desk.store.faults) - {Fault.NONE}, "the line was good"


def test_damaged_parts_were_refused_by_the_store_and_not_taken(desk: Desk) -> None:
    path = desk.film(parts=2)
    desk.store.fault = LINES["damages"]
    with desk.agent() as agent:
        agent.send(path)
    statuses = [status for method, _, status in desk.store.answers if method == "PUT"]
    assert sorted(statuses)[:2] == [200, 200]
    assert statuses.count(400) == 2


def test_a_slow_line_is_only_slow(desk: Desk) -> None:
    path = desk.film(parts=3)
    desk.store.bytes_per_s = 12 << 20
    shown: list[tuple[int, int, float]] = []
    with desk.agent(progress=lambda _path, done, total, pace: shown.append((done, total, pace.speed_bytes_s))) as agent:
        agent.send(path)
    assert desk.stored(desk.uploads()[0]) == path.read_bytes()
    assert shown[-1][0] == shown[-1][1] == path.stat().st_size
    assert 0 < shown[-1][2] < 80 << 20


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.CUT_ANSWER, Fault.BUSY, Fault.PORTAL])
def test_a_bad_line_to_the_site_opens_one_upload_and_completes_it_once(desk: Desk, fault: Fault) -> None:
    path = desk.film(parts=2)
    desk.site.fault = lambda n: fault if n % 2 else Fault.NONE
    with desk.agent() as agent:
        agent.send(path)
    assert [upload.state for upload in desk.uploads()] == [UploadState.RECEIVED]
    assert len(desk.recordings()) == 1
    assert sorted(desk.store.parts()) == [1, 2]


def test_a_site_that_is_away_for_a_while_is_waited_for(desk: Desk) -> None:
    path = desk.film(parts=3)
    told: list[str] = []
    desk.site.fault = lambda n: Fault.CUT if 2 <= n <= 4 else Fault.NONE
    with desk.agent(told=told.append) as agent:
        agent.send(path)
    assert [upload.state for upload in desk.uploads()] == [UploadState.RECEIVED]
    assert len(told) == 1  # three failures are one trouble
    assert "重试" in told[0]


def test_a_line_that_stays_down_ends_in_a_sentence_and_what_was_sent_is_kept(desk: Desk) -> None:
    path = desk.film(parts=4)
    desk.store.fault = lambda n: Fault.CUT if n > 2 else Fault.NONE
    with desk.agent(patience_s=0.5) as agent, pytest.raises(AgentStopped) as stop:
        agent.send(path)
    assert stop.value.code == "line-down"
    assert stop.value.concerns_all
    before = desk.store.parts()
    desk.store.fault = lambda _: Fault.NONE
    with desk.agent() as agent:
        agent.send(path)
    assert len(before) == 2
    assert sorted(desk.store.parts()) == [1, 2, 3, 4]


def test_killed_in_the_middle_and_started_again_only_the_missing_parts_are_sent(desk: Desk) -> None:
    desk.film(parts=6)
    desk.store.bytes_per_s = 12 << 20
    first = desk.run("--lanes", "1")
    desk.store.wait_for(lambda: sum(status == 200 for _, _, status in desk.store.answers) >= 2)
    first.send_signal(signal.SIGKILL)
    first.wait()
    (upload,) = desk.uploads()
    here = {part.number for part in desk.services.buckets.evidence.list_parts(upload.object_key, upload.store_upload_id)}
    assert 2 <= len(here) < -(-upload.size_bytes // upload.part_bytes)
    desk.store.answers.clear()
    desk.store.bytes_per_s = 0
    code, out, _ = desk.finish(desk.run(), jobs=True)
    assert code == 0
    assert out.startswith("retained\t")
    count = -(-upload.size_bytes // upload.part_bytes)
    assert sorted(desk.store.parts()) == sorted(set(range(1, count + 1)) - here)
    (recording,) = desk.recordings()
    assert recording.sha256 == hashlib.sha256(desk.stored(desk.uploads()[0])).digest()


def test_control_c_stops_at_once_without_a_trace_and_the_next_start_continues(desk: Desk) -> None:
    path = desk.film(parts=6)
    desk.store.bytes_per_s = 8 << 20
    process = desk.run("--lanes", "1")
    desk.store.wait_for(lambda: len(desk.store.answers) >= 1)
    process.send_signal(signal.SIGINT)
    code, _, err = desk.finish(process, timeout_s=10)
    assert code == 130
    assert "已中断" in err
    assert "Traceback" not in err
    desk.store.bytes_per_s = 0
    with desk.agent() as agent:
        sent = agent.send(path)
    assert sent.resumed_bytes > 0
    assert desk.stored(desk.uploads()[0]) == path.read_bytes()
