"""双周调度表 as a paper: the table by institution and category, targets and duties, who prepared and who signed. R98, R99; G25.

Everything printed comes from the stored content, so the same report prints the same bytes for ever.
"""

from datetime import date
from typing import Any, Final

from api.papers.paper import Paper
from api.papers.receipt import digest_text
from compliance.reports.lifecycle import ReportState
from compliance.reports.models import ProgressReport
from storage.kernel.clock import BUREAU_ZONE, local_date

TITLE: Final = "职业技能培训工作进度双周调度表"
CATEGORIES: Final = {"enterprise": "企业职工培训", "order": "订单式", "project": "项目制", "universal": "普惠制", "startup": "创业培训"}
HEADS: Final = (
    "培训机构",
    "培训类别",
    "任务数",
    "报名人数",
    "本期培训",
    "累计培训",
    "完成率",
    "本期取证",
    "累计取证",
    "累计就业",
    "应付补贴",
    "已付补贴",
)
DUTIES: Final = {
    "trained-midyear": "6月底培训完成率不低于50%",
    "certified-midyear": "6月底取证完成率不低于50%",
    "trained": "补贴性培训人数",
    "certified": "取证人数",
    "skilled": "新增技能人才",
    "high-skilled": "新增高技能人才",
    "skilled-share": "技能人才占从业人员比例（‰）",
    "enterprise": "企业职工培训不少于三分之一",
    "order-project": "订单式、项目制不少于其余任务十分之一",
    "brand": "劳务品牌培训",
    "payments": "上年度补贴资金支付（元）",
}
STANDINGS: Final = {
    "on-pace": "按进度可完成",
    "booked": "已报名人员全部结业方可完成",
    "short": "尚有差距",
    "unknown": "未填报",
    "met": "完成",
    "missed": "未按期完成",
}
NOTE: Final = (
    "说明：培训人数为结业登记人数（不含退学）；取证人数为考核合格人数；就业人数为已核实就业证明的人数；"
    "任务数已扣除经批准的核减；应付补贴、已付补贴为本年度已结业班级的金额，单位为元。本表数字取自周期最后一天的登记，签发后不再变动。"
)


def table_rows(told: dict[str, Any]) -> list[tuple[str, ...]]:  # Any: JSON
    """The cells of every line as printed, the total last."""
    rows = [_cells(one["institution"], CATEGORIES[one["category"]], one) for one in told["rows"]]
    return [*rows, _cells("合计", "", told["total"])]


def _cells(name: str, category: str, one: dict[str, Any]) -> tuple[str, ...]:  # Any: JSON
    rate = f"{one['trained'] * 1000 // one['task'] / 10:.1f}%" if one["task"] > 0 else "—"
    figures = (
        one["task"],
        one["enrolled"],
        one["trained"] - one["trained_before"],
        one["trained"],
        rate,
        one["certified"] - one["certified_before"],
        one["certified"],
        one["employed"],
        one["owed_yuan"],
        one["paid_yuan"],
    )
    return (name, category, *(str(figure) for figure in figures))


def duty_rows(told: dict[str, Any]) -> list[tuple[str, ...]]:  # Any: JSON
    """Targets: what, clause, by when, owed, there, how it stands."""
    return [
        (
            DUTIES[one["key"]],
            one["clause"],
            day_text(one["due_on"]),
            str(one["needed"]),
            "—" if one["have"] is None else str(one["have"]),
            STANDINGS[one["standing"]],
        )
        for one in told["duties"]
    ]


def day_text(iso: str) -> str:
    """2026年11月24日."""
    day = date.fromisoformat(iso)
    return f"{day.year}年{day.month}月{day.day}日"


def signed_text(row: ProgressReport) -> str:
    """Who prepared and who signed, or that nobody has."""
    prepared = f"填报人：{row.prepared_by}　{row.prepared_at.astimezone(BUREAU_ZONE):%Y年%m月%d日 %H:%M}"
    if row.state is ReportState.SIGNED and row.signed_at is not None:
        return f"{prepared}　　签发人：{row.signed_by}　{row.signed_at.astimezone(BUREAU_ZONE):%Y年%m月%d日 %H:%M}"
    return f"{prepared}　　" + ("已退回，不作为报表使用" if row.state is ReportState.RETURNED else "尚未签发，不作为正式报表")


def render_report(row: ProgressReport, *, bureau: str) -> bytes:
    """The PDF, lying."""
    told = row.content
    paper = Paper(TITLE, row.code, row.signed_at or row.prepared_at, lying=True)
    first, last = (day_text(told["period"][name]) for name in ("starts_on", "ends_on"))
    paper.paragraph(f"填报单位：{bureau}　　统计周期：{first} 至 {last}　　单位：人、元", size=10.5)
    paper.gap(1)
    paper.ruled(HEADS, table_rows(told), widths=(24, 11, 7, 8, 8, 8, 8, 8, 8, 8, 9, 9), left=2)
    paper.heading("目标任务和时限")
    paper.ruled(("事项", "条款", "时限", "应达到", "已达到", "情况"), duty_rows(told), widths=(36, 10, 18, 10, 10, 26), left=3)
    paper.gap(2)
    paper.paragraph(NOTE, size=9)
    paper.gap(3)
    paper.paragraph(signed_text(row))
    if row.state is ReportState.SIGNED and row.signed_at is not None:
        paper.signature(bureau, local_date(row.signed_at))
    paper.gap(2)
    paper.paragraph(f"本表内容的校验值（SHA-256）：{digest_text(row.sha256.hex())}。该值已记入只增不改的日志。", size=8.5)
    return paper.pdf()
