"""When a task is due: slots are the same for every process, none is fired early or twice, missed ones are caught up or dropped as told."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from api.schedule import EPOCH, TIMETABLE, Timed, due_slots, slot_before
from api.wiring import job_handlers

instants = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(lambda d: d.replace(tzinfo=UTC))  # noqa: DTZ001 - the zone is given here
intervals = st.integers(1, 86_400).map(lambda s: timedelta(seconds=s))
steps = st.lists(st.integers(0, 400_000), min_size=1, max_size=12)


@given(instants, intervals)
def test_a_slot_begins_at_or_before_its_instant_and_the_next_one_after_it(now: datetime, every: timedelta) -> None:
    slot = slot_before(now, every)
    assert slot <= now < slot + every
    assert (slot - EPOCH) % every == timedelta(0)


@given(instants, intervals, steps, st.booleans())
def test_a_scheduler_that_looks_now_and_then_fires_every_slot_once_and_in_order(
    start: datetime, every: timedelta, waits_s: list[int], catch_up: bool
) -> None:
    timed, now, last = Timed("x", every, catch_up), start, None
    fired: list[datetime] = []
    for wait_s in waits_s:
        now += min(timedelta(seconds=wait_s), every * 50)
        due = due_slots(timed, last, now)
        assert due_slots(timed, due[-1] if due else last, now) == [], "looking again at once fires nothing"
        assert all(slot <= now for slot in due)
        assert catch_up or len(due) <= 1
        fired += due
        last = fired[-1] if fired else None
    assert fired == sorted(set(fired))
    assert all((slot - EPOCH) % every == timedelta(0) for slot in fired)
    assert fired[-1] == slot_before(now, every), "the latest slot is never left out"
    if catch_up:
        assert fired == [fired[0] + every * n for n in range(len(fired))], "none is missing between the first and the last"


@given(instants, intervals, st.integers(0, 10**6))
def test_a_clock_that_was_set_back_fires_nothing_again(now: datetime, every: timedelta, back_s: int) -> None:
    assert due_slots(Timed("x", every, catch_up=True), slot_before(now, every), now - timedelta(seconds=back_s)) == []


def test_everything_on_the_timetable_has_somebody_who_does_it() -> None:
    handlers = set(job_handlers(None))  # type: ignore[arg-type]  # only the names are asked
    assert {timed.job for timed in TIMETABLE} <= handlers
    assert len({timed.job for timed in TIMETABLE}) == len(TIMETABLE)
