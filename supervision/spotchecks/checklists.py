"""What whoever reviews the footage of a lesson must answer, item by item (审看检查表). R70–R72, R74, R75, R77, R91, R92, R103; domain.md 2.3.2. Pure.

Each item is a question to which *yes* is as it should be. An answer that is not *yes* needs a word why. Lists are dated: a review answers the list
that was in force on the day it was assigned, whatever is decided later. On-site visits have their own list (`supervision.visits.checklist`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from supervision.sampling.lifecycle import DrawMethod

MAX_NOTE_CHARS: Final = 1000


class Answer(StrEnum):
    YES = "yes"
    NO = "no"
    CANNOT_TELL = "cannot-tell"
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True, slots=True)
class Item:
    """One question. `defect` is the code of the finding that a *no* may become (`supervision.findings.rules.DefectCode`).

    `kinds`: the answers that can be given; `methods`: the methods of supervision that ask it, none = all; `required`: no sign-off without it.
    """

    code: str
    clause: str
    zh: str
    en: str
    defect: str
    required: bool = True
    kinds: tuple[Answer, ...] = tuple(Answer)
    methods: frozenset[DrawMethod] = frozenset()

    def is_asked_by(self, method: DrawMethod) -> bool:
        return not self.methods or method in self.methods


@dataclass(frozen=True, slots=True)
class Version:
    """A list as it is in force from a day on."""

    name: str
    from_on: date
    items: tuple[Item, ...]


ON_TAPE: Final = (Answer.YES, Answer.NO, Answer.CANNOT_TELL)  # what every recording of a lesson must show: it cannot "not apply"
DEEPER: Final = frozenset({DrawMethod.SPECIAL, DrawMethod.THIRD_PARTY, DrawMethod.QUALITY, DrawMethod.CREDIT})

VERSIONS: Final = (
    Version(
        "video-1",
        date(2023, 5, 5),
        (
            Item("held", "R71", "本课次正在授课", "teaching is going on", "lesson-not-held", kinds=ON_TAPE),
            Item(
                "view",
                "R71",
                "画面全面覆盖培训现场，摄像机未被遮挡或移动",
                "the view covers the training; no camera is covered or turned away",
                "partial-view",
                kinds=ON_TAPE,
            ),
            Item("on-time", "R72", "按课表时间开始和结束", "it begins and ends as the timetable says", "short-lesson"),
            Item("headcount", "R75", "画面中人数与签到人数一致", "as many trainees are seen as signed in", "too-few-trainees"),
            Item("real-name", "R74", "未见名册以外的人员顶替参训", "nobody stands in for a trainee on the roster", "not-real-name", required=False),
            Item("room", "R77", "教室与备案的培训地点一致", "the room is the one on record for the agreed place", "wrong-place"),
            Item("mandarin", "R91", "使用普通话教学", "it is taught in Mandarin", "non-mandarin"),
            Item("teacher", "R70", "授课教师与备案一致", "the teacher is the one on record", "teacher-equipment"),
            Item("equipment", "R70", "实操设备满足培训需要", "the practice equipment suffices", "teacher-equipment", required=False),
            Item(
                "basics",
                "R92",
                "授课含安全、消防、法制等基本内容",
                "safety, fire and law are part of what is taught",
                "missing-safety-content",
                methods=DEEPER,
            ),
            Item("danger", "R103", "未见消防、房屋或操作安全隐患", "no danger of fire, building or handling is seen", "fire-food-building"),
        ),
    ),
)


def version_on(day: date) -> Version:
    """The list in force on a day. Raises: LookupError — before the first one."""
    found = [version for version in VERSIONS if version.from_on <= day]
    if not found:
        raise LookupError(day.isoformat())
    return found[-1]


def checklist(method: DrawMethod, day: date) -> tuple[Item, ...]:
    """What is asked in a review by `method` that was assigned on `day`, in the order of the page."""
    return tuple(item for item in version_on(day).items if item.is_asked_by(method))


def note_is_needed(answer: Answer) -> bool:
    """A *yes* speaks for itself; everything else must be put in words."""
    return answer is not Answer.YES


@dataclass(frozen=True, slots=True)
class Given:
    """An answer as it stands, with its word."""

    answer: Answer
    note: str = ""

    @property
    def is_whole(self) -> bool:
        return not note_is_needed(self.answer) or bool(self.note.strip())


def unanswered(items: Collection[Item], given: Mapping[str, Given]) -> tuple[str, ...]:
    """Codes that keep a review from being signed: required and without an answer, or answered without the word it needs."""
    return tuple(item.code for item in items if (item.code in given and not given[item.code].is_whole) or (item.required and item.code not in given))
