"""What the evidence of a rating is, in words that a principal understands: kind, day, lesson or document, number. R62; 2.3.4. Reads only.

The inputs name their evidence by references that never change (`complaint/…`, a finding, a class); letters and pages say what stands behind them,
and letters keep as small print the numbers that say nothing to a person.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from compliance.rating.models import CreditItem
from supervision.classes.models import Lesson, TrainingClass
from supervision.findings.models import Finding
from supervision.findings.rules import DEFECTS
from supervision.outcomes.models import Complaint

LONGEST: Final = 40  # characters of what a complaint or an item says; the whole stands in the record
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # strftime would follow the server's locale
RATIOS: Final[Mapping[str, tuple[str, str]]] = {
    "coverage": ("{year}年应当录像的课次", "lessons of {year} that had to be filmed"),
    "sign-in": ("{year}年签到签退记录", "sign-ins and sign-outs of {year}"),
    "roster": ("{year}年开班学员花名册", "rosters of classes that began in {year}"),
    "archive": ("{year}年结业登记", "ends of course registered in {year}"),
    "employment": ("{year}年就业证明台账", "papers of employment looked at for {year}"),
    "task": ("{year}年度培训任务完成情况", "the training task of {year}"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """One piece of evidence in words. `number`: the reference, where the words do not hold it."""

    zh: str
    en: str
    number: str = ""


def told(session: Session, reasons: Iterable[Mapping[str, Any]]) -> dict[str, Told]:  # Any: rules.Reason.plain()
    """Reference → words, for every reference of these reasons. What no longer exists keeps its reference."""
    by_code: dict[str, list[str]] = {}
    for reason in reasons:
        by_code.setdefault(reason["code"], []).extend(reason["evidence"])
    found: dict[str, Told] = {}
    for code, refs in by_code.items():
        found |= _of(session, code, sorted(set(refs)))
    return found


def _of(session: Session, code: str, refs: Sequence[str]) -> dict[str, Told]:
    if code in RATIOS:
        return {ref: _ratio(code, ref) for ref in refs}
    if code == "complaint":
        return _complaints(session, refs)
    family = code.partition("-")[0]  # of `finding-serious`; what-if names the family alone
    if family in ("finding", "rectification", "safety"):
        return _findings(session, refs)
    if family == "startup":
        return _classes(session, refs)
    if family == "item" or code == "forged-footage":
        return _items(session, refs)
    zh, en = {
        "quality": ("质量评估报告{ref}", "quality evaluation {ref}"),
        "major-problem": ("审计、检查文书{ref}", "audit document {ref}"),
    }.get(code, ("课次和机位{ref}的缺失说明", "explanation for lesson and camera {ref}") if code.startswith("explanation-") else ("{ref}", "{ref}"))
    return {ref: Told(zh.format(ref=ref), en.format(ref=ref)) for ref in refs}


def _ratio(code: str, ref: str) -> Told:
    year = ref.rpartition("/")[2]
    zh, en = RATIOS[code]
    return Told(zh.format(year=year), en.format(year=year))


def _complaints(session: Session, refs: Sequence[str]) -> dict[str, Told]:
    """Who may not read complaints (the institution, on its page) is told that there is one; what it says stands in the letter."""
    ids = {ref: UUID(ref.partition("/")[2]) for ref in refs}
    rows = session.scalars(select(Complaint).where(Complaint.id.in_(ids.values())).order_by(Complaint.received_on, Complaint.id)).all()
    found: dict[str, Told] = {}
    for row in rows:
        decided = row.decided_on or row.received_on
        zh = f"{_day(row.received_on)}收到的投诉举报（{_day(decided)}查实，反映“{_short(row.summary)}”）"
        en = f"complaint received on {_english(row.received_on)} (found to be true on {_english(decided)}: “{_short(row.summary)}”)"
        found[f"complaint/{row.id}"] = Told(zh, en, number=str(row.id))
    return found | {ref: Told("投诉举报", "complaint", number=str(ids[ref])) for ref in refs if ref not in found}


def _findings(session: Session, refs: Sequence[str]) -> dict[str, Told]:
    rows = session.execute(select(Finding, Lesson.natural_id).join(Lesson, Lesson.id == Finding.lesson_id).where(Finding.code.in_(refs)))
    return {
        row.code: Told(f"问题{row.code}（{DEFECTS[row.defect].zh}，课次{lesson}）", f"finding {row.code} ({DEFECTS[row.defect].en}, lesson {lesson})")
        for row, lesson in rows
    }


def _classes(session: Session, refs: Sequence[str]) -> dict[str, Told]:
    rows = session.scalars(select(TrainingClass).where(TrainingClass.code.in_(refs)))
    return {
        row.code: Told(f"班级{row.code}（{row.trade}，{_day(row.ends_on)}结束）", f"class {row.code} ({row.trade}, ended on {_english(row.ends_on)})")
        for row in rows
    }


def _items(session: Session, refs: Sequence[str]) -> dict[str, Told]:
    rows = session.scalars(select(CreditItem).where(CreditItem.code.in_(refs)))
    return {
        row.code: Told(
            f"信用信息{row.code}（{_day(row.decided_on)}认定，{_short(row.summary)}）",
            f"item {row.code} (decided on {_english(row.decided_on)}: {_short(row.summary)})",
        )
        for row in rows
    }


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _english(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
