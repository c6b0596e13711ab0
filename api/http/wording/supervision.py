"""Texts of the refusals of `supervision`, but for draws and what follows them (`spotchecks`)."""

from collections.abc import Mapping
from typing import Final

from api.http.wording.shape import Text, text

_SHEET: Final[Mapping[str, tuple[str, str]]] = {
    "too-large": ("文件过大", "it is too large"),
    "not-a-workbook": ("不是有效的 xlsx 文件", "it is no valid .xlsx"),
    "unknown-encoding": ("文字编码无法识别", "its encoding is unknown"),
    "not-text": ("不是文本文件", "it is no text"),
    "not-csv": ("不是有效的 CSV 文件", "it is no valid CSV"),
    "too-many-rows": ("行数过多", "it has too many rows"),
}
TEXTS: Final[Mapping[str, Text]] = {
    "code-taken": text(
        ("编号已被使用", "编号“{code}”已存在；编号写入文书，不得重复。", "请换一个编号。"),
        ("The code is taken", "“{code}” exists already; codes stand in documents and are unique.", "Choose another."),
    ),
    "registry-missing": text(
        ("登记中没有这一项", "本机构登记中没有“{name}”。", "请先登记，再填写此项。"),
        ("Not in the registry", "The institution's registry has no “{name}”.", "Register it first."),
    ),
    "sheet-defective": text(
        ("表格有误", "表格中有不符合要求的内容，全部列在下面；没有导入任何一行。", "请在表格中逐项改正后重新导入。"),
        ("The sheet has defects", "All of them are listed; no row was imported.", "Correct them in the sheet and import it again."),
    ),
    "sheet-unreadable": text(
        ("表格无法读取", "{file_name}：{why}。", "请另存为 xlsx 或 UTF-8 编码的 CSV 后重试。"),
        ("The sheet cannot be read", "{file_name}: {why}.", "Save it as .xlsx or as CSV in UTF-8 and try again."),
        why=_SHEET,
    ),
    "room-without-camera": text(
        ("教室没有机位", "教室 {rooms} 没有在用的机位，在此上课不会留下录像，也不会显示缺失。", "请先登记机位，再提交课表。"),
        (
            "A room without a camera",
            "Room {rooms} has no camera in use: nothing would be on tape there, and nothing missing.",
            "Enter its cameras first.",
        ),
    ),
    "room-taken": text(
        ("教室已被占用", "教室 {room} 在该时段已有课次 {lesson}。", "请调整时间或教室。"),
        ("The room is taken", "Lesson {lesson} is in room {room} at that time.", "Choose another time or room."),
    ),
    "lesson-outside-class": text(
        ("课次超出班期", "课次 {lesson} 不在班期 {starts_on} 至 {ends_on} 之内。", "请核对日期；延期须先经批准。"),
        ("Outside the class", "Lesson {lesson} is not between {starts_on} and {ends_on}.", "Check the date; an extension needs approval first."),
    ),
    "lesson-begun": text(
        ("课次已开始", "课次 {lesson} 已开始，不能取消或调整。", "如未实际上课，请对缺失的录像作出说明。"),
        ("The lesson has begun", "Lesson {lesson} can no longer be cancelled or moved.", "If it did not take place, explain the missing footage."),
    ),
    "institution-not-taskable": text(
        ("机构不得承担补贴培训", "{institution} 当前状态为“{status}”，不能下达补贴培训任务。", "请选择目录内状态正常的机构。"),
        ("Not to be given tasks", "{institution} is “{status}” and may not be given subsidised training.", "Choose an institution in good standing."),
        status={"active": ("正常", "active"), "suspended": ("暂停", "suspended"), "excluded": ("已退出目录", "excluded")},
    ),
    "task-restricted": text(
        (
            "信用等级限制新增任务",
            "{institution} 信用等级为 {tier}（{document}），年度新增任务上限 {most_persons} 人，已下达 {given_persons} 人，本次 {asked_persons} 人。",
            "请待信用修复后再下达，或由分管领导写明理由批准例外。",
        ),
        (
            "The credit tier limits new tasks",
            "{institution} is in tier {tier} ({document}): at most {most_persons} persons this year, {given_persons} given, {asked_persons} asked.",
            "Wait for credit repair, or let a leader grant an exception with a reason.",
        ),
    ),
    "task-exception-unreasoned": text(
        ("例外须写明人数和理由", "批准例外须由具名领导写明人数（{persons}）和理由。", "请补充后再提交。"),
        ("An exception needs number and reason", "A named leader states the persons ({persons}) and a reason.", "Complete it and submit again."),
    ),
    "institution-barred-by-decision": text(
        (
            "机构已被决定不得承担补贴培训任务",
            "依据 {decision}，{institution} 不得承担政府补贴性培训任务，最早至 {until}。",
            "请选择其他机构；该机构期满后可申请重新准入，对决定不服可依法申请复议或提起诉讼。",
        ),
        (
            "Barred by a decision",
            "By decision {decision}, {institution} may not be given subsidised training, at least until {until}.",
            "Choose another institution; this one may apply for readmission after the term, or contest the decision.",
        ),
    ),
    "qualification-lapsed": text(
        ("资质不在有效期内", "{institution} 没有覆盖至 {day} 的有效资质。", "请先更新资质登记。"),
        ("The qualification lapses", "{institution} has no licence valid until {day}.", "Update the registered licences first."),
    ),
    "slot-not-found": text(
        ("找不到应录课次", "没有这一应录课次，或不属于贵机构。", "请从列表中选择。"),
        ("No such slot", "The slot does not exist, or is not your institution's.", "Choose one from the list."),
    ),
    "start-outside-timetable": text(
        ("录像时间与课表不符", "录像开始于 {start}，与课次 {slot} 相差超过 {hours} 小时。", "请核对录像机时钟，或选择正确的课次。"),
        (
            "Not at the lesson's time",
            "It starts {start}, more than {hours} hours from lesson {slot}.",
            "Check the recorder's clock, or choose the right lesson.",
        ),
    ),
    "start-not-possible": text(
        ("录像时间不可能", "录像不可能早于录像机出现，也不可能录到 {latest} 之后。", "请核对录像机时钟，或填写正确的开始时间。"),
        (
            "That time cannot be",
            "It cannot begin before there were recorders, nor show anything after {latest}.",
            "Check the recorder's clock, or give the right start.",
        ),
    ),
    "lesson-not-begun": text(
        ("课次尚未开始", "课次 {slot} 于 {starts} 开始，此前不可能有录像。", "请选择已经开始的课次。"),
        ("The lesson has not begun", "Lesson {slot} begins {starts}; nothing of it can be on tape before.", "Choose a lesson that has begun."),
    ),
    "span-outside-gap": text(
        ("说明的时段没有缺失", "该时段不在课次 {slot} 的缺失范围内。", "请只对缺失的时段作出说明。"),
        ("Nothing is missing there", "The span is not within what is missing of {slot}.", "Explain missing time only."),
    ),
    "explanation-too-late": text(
        ("说明期限已过", "缺失说明须在 {until} 前提交。", "请联系人社局业务科室。"),
        ("Too late to explain", "Explanations were due by {until}.", "Contact the bureau."),
    ),
    "copy-check-not-found": text(
        ("找不到这次核对", "没有这次留存核对，或者它不属于您的机构。", "请从“自存录像核对”列表重新进入。"),
        ("Not found", "There is no such check, or it is not yours.", "Go back to the list of checks."),
    ),
    "copy-check-over": text(
        ("不能再应答", "这次核对已经应答，或者应答期限（{until}）已过。", "请保存好自存录像，下次核对时按时应答；有疑问请联系人社局。"),
        (
            "No answer is taken",
            "It was answered already, or its time ended ({until}).",
            "Keep your copy and answer the next check in time; ask the bureau if in doubt.",
        ),
    ),
    "copy-answer-malformed": text(
        ("应答格式不对", "应答应为 64 位十六进制的 SHA-256 校验值。", "请在页面选择该录像文件由浏览器计算，或者按页面给出的命令计算后粘贴。"),
        (
            "Not an answer",
            "An answer is a SHA-256 of 64 hexadecimal digits.",
            "Choose the file and let the browser compute it, or paste what the command on the page prints.",
        ),
    ),
    "recording-not-verified": text(
        ("录像尚未核验", "录像状态为“{state}”，核验通过后才能进行此操作。", "请等待核验完成。"),
        ("Not verified yet", "The recording is “{state}”; this needs a verified one.", "Wait for verification to finish."),
    ),
    "stored-hash-mismatch": text(
        ("录像与目录不一致", "存储中的内容与目录记录的哈希值不符，已标记警报。", "请立即通知系统管理员，不要使用该录像作为证据。"),
        (
            "Bytes and catalogue disagree",
            "The stored bytes no longer hash to what the catalogue says.",
            "Tell the administrator at once; do not use it as evidence.",
        ),
    ),
    "scratch-full": text(
        ("临时空间不足", "核验需要 {needed_bytes}，仅剩 {free_bytes}；稍后自动重试。", "请系统管理员清理磁盘。"),
        (
            "No room to verify",
            "Verification needs {needed_bytes}, {free_bytes} are free; it is tried again.",
            "The administrator should free disk space.",
        ),
    ),
    "hall-taken": text(
        ("场地已被占用", "教室“{room}”所在场地在 {starts_at} 已有其他班级的课（可能是其他机构的），同一场地不得重复安排。", "请改换时间或者教室。"),
        (
            "The hall is taken",
            "Another class, perhaps of another institution, has the hall of room “{room}” at {starts_at}; one hall holds one lesson.",
            "Choose another time or another room.",
        ),
    ),
    "class-extension-needed": text(
        (
            "需先批准延长",
            "班级 {class_code} 的原定结束日期为 {planned_ends_on}，目前经批准最晚到 {until_on}；超出的日期须先经批准，批准前开始的课不能计入。",
            "请由培训机构申请延长培训时间，批准后再安排。",
        ),
        (
            "An approved extension is needed",
            "Class {class_code} was planned until {planned_ends_on} and is approved until {until_on}; later days need an approval that comes first.",
            "The institution applies for an extension; after the approval the days can be planned.",
        ),
    ),
    "class-extension-used": text(
        ("批准延长的天数已用完", "班级 {class_code} 经批准可延长 {days} 天，现在安排了 {asked} 天。", "请减少原定结束日期之后的上课天数。"),
        (
            "The approved days are used up",
            "Class {class_code} has {days} approved days after its planned end; {asked} are planned now.",
            "Plan fewer days after the planned end.",
        ),
    ),
}
