"""What the letters about ratings and information items say, as data; printed in Chinese by `api.papers.credit_letter`. 2.3.4; domain.md 2.1. Pure.

Every adverse letter carries the page that says how to repair (两书同达): `repair` is part of the content, and the guards ask for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from compliance.rating.evidence import Told
from compliance.rating.rules import Grade
from compliance.rating.terms import ItemClass, Terms
from compliance.rating.words import reason_text
from supervision.findings.letters import DOCUMENT, day_text

FORMAT: Final = "classproof-credit-letter-1"
MAX_POINTS: Final = 20
MAX_TEXT: Final = 8000
MIN_TEXT: Final = 2
SHOWN: Final = 12  # pieces of evidence of one reason; the rest is a count, all of them stand in the frozen inputs
# kind → (title, word of the number: 古人社信告〔2026〕1号)
LETTERS: Final[Mapping[str, tuple[str, str]]] = {
    "rating-notice": ("信用评价初评结果告知书", "信告"),
    "rating-answer": ("信用评价异议答复书", "信复"),
    "rating-decision": ("信用等级评定决定书", "信定"),
    "item-letter": ("信用信息认定告知书", "信认"),
    "item-decision": ("信用信息认定决定书", "信决"),
    "repair-acceptance": ("信用修复受理通知书", "信受"),
    "repair-return": ("信用修复申请退回通知书", "信退"),
    "repair-decision": ("准予信用修复决定书", "信修"),
    "repair-refusal": ("不予信用修复决定书", "信驳"),
    "repair-revocation": ("撤销信用修复决定书", "信撤"),
}
STATEMENTS: Final = ("rating-objection", "rating-waiver", "item-statement", "item-waiver", "repair-application")
WAIVER: Final = "本单位已收到初评结果告知书，知悉结果、理由、依据和权利，对初评结果没有异议，放弃提出异议。"
ITEM_WAIVER: Final = "本单位已收到信用信息认定告知书，知悉事由、依据和权利，对拟认定的内容没有异议，放弃陈述申辩。"
CLASSES: Final = {ItemClass.MINOR: "轻微", ItemClass.GENERAL: "一般", ItemClass.SERIOUS: "严重"}
RULE_SETS: Final = {
    "order-58": "《失信行为纠正后的信用信息修复管理办法（试行）》（国家发展改革委令第58号）",
    "order-36": "《信用修复管理办法》（国家发展改革委令2025年第36号）",
}
CREDIT_BASIS: Final = f"{DOCUMENT}第四部分第（三）项第2点第二段：建立健全信用评价、守信激励、失信惩戒和信用修复机制，信用评估结果向社会公布。"
REMEDIES: Final = "对本决定不服的，可以自收到本决定书之日起六十日内申请行政复议，或者在六个月内向人民法院提起行政诉讼。"
EFFECTS: Final = {
    "A": "降低抽查权重，遴选时优先。",
    "B": "按基准比例抽查，遴选时次优先。",
    "C": "提高抽查比例，遴选时靠后，年度新增任务不超过上限。",
    "D": "列为重点检查对象，信用修复前原则上不得新增补贴培训任务。",
}


@dataclass(frozen=True, slots=True)
class Addressee:
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Signer:
    """The name as it is printed."""

    name: str
    role: str


Sections = Sequence[tuple[str, Sequence[str]]]


def letter(
    kind: str, to: Addressee, *, at: datetime, signer: Signer, opening: str, facts: Sequence[tuple[str, str]], sections: Sections
) -> dict[str, Any]:
    """The common form of every letter. Any: JSON."""
    return {
        "format": FORMAT,
        "kind": kind,
        "title": LETTERS[kind][0],
        "at": at.isoformat(),
        "institution": {"code": to.code, "name": to.name},
        "opening": opening,
        "facts": [list(pair) for pair in facts],
        "sections": [{"heading": heading, "paragraphs": list(paragraphs)} for heading, paragraphs in sections],
        "signer": {"name": signer.name, "role": signer.role},
        "repair": [],
    }


def rating_notice(
    to: Addressee,
    case: str,
    year: int,
    grade: Grade,
    *,
    at: datetime,
    signer: Signer,
    until: datetime,
    days: int,
    rule_on: date,
    told: Mapping[str, Told],
) -> dict[str, Any]:
    """初评结果告知书: score, every reason with clause and evidence, the right to object, how to repair."""
    content = letter(
        "rating-notice",
        to,
        at=at,
        signer=signer,
        opening=f"现将贵单位{year}年度信用评价初评结果、理由、依据和贵单位的权利告知如下。本结果尚未生效。",
        facts=_grade_facts(case, year, grade, rule_on),
        sections=[
            ("理由", _reason_lines(grade, told)),
            ("依据", [CREDIT_BASIS, f"评价规则采用{_day(rule_on)}有效的参数。"]),
            (
                "权利和期限",
                [f"贵单位对上述结果有异议的，可以在收到本告知书之日起{days}个工作日内（即{day_text(until)}前）逐条提出，并可附证据。",
                 "异议由未参与初评的人员逐条答复，不因提出异议而降低评价结果。逾期未提出的，依法评定并公布。"],
            ),
        ],
    )  # fmt: skip
    more = {"object_until": until.isoformat(), "repair": repair_page(), "basis": CREDIT_BASIS, "rights": "object"}
    return content | more | {"numbers": _numbers(grade, told)}


def rating_answer(
    to: Addressee, case: str, year: int, grade: Grade, *, at: datetime, signer: Signer, points: Sequence[tuple[str, str]], struck: Sequence[str],
    told: Mapping[str, Told],
) -> dict[str, Any]:  # fmt: skip
    """异议答复书: every point with its answer, what was taken out of the inputs, the result that follows."""
    lines = [line for n, (point, answer) in enumerate(points, start=1) for line in (f"{n}．意见：{point}", f"　　答复：{answer}")]
    follows = f"采纳异议，剔除下列事项：{'、'.join(_words(ref, told) for ref in struck)}。" if struck else "异议不影响评价结果，初评结果不变。"
    content = letter(
        "rating-answer",
        to,
        at=at,
        signer=signer,
        opening="贵单位对信用评价初评结果提出的异议收悉。经未参与初评的人员复核，现逐条答复如下。",
        facts=_grade_facts(case, year, grade, None),
        sections=[("逐条答复", lines), ("复核结论", [follows])],
    )
    numbers = [[told[ref].zh.partition("（")[0], told[ref].number] for ref in struck if ref in told and told[ref].number]
    more = {"points": [{"point": point, "answer": answer} for point, answer in points], "struck": list(struck), "follows": follows}
    return content | more | {"numbers": numbers}


def rating_decision(
    to: Addressee, case: str, year: int, grade: Grade, *, at: datetime, signer: Signer, from_on: date, told: Mapping[str, Told], repaired: str = ""
) -> dict[str, Any]:
    """评定决定书: tier, reasons, what it brings, remedies, how to repair. `repaired`: what fell away and made it, as a clause."""
    opening = (
        f"因{repaired}，现重新计算并评定贵单位{year}年度信用等级如下。"
        if repaired
        else f"贵单位{year}年度信用评价经初评、告知和异议程序，现评定如下。"
    )
    content = letter(
        "rating-decision",
        to,
        at=at,
        signer=signer,
        opening=opening,
        facts=[*_grade_facts(case, year, grade, None), ("生效日期", _day(from_on))],
        sections=[
            ("理由", _reason_lines(grade, told)), ("依据", [CREDIT_BASIS]), ("等级效力", [EFFECTS[grade.tier]]), ("救济途径", [REMEDIES]),
        ],
    )  # fmt: skip
    return content | {"repair": repair_page(), "numbers": _numbers(grade, told)}


def item_letter(
    to: Addressee,
    case: str,
    facts: Sequence[tuple[str, str]],
    kind: ItemClass,
    held: Terms,
    *,
    at: datetime,
    signer: Signer,
    until: datetime,
    days: int,
    published: bool,
) -> dict[str, Any]:
    """认定告知书: the matter, its class, what is intended, the right to state one's case, how to repair."""
    intended = (
        f"拟认定为{CLASSES[kind]}信用信息，"
        + (f"向社会公示至{day_before(held.ends_on)}，" if published else "不予公示，")
        + f"自{_day(held.repairable_on)}起可以申请修复。"
    )
    content = letter(
        "item-letter",
        to,
        at=at,
        signer=signer,
        opening="现将拟认定的信用信息及其事实、依据和贵单位的权利告知如下。",
        facts=[("编号", case), *facts],
        sections=[
            ("拟作出的认定", [intended]),
            ("依据", [CREDIT_BASIS, RULE_SETS[held.rule_set]]),
            (
                "权利和期限",
                [f"贵单位可以在收到本告知书之日起{days}个工作日内（即{day_text(until)}前）陈述申辩，并可附证据；不因陈述申辩而加重认定。"],
            ),
        ],
    )  # fmt: skip
    return content | {"state_until": until.isoformat(), "repair": repair_page(held), "basis": CREDIT_BASIS, "rights": "state"}


def item_act(
    kind: str,
    to: Addressee,
    case: str,
    *,
    at: datetime,
    signer: Signer,
    opening: str,
    paragraphs: Sequence[str],
    held: Terms | None = None,
    adverse: bool = False,
    points: Sequence[tuple[str, str]] = (),
) -> dict[str, Any]:
    """Every other letter about an item; an adverse one names remedies and carries its repair page."""
    answered = [line for n, (point, answer) in enumerate(points, start=1) for line in (f"{n}．意见：{point}", f"　　答复：{answer}")]
    sections: list[tuple[str, Sequence[str]]] = [("内容", paragraphs)]
    sections += [("对陈述申辩的答复", answered)] if answered else []
    sections += [("依据", [CREDIT_BASIS, *([RULE_SETS[held.rule_set]] if held else [])])]
    sections += [("救济途径", [REMEDIES])] if adverse else []
    content = letter(kind, to, at=at, signer=signer, opening=opening, facts=[("信用信息编号", case)], sections=sections)
    return content | {"repair": repair_page(held) if adverse else []}


def statement(case: str, *, at: datetime, author: Signer, text: str = "", points: Sequence[str] = (), promise: bool = False) -> dict[str, Any]:
    """What the institution hands in."""
    return {
        "format": FORMAT,
        "case": case,
        "at": at.isoformat(),
        "text": text,
        "points": list(points),
        "promise": promise,
        "signer": {"name": author.name, "role": author.role},
    }


def repair_page(held: Terms | None = None) -> list[str]:
    """How to repair, in the order in which it is done; the page that goes with every adverse letter."""
    when = f"自{_day(held.repairable_on)}起可以申请；最迟至{_day(held.ends_on)}停止公示。" if held else "有信用信息的，自最短公示期满之日起可以申请。"
    return [
        "一、条件：已改正失信行为并履行完毕义务，达到最短公示期限。" + when,
        "二、材料：信用修复申请、信用承诺、整改或者履行义务的证明材料，在本系统“信用”页面提交。",
        "三、办理：材料齐全的予以受理，由另一名工作人员核实；不齐全的退回并写明缺少的内容。",
        "四、结果：准予修复的，同时停止公示、停止共享和使用、解除相应限制，并重新计算信用等级。不予修复的，写明理由和救济途径。",
        "五、提供虚假材料的，撤销修复并恢复公示。",
    ]


def _grade_facts(case: str, year: int, grade: Grade, rule_on: date | None) -> list[tuple[str, str]]:
    told = [("评价编号", case), ("评价年度", f"{year}年"), ("得分", f"{grade.score} 分（满分1000分）"), ("信用等级", f"{grade.tier} 级")]
    return [*told, *([("规则日期", _day(rule_on))] if rule_on else [])]


def _words(ref: str, told: Mapping[str, Told]) -> str:
    return told[ref].zh if ref in told else ref


def _numbers(grade: Grade, told: Mapping[str, Told]) -> list[list[str]]:
    """The small print: what the words call it, and its number in the record."""
    refs = {ref for reason in grade.reasons for ref in reason.evidence}
    return [[one.zh.partition("（")[0], one.number] for ref, one in told.items() if ref in refs and one.number]


def _reason_lines(grade: Grade, told: Mapping[str, Told]) -> list[str]:
    lines = []
    for number, reason in enumerate(grade.reasons, start=1):
        order = {ref: place for place, ref in enumerate(told)}  # as they are told: complaints by the day they came
        shown = sorted(reason.evidence, key=lambda ref: order.get(ref, len(order)))[:SHOWN]
        more = f" 等{len(reason.evidence)}项" if len(reason.evidence) > len(shown) else ""
        proof = f"；依据材料：{'、'.join(_words(ref, told) for ref in shown)}{more}" if shown else ""
        lines.append(f"{number}．{reason_text(reason.plain(), 'zh')}{_points(reason.points)}（条款 {reason.clause}{proof}）")
    return lines or ["本年度没有扣分事项。"]


def _points(points: int) -> str:
    return f"，扣{-points}分" if points < 0 else f"，加{points}分" if points else ""


def day_before(ends_on: date) -> str:
    """An exclusive end as the last day that counts."""
    return _day(ends_on - timedelta(days=1))


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
