"""Texts of the refusals of outcomes and subsidies."""

from collections.abc import Mapping
from typing import Final

from api.http.wording.shape import Text, text

TEXTS: Final[Mapping[str, Text]] = {
    "outcome-not-found": text(
        ("找不到", "没有这份证明或投诉，或者它不属于您。", "请从列表重新进入。"),
        ("Not found", "There is no such paper or complaint, or it is not yours.", "Go back to the list."),
    ),
    "outcome-malformed": text(
        ("内容不完整", "填写的内容有缺漏或相互矛盾，没有保存。", "请按下列各项改正后重新提交。"),
        ("Not complete", "What was entered is incomplete or contradicts itself; nothing was saved.", "Correct the points below and send it again."),
    ),
    "outcome-correction-needs-reason": text(
        ("更正须写明理由", "{count} 名学员（{people}）已登记其他结果。", "如确需更正，请写明理由后重新提交。"),
        (
            "A correction needs a reason",
            "Another result stands for {count} trainees ({people}).",
            "State the reason of the correction and send it again.",
        ),
    ),
    "outcome-evidence-taken": text(
        ("该证明已经提交过", "本班已有编号为 {reference} 的同类证明。", "一份证明只能用于一名学员，请核对编号。"),
        ("Filed already", "A paper {reference} of this kind stands for somebody of this class.", "A paper proves one person; check its number."),
    ),
    "outcome-complaint-decided": text(
        ("该投诉已有结论", "投诉 {id} 的核查结论已经登记，不能再改。", "如有新情况，请另行登记。"),
        ("Already decided", "What was found about complaint {id} stands.", "Record a new complaint if there is news."),
    ),
    "subsidy-not-found": text(
        ("找不到", "没有这个班、证明、申领或材料，或者它不属于您。", "请从列表重新进入。"),
        ("Not found", "There is no such class, certificate, claim or paper, or it is not yours.", "Go back to the list."),
    ),
    "subsidy-malformed": text(
        ("内容不完整", "填写的内容有缺漏，没有保存。", "请按下列各项改正后重新提交。"),
        ("Not complete", "What was entered is incomplete; nothing was saved.", "Correct the points below and send it again."),
    ),
    "subsidy-certificate-missing": text(
        ("没有核验证明，不能申领", "班级 {class_code} 尚未出具核验证明（不录不补）。", "请先补齐各项条件，由人社局业务科室出具核验证明。"),
        (
            "No certificate, no claim",
            "No certificate was issued for {class_code}: no record, no subsidy.",
            "Pass the gates and ask the bureau to issue it.",
        ),
    ),
    "subsidy-certificate-outdated": text(
        (
            "核验证明的依据已变化",
            "证明 {number} 核定 {certified_yuan} 元，现在只能核定 {found_yuan} 元。",
            "请按现在的金额审核，或驳回后重新出具证明。",
        ),
        (
            "The certificate no longer holds",
            "{number} certified {certified_yuan} yuan; today the facts are worth {found_yuan} yuan.",
            "Check the lower amount, or refuse the claim and issue the certificate again.",
        ),
    ),
    "subsidy-pays-too-much": text(
        (
            "付款超过核定金额",
            "申领 {claim} 核定 {approved_yuan} 元，已付 {paid_yuan} 元，不能再付 {amount_yuan} 元。",
            "请核对付款金额和凭证。",
        ),
        (
            "More than was decided",
            "{claim} was approved for {approved_yuan} yuan, {paid_yuan} are paid; {amount_yuan} more cannot be.",
            "Check the amount and the voucher.",
        ),
    ),
    "subsidy-not-payable": text(
        ("尚未批准，不能付款", "申领 {claim} 当前为“{state}”。", "分管领导批准后方可登记付款。"),
        ("Not approved", "Claim {claim} is “{state}”.", "Payments are entered once a leader has approved it."),
    ),
    "subsidy-voucher-taken": text(
        ("凭证号已登记", "凭证号 {voucher} 已有一笔付款。", "每笔付款使用自己的凭证号，请核对。"),
        ("Voucher on record", "A payment with voucher {voucher} is on record.", "Each payment has its own voucher number; check it."),
    ),
}
