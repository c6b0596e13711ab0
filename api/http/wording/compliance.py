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
}
