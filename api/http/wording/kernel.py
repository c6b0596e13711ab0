"""Texts of the general refusals and of what the web layer itself refuses."""

from collections.abc import Mapping
from typing import Final

from api.http.wording import moves
from api.http.wording.shape import Text, text

TEXTS: Final[Mapping[str, Text]] = {
    "domain-error": text(
        ("不能这样做", "按现行规则，这一操作被拒绝。", "请核对操作内容；如有疑问请联系系统管理员。"),
        ("Not possible", "The rules in force do not allow this.", "Check what you entered; ask the administrator if in doubt."),
    ),
    "not-found": text(
        ("找不到", "没有这一项，或者它不属于您。", "请核对地址，或从列表重新进入。"),
        ("Not found", "There is no such thing, or it is not yours.", "Check the address, or go back to the list."),
    ),
    "not-allowed": text(
        ("没有权限", "您的角色无权进行这一操作。", "如确需办理，请由有权限的人员操作，或请系统管理员调整您的角色。"),
        ("Not allowed", "Your role has no right to do this.", "Ask somebody whose role has it, or ask the administrator to change yours."),
    ),
    "calendar-malformed": text(
        ("工作日例外表有误", "工作日例外表存在问题，未予采用。", "请系统管理员按错误清单改正后重启。"),
        ("The table of working days is defective", "It has defects and was not used.", "The administrator must correct what is listed and restart."),
    ),
    "forbidden-move": text(
        ("当前状态下不能这样做", "当前状态为“{state}”，不能进行“{event}”（{why}）。", "请刷新页面查看最新状态；可能已有人先处理了。"),
        (
            "Not in this state",
            "From state “{state}” the step “{event}” is not possible ({why}).",
            "Reload to see the current state; somebody may have acted first.",
        ),
        why=moves.REASONS,
    ),
    "conflict": text(
        ("已被他人修改", "这条记录刚被修改过，或者同一编号已用于别的内容。", "请刷新页面，核对后再提交。"),
        ("Somebody was first", "The record has just been changed, or the same key was used for something else.", "Reload, check, and submit again."),
    ),
    "invalid-input": text(
        ("填写有误", "提交的内容有不符合要求之处，全部列在下面。", "请逐项改正后重新提交；未保存任何内容。"),
        ("Something is not right", "What was submitted has defects; all of them are listed.", "Correct each and submit again; nothing was saved."),
    ),
    "configured-in-half": text(
        (
            "服务器配置不完整",
            "执行“{command}”还缺少：{missing}。没有启动任何内容。",
            "数据库与对象存储须同时配置，或都不配置（使用内置引擎）。每个变量也可写成 <变量名>_FILE 指向密钥文件，见 docs/operations/settings.md。",
        ),
        (
            "The servers are configured in half",
            "“{command}” also needs: {missing}. Nothing was started.",
            "Configure database and store together, or neither (embedded engines). Secrets may come from files; see docs/operations/settings.md.",
        ),
    ),
    "secret-file-unreadable": text(
        ("密钥文件无法读取", "{variable} 指向的文件 {path} 无法读取或为空（{why}）。", "请核对路径，并让运行本程序的用户可读该文件。"),
        (
            "A secret's file cannot be read",
            "The file {path} named by {variable} cannot be read or is empty ({why}).",
            "Check the path, and let the user that runs this program read the file.",
        ),
    ),
    "seal-broken": text(
        ("加密内容无法打开", "保存的加密内容被改动过，或解密密钥不可用（密钥 {key_id}）。", "请系统管理员检查主密钥并查看日志。"),
        (
            "A sealed value does not open",
            "It was altered, or its key is not available (key {key_id}).",
            "The administrator should check the master key and the log.",
        ),
    ),
    "identity-number-invalid": text(
        ("身份证号有误", "身份证号{why}。", "请对照证件核对 18 位号码（末位可为 X）。"),
        ("Identity number is wrong", "The identity number {why}.", "Compare the 18 characters with the card (the last may be X)."),
        why={
            "length": ("不是 18 位", "does not have 18 characters"),
            "shape": ("含有不应出现的字符", "holds characters that do not belong there"),
            "birth-date": ("中的出生日期不存在", "holds a birth date that does not exist"),
            "checksum": ("的校验位不符", "fails its check digit"),
        },
    ),
    "method-not-allowed": text(
        ("不支持这种请求方式", "这一地址不接受此类请求。", "请从页面上的按钮操作。"),
        ("Method not allowed", "This address does not take that kind of request.", "Use the buttons of the pages, or see the API description."),
    ),
    "bad-request": text(
        ("请求无法读取", "请求内容不完整或格式不对。", "请重试；若反复出现，请联系系统管理员。"),
        ("The request cannot be read", "It is incomplete or malformed.", "Try again; tell the administrator if it keeps happening."),
    ),
    "body-too-large": text(
        ("内容太大", "提交的内容超过上限。录像请从上传页面上传，不经过这里。", "请拆分后再提交。"),
        ("Too large", "What was submitted exceeds the limit. Recordings go through the upload page, not here.", "Split it and submit again."),
    ),
    "busy": text(
        ("系统繁忙", "有人正在修改同一条记录，系统等待超时。", "请稍候几秒再试；未保存任何内容。"),
        ("Busy", "Somebody is changing the same record and waiting took too long.", "Try again in a few seconds; nothing was saved."),
    ),
    "database-unavailable": text(
        ("服务暂时不可用", "数据库没有应答。", "请稍候再试；已确认收到的录像不受影响。"),
        ("Temporarily unavailable", "The database does not answer.", "Try again shortly; recordings already acknowledged are safe."),
    ),
    "internal-error": text(
        ("系统出错", "系统出现意外错误，已记入日志。", "请把事件编号 {incident} 告知系统管理员。"),
        ("Something went wrong", "An unexpected error occurred and was logged.", "Tell the administrator the incident number {incident}."),
    ),
}

# Sentences for the lines of `errors[]`: pydantic's types and the rules' own codes.
DEFECTS: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("必填", "is required"),
    "extra_forbidden": ("不认识的字段", "is not a known field"),
    "json_invalid": ("不是有效的 JSON", "is not valid JSON"),
    "string_too_short": ("太短", "is too short"),
    "string_too_long": ("太长", "is too long"),
    "string_type": ("应为文字", "must be text"),
    "string_pattern_mismatch": ("格式不对", "does not have the required form"),
    "int_parsing": ("应为整数", "must be a whole number"),
    "int_type": ("应为整数", "must be a whole number"),
    "bool_parsing": ("应为是或否", "must be true or false"),
    "uuid_parsing": ("不是有效的编号", "is not a valid id"),
    "enum": ("不在可选范围内", "is not one of the choices"),
    "literal_error": ("不在可选范围内", "is not one of the choices"),
    "datetime_parsing": ("不是有效的时间", "is not a valid date and time"),
    "datetime_from_date_parsing": ("不是有效的时间", "is not a valid date and time"),
    "timezone_aware": ("时间须带时区", "must carry a time zone"),
    "date_parsing": ("不是有效的日期", "is not a valid date"),
    "date_from_datetime_parsing": ("不是有效的日期", "is not a valid date"),
    "greater_than": ("太小", "is too small"),
    "greater_than_equal": ("太小", "is too small"),
    "less_than": ("太大", "is too large"),
    "less_than_equal": ("太大", "is too large"),
    "too_long": ("条目太多", "has too many entries"),
    "too_short": ("条目太少", "has too few entries"),
    "model_attributes_type": ("应为对象", "must be an object"),
    "dict_type": ("应为对象", "must be an object"),
    "list_type": ("应为列表", "must be a list"),
    "value_error": ("值无效", "is not valid"),
    "not-unique": ("重复", "is repeated"),
    "out-of-range": ("超出范围", "is out of range"),
    "heading-missing": ("缺少这一列", "column is missing"),
    "unknown": ("不存在", "does not exist"),
    "before-start": ("早于开始", "lies before the start"),
    "in-the-future": ("不能是将来的日期", "lies in the future"),
    "not-in-the-future": ("应在将来", "must lie in the future"),
    "not-of-this-lesson": ("不属于该课次", "does not belong to this lesson"),
    "not-plain-text": ("含有控制字符", "holds control characters"),
    "not-shown": ("画面中没有", "is not shown in the footage"),
    "too-many": ("数量太多", "are too many"),
    "not-now": ("当前状态不能这样做", "cannot be done in the present state"),
    "outside-item": ("时段不在本片段之内", "is not within the clip"),
    "too-long": ("超过允许的长度", "is longer than allowed"),
    "wrong-length": ("长度不对", "has the wrong length"),
    "certificate-without-pass": ("不合格学员不应有证书编号", "has a certificate although the trainee did not pass"),
    "paper-of-another": ("该证明已用于另一名学员", "was filed for another trainee"),
    "sheet-empty": ("表格没有内容", "the sheet is empty"),
    "cell-empty": ("不能为空", "must not be empty"),
    "cell-too-long": ("内容过长", "is too long"),
    "repeated-in-sheet": ("在表格中重复", "is repeated in the sheet"),
    "id-number-length": ("身份证号不是 18 位", "does not have 18 characters"),
    "id-number-shape": ("身份证号含有无效字符", "holds characters that do not belong there"),
    "id-number-birth-date": ("身份证号中的出生日期不存在", "holds a birth date that does not exist"),
    "id-number-checksum": ("身份证号校验位不符", "fails its check digit"),
    "id-number-lost-digits": ("身份证号被表格软件改成了数字，末几位已丢失，请设为文本格式重新填写", "lost its last digits: the cell must be text"),
    "sign-out-before-sign-in": ("签退早于签到", "signs out before signing in"),
    "not-a-date": ("不是有效的日期", "is not a date"),
    "room-taken-in-sheet": ("与表中另一节课占用同一教室", "overlaps another lesson of the sheet in the same room"),
    "not-a-time": ("不是有效的时间", "is not a time"),
    "lesson-unknown": ("没有这个课次", "is not a lesson of this class"),
    "not-on-roster": ("不在花名册中", "is not on the roster"),
    "sign-in-another-day": ("签到日期与课次不符", "is on another day than the lesson"),
}
