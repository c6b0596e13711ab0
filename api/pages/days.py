"""Days as instants."""

from datetime import date, datetime, time, timedelta

from storage.kernel.clock import BUREAU_ZONE


def end_of_day(day: date | None) -> datetime | None:
    """The instant at which a last day ends at the bureau; None when there is none."""
    return datetime.combine(day + timedelta(days=1), time(0), BUREAU_ZONE) if day else None
