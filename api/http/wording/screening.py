"""What is said of the machine's looks at recordings, in both languages."""

from collections.abc import Mapping
from typing import Final

from api.http.wording.shape import Text, text

TEXTS: Final[Mapping[str, Text]] = {
    "screening-lead-not-found": text(
        ("没有这条机器线索", "没有这条筛查线索，或者您无权查看。", "请从机器线索列表进入。"),
        ("No such lead", "There is no such lead of screening, or you may not read it.", "Go there from the list of leads."),
    ),
    "screening-lead-without-still": text(
        ("没有画面", "这条线索没有截图：当时无法取得画面。", "请打开录像查看。"),
        ("No picture", "This lead has no still: none could be made.", "Open the recording."),
    ),
    "screening-clock-not-found": text(
        ("没有这条时钟记录", "没有学到过这一机位的画面时钟。", "请从画面时钟列表进入。"),
        ("No such clock", "Nothing of this number was learned of a camera's clock.", "Go there from the list of clocks in the picture."),
    ),
    "screening-clock-without-reason": text(
        ("请写明理由", "作废学到的画面时钟时，须写明理由。", "请填写理由后再提交。"),
        ("Say why", "Whoever discards what was learned of a camera's clock says why.", "Write it down and send again."),
    ),
    "screening-verdict-without-reason": text(
        ("请写明理由", "认定线索不属实时，须写明看到了什么。", "请填写说明后再提交。"),
        ("Say why", "Whoever calls a lead not real says what they saw.", "Write it down and send again."),
    ),
    "screening-elsewhere": text(
        ("录像正在检查", "另一工作进程正在检查这段录像。", "无需操作，稍后自动继续。"),
        ("Being screened", "Another worker is at this recording.", "Nothing to do: it goes on by itself."),
    ),
    "screening-figure-not-tried": text(
        ("无法试算该数值", "留存的测试录像不能说明“{parameter}”取 {value} 会怎样。", "可试算：{possible}；数值为 0 至 1000000 的整数。"),
        (
            "Cannot be tried",
            "The held-out recordings cannot tell what {parameter} = {value} would do.",
            "Possible: {possible}; whole numbers from 0 to 1,000,000.",
        ),
    ),
}
