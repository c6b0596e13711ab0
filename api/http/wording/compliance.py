"""Texts of the refusals of `compliance`."""

from collections.abc import Mapping
from typing import Final

from api.http.wording.shape import Text, text

TEXTS: Final[Mapping[str, Text]] = {
    "progress-report-not-found": text(
        ("没有这份双周报表", "没有编号为 {report} 的双周报表。", "请从双周报表列表中选择。"),
        ("No such biweekly report", "There is no biweekly report {report}.", "Choose one from the list of reports."),
    ),
    "progress-report-period-running": text(
        ("统计周期尚未结束", "该周期到 {ends_on} 才结束，现在填报的数字不完整。", "请在周期结束后再填报。"),
        ("The period is not over", "It ends on {ends_on}; figures taken now would be partial.", "Prepare the report after that day."),
    ),
    "progress-report-exists": text(
        ("该周期已有报表", "报表 {report} 已填报或已签发。", "如需更正，请先退回尚未签发的报表。"),
        ("The period has a report", "Report {report} is prepared or signed already.", "To correct it, send the unsigned report back first."),
    ),
    "progress-report-changed": text(
        ("报表内容被改动", "报表 {report} 的内容与记入日志的校验值不一致。", "请勿使用该报表，并立即报告系统管理员。"),
        (
            "The report was changed",
            "The figures of {report} no longer have the hash that stands in the log.",
            "Do not use it, and tell the administrator now.",
        ),
    ),
    "stated-figure-malformed": text(
        ("填报数字有误", "填报内容有问题，见下列各项。", "请改正标出的各项后再提交。"),
        ("The figure cannot be entered", "Something is wrong with it; see the lines below.", "Correct what is marked and send it again."),
    ),
    "institution-not-listed": text(
        ("目录中没有该机构", "目录中没有编号为 {institution} 的机构。", "请在目录中按名称、工种或地点查找。"),
        ("Not in the directory", "The directory has no institution {institution}.", "Search the directory by name, trade or place."),
    ),
    "policy-defective": text(
        ("政策参数有误", "参数文件存在问题：{defects}。", "请系统管理员改正参数文件后重启。"),
        ("Policy parameters are defective", "The files have defects: {defects}.", "The administrator must correct them and restart."),
    ),
    "policy-parameter-unknown": text(
        ("没有这个政策参数", "没有名为 {parameter} 的参数。", "请联系系统管理员。"),
        ("Unknown policy parameter", "There is no parameter {parameter}.", "Tell the administrator."),
    ),
    "policy-no-value-in-force": text(
        ("该日没有有效的政策参数", "参数 {parameter} 在 {day} 没有有效值（最早 {first}）。", "请核对日期，或由人社局补充参数及依据。"),
        (
            "No policy value in force",
            "{parameter} has no value on {day} (the first is {first}).",
            "Check the date, or add the value with its source.",
        ),
    ),
}
