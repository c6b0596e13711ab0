"""What the letters about a finding say, as data: facts, basis, rights, deadlines. Printed in Chinese by `api.papers.finding_letter`. Pure.

A letter is complete or it is not served: `missing` names what is absent, and the guards of `lifecycle.FINDING_MOVES` refuse. domain.md 2.3.2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from storage.kernel.clock import BUREAU_ZONE
from supervision.findings.models import PaperKind
from supervision.findings.rules import Defect, Severity

FORMAT: Final = "classproof-letter-1"
TITLES: Final = {
    PaperKind.NOTICE: "监督检查问题告知书",
    PaperKind.REPLY: "情况说明",
    PaperKind.OBJECTION: "陈述申辩意见",
    PaperKind.ANSWER: "陈述申辩复核答复书",
    PaperKind.RECTIFICATION_ORDER: "限期整改通知书",
    PaperKind.RECTIFICATION_REPORT: "整改报告",
    PaperKind.CLOSING: "办结告知书",
    PaperKind.REVIEW_REQUEST: "复核申请",
    PaperKind.REVIEW_ANSWER: "复核决定书",
}
WORDS: Final = {  # the word of the document number: 古人社检告〔2026〕1号
    PaperKind.NOTICE: "检告",
    PaperKind.ANSWER: "检复",
    PaperKind.RECTIFICATION_ORDER: "检改",
    PaperKind.CLOSING: "检结",
    PaperKind.REVIEW_ANSWER: "检核",
}
SEVERITIES: Final = {Severity.MINOR: "轻微", Severity.GENERAL: "一般", Severity.SERIOUS: "严重"}
DOCUMENT: Final = "《古县2023年职业技能培训“技能提升质量年”行动工作方案》（古人社发〔2023〕21号）"
_SUPERVISION: Final = "第四部分第（三）项第2点第三段"
CLAUSES: Final = {  # requirement → where the document says it, and in which words
    "R60": ("第四部分第（三）项第2点第二段", "全程监督管理"),
    "R69": (_SUPERVISION, "规范招生宣传"),
    "R70": (_SUPERVISION, "合理配置教学师资和实操设备"),
    "R71": (_SUPERVISION, "视频监控要全面覆盖"),
    "R72": (_SUPERVISION, "影像资料要全程保存"),
    "R74": (_SUPERVISION, "参训人员信息要全部录入实名制系统"),
    "R75": (_SUPERVISION, "电子券签到签退功能要全面启用"),
    "R76": (_SUPERVISION, "档案资料要全环节留存"),
    "R77": (_SUPERVISION, "原则上只能在培训协议中确定的培训地点开展培训"),
    "R91": ("第五部分第（一）项", "要使用普通话开展教学"),
    "R92": ("第五部分第（一）项", "安全、消防、法制、普通话列入培训基本课程"),
    "R103": ("第五部分第（四）项", "消防安全、食品安全、房屋建筑安全"),
}
MAX_POINTS: Final = 20
MAX_TEXT: Final = 8000


@dataclass(frozen=True, slots=True)
class Seen:
    """The part of a signed visit that a finding rests on: the question that was answered with no, who was there, the hashes (hex)."""

    visit: str
    question: str
    inspectors: tuple[str, ...]
    record_sha256: str
    photo_sha256s: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """What every letter about one finding repeats. With `visit` there is no footage: camera, file and hash are empty."""

    code: str
    institution_code: str
    institution_name: str
    lesson: str
    place: str
    camera: str
    starts_at: datetime
    ends_at: datetime
    start_ms: int
    end_ms: int
    file_name: str
    footage_sha256: str
    defect: Defect
    severity: Severity
    note: str
    visit: Seen | None = None


@dataclass(frozen=True, slots=True)
class Signer:
    """The named person who answers for a letter."""

    name: str
    role: str


def facts_of(case: Case) -> dict[str, object]:
    """The facts as every letter carries them."""
    rests_on: dict[str, object] = {
        "camera": case.camera,
        "position_ms": [case.start_ms, case.end_ms],
        "file_name": case.file_name,
        "footage_sha256": case.footage_sha256,
    }
    if case.visit is not None:
        rests_on = {
            "visit": case.visit.visit,
            "question": case.visit.question,
            "inspectors": list(case.visit.inspectors),
            "record_sha256": case.visit.record_sha256,
            "photo_sha256s": list(case.visit.photo_sha256s),
        }
    return {
        "finding": case.code,
        "institution": {"code": case.institution_code, "name": case.institution_name},
        "lesson": case.lesson,
        "place": case.place,
        "starts_at": case.starts_at.isoformat(),
        "ends_at": case.ends_at.isoformat(),
        **rests_on,
        "defect": case.defect.code.value,
        "defect_zh": case.defect.zh,
        "clause": case.defect.clause,
        "severity_zh": SEVERITIES[case.severity],
        "note": case.note,
    }


def basis_of(clause: str) -> str:
    """The document, the place in it and its words, as a letter cites them. Raises: KeyError — a clause nobody can cite."""
    place, words = CLAUSES[clause]
    return f"{DOCUMENT}{place}：“{words}”。"


def letter(kind: PaperKind, case: Case, *, at: datetime, signer: Signer, body: Mapping[str, Any]) -> dict[str, Any]:  # Any: JSON
    """A letter of the bureau. `body` holds what the kind adds: deadlines, answers, what was verified."""
    return {
        "format": FORMAT,
        "kind": kind.value,
        "at": at.isoformat(),
        "facts": facts_of(case),
        "basis": basis_of(case.defect.clause),
        "signer": {"name": signer.name, "role": signer.role},
        **body,
    }


def notice(
    case: Case,
    *,
    at: datetime,
    signer: Signer,
    object_until: datetime,
    working_days: int,
    still_sha256: str,
    stills: Sequence[Mapping[str, object]] = (),
) -> dict[str, Any]:  # Any: JSON
    """监督检查问题告知书: facts, basis, rights and their deadline, before anything is ordered.

    `stills`: pictures that the inspector took of the mark: `sha256`, `at` (wall clock, ISO 8601), `at_ms` (position in the recording).
    """
    rights = (
        f"贵单位对上述事实、理由和依据有权陈述和申辩，请于收到本告知书之日起{working_days}个工作日内（即{day_text(object_until)}前）在本系统提交意见和证据材料；"
        "逾期未提交的，视为放弃。不因陈述申辩而加重处理。"
    )
    return letter(
        PaperKind.NOTICE,
        case,
        at=at,
        signer=signer,
        body={"object_until": object_until.isoformat(), "rights": rights, "still_sha256": still_sha256, "stills": [dict(one) for one in stills]},
    )


def answer(
    case: Case, *, at: datetime, signer: Signer, points: Sequence[tuple[str, str]], rectify_until: datetime | None
) -> dict[str, Any]:  # Any: JSON
    """陈述申辩复核答复书: each point of the objection with its answer, and what follows. `rectify_until` None: the objection was right."""
    follows = (
        "经复核，贵单位的意见成立，撤销本问题认定，不作为信用评价和补贴核算的依据。"
        if rectify_until is None
        else f"经复核，维持原认定。请于{day_text(rectify_until)}前完成整改，并在本系统提交整改报告。"
    )
    body: dict[str, Any] = {  # Any: JSON
        "upheld": rectify_until is None,
        "points": [{"point": point, "answer": given} for point, given in points],
        "follows": follows,
        "rights": "对本答复不服的，可在办结后申请复核；涉及行政决定的，依法申请行政复议或者提起行政诉讼。",
    }
    if rectify_until is not None:
        body["rectify_until"] = rectify_until.isoformat()
    return letter(PaperKind.ANSWER, case, at=at, signer=signer, body=body)


def rectification_order(case: Case, *, at: datetime, signer: Signer, rectify_until: datetime, wanted: str) -> dict[str, Any]:  # Any: JSON
    """限期整改通知书: what is to be put right and until when."""
    return letter(
        PaperKind.RECTIFICATION_ORDER,
        case,
        at=at,
        signer=signer,
        body={
            "rectify_until": rectify_until.isoformat(),
            "wanted": wanted,
            "follows": f"请于{day_text(rectify_until)}前完成整改，并在本系统提交整改报告和证明材料。逾期未整改的，依法依规处理。",
        },
    )


def closing(case: Case, *, at: datetime, signer: Signer, how_verified: str, review_until: datetime) -> dict[str, Any]:  # Any: JSON
    """办结告知书: the rectification was verified; the result, how to have it reviewed, how credit is repaired (两书同达)."""
    return letter(
        PaperKind.CLOSING,
        case,
        at=at,
        signer=signer,
        body={
            "how_verified": how_verified,
            "follows": "本问题整改已核验通过，予以办结。结果依规公示，公示内容不含个人信息。",
            "rights": f"对结果有异议的，可于{day_text(review_until)}前在本系统申请复核。",
            "repair": "涉及信用信息的，符合条件后可依规申请信用修复；修复后停止公示和共享，并恢复相应等次。",
            "review_until": review_until.isoformat(),
        },
    )


def review_answer(case: Case, *, at: datetime, signer: Signer, points: Sequence[tuple[str, str]], upheld: bool) -> dict[str, Any]:  # Any: JSON
    """复核决定书: every point of the request answered by a person who took no part, with the remedies that remain."""
    return letter(
        PaperKind.REVIEW_ANSWER,
        case,
        at=at,
        signer=signer,
        body={
            "points": [{"point": point, "answer": given} for point, given in points],
            "follows": "经复核，申请理由成立，撤销对该问题的认定，不予公示。" if upheld else "经复核，维持原办结结果。",
            "upheld": upheld,
            "rights": "" if upheld else "对本决定不服的，可自收到之日起60日内依法申请行政复议，或者自收到之日起6个月内依法提起行政诉讼。",
        },
    )


def statement(kind: PaperKind, *, at: datetime, text: str, points: Sequence[str], author: Signer, finding: str) -> dict[str, Any]:  # Any: JSON
    """What the institution says: a reply, an objection or a request for review in points, or a report of its rectification."""
    return {
        "format": FORMAT,
        "kind": kind.value,
        "finding": finding,
        "at": at.isoformat(),
        "text": text,
        "points": list(points),
        "signer": {"name": author.name, "role": author.role},
    }


def is_whole(content: Mapping[str, Any]) -> dict[str, object]:  # Any: JSON
    """The facts that the guard of the notice asks for: are fact, basis, rights and signer really in the letter?"""
    facts = content.get("facts", {})
    told = ("institution", "lesson", "starts_at", "ends_at", "defect_zh", "clause")
    shown = bool(facts.get("footage_sha256")) or (bool(facts.get("record_sha256")) and bool(facts.get("photo_sha256s")))
    return {
        "facts_stated": shown and all(facts.get(name) for name in told),
        "basis_stated": bool(content.get("basis")),
        "rights_stated": bool(content.get("rights")) and bool(content.get("object_until")),
        "signed": bool(content.get("signer", {}).get("name")),
    }


def day_text(until: datetime) -> str:
    """An exclusive midnight as the day that still counts: 2026年12月1日24时."""
    last = (until - timedelta(seconds=1)).astimezone(BUREAU_ZONE)
    return f"{last.year}年{last.month}月{last.day}日24时"
