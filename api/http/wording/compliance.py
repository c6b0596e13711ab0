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
    "duty-malformed": text(
        ("登记内容有误", "登记内容有问题，见下列各项。", "请改正标出的各项后再提交。"),
        ("It cannot be registered", "Something is wrong with it; see the lines below.", "Correct what is marked and send it again."),
    ),
    "institution-not-listed": text(
        ("目录中没有该机构", "目录中没有这一编号的机构。", "请在目录中按名称、工种或地点查找。"),
        ("Not in the directory", "The directory has no institution of this code.", "Search the directory by name, trade or place."),
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
    "rating-not-found": text(
        ("没有这项信用评价", "没有这项信用评价，或者尚未告知。", "请从“信用”页面进入。"),
        ("No such rating", "There is no such rating, or it has not been told yet.", "Open it from the page Credit."),
    ),
    "credit-item-not-found": text(
        ("没有这条信用信息", "没有这条信用信息，或者尚未告知。", "请从“信用”页面进入。"),
        ("No such information item", "There is no such item, or it has not been told yet.", "Open it from the page Credit."),
    ),
    "rating-malformed": text(
        ("填写的内容有误", "提交的内容不完整或不符合要求。", "请按提示逐项改正后再提交。"),
        ("Not whole", "What was submitted is incomplete or not as required.", "Correct each line and submit again."),
    ),
    "rating-exists": text(
        ("该年度已有信用评价", "{institution} 的 {year} 年度信用评价已在进行或已生效。", "请打开已有的评价，不要重复开始。"),
        ("The year is rated already", "{institution} has a rating of {year} under way or in force.", "Open the one that exists."),
    ),
    "credit-item-basis-not-final": text(
        ("依据尚未生效", "{basis} 当前状态为“{state}”，尚未办结，不能作为信用信息的依据。", "请待办结后再记录，或者引用已生效的决定。"),
        (
            "The basis is not final",
            "{basis} is “{state}” and not closed; no item may rest on it.",
            "Wait until it is closed, or cite a decision in force.",
        ),
    ),
    "rating-not-reproduced": text(
        ("评价结果无法复算", "{rating} 的冻结数据无法得出已保存的结果：{why}。", "请勿签发，并立即告知系统管理员和法规部门。"),
        (
            "The rating cannot be recomputed",
            "The frozen inputs of {rating} do not give its result: {why}.",
            "Do not sign; tell the administrator at once.",
        ),
    ),
    "exit-case-not-found": text(
        ("找不到退出案件", "没有这一案件，或不属于贵单位。", "请从列表中选择。"),
        ("No such exit case", "There is no such case, or it is not yours to see.", "Choose one from the list."),
    ),
    "exit-case-open": text(
        ("已有未办结的案件", "同一机构同一事由同一年度已有案件 {case}。", "请在该案件中继续办理。"),
        ("A case is open", "The institution has case {case} for the same ground and year.", "Go on with that case."),
    ),
    "exit-malformed": text(
        ("填写内容有误", "有内容缺失、过长或不相符。", "请按提示修改后重新提交，已填内容保留。"),
        ("Something does not fit", "Something is missing, too long, or does not fit.", "Correct it as shown; what you typed is kept."),
    ),
    "exit-problem-not-major": text(
        ("未认定为重大问题", "文书 {document} 反映的问题未由具名人员认定为重大问题，不能立案。", "请由负责人员认定并写明理由。"),
        ("Not classified as major", "No named official classified the problem of {document} as major.", "Have it classified, with the reason."),
    ),
    "exit-challenge-not-found": text(
        ("找不到复议或诉讼记录", "该案件没有这一记录。", "请从案件页面选择。"),
        ("No such reconsideration or action", "The case has no such record.", "Choose it on the page of the case."),
    ),
}
