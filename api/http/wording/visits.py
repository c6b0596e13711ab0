"""Texts of the refusals of on-site visits (`supervision.visits`)."""

from collections.abc import Mapping
from typing import Final

from api.http.wording.shape import Text, text

TEXTS: Final[Mapping[str, Text]] = {
    "visit-not-found": text(
        ("没有这次检查", "没有现场检查 {visit}，或者您现在无权查看。", "请从您的现场检查列表进入。"),
        ("No such visit", "Visit {visit} does not exist, or is not yours to know of now.", "Go through your own list of visits."),
    ),
    "visit-too-few-inspectors": text(
        ("检查人员不足", "回避之后只剩 {eligible} 人，每次现场检查需要 {needed} 人。", "请增加检查员，或请上级部门派员。"),
        ("Too few inspectors", "After the recusals {eligible} are left; a visit needs {needed}.", "Add inspectors, or ask the higher authority."),
    ),
    "visit-not-open": text(
        ("检查不在进行中", "现场检查 {visit} 的状态为“{state}”，现在不收答复和照片。", "未送达的内容保留在设备上；请与组长或业务科室联系。"),
        (
            "The visit is not under way",
            "Visit {visit} is “{state}”; answers and photos are not taken now.",
            "What was not sent stays on the device; ask the team's lead or the office.",
        ),
    ),
    "visit-record-changed": text(
        ("记录已有变化", "现场检查 {visit} 的记录与您看到的不一致，可能是同组成员刚刚补充。", "请重新查看后再签字。"),
        (
            "The record has changed",
            "Visit {visit} is no longer what you were shown; your colleague may have added something.",
            "Look again, then sign.",
        ),
    ),
    "visit-answer-malformed": text(
        ("答复有误", "检查项、答复、说明或位置不符合要求，全部列在下面。“否”“无法判断”“不适用”须写明情况。", "请逐项改正。"),
        (
            "The answer has defects",
            "Item, answer, note or place do not go together; all are listed. Everything but a yes needs a word why.",
            "Correct each of them.",
        ),
    ),
    "visit-photo-malformed": text(
        ("照片不能接收", "照片为空、过大（上限 10 MB）、过多，或不是 JPEG、PNG。", "请调低相机分辨率或改用 JPEG 后重新拍摄。"),
        (
            "The photo is not taken",
            "It is empty, larger than 10 MB, one too many, or neither JPEG nor PNG.",
            "Lower the camera's resolution or set it to JPEG, and take it again.",
        ),
    ),
    "visit-photo-mismatch": text(
        ("照片在传送中损坏", "设备给出的校验值是 {said}，收到的内容是 {found}。", "照片仍在设备上，将自动重新发送。"),
        (
            "The photo was damaged on its way",
            "The device said {said}, what arrived hashes to {found}.",
            "It is still on the device and is sent again.",
        ),
    ),
    "visit-photo-not-verified": text(
        ("照片未通过即时核验", "存储中的照片 {photo} 与记录的校验值不符，或已不在。", "请不要以此为据，并立即通知系统管理员。"),
        (
            "The photo is not verified",
            "Photo {photo} in the store is missing or no longer hashes to its record.",
            "Do not rest on it; tell the administrator.",
        ),
    ),
}
