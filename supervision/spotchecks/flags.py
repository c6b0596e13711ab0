"""What the machine noticed about the footage of a review: hidden until this inspector's own verdict stands. domain.md 2.3.2; R60, R72; F-05, F-06.

A flag is a lead, never a fact, and never a finding. Whoever looks must not be led by it; afterwards it shows what to look at next time. The sources
are handed over from outside (`FlagSource`): the catalogue's own measurements, and the leads of the screening of the pictures.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from supervision.footage.models import Recording, Slot
from supervision.screening import leads
from supervision.screening.looks import Code
from supervision.spotchecks.lifecycle import JUDGED
from supervision.spotchecks.models import ReviewAssignment, ReviewItem

DURATION_TOLERANCE_MS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Flag:
    """A stretch of the wall clock `[start_at, end_at)` with what was noticed there, in words. `code` is kebab-case."""

    start_at: datetime
    end_at: datetime
    code: str
    zh: str
    en: str


FlagSource = Callable[[Session, Sequence[ReviewItem]], Sequence[Flag]]

WORDS: Final[dict[str, tuple[str, str]]] = {
    "below-minimum-height": ("分辨率低于规定", "resolution below the minimum"),
    "no-sound": ("没有声音", "no sound"),
    "corrupt-packets": ("部分数据损坏", "damaged data"),
    "variable-frame-rate": ("帧率不稳定", "uneven frame rate"),
    "same-bytes-as-earlier": ("与此前的录像字节完全相同", "the same bytes as an earlier recording"),
    "same-packets-as-earlier": ("与此前的录像画面完全相同", "the same pictures as an earlier recording"),
    "overlaps-earlier": ("与同一机位的另一录像时间重叠", "overlaps another recording of this camera"),
    "gap-inside": ("文件内部有缺口", "a gap inside the file"),
    "late-upload": ("超过上传期限才上传", "uploaded after the deadline"),
    "start-not-confirmed": ("开始时间取自文件自带信息，未经机构确认", "the start was taken from the file itself, nobody confirmed it"),
    "duration-disagrees": ("文件声明的时长与实测不符", "the file claims another length than it holds"),
    "time-jumps": ("文件内时间跳变", "the time inside the file leaps"),
}
LEAD_WORDS: Final[dict[Code, tuple[str, str]]] = {
    Code.BLACK: ("黑屏", "black picture"),
    Code.COVERED: ("镜头被遮挡", "covered lens"),
    Code.DEFOCUSED: ("画面失焦", "out of focus"),
    Code.FROZEN: ("画面静止不变", "frozen picture"),
    Code.VIEW_MOVED: ("机位移动", "the camera was moved"),
    Code.TIME_JUMP: ("文件内时间跳变", "time is missing inside the file"),
    Code.LOW_RESOLUTION: ("分辨率低于规定", "resolution below the minimum"),
    Code.LOW_FRAME_RATE: ("帧率过低", "too few pictures a second"),
    Code.SILENT: ("没有声音", "no sound"),
    Code.UNDECODABLE: ("画面无法解码", "pictures cannot be decoded"),
    Code.OTHER_VIEW: ("与核定画面不是同一场所", "not the approved view"),
    Code.TURNED_SINCE: ("机位与以往课次相比已移动", "the camera was turned since earlier lessons"),
    Code.UNUSUAL_VIEW: ("与以往课次不是同一画面", "not the view of earlier lessons"),
    Code.NO_MOVEMENT: ("长时间无人活动", "nobody moves for long"),
    Code.CLOCK_OTHER_TIME: (
        "画面时钟与申报时间不符（可能是时钟不准，也可能是旧录像）",
        "the clock in the picture says another time (it may be wrong, or the footage older)",
    ),
    Code.CLOCK_JUMP: ("画面时钟跳变", "the clock in the picture leaps"),
    Code.LOOP: ("录像内部循环播放", "a loop inside the recording"),
    Code.RECYCLED: ("与另一录像内容重复", "the same footage as another recording"),
    Code.SPLICED: ("拼入另一录像的片段", "a piece of another recording"),
    Code.FEW_PEOPLE: (
        "画面可见人脸明显少于签到人数（背对镜头者未计入）",
        "far fewer visible faces than sign-ins (people seen from behind are not counted)",
    ),
    Code.OVER_CAPACITY: ("画面可见人脸多于教室容纳人数", "more visible faces than the room has places"),
}


def flags_of(session: Session, review: ReviewAssignment, items: Sequence[ReviewItem], sources: Sequence[FlagSource]) -> list[Flag]:
    """What the machine noticed, in order of time; nothing at all before the verdict of this review's own inspector."""
    if review.state not in JUDGED:
        return []
    return sorted((flag for source in sources for flag in source(session, items)), key=lambda flag: (flag.start_at, flag.code))


def catalogue_flags(session: Session, items: Sequence[ReviewItem]) -> list[Flag]:
    """What was measured and noted when the files were verified: whole-file remarks lie over all of the file, holes where they are."""
    found: list[Flag] = []
    ids = list(dict.fromkeys(item.recording_id for item in items))
    rows = session.execute(select(Recording, Slot.due_at).outerjoin(Slot, Slot.id == Recording.slot_id).where(Recording.id.in_(ids)))
    for recording, due_at in rows:
        span = recording.recorded_span
        if span is None or span.lower is None or span.upper is None:
            continue
        media: dict[str, Any] = recording.media or {}  # Any: MediaFacts as JSON
        found += [_flag(span.lower, span.upper, code) for code in _whole_file(recording, media, due_at)]
        segments: list[list[int]] = media.get("segments", [])
        for before, after in pairwise(segments):
            start, end = (span.lower + timedelta(milliseconds=ms) for ms in (before[1], after[0]))
            found.append(_flag(start, end, "gap-inside"))
    return found


def screening_flags(session: Session, items: Sequence[ReviewItem]) -> list[Flag]:
    """The leads of screening, where they lie on the wall; those that somebody called not real are left out."""
    ids = list(dict.fromkeys(item.recording_id for item in items))
    begun_at = session.execute(select(Recording.id, Recording.declared_start_at).where(Recording.id.in_(ids)))
    starts = {recording_id: start_at for recording_id, start_at in begun_at}  # noqa: C416 - Row is not a pair for mypy
    found = []
    for lead in leads.of_recordings(session, ids):
        begun = starts[lead.recording_id]
        if begun is not None:
            start, end = (begun + timedelta(milliseconds=ms) for ms in (lead.from_ms, lead.to_ms))
            found.append(Flag(start, end, lead.code.value, *LEAD_WORDS[lead.code]))
    return found


def _whole_file(recording: Recording, media: dict[str, Any], due_at: datetime | None) -> list[str]:  # Any: MediaFacts as JSON
    codes = [str(remark) for remark in media.get("remarks", ()) if remark in WORDS]
    if due_at is not None and recording.created_at > due_at:
        codes.append("late-upload")
    if recording.start_source == "container":
        codes.append("start-not-confirmed")
    declared_ms = media.get("declared_ms")
    if declared_ms is not None and abs(declared_ms - media.get("duration_ms", declared_ms)) > DURATION_TOLERANCE_MS:
        codes.append("duration-disagrees")
    if media.get("time_jumps"):
        codes.append("time-jumps")
    return codes


def _flag(start_at: datetime, end_at: datetime, code: str) -> Flag:
    return Flag(start_at, end_at, code, *WORDS[code])
