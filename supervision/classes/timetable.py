"""Import a timetable (课程表) as clerks keep it: one line per lesson, every bad cell at once, nothing half-filed. R68, R71, R77. Pure."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from storage.kernel.clock import BUREAU_ZONE
from supervision.classes.errors import DefectiveSheet
from supervision.classes.service import PlannedLesson
from supervision.classes.sheets import Defect, SheetRow, read_sheet

COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "on": ("日期", "上课日期", "date"),
    "number": ("节次", "序次", "第几节", "number"),
    "begins": ("开始时间", "上课时间", "begins"),
    "ends": ("结束时间", "下课时间", "ends"),
    "room": ("教室编号", "教室", "培训地点", "room"),
    "teacher": ("授课教师", "教师", "teacher"),
    "topic": ("课程内容", "授课内容", "课程", "topic"),
}
_DATE: Final = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:\s+0?0:00(?::00)?)?")
_TIME: Final = re.compile(r"(?:1899-12-3[01]\s+)?(\d{1,2})\s*[:：]\s*(\d{2})(?::00)?")  # a spreadsheet may put its day zero in front
MOST_A_DAY: Final = 20


def read_timetable(file_name: str, data: bytes, *, rooms: Mapping[str, str]) -> list[PlannedLesson]:
    """Lessons in the order of the sheet. `rooms`: name or code as a clerk writes it → code. 节次 may be left out: then lessons count by their start.

    Raises: UnreadableSheet; DefectiveSheet — all bad cells of all rows.
    """
    rows = read_sheet(file_name, data, COLUMNS, ("on", "begins", "ends", "room", "teacher"))
    defects: list[Defect] = [] if rows else [Defect(1, COLUMNS["on"][0], "sheet-empty")]
    found: list[tuple[SheetRow, PlannedLesson]] = []
    for row in rows:
        lesson = _lesson(row, rooms, defects)
        if lesson is not None:
            found.append((row, lesson))
    lessons = _numbered(found, defects)
    if defects:
        raise DefectiveSheet(errors=[defect.as_dict() for defect in sorted(defects, key=lambda defect: defect.row)])
    return lessons


def _lesson(row: SheetRow, rooms: Mapping[str, str], defects: list[Defect]) -> PlannedLesson | None:
    before = len(defects)
    on = _day(row, defects)
    begins, ends = _time(row, "begins", defects), _time(row, "ends", defects)
    number = _count(row, defects)
    room, teacher = row.cells.get("room", ""), row.cells.get("teacher", "")
    if not room:
        defects.append(Defect(row.number, COLUMNS["room"][0], "cell-empty"))
    elif room not in rooms:
        defects.append(Defect(row.number, COLUMNS["room"][0], "unknown", room[:40]))
    if not teacher:
        defects.append(Defect(row.number, COLUMNS["teacher"][0], "cell-empty"))
    elif len(teacher) > 50:
        defects.append(Defect(row.number, COLUMNS["teacher"][0], "cell-too-long", teacher[:20]))
    if begins is not None and ends is not None and ends <= begins:
        defects.append(Defect(row.number, COLUMNS["ends"][0], "before-start", row.cells.get("ends", "")))
    if len(defects) > before or on is None or begins is None or ends is None:
        return None
    start, end = (datetime(on.year, on.month, on.day, *time, tzinfo=BUREAU_ZONE) for time in (begins, ends))
    return PlannedLesson(on, number, start, end, rooms[room], teacher, row.cells.get("topic", "")[:200])


def _day(row: SheetRow, defects: list[Defect]) -> date | None:
    text = row.cells.get("on", "")
    told = _DATE.fullmatch(text)
    try:
        if told is not None:
            return date(*map(int, told.groups()))
    except ValueError:
        told = None
    defects.append(Defect(row.number, COLUMNS["on"][0], "not-a-date" if text else "cell-empty", text[:30]))
    return None


def _time(row: SheetRow, name: str, defects: list[Defect]) -> tuple[int, int] | None:
    text = row.cells.get(name, "")
    told = _TIME.fullmatch(text)
    if told is not None and (hour := int(told[1])) < 24 and (minute := int(told[2])) < 60:
        return hour, minute
    defects.append(Defect(row.number, COLUMNS[name][0], "not-a-time" if text else "cell-empty", text[:30]))
    return None


def _count(row: SheetRow, defects: list[Defect]) -> int:
    """The number of the day; 0 when the sheet leaves it out."""
    text = row.cells.get("number", "")
    digits = re.fullmatch(r"第?(\d{1,2})节?", text)
    if not text:
        return 0
    if digits is None or not 1 <= int(digits[1]) <= MOST_A_DAY:
        defects.append(Defect(row.number, COLUMNS["number"][0], "out-of-range", text[:20]))
        return 0
    return int(digits[1])


def _numbered(found: Sequence[tuple[SheetRow, PlannedLesson]], defects: list[Defect]) -> list[PlannedLesson]:
    """Give lessons without a number their place of the day by start; two with one number, or overlapping in one room, are named."""
    by_day: dict[date, list[tuple[SheetRow, PlannedLesson]]] = {}
    for row, lesson in found:
        by_day.setdefault(lesson.on, []).append((row, lesson))
    numbers: dict[int, int] = {}
    for day in by_day.values():
        ordered = sorted(day, key=lambda one: (one[1].starts_at, one[0].number))
        free = iter(sorted(set(range(1, MOST_A_DAY + len(day) + 1)) - {lesson.number for _, lesson in day}))
        taken: dict[int, int] = {}
        for row, lesson in ordered:
            number = lesson.number or next(free)
            if number in taken:
                defects.append(Defect(row.number, COLUMNS["number"][0], "repeated-in-sheet", f"{number} · {taken[number]}"))
            taken.setdefault(number, row.number)
            numbers[row.number] = number
        _overlaps(ordered, defects)
    return [
        PlannedLesson(lesson.on, numbers[row.number], lesson.starts_at, lesson.ends_at, lesson.room_code, lesson.teacher, lesson.topic)
        for row, lesson in found
    ]


def _overlaps(ordered: Sequence[tuple[SheetRow, PlannedLesson]], defects: list[Defect]) -> None:
    last: dict[str, tuple[SheetRow, PlannedLesson]] = {}
    for row, lesson in ordered:
        before = last.get(lesson.room_code)
        if before is not None and lesson.starts_at < before[1].ends_at:
            defects.append(Defect(row.number, COLUMNS["begins"][0], "room-taken-in-sheet", f"{lesson.room_code} · {before[0].number}"))
        if before is None or lesson.ends_at > before[1].ends_at:
            last[lesson.room_code] = (row, lesson)


def room_words(rooms: Collection[tuple[str, str]]) -> dict[str, str]:
    """(code, name) of an institution's rooms → what a clerk may write. A name that two rooms share is ambiguous and left out."""
    names: dict[str, list[str]] = {}
    for code, name in rooms:
        names.setdefault(name, []).append(code)
    unique = {name: codes[0] for name, codes in names.items() if len(codes) == 1}
    return unique | {code: code for code, _ in rooms}
