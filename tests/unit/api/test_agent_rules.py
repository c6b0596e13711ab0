"""The upload agent's decisions: what is a recording, when is it finished, what is missing, how long to wait, what to say."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.agent.errors import ADVICE, FOR_ALL, UNTIL_RESTARTED, FileChanged, stopped
from api.agent.files import Stillness, Version, blocks, fingerprint, recordings_in, shown, version_of
from api.agent.journal import Entry, Journal, journal_path
from api.agent.pace import MAX_PART_BYTES, MIB, MIN_PART_BYTES, Pace, left_text, part_bytes_for, size_text
from api.agent.screen import fitted, width_of
from api.agent.site import MAX_WAIT_S, Site, asked_wait_s, backoff_s, is_local
from api.agent.transfer import resumed_bytes, whole_parts

FILE = Path("lesson.mp4")


# ---- files


def test_recordings_are_found_by_their_suffix_in_every_folder_and_hidden_ones_are_not(tmp_path: Path) -> None:
    for name in ("b.MP4", "a.mkv", "part/c.ts", "notes.txt", ".d.mp4", "e.mp4.part", "mp4"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    (tmp_path / "folder.mp4").mkdir()
    assert [str(path.relative_to(tmp_path)) for path in recordings_in(tmp_path)] == ["a.mkv", "b.MP4", "part/c.ts"]


def test_a_file_that_was_named_is_sent_whatever_its_suffix_and_a_missing_folder_has_none(tmp_path: Path) -> None:
    (tmp_path / "export.dav").touch()
    assert recordings_in(tmp_path / "export.dav") == [tmp_path / "export.dav"]
    assert recordings_in(tmp_path / "away") == []


@contextmanager
def as_somebody_else() -> Iterator[None]:
    """Root may open everything; an agent does not run as root."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.fixture
def open_place() -> Iterator[Path]:
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    yield place
    for folder in place.iterdir():
        folder.chmod(0o755)
    shutil.rmtree(place)


@pytest.mark.parametrize("mode", [0o000, 0o100, 0o200], ids=["shut", "no-list", "write-only"])
def test_a_folder_that_may_not_be_opened_is_told_and_the_others_are_searched(open_place: Path, mode: int) -> None:
    for name in ("a/1.mp4", "b/2.mp4", "c/3.mp4"):
        (open_place / name).parent.mkdir()
        (open_place / name).touch()
    (open_place / "b").chmod(mode)
    told: list[Path] = []
    with as_somebody_else():
        found = recordings_in(open_place, shut=told.append)
    assert [path.name for path in found] == ["1.mp4", "3.mp4"]
    assert told == [open_place / "b"]


def test_files_whose_folder_may_be_listed_and_not_entered_are_named_for_whoever_reads_them(open_place: Path) -> None:
    (open_place / "b").mkdir()
    (open_place / "b" / "2.mp4").touch()
    (open_place / "1.mp4").touch()
    (open_place / "b").chmod(0o744)
    with as_somebody_else():
        assert [path.name for path in recordings_in(open_place)] == ["1.mp4", "2.mp4"]


def test_a_watched_folder_that_may_not_be_opened_is_an_error_and_no_empty_folder(open_place: Path) -> None:
    (open_place / "b").mkdir()
    (open_place / "b").chmod(0o000)
    with as_somebody_else(), pytest.raises(PermissionError):
        recordings_in(open_place / "b")


def test_links_that_lead_in_circles_or_nowhere_end(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "again").symlink_to(tmp_path)
    (tmp_path / "in" / "self.mp4").symlink_to("self.mp4")
    (tmp_path / "nowhere.mp4").symlink_to(tmp_path / "gone")
    (tmp_path / "1.mp4").touch()
    assert recordings_in(tmp_path) == [tmp_path / "1.mp4"]


def test_a_file_is_finished_when_it_was_the_same_at_every_look_for_the_quiet_time() -> None:
    stillness = Stillness(8)
    looks = [(0, 100, 1), (5, 200, 2), (10, 200, 3), (17.9, 200, 3), (18, 200, 3)]
    assert [stillness.is_finished(FILE, Version(size, written), now_s=at) for at, size, written in looks] == [False, False, False, False, True]


@pytest.mark.parametrize("mtime_ns", [0, 1 << 62, -5])
def test_no_wrong_clock_of_a_recorder_makes_a_growing_file_finished(mtime_ns: int) -> None:
    stillness = Stillness(8)
    assert not any(stillness.is_finished(FILE, Version(100 + at, mtime_ns), now_s=at) for at in range(0, 60, 5))


def test_an_empty_file_is_never_finished_and_one_that_left_is_forgotten() -> None:
    stillness = Stillness(8)
    assert not stillness.is_finished(FILE, Version(0, 1), now_s=0)
    assert not stillness.is_finished(FILE, Version(0, 1), now_s=99)
    assert not stillness.is_finished(FILE, Version(5, 1), now_s=100)
    stillness.forget_all_but(set())
    assert not stillness.is_finished(FILE, Version(5, 1), now_s=200)


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB])
def test_a_fingerprint_is_of_both_edges_and_the_size(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    (tmp_path / "a").write_bytes(data)
    assert fingerprint(tmp_path / "a") == f"{hashlib.sha256(data[:MIB] + data[max(0, size - MIB) :]).hexdigest()}:{size}"


def test_blocks_give_the_bytes_of_a_span_and_end_with_the_file(tmp_path: Path) -> None:
    data = os.urandom(2 * MIB + 17)
    (tmp_path / "a").write_bytes(data)
    assert b"".join(blocks(tmp_path / "a", 5, MIB + 9)) == data[5 : MIB + 9]
    assert b"".join(blocks(tmp_path / "a", MIB, 9 * MIB)) == data[MIB:]


def test_a_name_in_an_old_encoding_is_read_as_chinese_and_the_folder_around_it_as_it_is() -> None:
    assert shown(os.fsdecode("录像/".encode() + "二班.mp4".encode("gb18030"))) == "录像/二班.mp4"
    assert shown(Path("/ä/ключ.mp4")) == "/ä/ключ.mp4"
    shown(os.fsdecode(b"\xff\xfe.mp4")).encode()  # whatever it was, it can be sent and printed


# ---- parts


def upload(size: int, part: int, arrived: dict[int, int]) -> dict[str, object]:
    return {"size_bytes": size, "part_bytes": part, "arrived": [{"number": n, "size_bytes": s} for n, s in arrived.items()]}


def test_a_part_that_broke_off_counts_as_missing_and_the_last_one_is_shorter() -> None:
    found = upload(25, 10, {1: 10, 2: 7, 3: 5})
    assert whole_parts(found) == {1: 10, 3: 5}
    assert resumed_bytes(found) == 15


@given(st.integers(1, 10**13), st.integers(1, 16))
def test_a_part_is_whole_mebibytes_within_the_limits(speed: int, lanes: int) -> None:
    size = part_bytes_for(speed, lanes)
    assert MIN_PART_BYTES <= size <= MAX_PART_BYTES
    assert size % MIB == 0


@pytest.mark.parametrize(("speed", "lanes", "part"), [(0, 3, 5), (1 * MIB, 3, 5), (9 * MIB, 3, 12), (500 * MIB, 3, 64), (10 * MIB, 1, 40)])
def test_a_part_takes_about_four_seconds_of_a_lane(speed: int, lanes: int, part: int) -> None:
    assert part_bytes_for(speed, lanes) == part * MIB


# ---- waiting


@pytest.mark.parametrize(("attempt", "wait_s"), [(0, 0.5), (1, 1), (2, 2), (5, 16), (6, 30), (500, 30)])
def test_waits_double_up_to_half_a_minute(attempt: int, wait_s: float) -> None:
    assert backoff_s(attempt, spread=1) == wait_s


def test_a_wait_is_never_shorter_than_the_server_asked_for() -> None:
    assert backoff_s(0, spread=0.5, asked_s=40) == 40
    assert backoff_s(9, spread=0.5, asked_s=3) == MAX_WAIT_S / 2


@pytest.mark.parametrize(("header", "wait_s"), [(None, 0), ("7", 7), ("Wed, 21 Oct 2026 07:28:00 GMT", 0), ("-5", 0), ("soon", 0), ("٣", 0), ("", 0)])
def test_a_time_to_come_back_is_read_or_left(header: str | None, wait_s: float) -> None:
    assert asked_wait_s(header) == wait_s


@pytest.mark.parametrize(("off", "told"), [(timedelta(days=1), 1), (timedelta(days=-1), 1), (timedelta(minutes=4), 0), (timedelta(0), 0)])
def test_a_machine_whose_clock_is_off_is_told_once(off: timedelta, told: int) -> None:
    heard: list[str] = []
    site = Site("http://127.0.0.1:1", "key", told=heard.append)
    for _ in range(3):
        site._note_clock(httpx.Response(200, headers={"date": format_datetime(datetime.now(UTC) - off, usegmt=True)}))
    site.close()
    assert len(heard) == told
    assert all("校时" in line for line in heard)


@pytest.mark.parametrize(("address", "local"), [("http://127.0.0.1:8000", True), ("http://localhost", True), ("https://ke.example", False)])
def test_only_this_machine_is_reached_without_a_proxy(address: str, local: bool) -> None:
    assert is_local(address) is local


# ---- telling


class Ticks:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def test_speed_is_of_the_last_ten_seconds_and_falls_when_nothing_moves() -> None:
    clock = Ticks()
    pace = Pace(1000, clock=clock)
    assert pace.speed_bytes_s == 0
    for clock.at in range(20):
        pace.sent(500)
    assert pace.sent_bytes == 11_000
    assert pace.speed_bytes_s == pytest.approx(500)
    clock.at = 39
    assert pace.speed_bytes_s < 250


def test_what_a_failed_part_had_counted_is_taken_back() -> None:
    heard: list[int] = []
    pace = Pace(moved=lambda p: heard.append(p.sent_bytes), clock=Ticks())
    pace.sent(700)
    pace.sent(-700)
    assert heard == [700, 0]
    assert pace.speed_bytes_s == 0


@pytest.mark.parametrize(("count", "text"), [(0, "0 B"), (999, "999 B"), (12_345, "12 KB"), (1_500_000, "1.5 MB"), (2.5e12, "2500.0 GB")])
def test_a_size_is_told_in_decimal_units(count: float, text: str) -> None:
    assert size_text(count) == text


@pytest.mark.parametrize(("left", "speed", "text"), [(5, 0, "--:--"), (0, 9, "00:00"), (61_000, 1000, "01:01"), (3_661_000, 1000, "1:01:01")])
def test_time_left_is_told_or_unknown(left: int, speed: float, text: str) -> None:
    assert left_text(left, speed) == text


@given(st.text(max_size=60), st.integers(40, 200))
def test_a_progress_line_fits_the_terminal_and_keeps_the_figures(name: str, columns: int) -> None:
    line = fitted(name, "45%  剩余 left 00:15", columns)
    assert sum(map(width_of, line)) <= columns
    assert line.endswith("45%  剩余 left 00:15")


def test_of_a_long_name_the_end_is_kept() -> None:
    assert fitted("录像一班_20260901090000.mp4", "45%", 24) == "…20260901090000.mp4  45%"


def test_every_advice_is_in_chinese_and_english_and_a_refusal_says_whom_it_concerns() -> None:
    for code, text in ADVICE.items():
        chinese, slash, english = text.partition(" / " if " / " in text else "/")
        assert slash or code == "file-empty", code
        assert any("一" <= c <= "鿿" for c in chinese), code
        assert english.strip(), code
    assert UNTIL_RESTARTED <= FOR_ALL
    assert stopped("quota-exceeded").concerns_all
    assert not stopped("file-too-large").concerns_all
    assert str(stopped("file-empty", "size 0")).endswith(" · size 0")
    assert str(stopped("something-new")) == "something-new"
    assert not FileChanged("a.mp4").concerns_all


# ---- the journal


def test_a_journal_knows_a_file_as_it_was_sent_and_no_other_state_of_it(tmp_path: Path) -> None:
    film = tmp_path / os.fsdecode("二班.mp4".encode("gb18030"))
    film.write_bytes(b"x")
    version = version_of(film)
    entry = Entry(version.size_bytes, version.mtime_ns, "r1", "retained")
    Journal(tmp_path / "state" / "j.json").put(film, entry)
    again = Journal(tmp_path / "state" / "j.json")
    assert again.get(film, version) == entry
    assert again.get(film, Version(2, version.mtime_ns)) is None
    assert again.get(tmp_path / "other.mp4", version) is None


@pytest.mark.parametrize("torn", ["", "{", "[]", '{"a": 1}', '{"a": {"size_bytes": 1}}', "\x00\x00"])
def test_a_torn_journal_is_an_empty_one(tmp_path: Path, torn: str) -> None:
    (tmp_path / "j.json").write_text(torn)
    assert Journal(tmp_path / "j.json").get(FILE, Version(1, 1)) is None


def test_a_journal_that_may_not_be_read_is_an_empty_one(open_place: Path) -> None:
    (open_place / "state").mkdir()
    (open_place / "state" / "j.json").write_text("{}")
    (open_place / "state").chmod(0o000)
    with as_somebody_else():
        assert Journal(open_place / "state" / "j.json").get(FILE, Version(1, 1)) is None


def test_a_journal_belongs_to_one_folder_and_one_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    names = {journal_path(tmp_path / folder, site) for folder in ("a", "b") for site in ("http://one", "http://two")}
    assert len(names) == 4
    assert all(name.is_relative_to(tmp_path) for name in names)
