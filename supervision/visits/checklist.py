"""What two inspectors look at on the spot (现场检查内容): R69–R71, R74–R77, R91–R92, R103. Pure.

Each item is a question to which *yes* is as it should be. *Cannot tell* and *not applicable* need a word why; *no* needs what was seen. Items with
`photo` need at least one picture unless they do not apply: the building is not believed on a tick. The list has a version; a visit keeps its own.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from supervision.spotchecks.checklists import Answer

VERSION: Final = "on-site-1"


class Group(StrEnum):
    LESSON = "lesson"  # 授课
    PEOPLE = "people"  # 人员
    PREMISES = "premises"  # 场地设备
    CAMERAS = "cameras"  # 监控
    SAFETY = "safety"  # 安全
    RECORDS = "records"  # 档案宣传


@dataclass(frozen=True, slots=True)
class Item:
    """One question. `defect` is the code of the finding that a *no* may become (`supervision.findings.rules.DefectCode`)."""

    code: str
    group: Group
    clause: str
    zh: str
    en: str
    defect: str
    photo: bool = False


ITEMS: Final = (
    Item("held", Group.LESSON, "R71", "本课次正在按课表授课", "the lesson is being held as the timetable says", "lesson-not-held", photo=True),
    Item("place", Group.LESSON, "R77", "在培训协议确定的地点授课", "it is held at the place fixed in the agreement", "wrong-place"),
    Item("mandarin", Group.LESSON, "R91", "使用普通话教学", "it is taught in Mandarin", "non-mandarin"),
    Item(
        "basics",
        Group.LESSON,
        "R92",
        "基本课程列有安全、消防、法制、普通话",
        "safety, fire, law and Mandarin are in the curriculum",
        "missing-safety-content",
    ),
    Item("headcount", Group.PEOPLE, "R75", "到课人数与签到一致", "as many trainees are there as signed in", "too-few-trainees", photo=True),
    Item("real-name", Group.PEOPLE, "R74", "到课人员均在实名制名册内", "all of them are on the real-name roster", "not-real-name"),
    Item(
        "teachers", Group.PREMISES, "R70", "授课教师与备案一致、配备合理", "the teacher is the one named and fit for the trade", "teacher-equipment"
    ),
    Item("equipment", Group.PREMISES, "R70", "实操设备满足培训需要", "the practice equipment suffices", "teacher-equipment", photo=True),
    Item(
        "coverage",
        Group.CAMERAS,
        "R71",
        "摄像机正常，画面全面覆盖培训现场",
        "the cameras work and cover the whole training",
        "partial-view",
        photo=True,
    ),
    Item("fire", Group.SAFETY, "R103", "消防设施有效、通道畅通", "fire equipment is valid, the exits are clear", "fire-food-building", photo=True),
    Item("food", Group.SAFETY, "R103", "食品安全符合要求", "food is handled safely", "fire-food-building"),
    Item("building", Group.SAFETY, "R103", "房屋建筑无明显隐患", "the building shows no visible danger", "fire-food-building"),
    Item("archive", Group.RECORDS, "R76", "各环节档案资料留存齐全", "records of every stage are kept", "archive-incomplete"),
    Item("advertising", Group.RECORDS, "R69", "招生宣传规范", "recruitment advertising is proper", "advertising"),
)
BY_CODE: Final[dict[str, Item]] = {item.code: item for item in ITEMS}


def photo_is_needed(item: Item, answer: Answer) -> bool:
    """A problem is shown, and so is what the list asks to be shown."""
    return answer is Answer.NO or (item.photo and answer is not Answer.NOT_APPLICABLE)
