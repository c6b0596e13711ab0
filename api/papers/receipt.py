"""录像接收回执: the signed receipt of a recording, to print and keep. R72, R73; G7. Every figure on it comes from the signed bytes."""

import base64
import json
from datetime import datetime
from typing import Any

from api.papers.paper import Paper
from storage.kernel.clock import BUREAU_ZONE


def render_receipt(body: bytes, signature: bytes) -> bytes:
    """The PDF of a receipt. `body` is the signed canonical JSON of `supervision.footage.receipts`."""
    told: dict[str, Any] = json.loads(body)  # Any: the receipt's own fields
    issued_at = _instant(told["issued_at"])
    paper = Paper("录像接收回执", told["number"], issued_at)
    starts = _local(told["starts_at"]) if told["starts_at"] else "—"
    paper.facts(
        [
            ("机构", f"{told['institution']['name']}（{told['institution']['code']}）"),
            ("课次与机位", told["slot"] or "—"),
            ("文件名", told["file_name"]),
            ("录像开始", starts),
            ("实测时长", f"{clock_text(told['duration_ms'])}，其中有画面 {clock_text(told['held_ms'])}"),
            ("大小", f"{told['size_bytes']:,} 字节"),
            ("SHA-256", digest_text(told["sha256"])),
            ("对象版本", f"{told['object_key']} @ {told['version_id']}"),
            ("锁定保存至", _local(told["retain_until"])),
            ("台账序号", str(told["ledger_entry"])),
            ("出具时间", _local(told["issued_at"])),
        ]
    )
    paper.heading("说明")
    paper.paragraph(
        "上述录像已完整接收，已逐字节计算校验值，并以不可缩短的方式锁定保存至上述日期（古人社发〔2023〕21号 四（三）2：影像资料备查时间2年）。"
        "本回执证明贵机构已上传该文件，不代表对培训内容的认定。请与原始文件一并保存。"
    )
    paper.heading("核验方法")
    paper.paragraph(
        "一、对原始文件计算 SHA-256，与上列数值比较。二、下载本回执的 JSON 文件，用下列公钥核验其 Ed25519 签名。"
        "三、按台账序号下载收录证明，用公布的离线核验程序核对。公钥应从人社局公示渠道另行取得，不以本回执所印为准。"
    )
    paper.facts([("公钥", told["public_key"]), ("签名", base64.b64encode(signature).decode())])
    return paper.pdf()


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _local(text: str) -> str:
    return f"{_instant(text).astimezone(BUREAU_ZONE):%Y年%m月%d日 %H:%M:%S}"


def clock_text(milliseconds: int | None) -> str:
    """00:01:21; a dash when unknown."""
    if milliseconds is None:
        return "—"
    seconds = milliseconds // 1000
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def digest_text(digest: str) -> str:
    """A hash in groups of eight, so that it wraps and can be compared by eye."""
    return " ".join(digest[i : i + 8] for i in range(0, len(digest), 8))


def hash_note(sha256: bytes) -> str:
    """The line under every letter that lets it be checked."""
    return f"本文书内容的校验值（SHA-256）：{digest_text(sha256.hex())}。该值已记入只增不改的日志，可在公示页面核验。"
