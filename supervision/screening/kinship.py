"""What it means that two recordings show the same: nothing, one class filmed for two, or footage used again. F-05, F-06, F-13; R60. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

OVERLAP: Final = timedelta(seconds=30)  # two files of one camera that overlap show the same minutes at the same time of day
TOGETHER: Final = timedelta(minutes=5)  # clocks of two recorders differ by less


class Kind(StrEnum):
    AGAIN = "again"  # under another lesson, class, institution or day
    TOGETHER = "together"  # claimed for the same minutes by another institution or class


@dataclass(frozen=True, slots=True)
class Claim:
    """What a recording is said to show. `lesson_id` and `starts_at` may not be known yet."""

    recording_id: UUID
    institution_id: UUID
    camera_id: UUID | None
    lesson_id: UUID | None
    starts_at: datetime | None


def kinship(copy: Claim, source: Claim, copy_ms: int, source_ms: int) -> Kind | None:
    """None: one lesson sent twice or filmed by two cameras, or two files of one camera that overlap. `*_ms`: the same picture in each.

    Recorders write a file an hour: the first hour of a lesson sent as its second one too is no lesson sent twice.
    """
    same_lesson = copy.lesson_id is not None and copy.lesson_id == source.lesson_id
    if copy.starts_at is None or source.starts_at is None:
        return None if same_lesson else Kind.AGAIN
    apart = abs((copy.starts_at + timedelta(milliseconds=copy_ms)) - (source.starts_at + timedelta(milliseconds=source_ms)))
    if copy.camera_id is not None and copy.camera_id == source.camera_id and apart <= OVERLAP:
        return None
    if apart <= TOGETHER:
        return None if same_lesson else Kind.TOGETHER
    return Kind.AGAIN
