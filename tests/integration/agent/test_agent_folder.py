"""A folder as recorders leave it: what is fit goes through, what is not is told in a sentence, and nothing stops the rest."""

import os
import pty
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from select import select as readable

import pytest
from sqlalchemy import select

from api.agent.journal import journal_path
from api.agent.run import upload_folder
from storage.database.session import SYSTEM
from storage.uploads.models import UploadState
from supervision.footage.models import DuplicateLink
from tests.engine_fixtures import private_place
from tests.integration.agent.bad_line import Fault
from tests.integration.agent.conftest import PART_BYTES, SCOPES, Desk


def read_lines(process: "subprocess.Popen[str]", desk: Desk, jobs: Callable[[], None], count: int) -> list[list[str]]:
    """The next lines of stdout, the worker's jobs being run meanwhile."""
    assert process.stdout is not None
    read, until = b"", time.monotonic() + 30  # not by readline: what it has read ahead looks to `select` as if nothing had come
    while read.count(b"\n") < count:
        assert time.monotonic() < until, read
        assert process.poll() is None, process.communicate()
        if readable([process.stdout], [], [], 0.1)[0]:
            read += os.read(process.stdout.fileno(), 65_536)
        else:
            jobs()
    return [line.split("\t") for line in read.decode().splitlines()]


def test_a_folder_of_two_lessons_goes_through_and_the_next_run_has_nothing_to_do(desk: Desk) -> None:
    paths = [desk.film(lesson=0, parts=2), desk.film(lesson=1)]
    (desk.folder / "notes.txt").write_text("not a recording")
    code, out, err = desk.finish(desk.run(), jobs=True)
    assert code == 0, err
    assert [line.split("\t")[0] for line in out.splitlines()] == ["retained", "retained"]
    assert [desk.stored(upload) for upload in desk.uploads()] == [path.read_bytes() for path in paths]
    assert {recording.slot_id for recording in desk.recordings()} == {slot.id for slot in desk.world.slots}
    sent, asked = len(desk.store.answers), len(desk.site.answers)
    assert desk.finish(desk.run())[:2] == (0, "")
    assert (len(desk.store.answers), len(desk.site.answers)) == (sent, asked + 1)  # whether the bureau asks for its own copy
    shutil.rmtree(desk.folder.parent / "state")  # the journal is lost: asked again, answered as known
    assert desk.finish(desk.run(), jobs=True)[0] == 0
    assert len(desk.store.answers) == sent
    assert len(desk.recordings()) == 2


def test_a_journal_that_cannot_be_written_is_told_once_and_costs_a_question(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk, as far as the agent can tell: what it would write cannot be written."""
    paths = [desk.film(lesson=0), desk.film(lesson=1)]
    monkeypatch.setenv("XDG_STATE_HOME", str(desk.folder.parent / "state"))
    where = journal_path(desk.folder, f"http://{desk.site.address}")
    where.with_suffix(".part").mkdir(parents=True)
    code, out, err = desk.finish(desk.run(), jobs=True)
    assert (code, [line.split("\t")[0] for line in out.splitlines()]) == (0, ["retained", "retained"])
    assert err.count("无法写入发送记录") == 1
    assert not where.exists()
    assert [desk.stored(upload) for upload in desk.uploads()] == [path.read_bytes() for path in paths]
    sent = len(desk.store.answers)
    assert desk.finish(desk.run(), jobs=True)[0] == 0
    assert (len(desk.store.answers), len(desk.recordings())) == (sent, 2), "asked again, answered as known, nothing sent twice"


def test_the_same_file_twice_is_one_recording_and_under_another_lessons_name_another_claim(desk: Desk, jobs: Callable[[], None]) -> None:
    path = desk.film()
    other = desk.folder / desk.world.file_name(lesson=1)
    shutil.copyfile(path, other)
    with desk.agent() as agent:
        first, again, claim = agent.send(path), agent.send(path), agent.send(other)
        assert first.recording_id == again.recording_id != claim.recording_id
        assert again.sha256 == ""
        jobs()
        assert (agent.follow(first).state, agent.follow(claim).state) == ("retained", "retained")
    with desk.services.database.transaction(SYSTEM) as session:  # not refused, but the bureau is told which recording it repeats
        (link,) = session.scalars(select(DuplicateLink)).all()
        assert {str(link.recording_id), str(link.earlier_id)} == {first.recording_id, claim.recording_id}
        assert link.kind == "same-bytes-as-earlier"
    assert {recording.slot_id for recording in desk.recordings()} == {slot.id for slot in desk.world.slots}


@pytest.mark.parametrize(
    ("case", "sentence"),
    [("wrong", "密钥无效"), ("revoked", "密钥无效"), ("expired", "密钥无效"), ("scope", "权限不足"), ("中文", "密钥无效"), ("", "缺少")],
)
def test_a_key_that_does_not_open_is_told_in_a_sentence_and_nothing_is_lost(
    desk: Desk, case: str, sentence: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = desk.film()
    key, key_id = desk.key(*(SCOPES[1:] if case == "scope" else SCOPES))
    if case == "revoked":
        desk.revoke(key_id)
    if case == "expired":
        key = desk.expired_key()
    given = {"wrong": f"cpk_{'0' * 12}.{'A' * 43}", "中文": "密钥", "": " "}.get(case, key)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    address = f"http://{desk.site.address}"
    for watch in (False, True):  # a watched folder stops as well: the key is read at the start
        assert upload_folder(desk.folder, site=address, key=given, watch=watch, lanes=2, quiet_s=0.1) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err
    assert "Traceback" not in err
    assert path.exists()
    assert desk.uploads() == []


def test_a_key_revoked_in_the_middle_ends_the_run_and_another_key_continues(desk: Desk) -> None:
    path = desk.film(parts=6)
    desk.store.bytes_per_s = 12 << 20
    key, key_id = desk.key()
    process = desk.run("--lanes", "1", key=key)
    desk.store.wait_for(lambda: len(desk.store.answers) >= 1)
    desk.revoke(key_id)
    code, _, err = desk.finish(process)
    assert code == 2
    assert "密钥无效" in err
    before = set(desk.store.parts())
    desk.store.bytes_per_s = 0
    with desk.agent() as agent:
        sent = agent.send(path)
    assert sent.resumed_bytes > 0
    assert before
    assert len(desk.store.parts()) == len(set(desk.store.parts()))


def test_a_file_that_cannot_be_taken_is_told_and_the_others_go_through(desk: Desk) -> None:
    names = {"empty.mp4": "空文件", "huge.mp4": "大小上限", "text.mp4": "已退回", "unreadable.mp4": "无法读取", "good": ""}
    (desk.folder / "empty.mp4").touch()
    (desk.folder / "huge.mp4").touch()
    os.truncate(desk.folder / "huge.mp4", 41 << 30)  # sparse: takes no room
    (desk.folder / "text.mp4").write_text("this is no film\n" * 500)
    (desk.folder / "unreadable.mp4").symlink_to(UNREADABLE)
    good = desk.film()
    code, out, err = desk.finish(desk.run(), jobs=True)
    told = dict(line.split(": ", 1) for line in err.splitlines() if ": " in line)
    assert code == 1
    for name, sentence in names.items():
        assert sentence in err if name == "good" else any(sentence in line for line in err.splitlines() if line.startswith(f"{name}: ")), (name, told)
    assert [line.split("\t")[0] for line in out.splitlines() if good.name in line] == ["retained"]
    refused = [line.split("\t") for line in out.splitlines() if "text.mp4" in line]
    assert refused[0][0] == "rejected"
    assert refused[0][3]
    puts = len(desk.store.answers)
    code, _, err = desk.finish(desk.run(), jobs=True)  # what was refused is told again, not sent again
    assert code == 1
    assert "text.mp4: 已退回" in err
    assert len(desk.store.answers) == puts


UNREADABLE = Path("/proc/self/mem")  # reading its first page fails as a bad sector does


def test_a_file_that_disappears_while_it_is_sent_is_told_and_the_next_goes_through(desk: Desk) -> None:
    gone, good = desk.film(parts=6, name="a.mp4"), desk.film(lesson=1)
    desk.store.bytes_per_s = 12 << 20
    process = desk.run("--lanes", "1")
    desk.store.wait_for(lambda: len(desk.store.answers) >= 1)
    gone.unlink()
    desk.store.bytes_per_s = 0
    code, out, err = desk.finish(process, jobs=True)
    assert code == 1
    assert "a.mp4: 文件已不存在" in err
    assert [line.split("\t")[::2] for line in out.splitlines()] == [["retained", str(good)]]


def test_a_file_that_changes_while_it_is_sent_is_given_up_and_told(desk: Desk) -> None:
    path = desk.film(parts=4)
    desk.store.bytes_per_s = 12 << 20
    process = desk.run("--lanes", "1")
    desk.store.wait_for(lambda: len(desk.store.answers) >= 1)
    with path.open("r+b") as file:
        file.seek(-100, os.SEEK_END)
        file.write(b"x" * 50)
    desk.store.bytes_per_s = 0
    code, out, err = desk.finish(process)
    assert (code, out) == (1, "")
    assert "改动" in err
    assert [upload.state for upload in desk.uploads()] == [UploadState.ABORTED]
    with desk.agent() as agent:
        assert agent.send(path).resumed_bytes == 0
    assert desk.stored(desk.uploads()[-1]) == path.read_bytes()


def test_names_of_any_script_and_of_an_old_recorder_arrive_as_they_are(desk: Desk) -> None:
    old = "录像二班.mp4"  # written in GB 18030, which is no UTF-8
    names = {"录像 一班 上午#1 100%.mp4", "ключ & ?=+.mp4", "🎥.MP4", old}
    for name in names:
        desk.film(name=os.fsdecode(name.encode("gb18030")) if name == old else name)
    code, out, err = desk.finish(desk.run(), jobs=True)
    assert code == 0, err
    assert {upload.file_name for upload in desk.uploads()} == names
    assert {line.split("\t")[2] for line in out.splitlines()} == {str(desk.folder / name) for name in names}
    assert desk.finish(desk.run())[:2] == (0, "")  # the journal knows them


def test_a_watched_folder_takes_new_files_and_one_that_is_being_written_only_when_it_is_whole(desk: Desk, jobs: Callable[[], None]) -> None:
    film = desk.film(parts=2)
    data = film.read_bytes()
    film.rename(desk.folder.parent / "exporting")
    process = desk.run("--watch", "--quiet", "0.8")
    with film.open("wb", buffering=0) as file:
        for start in range(0, len(data), PART_BYTES // 4):
            file.write(data[start : start + PART_BYTES // 4])
            os.utime(film, (time.time() + 7200, time.time() + 7200))  # the recorder's clock is two hours ahead
            with desk.site.changed:
                assert not desk.site.changed.wait_for(lambda: bool(desk.site.answers), 0.3), "sent while it is being written"
    (whole,) = read_lines(process, desk, jobs, 1)
    assert whole[::2] == ["retained", str(film)]
    second = desk.film(lesson=1)
    (desk.folder / "text.mp4").write_text("this is no film\n" * 500)
    later = {line[2]: line[0] for line in read_lines(process, desk, jobs, 2)}
    assert later == {str(second): "retained", str(desk.folder / "text.mp4"): "rejected"}
    calls = len(desk.site.answers)
    with desk.site.changed:
        assert not desk.site.changed.wait_for(lambda: len(desk.site.answers) > calls, 2), "a finished folder is not asked for again"
    process.send_signal(signal.SIGTERM)
    code, _, err = desk.finish(process, timeout_s=10)
    assert code == 1  # something was refused
    assert "Traceback" not in err
    assert all(upload.state is UploadState.RECEIVED for upload in desk.uploads())


def test_a_watched_folder_tries_no_refused_file_again_and_survives_a_site_that_is_away(desk: Desk, jobs: Callable[[], None]) -> None:
    (desk.folder / "huge.mp4").touch()
    os.truncate(desk.folder / "huge.mp4", 41 << 30)
    process = desk.run("--watch", "--quiet", "0.2")
    desk.site.wait_for(lambda: len(desk.site.answers) >= 1)
    desk.site.fault = lambda n: Fault.CUT if n < 4 else Fault.NONE
    path = desk.film()
    (line,) = read_lines(process, desk, jobs, 1)
    assert line[::2] == ["retained", str(path)]
    process.send_signal(signal.SIGINT)
    code, _, err = desk.finish(process, timeout_s=10)
    assert code == 1
    assert err.count("huge.mp4") == 1


def test_a_folder_inside_that_may_not_be_opened_is_told_and_is_no_success(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    place = private_place("classproof-agent-")
    (place / "shut").mkdir(mode=0o000)
    before = os.geteuid()
    if before == 0:
        os.seteuid(65_534)  # root may open everything; an agent does not run as root
    try:
        code = upload_folder(place, site=f"http://{desk.site.address}", key=desk.key()[0], watch=False, lanes=1)
    finally:
        os.seteuid(before)
        shutil.rmtree(place)
    out, err = capsys.readouterr()
    assert (code, out) == (1, "")
    assert f"{place / 'shut'}: 文件夹无法打开" in err


def test_two_agents_on_one_folder_send_each_file_once_and_both_end_well(desk: Desk) -> None:
    paths = [desk.film(lesson=0, parts=4), desk.film(lesson=1, parts=2)]
    desk.store.bytes_per_s = 24 << 20  # so that both are at the same file
    both = [desk.run(), desk.run()]
    desk.store.wait_for(lambda: len(desk.store.answers) >= 3)
    desk.store.bytes_per_s = 0
    ended = [desk.finish(process, jobs=True) for process in both]
    assert [code for code, _, _ in ended] == [0, 0], ended
    assert all(sorted(line.split("\t")[0] for line in out.splitlines()) == ["retained", "retained"] for _, out, _ in ended)
    assert [desk.stored(upload) for upload in desk.uploads()] == [path.read_bytes() for path in paths]
    assert len(desk.recordings()) == 2


def test_a_log_file_gets_few_lines(desk: Desk) -> None:
    desk.film(parts=4)
    desk.store.bytes_per_s = 16 << 20
    code, _, err = desk.finish(desk.run(), jobs=True)
    assert code == 0
    assert "\r" not in err
    assert "\x1b" not in err
    assert len(err.splitlines()) <= 3


def test_a_terminal_shows_share_speed_and_time_left_in_one_line_that_fits(desk: Desk) -> None:
    desk.film(parts=4)
    desk.store.bytes_per_s = 8 << 20
    ours, theirs = pty.openpty()
    process = desk.run("--lanes", "1", stderr=theirs)
    os.close(theirs)
    shown = b""
    while not shown.count(b"\r\x1b[K") >= 3:
        shown += os.read(ours, 4096)
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130
    os.close(ours)
    lines = shown.decode(errors="ignore").split("\r\x1b[K")[1:]
    assert "%" in lines[0]
    assert "MB/s" in lines[1]
    assert "剩余 left" in lines[1]
    assert len(lines[1]) < 80
    assert "\n" not in lines[1]
