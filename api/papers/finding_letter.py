"""Letters about a finding, to print: Chinese, numbered, with facts, basis, rights, signer and the place of the seal. R68; domain.md 2.3.2; G10.

Everything printed comes from the stored content, so the same letter prints the same bytes for ever.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from api.papers.paper import Paper
from api.papers.receipt import clock_text, digest_text, hash_note
from storage.kernel.clock import BUREAU_ZONE, local_date
from supervision.findings.letters import TITLES
from supervision.findings.models import PaperKind

OPENING = {
    PaperKind.NOTICE: "经监督检查，发现贵单位在政府补贴性职业技能培训中存在下列问题。在作出处理之前，现将事实、依据和贵单位的权利告知如下。",
    PaperKind.ANSWER: "贵单位就下列问题提交的陈述申辩意见收悉。经未参与此前认定的人员复核，现逐条答复如下。",
    PaperKind.RECTIFICATION_ORDER: "贵单位对下列问题未在期限内提出陈述申辩，或者未提出异议。现责令限期整改。",
    PaperKind.REVIEW_ANSWER: "贵单位对下列问题办结结果提出的复核申请收悉。经未参与此前认定的人员复核，现逐条答复如下。",
    PaperKind.CLOSING: "贵单位就下列问题提交的整改报告已经核验，现将结果告知如下。",
}


def render_letter(
    kind: PaperKind, number: str, content: dict[str, Any], *, bureau: str, sha256: bytes, still: bytes | None = None, stills: Sequence[bytes] = ()
) -> bytes:  # Any: JSON
    """The PDF of a letter of the bureau. `still`, `stills`: the JPEGs whose hashes the notice names, as far as they are at hand."""
    at = datetime.fromisoformat(content["at"])
    facts: dict[str, Any] = content["facts"]  # Any: JSON
    paper = Paper(TITLES[kind], number, at)
    paper.paragraph(f"{facts['institution']['name']}（{facts['institution']['code']}）：", size=12)
    paper.paragraph("　　" + OPENING[kind], size=11)
    paper.heading("一、事实")
    paper.facts(_facts(facts))
    if content.get("still_sha256"):
        paper.facts([("画面 SHA-256", digest_text(content["still_sha256"]))])
    for place, taken in enumerate(content.get("stills", ()), start=1):
        at_text = datetime.fromisoformat(taken["at"]).astimezone(BUREAU_ZONE)
        paper.facts([(f"截图{place}", f"{at_text:%H:%M:%S}（录像 {clock_text(taken['at_ms'])}），SHA-256 {digest_text(taken['sha256'])}")])
    if still is not None:
        paper.picture(still)
    for picture in stills:
        paper.picture(picture)
    paper.heading("二、依据")
    paper.paragraph("　　" + content["basis"])
    _particulars(paper, kind, content)
    paper.signature(bureau, local_date(at), signer=f"经办人：{content['signer']['name']}", below=hash_note(sha256))
    return paper.pdf()


def _facts(facts: dict[str, Any]) -> list[tuple[str, str]]:  # Any: JSON
    start, end = (datetime.fromisoformat(facts[name]).astimezone(BUREAU_ZONE) for name in ("starts_at", "ends_at"))
    return [
        ("问题编号", facts["finding"]),
        ("问题", f"{facts['defect_zh']}（{facts['severity_zh']}）"),
        ("课次", facts["lesson"]),
        ("地点与机位", f"{facts['place']}　{facts['camera']}") if "camera" in facts else ("地点", facts["place"]),
        ("时段", f"{start:%Y年%m月%d日 %H:%M:%S} 至 {end:%H:%M:%S}"),
        *_rests_on(facts),
        *([("说明", facts["note"])] if facts["note"] else []),
    ]


def _rests_on(facts: dict[str, Any]) -> list[tuple[str, str]]:  # Any: JSON
    """Footage, or the signed record of a visit with its photos."""
    if "visit" in facts:
        return [
            ("现场检查记录", f"{facts['visit']}，检查人员：{'、'.join(facts['inspectors'])}"),
            ("检查内容", f"{facts['question']}：否"),
            ("记录 SHA-256", digest_text(facts["record_sha256"])),
            *[(f"照片{number} SHA-256", digest_text(sha256)) for number, sha256 in enumerate(facts["photo_sha256s"], start=1)],
        ]
    first, last = facts["position_ms"]
    return [
        ("录像中的位置", f"{facts['file_name']}，{clock_text(first)}–{clock_text(last)}"),
        ("录像 SHA-256", digest_text(facts["footage_sha256"])),
    ]


def _particulars(paper: Paper, kind: PaperKind, content: dict[str, Any]) -> None:  # Any: JSON
    if kind is PaperKind.NOTICE:
        paper.heading("三、权利和期限")
        paper.paragraph("　　" + content["rights"])
        return
    if kind in (PaperKind.ANSWER, PaperKind.REVIEW_ANSWER):
        paper.heading("三、逐条答复")
        for number, point in enumerate(content["points"], start=1):
            paper.paragraph(f"{number}．意见：{point['point']}")
            paper.paragraph(f"　　答复：{point['answer']}")
        paper.heading("四、复核结论")
        for told in filter(None, (content["follows"], content["rights"])):
            paper.paragraph("　　" + told)
        return
    if kind is PaperKind.RECTIFICATION_ORDER:
        paper.heading("三、整改要求")
        paper.paragraph("　　" + content["wanted"])
        paper.paragraph("　　" + content["follows"])
        return
    paper.heading("三、结果")
    paper.paragraph(f"　　核验情况：{content['how_verified']}")
    for name in ("follows", "rights", "repair"):
        paper.paragraph("　　" + content[name])
