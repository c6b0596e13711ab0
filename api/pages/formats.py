"""How figures and times are written. Pure; `language` decides the wording, Asia/Shanghai the time of day."""

import re
from datetime import date, datetime, timedelta
from typing import Final

from api.locale.language import Language
from storage.kernel.clock import local_instant, require_aware

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # strftime would follow the server's locale
POSITION: Final = re.compile(r"(?:(\d{1,3}):)?([0-5]?\d):([0-5]?\d)(?:\.(\d{1,3}))?")
NOTHING: Final = "—"
LESSON: Final = re.compile(r"(?P<class_>.+)/(?P<on>\d{4}-\d\d-\d\d)/(?P<number>\d+)(?:/(?P<camera>.+))?")


def date_text(value: date | datetime | None, language: Language) -> str:
    """2026年11月24日 / 24 Nov 2026. An instant is shown as its date at the bureau."""
    if value is None:
        return NOTHING
    day = local_instant(require_aware(value, "value")).date() if isinstance(value, datetime) else value
    return f"{day.year}年{day.month}月{day.day}日" if language == "zh" else f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def day_of_year_text(month: int, day: int, language: Language) -> str:
    """3月31日 / 31 Mar, of any year."""
    return f"{month}月{day}日" if language == "zh" else f"{day} {MONTHS[month - 1]}"


def last_day_text(until: datetime | None, language: Language) -> str:
    """An exclusive midnight as people say a deadline, by the last day that counts: 2026年12月2日24时. Other instants unchanged."""
    if until is None or local_instant(require_aware(until, "until")).strftime("%H:%M:%S") != "00:00:00":
        return instant_text(until, language)
    day = date_text(until - timedelta(seconds=1), language)
    return f"{day}24时" if language == "zh" else f"the end of {day}"


def time_text(value: datetime | None, *, seconds: bool = False) -> str:
    """09:13 or 09:13:05 at the bureau."""
    if value is None:
        return NOTHING
    return local_instant(require_aware(value, "value")).strftime("%H:%M:%S" if seconds else "%H:%M")


def instant_text(value: datetime | None, language: Language, *, seconds: bool = False) -> str:
    """2026年11月24日 09:13 / 24 Nov 2026 09:13."""
    return NOTHING if value is None else f"{date_text(value, language)} {time_text(value, seconds=seconds)}"


def span_text(start_at: datetime, end_at: datetime, language: Language, *, seconds: bool = False) -> str:
    """2026年11月24日 09:00–11:30; the date of the end only when it differs."""
    start, end = local_instant(require_aware(start_at, "start_at")), local_instant(require_aware(end_at, "end_at"))
    tail = time_text(end, seconds=seconds) if start.date() == end.date() else instant_text(end, language, seconds=seconds)
    return f"{instant_text(start, language, seconds=seconds)}–{tail}"


def clause_text(clause: str, language: Language) -> str:
    """What a step rests on: numbers of the policy's clauses (R46) as they are, those of the procedure (2.3.5) said to be such."""
    word = "程序" if language == "zh" else "procedure "
    return ", ".join(word + one if one[:1].isdigit() else one for one in clause.split(", "))


def lesson_text(natural_id: str, language: Language) -> str:
    """A lesson (or a camera's slot of it) as people name it: `GX002-2026-01 · 2026年11月29日第1节`. What is no natural id stays as it is."""
    found = LESSON.fullmatch(natural_id)
    if found is None:
        return natural_id
    try:
        day = date_text(date.fromisoformat(found["on"]), language)
    except ValueError:
        return natural_id
    which = f"{day}第{found['number']}节" if language == "zh" else f"{day}, no. {found['number']}"
    return " · ".join(part for part in (found["class_"], which, found["camera"]) if part)


def bytes_text(size_bytes: int | None) -> str:
    """Decimal units (as disks and lines are sold): 999 B, 1.2 kB, 3.46 GB."""
    if size_bytes is None:
        return NOTHING
    value, units = float(size_bytes), ("B", "kB", "MB", "GB", "TB", "PB")
    index = 0
    while value >= 999.5 and index < len(units) - 1:
        value, index = value / 1000, index + 1
    if index == 0:
        return f"{size_bytes} B"
    return f"{value:.2f} {units[index]}" if value < 9.995 else f"{value:.1f} {units[index]}" if value < 99.95 else f"{value:.0f} {units[index]}"


def duration_text(value: timedelta | float | None) -> str:
    """Seconds or a timedelta as hh:mm:ss, rounded to the second; hours may exceed 24."""
    if value is None:
        return NOTHING
    total = round(value.total_seconds() if isinstance(value, timedelta) else value)
    sign, total = ("−", -total) if total < 0 else ("", total)
    return f"{sign}{total // 3600:02d}:{total // 60 % 60:02d}:{total % 60:02d}"


def number_text(value: float | None, digits: int = 0) -> str:
    """12,345 or 12,345.67."""
    return NOTHING if value is None else f"{value:,.{digits}f}"


def percent_text(ratio: float | None, digits: int = 1) -> str:
    """0.9873 → 98.7 %. Never rounds up to 100 % what is not whole: 0.99999 stays 99.9 %."""
    if ratio is None:
        return NOTHING
    scale = 10**digits
    shown = int(ratio * 100 * scale + 1e-9) / scale if 0 < ratio < 1 else ratio * 100
    return f"{shown:.{digits}f} %" if shown != int(shown) or ratio < 1 else f"{shown:.0f} %"


def position_text(position_ms: int) -> str:
    """Position in a file: hh:mm:ss.mmm, what the player writes into the fields `start` and `end`."""
    seconds, millis = divmod(position_ms, 1000)
    return f"{duration_text(seconds)}.{millis:03d}"


def parse_position_ms(text: str) -> int | None:
    """`hh:mm:ss.mmm`, `mm:ss` … as milliseconds; None when it is not a position."""
    match = POSITION.fullmatch(text.strip())
    if match is None:
        return None
    hours, minutes, seconds, fraction = match.groups()
    return (int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)) * 1000 + int((fraction or "0").ljust(3, "0"))
