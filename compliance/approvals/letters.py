"""What the letters about an application say, as data; printed in Chinese by `api.papers.approval_letter`. Pure.

Every letter that goes against the institution carries its remedies and how to put things right (两书同达, domain.md 2.1).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from compliance.approvals.rules import ApprovalRule, Kind

FORMAT: Final = "classproof-approval-letter-1"
DOCUMENT: Final = "《古县2023年职业技能培训“技能提升质量年”行动工作方案》（古人社发〔2023〕21号）"
CITED: Final = {  # requirement → place in the document and its words
    "R21": "第四部分第（一）项第2点：“由培训机构向人社局申请，经人社局审核批准后”延长培训时间",
    "R22": "第四部分第（一）项第2点：“在各工种类别原培训时间上延长最多3天”",
    "R23": "第四部分第（一）项第2点：“行业部门组织的普惠制培训，由行业主管部门审核批准”",
    "R77": "第四部分第（三）项第2点第三段：“原则上只能在培训协议中确定的培训地点开展培训”",
    "R78": "第四部分第（三）项第2点第三段：确需另选地点的，“须经人社局评估后”方可开展",
    "R79": "第四部分第（三）项第2点第三段：“不影响培训质量和培训安全”",
    "R103": "第五部分第（四）项：“消防安全、食品安全、房屋建筑安全”",
}


class LetterKind(StrEnum):
    """Papers that bear an office's name and number."""

    ACCEPTANCE = "acceptance"  # 受理通知书
    RETURN = "return"  # 退回补正通知书
    APPROVAL = "approval"  # 批复
    CONDITIONAL = "conditional-approval"  # 附条件批复
    IN_FORCE = "conditions-met"  # 条件已满足
    REFUSAL = "refusal"  # 不予批准决定书
    SUSPENSION = "suspension"  # 暂停使用通知书
    RESUMPTION = "resumption"  # 恢复使用通知书
    REVOCATION_NOTICE = "revocation-notice"  # 拟撤销事先告知书
    REVOCATION = "revocation"  # 撤销决定书


class StatementKind(StrEnum):
    """Papers without a letter's number."""

    APPLICATION = "application"
    VISIT = "site-visit"
    QUALITY = "assessment-quality"
    SAFETY = "assessment-safety"
    VIEW = "view"  # 陈述申辩


WORDS: Final = {
    LetterKind.ACCEPTANCE: "评受",
    LetterKind.RETURN: "评退",
    LetterKind.APPROVAL: "评批",
    LetterKind.CONDITIONAL: "评批",
    LetterKind.IN_FORCE: "评效",
    LetterKind.REFUSAL: "评不批",
    LetterKind.SUSPENSION: "评停",
    LetterKind.RESUMPTION: "评恢",
    LetterKind.REVOCATION_NOTICE: "评撤告",
    LetterKind.REVOCATION: "评撤",
}
SUBJECTS: Final = {Kind.LOCATION: "协议外培训地点", Kind.EXTENSION: "延长培训时间"}
TITLES: Final = {
    LetterKind.ACCEPTANCE: "{subject}申请受理通知书",
    LetterKind.RETURN: "{subject}申请退回补正通知书",
    LetterKind.APPROVAL: "关于{subject}申请的批复",
    LetterKind.CONDITIONAL: "关于{subject}申请的附条件批复",
    LetterKind.IN_FORCE: "{subject}批复生效通知书",
    LetterKind.REFUSAL: "{subject}申请不予批准决定书",
    LetterKind.SUSPENSION: "培训地点暂停使用通知书",
    LetterKind.RESUMPTION: "培训地点恢复使用通知书",
    LetterKind.REVOCATION_NOTICE: "拟撤销{subject}批准事先告知书",
    LetterKind.REVOCATION: "撤销{subject}批准决定书",
}
ADVERSE: Final = frozenset({LetterKind.RETURN, LetterKind.REFUSAL, LetterKind.SUSPENSION, LetterKind.REVOCATION_NOTICE, LetterKind.REVOCATION})
REPAIR: Final = {
    LetterKind.RETURN: (
        "按照本通知列明的事项逐项补正申请材料。",
        "补正后可随时重新提交；受理期限自重新提交之日起计算。",
        "在获得批准之前，请勿在该地点上课或者超出原定天数上课。",
    ),
    LetterKind.REFUSAL: (
        "对照本决定列明的理由逐项改正。",
        "改正后可以就同一事项重新申请，不因本次不予批准受到不利影响。",
        "在获得批准之前，培训应当在培训协议确定的地点、按照原定天数进行；否则相关课时不计入已证实课时，也不予补贴。",
    ),
    LetterKind.SUSPENSION: (
        "按照监督检查问题告知书和整改通知书的要求完成整改并提交整改报告。",
        "安全问题经核验整改到位或者被撤销后，系统自动恢复使用，另行通知。",
        "暂停期间请改在协议地点或者其他已批准地点上课；暂停期间在本地点的课时不计入已证实课时。",
    ),
    LetterKind.REVOCATION_NOTICE: (
        "可以在期限内提交陈述申辩意见和证明材料；不因陈述申辩加重处理。",
        "在期限内消除所列情形的，请一并说明并附证明材料。",
    ),
    LetterKind.REVOCATION: ("消除本决定列明的情形后，可以就同一地点重新申请评估。", "此前在批准有效期内已经证实的课时不受影响。"),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What every letter about one application repeats."""

    code: str
    kind: Kind
    institution_code: str
    institution_name: str
    classes: Sequence[str]
    clause: str
    address: str = ""
    room_name: str = ""
    capacity: int = 0
    cameras: int = 0
    from_on: date | None = None
    until_on: date | None = None
    days: int = 0
    office: str = ""  # a department's name; empty: the bureau's, printed from the settings


@dataclass(frozen=True, slots=True)
class Signer:
    """The named person who answers for a letter; of a suspension the system that carried it out, because nobody decides it."""

    name: str
    role: str


def facts_of(subject: Subject) -> dict[str, object]:
    """The application as every letter names it."""
    told: dict[str, object] = {
        "approval": subject.code,
        "kind": subject.kind.value,
        "subject_zh": SUBJECTS[subject.kind],
        "institution": {"code": subject.institution_code, "name": subject.institution_name},
        "classes": list(subject.classes),
        "until_on": subject.until_on.isoformat() if subject.until_on else "",
    }
    if subject.kind is Kind.EXTENSION:
        return told | {"days": subject.days}
    return told | {
        "address": subject.address,
        "room": subject.room_name,
        "capacity": subject.capacity,
        "cameras": subject.cameras,
        "from_on": subject.from_on.isoformat() if subject.from_on else "",
    }


def basis_of(kind: Kind, clause: str, *, safety: bool = False) -> str:
    """The document and its words."""
    cited = (["R77", "R78", "R79"] if kind is Kind.LOCATION else [clause, "R22"]) + (["R103"] if safety else [])
    return f"{DOCUMENT}" + "；".join(CITED[one] for one in cited) + "。"


def letter(kind: LetterKind, subject: Subject, *, at: datetime, signer: Signer, body: Mapping[str, Any]) -> dict[str, Any]:  # Any: JSON
    """The content of a letter. `body`: `says` (paragraphs), and what the kind adds."""
    return {
        "format": FORMAT,
        "kind": kind.value,
        "title": TITLES[kind].format(subject=SUBJECTS[subject.kind]),
        "at": at.isoformat(),
        "office": subject.office,
        "facts": facts_of(subject),
        "basis": basis_of(subject.kind, subject.clause, safety=kind in (LetterKind.SUSPENSION, LetterKind.RESUMPTION)),
        "signer": {"name": signer.name, "role": signer.role},
        "repair": list(REPAIR.get(kind, ())),
        **body,
    }


def remedies(rule: ApprovalRule) -> str:
    """How a decision is taken further."""
    return (
        f"对本决定不服的，可以自收到之日起{rule.approval_reconsideration_days}日内依法申请行政复议，"
        f"或者自收到之日起{rule.approval_litigation_months}个月内依法提起行政诉讼。"
    )
