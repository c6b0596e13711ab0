"""Texts of the refusals of draws, reviews, releases and findings: `supervision.sampling`, `.spotchecks`, `.releases`, `.findings`."""

from collections.abc import Mapping
from typing import Final

from api.http.wording.shape import Text, text

_FRAME: Final[Mapping[str, tuple[str, str]]] = {
    "empty": ("编号为空", "an id is empty"),
    "not-nfc": ("编号的字符形式不规范", "an id is not in normal form"),
    "not-plain-text": ("编号含有控制字符", "an id holds a control character"),
    "repeated": ("编号重复", "an id is repeated"),
    "out-of-order": ("次序不对", "an id is out of order"),
}
_RELOAD_ZH: Final = "请刷新页面查看抽查轮次的最新状态。"
_RELOAD_EN: Final = "Reload the page to see where the round stands."

TEXTS: Final[Mapping[str, Text]] = {
    "draw-round-not-found": text(
        ("没有这一轮抽查", "找不到抽查轮次 {round}。", "请从列表中选择。"),
        ("No such round", "There is no round {round}.", "Choose one from the list."),
    ),
    "draw-plan-malformed": text(
        ("抽查方案有误", "方案中有不符合要求之处，全部列在下面。", "请逐项改正后重新提交。"),
        ("The plan has defects", "All of them are listed.", "Correct each and submit again."),
    ),
    "draw-frame-empty": text(
        ("没有可抽查的课次", "轮次 {round} 的时段内没有已入库录像的课次。", "请调整时段；缺少录像本身另按缺失处理。"),
        (
            "Nothing to draw from",
            "No lesson in the period of {round} has catalogued footage.",
            "Change the period; missing footage is dealt with as such.",
        ),
    ),
    "draw-frame-not-canonical": text(
        ("抽样名单不规范", "{why}（{natural_id}）。", "请核对课次编号后重新生成名单。"),
        ("The list is not canonical", "In the list {why} ({natural_id}).", "Check the lesson ids and build it again."),
        why=_FRAME,
    ),
    "draw-frame-not-committed": text(
        ("抽样名单尚未固定", "轮次 {round} 状态为“{state}”；须先公布名单及其根，再收随机数。", _RELOAD_ZH),
        ("The list is not committed", "Round {round} is “{state}”; list and root come before contributions.", _RELOAD_EN),
    ),
    "draw-commitments-closed": text(
        ("承诺阶段已结束", "轮次 {round} 已开始公开随机数，不再接受新的承诺。", _RELOAD_ZH),
        ("Commitments are closed", "The first reveal in round {round} ended the time of commitments.", _RELOAD_EN),
    ),
    "draw-public-value-already-known": text(
        ("公开随机值已产生", "公开随机值已于 {public_at} 产生，此时再固定名单或承诺就可能有所选择。", "请作废本轮，另定新的公开随机值。"),
        ("The public value is known", "It became known at {public_at}; whoever acts now could choose.", "Void the round and name a later value."),
    ),
    "draw-public-value-not-yet-known": text(
        ("公开随机值尚未产生", "公开随机值要到 {public_at} 才产生。", "请届时再操作。"),
        ("The public value is not known", "It does not exist before {public_at}.", "Come back then."),
    ),
    "draw-too-few-parties": text(
        ("参与方不足", "轮次 {round} 只有 {parties} 方承诺，至少需要 {needed} 方。", "请再邀请一方（如纪检、审计）参加。"),
        ("Too few parties", "Round {round} has {parties}; {needed} are needed.", "Invite another, such as discipline inspection or audit."),
    ),
    "draw-already-committed": text(
        ("已经承诺过", "{party} 已在轮次 {round} 作出承诺，不能更换。", _RELOAD_ZH),
        ("Already committed", "{party} has committed in round {round}; it cannot be exchanged.", _RELOAD_EN),
    ),
    "draw-unknown-party": text(
        ("该方未承诺", "{party} 没有在轮次 {round} 作出承诺。", "请核对名称。"),
        ("Never committed", "{party} has not committed in round {round}.", "Check the name."),
    ),
    "draw-contribution-malformed": text(
        ("随机数格式有误", "名称、承诺或随机数不符合要求，全部列在下面。", "请按页面说明填写。"),
        ("The contribution has defects", "All of them are listed.", "Follow the form's instructions."),
    ),
    "draw-reveal-mismatch": text(
        ("公开值与承诺不符", "{party} 公开的随机数与其承诺的哈希值不符。", "请核对原值；无法核实的，本轮作废。"),
        (
            "The reveal does not match",
            "What {party} revealed does not hash to its commitment.",
            "Check the value; if it cannot be found, the round is void.",
        ),
    ),
    "draw-contributions-unrevealed": text(
        ("还有随机数未公开", "轮次 {round} 尚未公开的参与方：{parties}。", "请催促其公开；逾期本轮作废。"),
        ("Not everybody has revealed", "In round {round}: {parties}.", "Ask them to; in the end the round is void."),
    ),
    "draw-frame-changed": text(
        ("抽样名单被改动", "轮次 {round} 的名单与已公布的根不一致。", "这是严重警报：请停止抽查并通知系统管理员。"),
        ("The list was changed", "The list of round {round} no longer has the published root.", "A grave alarm: stop and tell the administrator."),
    ),
    "draw-void-reason-missing": text(
        ("请写明作废理由", "作废抽查轮次必须写明理由，并予以公布。", "请填写理由后重试。"),
        ("A reason is needed", "A round is declared void with a published reason or not at all.", "Give the reason."),
    ),
    "draw-not-drawn": text(
        ("尚未抽取", "轮次 {round} 状态为“{state}”，尚无抽查结果。", _RELOAD_ZH),
        ("Not drawn yet", "Round {round} is “{state}”; there is no result.", _RELOAD_EN),
    ),
    "draw-not-on-site": text(
        ("不是现场检查", "轮次 {round} 不是现场检查，名单没有封存。", "无需公开名单。"),
        ("Not an on-site round", "The list of round {round} was never sealed.", "There is nothing to reveal."),
    ),
    "draw-visits-open": text(
        ("还有检查未完成", "轮次 {round} 还有 {open_visits} 个现场检查未完成，提前公开名单会走漏消息。", "全部现场检查结束后再公开名单。"),
        (
            "Visits are still to be made",
            "Round {round} has {open_visits} visits left; the list would warn whoever is on it.",
            "Reveal the list when all visits are over.",
        ),
    ),
    "review-assignment-not-found": text(
        ("没有这项任务", "没有这项审看任务，或不是分配给您的。", "请从您的任务列表进入。"),
        ("No such assignment", "It does not exist, or is another inspector's.", "Go through your own list."),
    ),
    "review-item-not-found": text(
        ("没有这一段", "这一段不属于该审看任务。", "请从任务页面进入。"),
        ("No such stretch", "It does not belong to this assignment.", "Go through the assignment's page."),
    ),
    "no-eligible-inspector": text(
        ("没有可派的检查员", "课次 {natural_id} 的机构，名单上的检查员均须回避：{inspectors}。", "请增加检查员，或请上级部门派员。"),
        (
            "No inspector may do it",
            "Everybody is recused for the institution of {natural_id}: {inspectors}.",
            "Add inspectors, or ask the higher authority.",
        ),
    ),
    "review-outcome-not-found": text(
        ("没有这一课次的审看结论", "该课次未在本轮抽中，或本轮尚未分派检查员。", "请从列表中选择。"),
        ("No outcome of this lesson", "It was not drawn in this round, or the round has no inspectors yet.", "Choose one from the list."),
    ),
    "review-results-not-published": text(
        ("尚未公布审看结果", "本轮抽查尚未结束，或没有审看录像。", "请在本轮结束后再查看。"),
        ("No results of looks yet", "The round is not closed, or nobody looked at footage in it.", "Come back when the round is closed."),
    ),
    "interest-not-found": text(
        ("没有这一利害关系登记", "找不到这一条登记，或不属于本人。", "请从列表中选择。"),
        ("No such interest", "The entry does not exist, or is not yours.", "Choose one from the list."),
    ),
    "interest-malformed": text(
        ("利害关系登记有误", "有不符合要求之处，全部列在下面。", "请逐项改正后重新提交。"),
        ("The interest has defects", "All of them are listed.", "Correct each and submit again."),
    ),
    "finding-blind-look-decides": text(
        ("由盲复核认定", "问题 {finding} 来自抽查，由互不知情的复核检查员认定，不能由他人直接确认或不予认定。", "请等待盲复核结论。"),
        (
            "Blind looks decide",
            "Finding {finding} comes from a draw: inspectors who know nothing of each other confirm or reject it.",
            "Wait for the outcome of the looks.",
        ),
    ),
    "must-stand-aside": text(
        (
            "您须回避",
            "您在回避登记中，自 {since} 起不得对{institution}作出判断：{reason}。",
            "请由其他同事判断；登记有误时，请同事在利害关系登记中办理。",
        ),
        (
            "You stand aside",
            "The register of recusals bars you from judging {institution} since {since}: {reason}.",
            "Leave it to a colleague. If the entry is wrong, a colleague ends it in the register of interests.",
        ),
    ),
    "interest-own-register": text(
        ("不能自行办理", "本人的利害关系，不能由本人结束或认定。", "请由其他同事办理。"),
        ("Not by yourself", "Nobody ends an interest of their own, nor decides on a match of their own.", "Ask a colleague."),
    ),
    "recusal-malformed": text(
        ("回避登记有误", "有不符合要求之处，全部列在下面。", "请逐项改正后重新提交。"),
        ("The recusal has defects", "All of them are listed.", "Correct each and submit again."),
    ),
    "footage-release-not-found": text(
        ("没有这项调看申请", "没有这项未模糊原始录像的调看申请，或者不属于您。", "请从审看页面进入。"),
        ("No such request", "There is no such request for an original, or it is not yours.", "Go there from the review."),
    ),
    "footage-release-malformed": text(
        ("调看申请有误", "申请内容不符合要求，全部列在下面。", "请逐项改正后重新提交。"),
        ("The request has defects", "All of them are listed.", "Correct them and send it again."),
    ),
    "footage-release-not-open": text(
        ("原始录像未开放", "调看未获批准、批准时间已过，或者审看已结束。", "需要时请重新申请。"),
        ("The original is not open", "It was not approved, its time is over, or the review has ended.", "Ask again where it is needed."),
    ),
    "footage-release-pending": text(
        ("已有调看申请", "本片段已有一项尚未办结的调看申请。", "请等待审批，或在其结束后再申请。"),
        ("A request exists", "There is a request for this clip that is not over.", "Wait for the decision, or ask again when it is over."),
    ),
    "not-watched-enough": text(
        ("观看时长不足", "已观看 {watched_s} 秒，签字前至少须观看 {required_watch_s} 秒。", "请继续观看后再签字。"),
        ("Not watched enough", "{watched_s} seconds were watched; {required_watch_s} are required before signing.", "Watch on, then sign."),
    ),
    "review-mark-malformed": text(
        ("标记有误", "标记的起止时间不在所看的录像之内，或者标记过多。", "请重新标记起点和终点。"),
        ("The mark has defects", "Its start and end do not lie in the footage shown, or there are too many marks.", "Mark start and end again."),
    ),
    "review-mark-not-found": text(
        ("没有这个标记", "本次审看中没有这个标记。", "请刷新页面。"),
        ("No such mark", "This review has no such mark.", "Reload the page."),
    ),
    "review-mark-settled": text(
        ("标记已处理", "该标记已记录为问题或已放弃，不能再改。", "如有新的情况，请另做标记。"),
        ("The mark is settled", "It became a finding or was dropped, and is not changed any more.", "Make another mark for anything new."),
    ),
    "review-marks-open": text(
        ("还有未处理的标记", "还有 {count} 个标记未说明如何处理。", "请逐个记录为问题，或写明理由后放弃，再签字。"),
        ("Marks are open", "Of {count} marks it is not said what becomes of them.", "Record each as a finding, or drop it with a reason; then sign."),
    ),
    "review-still-not-found": text(
        ("没有这张截图", "本次审看中没有这张截图，或者审看已结束。", "请刷新页面。"),
        ("No such still", "This review has no such still, or it has ended.", "Reload the page."),
    ),
    "review-answer-malformed": text(
        ("检查答复有误", "检查项或答复不在检查表内，或者说明过长。", "请刷新页面后重新作答。"),
        ("The answer has defects", "Item or answer is not on the checklist, or the note is too long.", "Reload the page and answer again."),
    ),
    "review-checklist-unanswered": text(
        ("检查表未填完", "还有 {count} 项未作答或缺少说明，已在检查表中标出。", "请逐项作答后再签字；“否”“无法判断”“不适用”须写明情况。"),
        (
            "The checklist is not complete",
            "{count} items have no answer, or lack the word they need; the checklist shows which.",
            "Answer each, then sign; everything but a yes needs a word why.",
        ),
    ),
    "playback-beat-malformed": text(
        ("播放记录有误", "播放器上报的位置或速度无效。", "请刷新页面；若反复出现，请联系系统管理员。"),
        ("Playback report is wrong", "The player reported an impossible position or speed.", "Reload; tell the administrator if it persists."),
    ),
    "finding-not-found": text(
        ("没有这一问题", "没有这条问题记录，或您无权查看。", "请从列表中选择。"),
        ("No such finding", "It does not exist, or is not yours to see.", "Choose one from the list."),
    ),
    "finding-malformed": text(
        ("问题记录有误", "时段、类型、程度或说明不相符，全部列在下面。", "请逐项改正后重新提交。"),
        ("The finding has defects", "Span, defect, severity or note do not go together; all are listed.", "Correct each and submit again."),
    ),
    "finding-statement-malformed": text(
        (
            "提交的内容有误",
            "说明、意见或附件缺失、过长或类型不支持，全部列在下面。附件只收 PDF、JPEG、PNG。",
            "请逐项改正后重新提交；已填写的内容会保留。",
        ),
        (
            "What was submitted has defects",
            "Text, points or attachments are missing, too long or of a kind that is not taken; all are listed. Attachments are PDF, JPEG or PNG.",
            "Correct each and submit again; what you typed stays.",
        ),
    ),
    "finding-paper-not-found": text(
        ("没有这份文书", "没有这份文书或附件，或您无权查看。", "请从问题页面打开。"),
        ("No such paper", "The letter or attachment does not exist, or is not yours to see.", "Open it from the finding's page."),
    ),
    "finding-footage-not-verified": text(
        ("录像未通过即时核验", "录像 {recording} 的内容此刻未核对为与目录一致。", "请稍后重试；若持续出现，请通知系统管理员。"),
        (
            "The footage is not verified",
            "The bytes of {recording} were not seen to match the catalogue just now.",
            "Try again; tell the administrator if it persists.",
        ),
    ),
    "finding-footage-not-catalogued": text(
        ("录像尚未入库", "录像 {recording} 状态为“{state}”；问题只能依据已入库并锁定的录像。", "请等待入库。"),
        ("Not catalogued", "{recording} is “{state}”; findings rest on catalogued, locked footage.", "Wait until it is catalogued."),
    ),
    "finding-span-outside-footage": text(
        ("标记的时段没有录像", "{start_ms} 至 {end_ms} 不在录像 {recording} 的连续画面内。", "请在有画面的时段上标记。"),
        ("Outside the footage", "{start_ms} to {end_ms} is not continuous footage of {recording}.", "Mark where there is a picture."),
    ),
}
