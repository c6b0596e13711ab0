"""不录不补核验证明: the signed certificate of a class, to print and to claim with. R84, R85. Every figure on it comes from the signed bytes."""

import base64
import json
from datetime import date, datetime
from typing import Any, Final

from api.papers.paper import Paper
from storage.kernel.clock import BUREAU_ZONE, local_date

TITLE: Final = "培训补贴核验证明"
PROGRAMMES: Final = {"enterprise": "企业职工培训", "order": "订单式培训", "project": "项目制培训", "universal": "普惠制培训", "startup": "创业培训"}
GATES: Final = {
    "real-name": "实名制录入",
    "signs": "签到签退",
    "coverage": "录像覆盖",
    "place": "培训地点",
    "duration": "批准时长",
    "archive": "档案材料",
    "curriculum": "基本课程",
}
WHY: Final = {
    "universal-day": "普惠制标准",
    "order-first-day": "订单项目制前期标准",
    "order-later-day": "订单项目制后期标准",
    "cap-reached": "已达上限",
    "enterprise-person": "企业职工每人一次",
    "too-few-days": "合格课日不足",
    "counted": "合格课日",
    "no-tariff": "未定标准",
    "not-entered": "未录入实名制",
    "not-signed-in": "未签到",
    "not-signed-out": "未签退",
    "attended-too-little": "在场时间不足",
    "not-on-tape": "录像不足",
    "attended-off-tape": "在场时段无录像",
    "place-not-approved": "地点未经评估",
    "outside-the-approved-days": "超出批准时长",
    "archive-incomplete": "档案不全",
    "curriculum-incomplete": "基本课程不全",
    "not-held-yet": "尚未进行",
    "not-completed": "未结业",
    "paid-in-another-class": "已在其他班补贴",
}
TARIFFS: Final = {"enterprise": "企业职工", "order": "订单项目制", "universal": "普惠制", "none": "未定标准"}


def render_certificate(body: bytes, signature: bytes, *, bureau: str) -> bytes:
    """The PDF of a certificate of the `bureau`. `body` is the signed canonical JSON of `compliance.subsidy.service`."""
    told: dict[str, Any] = json.loads(body)  # Any: the certificate's own fields
    issued_at = datetime.fromisoformat(told["issued_at"])
    paper = Paper(TITLE, told["number"], issued_at)
    rate = told["employment"]
    facts = [
        ("机构", f"{told['institution']['name']}（{told['institution']['code']}）"),
        ("班级", f"{told['class']['code']}　{told['class']['trade']}"),
        ("培训日期", f"{_day(told['class']['starts_on'])} 至 {_day(told['class']['ends_on'])}"),
        ("培训类别", PROGRAMMES[told["programme"]]),
        ("结论", "各项条件齐全" if told["complete"] else "条件不全，仅合格课日可以申领"),
        ("核定金额", f"{told['total_yuan']:,} 元"),
        ("就业率", f"合格学员 {rate['counted']} 人，已就业 {rate['employed']} 人" + ("，达到要求" if rate["reached"] else "，未达到要求")),
    ]
    if told["waiver"]:
        facts.append(("涉密单位", f"{told['waiver']['unit']}，依据 {told['waiver']['document']}"))
    paper.facts(facts)
    paper.heading("各项条件")
    paper.facts(
        [(GATES[gate["gate"]], f"{gate['passed']}/{gate['total']}" + ("" if gate["blocking"] else "（不影响补贴）")) for gate in told["gates"]]
    )
    paper.heading("课日")
    paper.facts([(_day(day["on"]), _share(day) + ("" if not day["failed"] else "　" + _words(day["failed"]))) for day in told["days"]])
    paper.heading("学员")
    paper.facts([(str(number), _person(person)) for number, person in enumerate(told["people"], start=1)])
    paper.heading("核验方法")
    paper.paragraph(
        "本证明依据古人社发〔2023〕21号四（三）2“不录不补”的要求，由经办人核对后出具；身份证号只显示掩码。下载本证明的 JSON 文件，用下列公钥核验其 "
        "Ed25519 签名；证明的校验值已记入只增不改的日志。公钥应从人社局公示渠道另行取得，不以本证明所印为准。",
        size=9.5,
    )
    paper.facts(
        [
            ("出具时间", f"{issued_at.astimezone(BUREAU_ZONE):%Y年%m月%d日 %H:%M:%S}"),
            ("公钥", told["public_key"]),
            ("签名", base64.b64encode(signature).decode()),
        ]
    )
    paper.signature(bureau, local_date(issued_at), signer=f"出具人：{told['issued_by']['name']}")
    return paper.pdf()


def _day(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{day.year}年{day.month}月{day.day}日"


def _share(day: dict[str, Any]) -> str:
    lost = -(-day.get("not_to_be_shown_s", 0) // 60)  # begun minutes; not in certificates from before it was told
    told = f"课时 {day['scheduled_s'] // 60} 分钟，有录像 {day['covered_s'] // 60} 分钟"
    return f"{told}（其中 {lost} 分钟的录像存储异常，现无法调阅）" if lost else told


def _words(codes: list[str]) -> str:
    return "、".join(WHY.get(code, code) for code in codes)


def _person(person: dict[str, Any]) -> str:
    missed: dict[str, list[str]] = {}
    for line in person["lines"]:
        if line["yuan"] == 0 and line["on"] and line["why"] != ["counted"]:
            missed.setdefault(_words(line["why"]), []).append(_day(line["on"]).partition("年")[2])
    told = "；".join(f"{why}：{'、'.join(days)}" for why, days in missed.items())
    return f"{person['key']}　{TARIFFS[person['tariff']]}　合格 {person['payable_days']} 天　{person['total_yuan']:,} 元" + (
        f"　（{told}）" if told else ""
    )
