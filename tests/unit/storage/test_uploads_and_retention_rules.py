"""Parts of a file add up; a term is counted in whole days at the bureau."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.retention.rules import RetentionRule, retain_until
from storage.uploads.errors import FileEmpty, FileTooLarge, NoSuchPart, QuotaExceeded, TooManyUploads, UploadIncomplete
from storage.uploads.rules import GIB, MAX_PARTS, MIB, TIB, UploadRule, Usage, check_arrived, check_limits, part_bytes_for, part_count, size_of_part

RULE = UploadRule(max_file_gib=2, max_open_uploads=3, quota_tib=1, open_upload_days=7)
NEXT_DAY, LAST_DAY = RetentionRule(2, "next-day"), RetentionRule(2, "last-day")


@given(st.integers(1, 400 * GIB), st.none() | st.integers(-1, 1 << 40))
def test_parts_add_up_within_the_limits_of_the_store(size_bytes: int, wished: int | None) -> None:
    part = part_bytes_for(size_bytes, wished)
    count = part_count(size_bytes, part)
    assert 5 * MIB <= part <= 64 * MIB
    assert 1 <= count <= MAX_PARTS
    assert (count - 1) * part + size_of_part(count, size_bytes, part) == size_bytes
    for number in (0, count + 1):
        with pytest.raises(NoSuchPart):
            size_of_part(number, size_bytes, part)


def test_what_is_missing_short_or_surplus_is_named_at_once() -> None:
    with pytest.raises(UploadIncomplete) as refused:
        check_arrived({1: 5 * MIB, 3: 1, 9: 1}, 12 * MIB, 5 * MIB)
    assert refused.value.facts == {"missing": [2], "wrong_size": [3, 9]}


@pytest.mark.parametrize(
    ("usage", "size_bytes", "refusal"),
    [
        (Usage(0, 0, 0), 0, FileEmpty),
        (Usage(0, 0, 0), 2 * GIB + 1, FileTooLarge),
        (Usage(0, 0, 3), 1, TooManyUploads),
        (Usage(TIB - 5, 5, 0), 1, QuotaExceeded),
    ],
)
def test_a_limit_refuses_before_the_first_byte(usage: Usage, size_bytes: int, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        check_limits(RULE, usage, size_bytes=size_bytes, file_name="a.mp4")


@pytest.mark.parametrize(
    ("rule", "end_at", "class_ends_on", "until"),
    [
        (NEXT_DAY, datetime(2024, 2, 29, 4, tzinfo=UTC), None, datetime(2026, 3, 1, 16, tzinfo=UTC)),
        (LAST_DAY, datetime(2024, 2, 29, 4, tzinfo=UTC), None, datetime(2026, 2, 28, 16, tzinfo=UTC)),
        (NEXT_DAY, datetime(2026, 9, 1, 15, 59, 59, tzinfo=UTC), None, datetime(2028, 9, 1, 16, tzinfo=UTC)),
        (NEXT_DAY, datetime(2026, 9, 1, 16, tzinfo=UTC), None, datetime(2028, 9, 2, 16, tzinfo=UTC)),
        (NEXT_DAY, datetime(2026, 9, 1, 4, tzinfo=UTC), date(2026, 12, 31), datetime(2028, 12, 31, 16, tzinfo=UTC)),
        (NEXT_DAY, datetime(2026, 9, 1, 4, tzinfo=UTC), date(2026, 1, 1), datetime(2028, 9, 1, 16, tzinfo=UTC)),
    ],
)
def test_the_last_day_is_kept_to_its_end_in_shanghai(rule: RetentionRule, end_at: datetime, class_ends_on: date | None, until: datetime) -> None:
    found = retain_until(rule, recorded_end_at=end_at, class_ends_on=class_ends_on)
    assert (found, found.tzinfo) == (until, UTC)
