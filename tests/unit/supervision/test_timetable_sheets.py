"""Timetables as clerks keep them: several spellings of day, time and room; every bad cell at once. R68, R71, R77."""

import io
from datetime import date, datetime, time

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.kernel.clock import BUREAU_ZONE
from supervision.classes.errors import DefectiveSheet
from supervision.classes.timetable import read_timetable, room_words

ROOMS = room_words([("A101", "一楼大教室"), ("A102", "机房"), ("B1", "机房")])
HEAD = "日期,节次,开始时间,结束时间,教室,授课教师,课程内容\n"


def read(text: str) -> list[tuple[date, int, str, str, str]]:
    lessons = read_timetable("课程表.csv", (HEAD + text).encode("gb18030"), rooms=ROOMS)
    return [(one.on, one.number, f"{one.starts_at:%H:%M}", f"{one.ends_at:%H:%M}", one.room_code) for one in lessons]


@pytest.mark.parametrize("day", ["2026-11-24", "2026/11/24", "2026年11月24日", "2026.11.24", "2026-11-24 00:00:00"])
@pytest.mark.parametrize("begins", ["9:00", "09:00", "09:00:00", "９：00".replace("９", "9"), "1899-12-31 09:00:00"])
def test_a_day_and_a_time_are_read_however_a_clerk_writes_them(day: str, begins: str) -> None:
    assert read(f"{day},1,{begins},11:30,A101,孟凡成,电商\n") == [(date(2026, 11, 24), 1, "09:00", "11:30", "A101")]


def test_lessons_without_a_number_are_counted_by_their_start() -> None:
    told = read("2026-11-24,,14:00,16:00,A101,孟凡成,\n2026-11-24,,09:00,11:00,A101,孟凡成,\n2026-11-25,,09:00,11:00,一楼大教室,孟凡成,\n")
    assert [(on.day, number, begins, room) for on, number, begins, _, room in told] == [
        (24, 2, "14:00", "A101"),
        (24, 1, "09:00", "A101"),
        (25, 1, "09:00", "A101"),
    ]


def test_a_workbook_with_real_dates_and_times_reads_the_same() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["古县某某培训班课程表"])
    sheet.append(["日期", "开始时间", "结束时间", "教室", "授课教师"])
    sheet.append([datetime(2026, 11, 24), time(9, 0), time(11, 30), "A101", "孟凡成"])  # noqa: DTZ001 - a cell has no zone
    out = io.BytesIO()
    book.save(out)
    (lesson,) = read_timetable("t.xlsx", out.getvalue(), rooms=ROOMS)
    assert lesson.starts_at == datetime(2026, 11, 24, 9, tzinfo=BUREAU_ZONE)


def test_every_bad_cell_is_named_and_nothing_is_read() -> None:
    with pytest.raises(DefectiveSheet) as refused:
        read("2026-02-30,1,9点,11:00,A101,孟\n,1,09:00,08:00,C9,\n2026-11-24,x,09:00,10:00,机房,孟\n")
    told = {(error["row"], error["column"], error["code"]) for error in refused.value.facts["errors"]}
    assert told == {
        (2, "日期", "not-a-date"),
        (2, "开始时间", "not-a-time"),
        (3, "日期", "cell-empty"),
        (3, "教室编号", "unknown"),
        (3, "授课教师", "cell-empty"),
        (3, "结束时间", "before-start"),
        (4, "节次", "out-of-range"),
        (4, "教室编号", "unknown"),  # two rooms have that name
    }


def test_two_lessons_in_one_room_at_once_and_one_number_twice_are_named() -> None:
    with pytest.raises(DefectiveSheet) as refused:
        read("2026-11-24,1,09:00,11:00,A101,孟,\n2026-11-24,2,10:59,12:00,A101,孟,\n2026-11-24,2,14:00,15:00,A101,孟,\n")
    assert {(error["row"], error["code"]) for error in refused.value.facts["errors"]} == {(3, "room-taken-in-sheet"), (4, "repeated-in-sheet")}


@given(st.lists(st.tuples(st.integers(1, 28), st.integers(7, 20)), unique=True, min_size=1, max_size=25))
def test_numbers_of_a_day_are_one_two_three_in_order_of_time(starts: list[tuple[int, int]]) -> None:
    text = "".join(f"2026-11-{day:02d},,{hour:02d}:00,{hour:02d}:50,A101,孟,\n" for day, hour in starts)
    by_day: dict[int, list[tuple[str, int]]] = {}
    for on, number, begins, _, _ in read(text):
        by_day.setdefault(on.day, []).append((begins, number))
    for lessons in by_day.values():
        assert [number for _, number in sorted(lessons)] == list(range(1, len(lessons) + 1))
