"""Which defects can be found, and how bad a finding is. R69–R77, R91, R92, R103. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    MINOR = "minor"  # 轻微
    GENERAL = "general"  # 一般
    SERIOUS = "serious"  # 严重


class DefectCode(StrEnum):
    LESSON_NOT_HELD = "lesson-not-held"
    SHORT_LESSON = "short-lesson"
    WRONG_PLACE = "wrong-place"
    COVERED_CAMERA = "covered-camera"
    PARTIAL_VIEW = "partial-view"
    TOO_FEW_TRAINEES = "too-few-trainees"
    NOT_REAL_NAME = "not-real-name"
    SIGN_IN_MISMATCH = "sign-in-mismatch"
    ARCHIVE_INCOMPLETE = "archive-incomplete"
    NON_MANDARIN = "non-mandarin"
    MISSING_SAFETY_CONTENT = "missing-safety-content"
    FIRE_FOOD_BUILDING = "fire-food-building"
    ADVERTISING = "advertising"
    TEACHER_EQUIPMENT = "teacher-equipment"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Defect:
    """One line of the code list: what it rests on, how it reads, and which severity a form offers first."""

    code: DefectCode
    clause: str
    zh: str
    en: str
    usual: Severity


_LIST: Final = (
    Defect(DefectCode.LESSON_NOT_HELD, "R71", "未按课表授课", "the lesson was not held", Severity.SERIOUS),
    Defect(DefectCode.SHORT_LESSON, "R72", "课时不足", "the lesson was shorter than scheduled", Severity.GENERAL),
    Defect(DefectCode.WRONG_PLACE, "R77", "培训地点与协议不符", "not at the agreed place", Severity.SERIOUS),
    Defect(DefectCode.COVERED_CAMERA, "R71", "遮挡或移动摄像机", "the camera was covered or turned away", Severity.SERIOUS),
    Defect(DefectCode.PARTIAL_VIEW, "R71", "监控画面未全面覆盖", "the view does not cover the training", Severity.GENERAL),
    Defect(DefectCode.TOO_FEW_TRAINEES, "R75", "到课人数与签到不符", "fewer trainees than signed in", Severity.SERIOUS),
    Defect(DefectCode.NOT_REAL_NAME, "R74", "参训人员未录入实名制系统", "a trainee is missing in the real-name system", Severity.GENERAL),
    Defect(DefectCode.SIGN_IN_MISMATCH, "R75", "代签或未签到签退", "signed in by another, or not signed", Severity.SERIOUS),
    Defect(DefectCode.ARCHIVE_INCOMPLETE, "R76", "档案资料留存不全", "records of a stage are missing", Severity.GENERAL),
    Defect(DefectCode.NON_MANDARIN, "R91", "未使用普通话教学", "not taught in Mandarin", Severity.MINOR),
    Defect(DefectCode.MISSING_SAFETY_CONTENT, "R92", "缺少安全、消防、法制、普通话内容", "basic curriculum content is missing", Severity.GENERAL),
    Defect(DefectCode.FIRE_FOOD_BUILDING, "R103", "消防、食品或房屋建筑安全隐患", "fire, food or building safety", Severity.SERIOUS),
    Defect(DefectCode.ADVERTISING, "R69", "招生宣传不规范", "improper recruitment advertising", Severity.GENERAL),
    Defect(DefectCode.TEACHER_EQUIPMENT, "R70", "师资或实操设备配置不合理", "inadequate teacher or practice equipment", Severity.GENERAL),
    Defect(DefectCode.OTHER, "R60", "其他问题", "another problem, described in the note", Severity.MINOR),
)

DEFECTS: Final[dict[DefectCode, Defect]] = {defect.code: defect for defect in _LIST}


def note_is_needed(code: DefectCode, severity: Severity) -> bool:
    """A serious finding and an unlisted problem must be described in words; a code alone is not a fact."""
    return code is DefectCode.OTHER or severity is Severity.SERIOUS
