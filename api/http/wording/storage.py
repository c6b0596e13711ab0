"""Texts of the refusals of `storage`. Those of engines say nothing of their insides: what failed is in the log."""

from collections.abc import Mapping
from typing import Final

from api.http.wording.shape import Text, text

_UNREADABLE: Final[Mapping[str, tuple[str, str]]] = {
    "empty": ("文件是空的", "the file is empty"),
    "not-a-video": ("文件不是视频", "it is not a video"),
    "unsupported-container": ("不支持这种封装格式", "its container is not supported"),
    "truncated-no-index": ("文件不完整，末尾的索引缺失", "it was cut off: the index at its end never arrived"),
    "damaged": ("文件结构已损坏", "its structure is damaged"),
    "no-video-stream": ("文件中没有视频画面", "it holds no video"),
    "no-program-stream-map": ("MPEG-PS 文件未说明其内容，也无法辨认", "an MPEG-PS file that does not say or show what it holds"),
    "unsupported-codec": ("不支持这种编码", "its codec is not supported"),
    "too-many-streams": ("文件中的流过多", "it holds too many streams"),
    "picture-too-large": ("画面尺寸超过上限", "its picture is too large"),
    "decode-failed": ("画面无法解码", "its pictures cannot be decoded"),
    "hostile": ("检查时超出安全限制", "it exceeded a safety limit while it was examined"),
}
_ADMIN_ZH: Final = "请稍后再试；若持续出现，请联系系统管理员查看日志。"
_ADMIN_EN: Final = "Try again later; if it persists, the administrator finds the cause in the log."

TEXTS: Final[Mapping[str, Text]] = {
    "engine-wont-start": text(
        ("存储引擎无法启动", "引擎 {engine} 没有启动成功。", "请系统管理员查看引擎日志，检查磁盘空间和端口。"),
        (
            "An engine does not start",
            "The engine {engine} did not come up.",
            "The administrator should read the engine's log; check disk space and ports.",
        ),
    ),
    "data-directory-in-use": text(
        ("数据目录被占用", "另一台机器或容器正在使用同一数据目录。", "请先停止那边的服务；两个引擎同用一个目录会毁坏数据。"),
        (
            "The data directory is in use",
            "Processes of another machine or container hold it.",
            "Stop them first: two engines on one directory destroy it.",
        ),
    ),
    "secret-unusable": text(
        ("密钥配置有误", "密钥 {name} 的长度或格式不对。", "请系统管理员检查该密钥的配置。"),
        ("A secret is unusable", "The secret {name} has the wrong length or alphabet.", "The administrator should check its configuration."),
    ),
    "database-silent": text(
        ("数据库没有应答", "数据库 {host} 在 {waited_s} 秒内没有应答：{why}", "请检查地址、口令和网络，并确认数据库已启动。"),
        (
            "The database does not answer",
            "The database at {host} did not answer within {waited_s} s: {why}",
            "Check address, password and network, and that the server runs.",
        ),
    ),
    "role-too-strong": text(
        ("数据库角色权限过大", "角色 {role} 不应有的权限：{rights}。", "请改用 classproof_app 登录，并以 classproof prepare-database 恢复角色。"),
        (
            "A database role is too strong",
            "The role {role} has what it must not have: {rights}.",
            "Log in as classproof_app, and put the roles right with classproof prepare-database.",
        ),
    ),
    "address-names-another-role": text(
        ("数据库地址中的名称不对", "{variable} 应以角色 {role} 登录数据库 {database}。", "请改正该地址；口令须写在地址中。"),
        (
            "An address names another role or database",
            "{variable} must log in as {role} to the database {database}, with a password.",
            "Correct the address.",
        ),
    ),
    "store-identity-too-strong": text(
        ("存储密钥权限过大", "应用所用密钥在存储上能够：{acts}。", "请按 docs/operations/compose.md 只授予应用八项操作。"),
        (
            "The store's key is too strong",
            "With the application's key the store allows: {acts}.",
            "Grant the application its eight actions only, see docs/operations/compose.md.",
        ),
    ),
    "store-unavailable": text(
        ("存储暂时不可用", "对象存储没有应答。已确认收到的录像不受影响。", "请稍后再试，上传会自动续传。"),
        (
            "The store does not answer",
            "The object store is away. Recordings already acknowledged are safe.",
            "Try again shortly; uploads resume by themselves.",
        ),
    ),
    "store-refused": text(
        ("存储拒绝了请求", "对象存储拒绝了系统的请求。", _ADMIN_ZH),
        ("The store refused", "The object store refused the system's request.", _ADMIN_EN),
    ),
    "bucket-missing": text(
        ("存储桶不存在", "存储桶 {bucket} 不存在，且无权创建。", "请系统管理员创建存储桶或授予权限。"),
        ("A bucket is missing", "Bucket {bucket} does not exist and may not be created.", "The administrator should create it or grant the right."),
    ),
    "bucket-unlocked": text(
        ("存储桶未启用锁定", "存储桶 {bucket} 未启用对象锁定，不能保存证据。", "请系统管理员新建启用对象锁定的存储桶。"),
        ("A bucket cannot lock", "Bucket {bucket} was made without object lock and may not hold evidence.", "Make a new bucket with object lock."),
    ),
    "object-missing": text(
        ("存储中没有这个文件", "存储中找不到这一版本的文件。", "请核对编号；若应当存在，请立即告知系统管理员。"),
        ("Not in the store", "The store does not have this version.", "Check the number; if it should exist, tell the administrator at once."),
    ),
    "upload-gone": text(
        ("这次上传已失效", "存储中已没有这次上传（已完成、已取消或已过期）。", "请重新选择文件上传。"),
        ("The upload is gone", "The store no longer knows it (completed, cancelled or expired).", "Choose the file again to start anew."),
    ),
    "part-missing": text(
        ("分片不完整", "有分片尚未到达，或内容与申报的不同。", "请继续上传，缺少的分片会自动补传。"),
        ("A part is missing", "A part has not arrived, or has other content than announced.", "Go on uploading; missing parts are sent again."),
    ),
    "part-too-small": text(
        ("分片过小", "除最后一片外，每片至少 5 MiB。", "请使用本系统的上传页面或上传程序。"),
        ("A part is too small", "Every part but the last has at least 5 MiB.", "Use the upload page or the agent."),
    ),
    "version-locked": text(
        ("录像已锁定", "该录像在保存期内，或因案件被保全，不能删除。", "保存期满且无案件保全后方可按程序销毁。"),
        ("Locked", "The recording is within its retention period or under a hold.", "It can be destroyed, by two people, once both have ended."),
    ),
    "unreadable-media": text(
        ("录像文件无法使用", "{reason}。", "请从录像机重新导出（MP4、MKV、TS、PS、AVI；H.264 或 H.265）后再上传。"),
        ("The file cannot be used", "The file was refused: {reason}.", "Export it again from the recorder (MP4, MKV, TS, PS, AVI; H.264 or H.265)."),
        reason=_UNREADABLE,
    ),
    "nothing-to-cut": text(
        ("这一时段没有画面", "录像在 {start_ms} 至 {end_ms} 之间没有画面（全长 {duration_ms}）。", "请选择录像范围内的时段。"),
        ("No picture there", "The recording has no picture from {start_ms} to {end_ms} (it is {duration_ms} long).", "Choose a span within it."),
    ),
    "media-sandbox-failed": text(
        ("检查程序出错", "检查录像的隔离程序没有正常运行，与文件无关。", _ADMIN_ZH),
        ("Examination failed", "The confined examiner did not work; the file is not to blame.", _ADMIN_EN),
    ),
    "media-sandbox-stopped": text(
        ("检查已中断", "服务正在停止，对录像的检查已中断。", "无需操作，服务恢复后从上次进度继续。"),
        ("Examination broken off", "The service is stopping.", "Nothing to do: it goes on from where it was."),
    ),
    "file-too-large": text(
        ("文件过大", "文件 {size_bytes}，超过单个文件上限 {limit_bytes}。", "请在录像机上分段导出后上传。"),
        ("The file is too large", "It has {size_bytes}; one file may have {limit_bytes}.", "Export it in pieces."),
    ),
    "file-empty": text(
        ("文件是空的", "文件 {file_name} 没有内容，不能证明任何事实。", "请重新导出录像后上传。"),
        ("The file is empty", "{file_name} holds nothing and proves nothing.", "Export the recording again."),
    ),
    "quota-exceeded": text(
        ("超出存储额度", "已用 {used_bytes}，加上这个文件 {size_bytes} 将超过额度 {limit_bytes}。", "请联系人社局增加额度。"),
        ("Quota exceeded", "{used_bytes} are used; this file of {size_bytes} would exceed {limit_bytes}.", "Ask the bureau for a larger quota."),
    ),
    "too-many-uploads": text(
        ("同时上传过多", "已有 {open} 个未完成的上传，上限 {limit} 个。", "请等待完成，或取消不需要的上传。"),
        ("Too many uploads", "{open} uploads are open; the limit is {limit}.", "Wait for some to finish, or cancel what is not needed."),
    ),
    "upload-closed": text(
        ("上传已结束", "这次上传的状态为“{state}”，不再接收分片。", "如需重传，请重新选择文件。"),
        ("The upload is closed", "Its state is “{state}”; it takes no more parts.", "To send it again, choose the file anew."),
    ),
    "no-such-part": text(
        ("分片编号有误", "没有第 {number} 片；共 {part_count} 片。", "请使用本系统的上传页面或上传程序。"),
        ("No such part", "There is no part {number}; the file has {part_count}.", "Use the upload page or the agent."),
    ),
    "upload-incomplete": text(
        ("尚未全部到达", "缺少分片：{missing}；大小不符：{wrong_size}。", "请继续上传，已到达的部分不必重传。"),
        ("Not everything has arrived", "Missing parts: {missing}; wrong size: {wrong_size}.", "Go on uploading; what has arrived is kept."),
    ),
    "store-low-on-space": text(
        ("存储空间不足", "剩余 {free_bytes}，低于 {limit_bytes}，暂停接收新的上传。", "请系统管理员扩容；已收到的录像不受影响。"),
        (
            "The store is nearly full",
            "{free_bytes} are free, below {limit_bytes}; new uploads wait.",
            "The administrator must add space; what was received is safe.",
        ),
    ),
    "lock-not-confirmed": text(
        ("锁定未得到确认", "回读锁定期限与要求不符（要求 {wanted}，实为 {found}），录像未入库。", "系统会自动重试；若持续出现，请联系系统管理员。"),
        (
            "The lock was not confirmed",
            "Read back, it is {found} instead of {wanted}; nothing was catalogued.",
            "It is tried again; tell the administrator if it persists.",
        ),
    ),
    "still-kept": text(
        ("仍在保存期内", "保存至 {until}；保全事项：{matters}。", "期满且无保全事项后方可销毁。"),
        ("Still to be kept", "It is kept until {until}; matters holding it: {matters}.", "It may be destroyed when both have ended."),
    ),
    "clip-not-ready": text(
        ("片段尚未就绪", "片段状态为“{state}”。", "请稍候，页面会自动刷新。"),
        ("The clip is not ready", "Its state is “{state}”.", "Wait a moment; the page refreshes."),
        state={
            "queued": ("等待剪辑", "waiting to be cut"),
            "ready": ("就绪", "ready"),
            "failed": ("剪辑失败", "failed"),
            "deleted": ("已删除", "deleted"),
        },
    ),
    "clip-gone": text(
        ("片段已删除", "观看用的片段因用途结束已删除，原始录像仍在。", "如仍需查看，请重新申请并写明目的。"),
        ("The clip was deleted", "The viewing copy's purpose ended; the recording itself is kept.", "Ask for it again with a purpose."),
    ),
    "ledger-malformed-note": text(
        ("凭证格式有误", "检查点、公钥或证明不符合格式。", "请使用本系统导出的原文件。"),
        ("Malformed proof", "A checkpoint, key or proof is not in the agreed format.", "Use the file as it was exported."),
    ),
    "ledger-unknown-signature": text(
        ("签名无法确认", "没有找到指定公钥的有效签名。", "请核对公布的公钥。"),
        ("Unknown signature", "There is no valid signature of the expected key.", "Compare with the published key."),
    ),
    "ledger-forked": text(
        ("存证账本不一致", "账本与此前签名的内容不一致，已停止签名。", "这是严重警报：请立即通知系统管理员和监督单位。"),
        (
            "The ledger disagrees",
            "It does not extend what was signed before; signing has stopped.",
            "A grave alarm: tell the administrator and the witness at once.",
        ),
    ),
    "ledger-rolled-back": text(
        (
            "存证账本被回退",
            "数据库中的账本（{size}）短于已公布的账本（{published_size}）。",
            "这是严重警报：请立即通知系统管理员；可能恢复了旧备份。",
        ),
        (
            "The ledger was rolled back",
            "It has {size} entries; {published_size} were published.",
            "A grave alarm: an old copy may have been restored.",
        ),
    ),
    "ledger-not-yet-sequenced": text(
        ("证明尚未生成", "记录已保存，签名检查点几秒后生成。", "请稍候几秒再取证明。"),
        ("No proof yet", "The entry is stored; a signed checkpoint covers it in a few seconds.", "Ask again in a few seconds."),
    ),
    "ledger-no-such-tree": text(
        ("账本没有这个长度", "账本从未有过 {size} 条记录。", "请核对检查点。"),
        ("No such tree", "The log never had {size} entries.", "Check the checkpoint."),
    ),
}
