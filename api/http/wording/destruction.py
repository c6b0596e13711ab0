"""Refusals around the destruction of recordings, (zh, en). R73; domain.md 2.3.1."""

from collections.abc import Mapping
from typing import Final

from api.http.wording import moves
from api.http.wording.shape import Text, text

TEXTS: Final[Mapping[str, Text]] = {
    "footage-destroyed": text(
        (
            "录像已销毁",
            "录像 {recording} 保存期满后已由两人批准销毁，画面不再存在，不能播放、截取、导出或截图。",
            "销毁证明、校验值和保管记录仍可在录像页面查看、下载。",
        ),
        (
            "The recording was destroyed",
            "{recording} was destroyed by two people's agreement after its term: nothing of it can be played, cut, exported or shown.",
            "Its page still has the certificate of destruction, its hash and its custody.",
        ),
    ),
    "destruction-not-found": text(
        ("没有这项销毁提请", "没有这项销毁提请，或者正在执行。", "请从“期满录像”列表重新进入。"),
        ("No such proposal", "There is no such proposal to destroy a recording, or it is being carried out.", "Go back to the list of what is due."),
    ),
    "destruction-pending": text(
        ("已有人提请销毁", "录像 {file} 已有一项销毁提请，状态为“{state}”。", "请在“期满录像”页面查看；被退回或撤回后可以重新提请。"),
        (
            "Already proposed",
            "The destruction of {file} is “{state}” already.",
            "See the list of what is due; it can be proposed again once that is declined or withdrawn.",
        ),
    ),
    "destruction-refused": text(
        ("现在不能销毁", "录像 {file} 现在不能销毁：{why}。", "这次提交没有办理任何一份。请取消选择这一份后重新提交，或者等原因消除。"),
        (
            "It may not be destroyed now",
            "{file} may not be destroyed now: {why}.",
            "Nothing of what was sent was done. Leave this one out and send the others again, or wait until the reason has ended.",
        ),
        why=moves.REASONS,
    ),
    "destruction-malformed": text(
        ("销毁提请有误", "提请内容不符合要求，全部列在下面。", "请逐项改正后重新提交。"),
        ("The proposal has defects", "All of them are listed.", "Correct each and submit again."),
    ),
    "destruction-incomplete": text(
        (
            "存储中仍有数据",
            "录像 {file} 删除后，存储中仍有：{left}。",
            "系统会自动重试；在确认全部消失之前，不会记为已销毁。持续出现时请联系管理员。",
        ),
        (
            "Something is still in the store",
            "After {file} was deleted, the store still has: {left}.",
            "It is tried again, and not called destroyed before all is gone; tell the administrator if it persists.",
        ),
    ),
}
