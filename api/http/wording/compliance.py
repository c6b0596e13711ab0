"""Texts of the refusals of `compliance`."""

from collections.abc import Mapping
from typing import Final

from api.http.wording.shape import Text, text

TEXTS: Final[Mapping[str, Text]] = {
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
