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
    "rating-not-found": text(
        ("没有这项信用评价", "没有编号为 {rating} 的信用评价，或者尚未告知。", "请从“信用”页面进入。"),
        ("No such rating", "There is no rating {rating}, or it has not been told yet.", "Open it from the page Credit."),
    ),
    "credit-item-not-found": text(
        ("没有这条信用信息", "没有编号为 {item} 的信用信息，或者尚未告知。", "请从“信用”页面进入。"),
        ("No such information item", "There is no item {item}, or it has not been told yet.", "Open it from the page Credit."),
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
}
