"""Codes of reasons in plain words, for letters, pages and the public directory. R67. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

# code → (zh, en); {value} is a count, {ratio} and {full} are percentages
REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "forged-footage": ("认定伪造录像 {value} 起", "forged footage established: {value}"),
    "major-problem": ("审计检查发现重大问题 {value} 个", "major problems found by an audit: {value}"),
    "item-serious": ("有效的严重信用信息 {value} 条", "serious information items in force: {value}"),
    "item-general": ("有效的一般信用信息 {value} 条", "general information items in force: {value}"),
    "finding-serious": ("严重问题 {value} 个，尚未整改到位", "serious findings not yet rectified: {value}"),
    "finding-general": ("一般问题 {value} 个，尚未整改到位", "general findings not yet rectified: {value}"),
    "finding-minor": ("轻微问题 {value} 个，尚未整改到位", "minor findings not yet rectified: {value}"),
    "finding-serious-rectified": ("严重问题 {value} 个，已整改", "serious findings, rectified: {value}"),
    "finding-general-rectified": ("一般问题 {value} 个，已整改", "general findings, rectified: {value}"),
    "finding-minor-rectified": ("轻微问题 {value} 个，已整改", "minor findings, rectified: {value}"),
    "safety": ("消防、食品或房屋建筑安全问题 {value} 个", "findings about fire, food or building safety: {value}"),
    "rectification-late": ("逾期整改 {value} 次", "rectifications reported late: {value}"),
    "coverage": ("录像覆盖率 {ratio}（应达到 {full}）", "footage covers {ratio} of the lessons (wanted: {full})"),
    "explanation-refused": ("未被采纳的缺失说明 {value} 份", "explanations refused: {value}"),
    "sign-in": ("签到签退完整率 {ratio}（应达到 {full}）", "{ratio} of the sign-ins are complete (wanted: {full})"),
    "roster": ("实名制信息完整率 {ratio}（应达到 {full}）", "{ratio} of the roster lines are complete (wanted: {full})"),
    "archive": ("结业登记完整率 {ratio}（应达到 {full}）", "{ratio} of the ends of course are registered (wanted: {full})"),
    "employment": ("就业率 {ratio}（应达到 {full}）", "employment rate {ratio} (wanted: {full})"),
    "task": ("年度任务完成率 {ratio}", "{ratio} of the year's task completed"),
    "complaint": ("查实的投诉举报 {value} 件", "complaints found to be true: {value}"),
    "quality": ("质量评估得分率 {ratio}", "quality evaluation {ratio}"),
    "startup-missing": ("创业培训班六个月内无人创业成功 {value} 个", "start-up classes without a success in six months: {value}"),
    "startup-success": ("创业培训班六个月内有人创业成功 {value} 个", "start-up classes with a success in six months: {value}"),
    "no-footage": ("本年度没有应当录像的课次", "no lesson of the year had to be filmed"),
}
NOTHING_TAKEN: Final = ("本年度没有扣分事项", "nothing was taken away this year")
FLOOR: Final = ("，最高为 {floor} 级", "; no better tier than {floor}")
RATIO_CODES: Final = frozenset({"coverage", "sign-in", "roster", "archive", "employment", "task", "quality"})
PLAIN_REASONS: Final = 3


def reason_text(reason: Mapping[str, Any], language: str) -> str:  # Any: rules.Reason.plain()
    """One stored reason as a sentence; `language` zh or en."""
    place = 0 if language == "zh" else 1
    told = REASONS[reason["code"]][place].format(value=reason["value"], ratio=percent(reason["value"]), full=percent(reason["limit"]))
    return told + (FLOOR[place].format(floor=reason["floor"]) if reason["floor"] else "")


def percent(permille: int) -> str:
    """987 → 98.7%, exact: no rounding across a limit."""
    return f"{permille // 10}.{permille % 10}%" if permille % 10 else f"{permille // 10}%"


def plainest(reasons: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:  # Any: rules.Reason.plain()
    """The three that say most: floors first, then what weighs most; what weighs nothing is left out."""
    weighing = [reason for reason in reasons if reason["points"] or reason["floor"]]
    return sorted(weighing, key=lambda reason: (not reason["floor"], -abs(reason["points"])))[:PLAIN_REASONS]


def plain_texts(reasons: Sequence[Mapping[str, Any]], language: str) -> list[str]:  # Any: rules.Reason.plain()
    """At most three sentences; one that says so when nothing was taken."""
    return [reason_text(reason, language) for reason in plainest(reasons)] or [NOTHING_TAKEN[0 if language == "zh" else 1]]
