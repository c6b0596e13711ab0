"""Working days of China with make-up days (调休): the published calendar from a kept library, under a table of exceptions.

Exceptions are for what the library cannot know: a calendar changed after its release, a year published since, a day the county's offices close.
`load_exceptions` reads them, `use` puts them in force for this process (the composition root does). A year that neither knows counts Monday to
Friday, and `is_published` says so, so that a page can warn.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import yaml

from storage.kernel.errors import InvalidInput

OWN_EXCEPTIONS = Path(__file__).with_name("workdays.yaml")
_exceptions: dict[date, bool] = {}


class MalformedCalendar(InvalidInput):
    """A table of exceptions that cannot be used. Facts: errors."""

    code = "calendar-malformed"


def load_exceptions(path: Path) -> dict[date, bool]:
    """Day → whether offices work on it. The file: `exceptions: [{day: 2026-05-04, works: false, why: …, source: …}, …]`.

    Raises: MalformedCalendar — with all defects at once; a day that says what the library says already is one too, for it hides a typing error.
    """
    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as unreadable:
        raise MalformedCalendar(errors=[{"where": path.name, "code": "unreadable", "value": str(unreadable)[:200]}]) from unreadable
    rows = read.get("exceptions") if isinstance(read, Mapping) else None
    if not isinstance(rows, list):
        raise MalformedCalendar(errors=[{"where": path.name, "code": "missing", "value": "exceptions"}])
    found: dict[date, bool] = {}
    errors: list[dict[str, object]] = []
    for number, row in enumerate(rows, start=1):
        where = f"exceptions.{number}"
        if not isinstance(row, Mapping) or type(row.get("day")) is not date or type(row.get("works")) is not bool:
            errors.append({"where": where, "code": "malformed", "value": str(row)[:80]})
        elif not str(row.get("why") or "").strip() or not str(row.get("source") or "").strip():
            errors.append({"where": where, "code": "missing", "value": "why, source"})
        elif row["day"] in found:
            errors.append({"where": where, "code": "repeated", "value": row["day"].isoformat()})
        elif _by_library(row["day"]) is row["works"]:
            errors.append({"where": where, "code": "says-nothing-new", "value": row["day"].isoformat()})
        else:
            found[row["day"]] = row["works"]
    if errors:
        raise MalformedCalendar(errors=errors)
    return found


def use(exceptions: Mapping[date, bool]) -> None:
    """Put exceptions in force for this process, instead of those before."""
    _exceptions.clear()
    _exceptions.update(exceptions)


def is_published(year: int) -> bool:
    """Whether the State Council's calendar of that year is known here."""
    return _by_library(date(year, 1, 4)) is not None


def is_working_day(day: date) -> bool:
    """Whether offices work on that day; make-up weekends do, holidays do not."""
    if day in _exceptions:
        return _exceptions[day]
    known = _by_library(day)
    return day.isoweekday() <= 5 if known is None else known


def add_working_days(day: date, count: int) -> date:
    """The `count`-th working day after `day`; the day itself is not counted. Raises: ValueError for a negative count."""
    if count < 0:
        msg = "count must not be negative"
        raise ValueError(msg)
    while count:
        day += timedelta(days=1)
        count -= is_working_day(day)
    return day


def _by_library(day: date) -> bool | None:
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return None
