"""录像销毁证明: the signed certificate of a destruction, to print and keep. R73; G4. Every figure on it comes from the signed bytes."""

import base64
import hashlib
import json
from datetime import datetime
from typing import Any, Final

from api.auth.roles import ROLE_NAMES
from api.papers.paper import Paper
from api.papers.receipt import clock_text, digest_text
from storage.kernel.clock import BUREAU_ZONE

_ROLES: Final = {role.value: names["zh"] for role, names in ROLE_NAMES.items()}
_KINDS: Final = {"clip": "观看副本", "sheets": "预览图", "packets": "数据包清单", "lead-still": "线索截图", "motion": "运动特征（含教室小图）"}
_REMARKS: Final = {
    "below-minimum-height": "画面高度低于要求",
    "no-sound": "无声音",
    "corrupt-packets": "有损坏的数据包",
    "gaps-inside": "中间有缺失",
    "variable-frame-rate": "帧率不恒定",
    "same-bytes-as-earlier": "与更早的录像字节相同",
    "same-packets-as-earlier": "与更早的录像画面相同",
    "claims-the-future": "所称时间不可信",
    "overlaps-earlier": "与同机位更早的录像重叠",
}


def render_certificate(body: bytes, signature: bytes) -> bytes:
    """The PDF of a certificate. `body` is the signed canonical JSON of `supervision.footage.destruction_certificates`."""
    told: dict[str, Any] = json.loads(body)  # Any: the certificate's own fields
    paper = Paper("录像销毁证明", told["number"], _instant(told["destroyed_at"]))
    versions = [f"{one['version_id']}（{'删除标记' if one['marker'] else format(one['size_bytes'], ',') + ' 字节'}）" for one in told["versions"]]
    paper.facts(
        [
            ("机构", f"{told['institution']['name']}（{told['institution']['code']}）"),
            ("课次与机位", told["slot"] or "—"),
            ("文件名", told["file_name"]),
            ("录像开始", _local(told["starts_at"]) if told["starts_at"] else "—"),
            ("实测时长", clock_text(told["duration_ms"])),
            ("标注", "、".join(_REMARKS.get(one, one) for one in told["remarks"]) or "无"),
            ("大小", f"{told['size_bytes']:,} 字节"),
            ("SHA-256", digest_text(told["sha256"])),
            ("接收回执", told["receipt"] or "—"),
            ("保存至", _local(told["retain_until"])),
        ]
    )
    paper.heading("批准")
    paper.facts([("提请人", _person(told["proposed"])), ("提请理由", told["reason"]), ("批准人", _person(told["approved"]))])
    if told["approved"]["note"]:
        paper.facts([("批准意见", told["approved"]["note"])])
    paper.heading("销毁与核实")
    paper.facts(
        [
            ("开始删除", f"{_local(told['begun_at'])}，台账序号 {told['ledger_entry']}"),
            ("删除的版本", "；".join(versions)),
            ("一并删除", "；".join(f"{_KINDS.get(one['kind'], one['kind'])} {len(one['objects'])} 个" for one in told["derived"]) or "无"),
            ("核实", "按版本号逐一读取均不存在，版本列表中该对象已无任何版本"),
            ("销毁完成", _local(told["destroyed_at"])),
        ]
    )
    paper.heading("说明")
    paper.paragraph(
        "上述录像已保存满规定期限（古人社发〔2023〕21号 四（三）2：影像资料备查时间2年），销毁时无任何事项需要保全，"
        "经两人批准后删除。校验值、大小、起止时间和标注继续保留，原接收回执和收录证明仍可核验；已认定的录像覆盖时段不变。"
    )
    paper.heading("核验方法")
    paper.paragraph(
        "一、下载本证明的 JSON 文件，用下列公钥核验其 Ed25519 签名。二、该录像台账中的销毁记录载有本证明内容的校验值，"
        "按其序号下载收录证明，用公布的离线核验程序核对。公钥应从人社局公示渠道另行取得，不以本证明所印为准。"
    )
    paper.facts(
        [
            ("内容校验值", digest_text(hashlib.sha256(body).hexdigest())),
            ("公钥", told["public_key"]),
            ("签名", base64.b64encode(signature).decode()),
        ]
    )
    return paper.pdf()


def _person(told: dict[str, Any]) -> str:  # Any: the certificate's own fields
    return f"{told['name']}（{_ROLES.get(told['role'], told['role'])}，{told['by']}），{_local(told['at'])}"


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _local(text: str) -> str:
    return f"{_instant(text).astimezone(BUREAU_ZONE):%Y年%m月%d日 %H:%M:%S}"
