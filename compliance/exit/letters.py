"""What the letters of an exit case say, as data; printed in Chinese by `api.papers.exit_letter`. domain.md 2.3.5, 2.1 (两书同达). Pure.

A letter is whole or it is not served: `is_whole` names what a notice needs, and the guard of its move refuses what lacks something.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from compliance.exit.rules import CLAUSE_OF, Effect, Measure, Trigger
from storage.kernel.clock import local_instant
from supervision.findings.letters import DOCUMENT, Signer, day_text
from supervision.institutions.models import RunningClasses

FORMAT: Final = "classproof-exit-letter-1"
WORDS: Final = {  # kind → word of the number: 古人社退告〔2026〕1号
    "notice": "退告",
    "hearing-call": "退听",
    "decision": "退决",
    "service": "退送",
    "withdrawal": "退销",
    "reversal": "退撤",
    "readmission": "退准",
}
TITLES: Final = {
    "notice": "退出目录事先告知书",
    "hearing-call": "听证通知书",
    "decision": "退出案件处理决定书",
    "service": "送达回证",
    "withdrawal": "撤销立案告知书",
    "reversal": "撤销决定告知书",
    "readmission": "重新准入决定书",
    "legal-review": "法制审核意见",
    "submission": "立案调查报告",
    "statement": "陈述申辩意见",
    "hearing-request": "听证申请",
    "hearing-record": "听证笔录",
    "recheck": "复核意见",
    "proposal": "拟处理意见",
    "correction": "改正核验记录",
    "readmission-application": "重新准入申请",
    "assessment": "重新准入评估意见",
}
TRIGGERS: Final = {
    Trigger.EMPLOYMENT: "培训后就业率低于规定标准",
    Trigger.TASK: "未完成上一年度政府补贴性培训任务",
    Trigger.AUDIT: "审计、检查过程中发现存在重大问题",
    Trigger.FINDING: "监督检查过程中发现存在重大问题",
    Trigger.EVALUATION: "评价机构问题多、质量差",
}
EFFECTS: Final = {
    Effect.EXCLUDE: "退出目录，不得承担政府补贴性培训任务",
    Effect.RESTRICT: "限制承接新的政府补贴性培训任务",
    Effect.CORRECT: "责令改正",
    Effect.DISMISS: "不予处理",
}
FATES: Final = {
    RunningClasses.CONTINUE: "在训班次继续至结业，按原协议监管，保障学员完成培训",
    RunningClasses.TRANSFER: "在训班次转由其他目录内机构继续，学员已完成的课时予以承认",
    RunningClasses.STOP: "在训班次停止，由人社局会同主管部门安置学员",
}
_EXIT: Final = (
    f"{DOCUMENT}第四部分第（三）项第1点：“建立培训机构动态管理和退出机制，凡培训后就业率低于25%的、未完成上一年度政府补贴性培训任务的、"
    "各级各部门审计、检查过程中发现存在重大问题的，不得承担政府补贴性培训任务。”"
)
_ELIMINATION: Final = (
    f"{DOCUMENT}第四部分第（二）项第2点：“全县要建立动态调整机制，加强对评价机构的管理服务，对问题多、质量差的评价机构及时淘汰，确保评价质量。”"
)


@dataclass(frozen=True, slots=True)
class Matter:
    """What every letter of a case repeats. `evidence`: label and value, hashes in hex."""

    code: str
    institution_code: str
    institution_name: str
    trigger: Trigger
    year: int
    figures: tuple[int, int, int] | None
    evidence: tuple[tuple[str, str], ...]


def basis_of(trigger: Trigger) -> str:
    """The document, the place in it and its words."""
    return _ELIMINATION if trigger is Trigger.EVALUATION else _EXIT


def facts_of(matter: Matter) -> dict[str, Any]:  # Any: JSON
    """The facts as every letter carries them."""
    told: dict[str, Any] = {
        "case": matter.code,
        "institution": {"code": matter.institution_code, "name": matter.institution_name},
        "trigger": matter.trigger.value,
        "trigger_zh": TRIGGERS[matter.trigger],
        "clause": CLAUSE_OF[matter.trigger],
        "year": matter.year,
        "evidence": [list(pair) for pair in matter.evidence],
    }
    if matter.figures is not None:
        told["numerator"], told["denominator"], told["limit_permille"] = matter.figures
    return told


def letter(kind: str, matter: Matter, *, at: datetime, signer: Signer, body: Mapping[str, Any]) -> dict[str, Any]:  # Any: JSON
    """A letter of the bureau; `body` is what its kind adds."""
    return {
        "format": FORMAT,
        "kind": kind,
        "at": at.isoformat(),
        "facts": facts_of(matter),
        "basis": basis_of(matter.trigger),
        "signer": {"name": signer.name, "role": signer.role},
        **body,
    }


def notice(
    matter: Matter,
    *,
    at: datetime,
    signer: Signer,
    reasons: str,
    intended: Measure,
    statement_until: datetime,
    statement_days: int,
    hearing_until: datetime,
    hearing_days: int,
) -> dict[str, Any]:  # Any: JSON
    """事先告知书: facts, reasons, basis, the intended decision, and the rights with their days."""
    rights = (
        f"贵单位有权陈述和申辩，请于收到本告知书之日起{statement_days}个工作日内（即{day_text(statement_until)}前）在本系统提交意见和证据材料；"
        f"有权要求听证，请于{hearing_days}个工作日内（即{day_text(hearing_until)}前）提出。逾期未提出的，视为放弃。不因陈述、申辩或者要求听证而加重处理。"
    )
    return letter(
        "notice",
        matter,
        at=at,
        signer=signer,
        body={
            "reasons": reasons,
            "intended": EFFECTS[intended.effect],
            "intended_effect": intended.effect.value,
            "months": intended.months,
            "rights": rights,
            "statement_until": statement_until.isoformat(),
            "hearing_until": hearing_until.isoformat(),
        },
    )


def is_whole(content: Mapping[str, Any]) -> dict[str, object]:  # Any: JSON
    """What the guard of the notice asks for."""
    facts = content.get("facts", {})
    return {
        "facts_stated": bool(facts.get("evidence")) and bool(content.get("reasons")) and bool(facts.get("institution")),
        "basis_stated": bool(content.get("basis")),
        "rights_stated": bool(content.get("rights")) and bool(content.get("statement_until")) and bool(content.get("hearing_until")),
        "signed": bool(content.get("signer", {}).get("name")),
    }


def hearing_call(matter: Matter, *, at: datetime, signer: Signer, hearing_at: datetime, place: str, chair: str) -> dict[str, Any]:  # Any: JSON
    """听证通知书: when, where, who presides, and the right to have that person stand aside."""
    when = local_instant(hearing_at)
    return letter(
        "hearing-call",
        matter,
        at=at,
        signer=signer,
        body={
            "hearing_at": hearing_at.isoformat(),
            "place": place,
            "chair": chair,
            "follows": f"兹定于{when.year}年{when.month}月{when.day}日{when:%H:%M}在{place}举行听证，由{chair}主持。主持人未参与本案调查。",
            "rights": "贵单位可以委托一至二人代理，可以申请主持人回避，可以在听证中陈述、申辩和质证。无正当理由不出席的，视为放弃听证。",
        },
    )


def decision(
    matter: Matter,
    *,
    at: datetime,
    signer: Signer,
    reasons: str,
    measure: Measure,
    running_classes: RunningClasses | None,
    points: Sequence[tuple[str, str]],
    recheck: str,
    collective: str,
    reconsider_days: int,
    sue_months: int,
) -> dict[str, Any]:  # Any: JSON
    """处理决定书: facts, evidence, every point answered, basis, effect, term, remedies; the repair page goes with it (两书同达)."""
    term = f"，期限{measure.months}个月，自送达之日起计算" if measure.months else ""
    body: dict[str, Any] = {  # Any: JSON
        "reasons": reasons,
        "effect": measure.effect.value,
        "months": measure.months,
        "follows": f"{EFFECTS[measure.effect]}{term}。",
        "points": [{"point": point, "answer": given} for point, given in points],
        "recheck": recheck,
        "collective": collective,
        "remedies": "",
    }
    if measure.effect is not Effect.DISMISS:
        body["remedies"] = (
            f"不服本决定的，可以自收到本决定书之日起{reconsider_days}日内向古县人民政府申请行政复议，或者自收到本决定书之日起{sue_months}个月内"
            "向有管辖权的人民法院提起行政诉讼。复议、诉讼期间本决定不停止执行，法律另有规定或者复议机关、人民法院决定停止执行的除外。"
        )
    if running_classes is not None:
        body["running_classes"] = running_classes.value
        body["running_zh"] = FATES[running_classes]
    if measure.effect.bars or measure.effect is Effect.CORRECT:
        body["repair"] = repair_steps(measure)
    return letter("decision", matter, at=at, signer=signer, body=body)


def repair_steps(measure: Measure) -> list[str]:
    """How standing is regained: printed on its own page beside the decision (两书同达)."""
    if measure.effect is Effect.CORRECT:
        return ["在规定期限内完成改正，并保存改正的证明材料。", "接受人社局核验；核验通过后本案办结，不影响承担培训任务。"]
    if measure.effect is Effect.RESTRICT:
        return [
            "限制期间可以继续完成已签协议内的班次，不得新签协议或者增加任务数。",
            "限制期满自动解除，无需申请；涉及信用信息的，符合条件后可依规申请信用修复。",
        ]
    return [
        "退出期间整改造成退出的原因，退回应退的补贴资金，保存证明材料。",
        "退出期满后，由机构负责人在本系统提交重新准入申请，逐条说明整改情况并附材料。",
        "人社局评估三项条件：退出原因已消除、应退补贴已退回、现场检查合格；由未参与评估的负责人决定。",
        "准予重新准入的，从最低信用等级开始，开设的班次按最低等级的比例抽查；不予准入的，书面说明理由，可以再次申请。",
        "涉及信用信息的，符合条件后可依规申请信用修复；修复后停止公示和共享。",
    ]


def service(
    matter: Matter, *, at: datetime, signer: Signer, decision_number: str, decision_sha256: str, how: str, received_by: str
) -> dict[str, Any]:  # Any: JSON
    """送达回证: what was served, how, who received it."""
    return letter(
        "service",
        matter,
        at=at,
        signer=signer,
        body={"decision": decision_number, "decision_sha256": decision_sha256, "how": how, "received_by": received_by},
    )


def ending(
    kind: str, matter: Matter, *, at: datetime, signer: Signer, reasons: str, follows: str, document: str = "", decision: str = ""
) -> dict[str, Any]:  # Any: JSON
    """撤销立案告知书, 撤销决定告知书: why the case ended, and what is restored. `decision`: number of the decision that is revoked."""
    return letter(kind, matter, at=at, signer=signer, body={"reasons": reasons, "follows": follows, "document": document, "decision": decision})


def readmission(
    matter: Matter, *, at: datetime, signer: Signer, admitted: bool, reasons: str, checks: Mapping[str, str], reconsider_days: int, sue_months: int
) -> dict[str, Any]:  # Any: JSON
    """重新准入决定书: what was assessed, and the result with its reason."""
    follows = (
        "准予重新准入，自本决定作出之日起恢复目录状态，可以承担政府补贴性培训任务；信用等级从最低等级开始，观察期内课次全部审看。"
        if admitted
        else "不予重新准入。条件具备后可以再次申请。"
    )
    remedies = (
        "" if admitted else f"不服本决定的，可以自收到之日起{reconsider_days}日内申请行政复议，或者自收到之日起{sue_months}个月内提起行政诉讼。"
    )
    body = {"admitted": admitted, "reasons": reasons, "checks": dict(checks), "follows": follows, "remedies": remedies}
    return letter("readmission", matter, at=at, signer=signer, body=body)


def paper(kind: str, *, at: datetime, author: Signer, text: str = "", points: Sequence[str] = (), **more: object) -> dict[str, Any]:  # Any: JSON
    """A statement of the institution, or a memo of the bureau: no letter, nothing to print."""
    return {
        "format": FORMAT,
        "kind": kind,
        "at": at.isoformat(),
        "text": text,
        "points": list(points),
        "signer": {"name": author.name, "role": author.role},
        **more,
    }


def last_day_text(until_on: date) -> str:
    """An exclusive day as the last day that counts: 2027年11月30日."""
    last = until_on - timedelta(days=1)
    return f"{last.year}年{last.month}月{last.day}日"
