"""Texts of the refusals of approvals (`compliance.approvals`)."""

from collections.abc import Mapping
from typing import Final

from api.http.wording.shape import Text, text

TEXTS: Final[Mapping[str, Text]] = {
    "approval-not-found": text(
        ("没有这份申请", "没有这份申请，或者您无权查看。", "请从申请列表进入。"),
        ("No such application", "It does not exist, or is not yours to see.", "Go through the list of applications."),
    ),
    "approval-paper-not-found": text(
        ("没有这份材料", "没有这份材料，或者您无权查看。", "请从申请页面打开。"),
        ("No such paper", "It does not exist, or is not yours to see.", "Open it from the page of the application."),
    ),
    "approval-malformed": text(
        ("申请材料不完整", "下列各项缺少或者不符合要求。", "请逐项改正后再提交；已填写的内容不会丢失。"),
        (
            "The application is not whole",
            "What is missing or does not fit is listed.",
            "Correct each line, then try again; nothing you entered is lost.",
        ),
    ),
    "approval-wrong-decider": text(
        (
            "不由您所在单位决定",
            "申请 {approval} 的决定机关是：{decider}（{clause}）。培训地点由人社局评估；行业部门组织的普惠制班级延长时间，由该行业主管部门审核批准。",
            "请由决定机关的工作人员办理；您可以查看，不能办理。",
        ),
        (
            "Another office decides",
            "{decider} decides about {approval} ({clause}): places are the bureau's, more days for a department's universal class that department's.",
            "Leave it to the deciding office; you can read it.",
        ),
        decider={"bureau": ("人社局", "the bureau"), "department": ("行业主管部门", "the industry department")},
    ),
    "approval-not-a-draft": text(
        ("已提交，不能再改", "申请 {approval} 的状态为“{state}”，提交后不能修改。", "需要修改的，请撤回后重新申请，或者等待退回补正。"),
        (
            "Handed in, not to be changed",
            "Application {approval} is “{state}”; after the submission nothing is changed.",
            "Withdraw it and apply anew, or wait until it is returned.",
        ),
    ),
    "approval-already-assessed": text(
        (
            "该项评估不能由您办理",
            "申请 {approval} 的“{aspect}”评估已经完成，或者另一项评估由您作出；质量和安全由两人分别评估。",
            "请由另一名工作人员评估。",
        ),
        (
            "This test is not yours to make",
            "The {aspect} test of {approval} is made already, or you made the other one; quality and safety are assessed by two people.",
            "Ask a colleague to make it.",
        ),
        aspect={"quality": ("培训质量", "quality"), "safety": ("培训安全", "safety")},
    ),
    "approval-extension-exhausted": text(
        (
            "累计延长天数超过上限",
            "班级 {class_code} 已批准延长 {approved_days} 天，申请 {approval} 再延长 {days} 天，累计最多 {most} 天。",
            "请不予批准或者请机构撤回后按剩余天数重新申请。",
        ),
        (
            "More days than allowed in total",
            "Class {class_code} has {approved_days} approved days; {approval} asks for {days} more, and {most} are allowed in total.",
            "Refuse it, or let the institution withdraw it and apply for what is left.",
        ),
    ),
    "approval-no-revocation-announced": text(
        ("没有正在进行的撤销告知", "申请 {approval} 没有拟撤销告知，或者陈述申辩期限已过。", "请查看申请页面上的期限。"),
        (
            "No revocation is announced",
            "{approval} has no announced revocation, or its days are over.",
            "See the days on the page of the application.",
        ),
    ),
}
