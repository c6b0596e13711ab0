"""Days as forms bring them."""

from datetime import date, datetime, time, timedelta

from storage.kernel.clock import BUREAU_ZONE
from storage.kernel.errors import InvalidInput


def end_of_day(text: str, where: str) -> datetime | None:
    """The instant at which the named last day ends at the bureau; None for an empty field. Raises: InvalidInput naming the field `where`."""
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidInput(errors=[{"where": where, "code": "not-a-date", "value": text[:20]}]) from None
    return datetime.combine(day + timedelta(days=1), time(0), BUREAU_ZONE) if day else None
