"""Letters of an exit case, to print: Chinese, numbered, with facts, evidence and hashes, basis, rights, signer and the place of the seal. 2.3.5.

The decision carries its repair page (两书同达). Everything printed comes from the stored content, so the same letter prints the same bytes for ever.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from api.papers.paper import Paper
from api.papers.receipt import digest_text, hash_note
from compliance.exit.letters import TITLES
from storage.kernel.clock import local_date

Content = Mapping[str, Any]  # Any: JSON
OPENING: Final = {
    "notice": "经核查，贵单位在政府补贴性职业技能培训中存在下列情形，本局拟作出处理。在作出决定之前，现将事实、理由、依据和贵单位的权利告知如下。",
    "hearing-call": "贵单位就下列案件提出的听证申请收悉，现将听证事项通知如下。",
    "decision": "本局对下列案件已依法告知、听取意见并复核，现作出决定如下。",
    "service": "下列文书已经送达，特此记录。",
    "withdrawal": "经查，下列案件不应立案，现予撤销并告知如下。",
    "reversal": "下列处理决定现予撤销，有关事项告知如下。",
    "readmission": "贵单位的重新准入申请收悉。经评估，现作出决定如下。",
}
CHECKS: Final = {"cause_removed": "退出原因已消除", "subsidy_repaid": "应退补贴已退回", "site_checked": "现场检查合格"}


def render_letter(kind: str, number: str, content: Content, *, bureau: str, sha256: bytes) -> bytes:
    """The PDF of a letter of the bureau."""
    at = datetime.fromisoformat(content["at"])
    facts: dict[str, Any] = content["facts"]  # Any: JSON
    paper = Paper(TITLES[kind], number, at)
    paper.paragraph(f"{facts['institution']['name']}（{facts['institution']['code']}）：", size=12)
    paper.paragraph("　　" + OPENING[kind], size=11)
    paper.heading("一、案件和事实")
    paper.facts(_facts(facts))
    _PARTS[kind](paper, content)
    _close(paper, content, bureau, at, sha256)
    if content.get("repair"):
        _repair_page(paper, content, number, bureau, at)
    return paper.pdf()


def _facts(facts: Content) -> list[tuple[str, str]]:
    figures = []
    if "numerator" in facts:
        limit = f"{facts['limit_permille'] / 10:g}%"
        share = f"{facts['numerator'] * 100 / facts['denominator']:.2f}%" if facts["denominator"] else "—"
        figures = [("计算结果", f"{facts['numerator']} / {facts['denominator']}（{share}），标准 {limit}")]
    evidence = [(label, digest_text(value) if len(value) == 64 and " " not in value else value) for label, value in facts["evidence"]]
    return [("案件编号", facts["case"]), ("事由", f"{facts['trigger_zh']}（{facts['year']}年度）"), *figures, *evidence]


def _basis(paper: Paper, content: Content, number: str = "三") -> None:
    paper.heading(f"{number}、依据")
    paper.paragraph("　　" + content["basis"])


def _notice(paper: Paper, content: Content) -> None:
    paper.heading("二、理由")
    paper.paragraph("　　" + content["reasons"])
    _basis(paper, content)
    paper.heading("四、拟作出的处理")
    paper.paragraph(f"　　{content['intended']}{_term(content)}。")
    paper.heading("五、权利和期限")
    paper.paragraph("　　" + content["rights"])


def _hearing(paper: Paper, content: Content) -> None:
    paper.heading("二、听证安排")
    paper.paragraph("　　" + content["follows"])
    paper.heading("三、权利")
    paper.paragraph("　　" + content["rights"])


def _decision(paper: Paper, content: Content) -> None:
    paper.heading("二、陈述申辩和复核")
    if not content["points"]:
        paper.paragraph("　　贵单位在期限内未提出陈述申辩意见。")
    for place, point in enumerate(content["points"], start=1):
        paper.paragraph(f"{place}．意见：{point['point']}")
        paper.paragraph(f"　　答复：{point['answer']}")
    paper.paragraph("　　" + content["recheck"])
    paper.heading("三、理由和依据")
    paper.paragraph("　　" + content["reasons"])
    paper.paragraph("　　" + content["basis"])
    if content["collective"]:
        paper.paragraph(f"　　集体讨论：{content['collective']}。")
    paper.heading("四、决定")
    paper.paragraph("　　" + content["follows"], size=12)
    if content.get("running_zh"):
        paper.paragraph(f"　　{content['running_zh']}。")
    if content["remedies"]:
        paper.heading("五、救济途径")
        paper.paragraph("　　" + content["remedies"])


def _service(paper: Paper, content: Content) -> None:
    paper.heading("二、送达")
    paper.facts(
        [
            ("送达文书", content["decision"]),
            ("文书 SHA-256", digest_text(content["decision_sha256"])),
            ("送达方式", content["how"]),
            ("收件人", content["received_by"]),
            ("收件人签名", "　"),
        ]
    )


def _ending(paper: Paper, content: Content) -> None:
    if content.get("decision"):
        paper.facts([("撤销的决定", content["decision"])])
    paper.heading("二、理由")
    paper.paragraph("　　" + content["reasons"])
    if content["document"]:
        paper.paragraph(f"　　依据文书：{content['document']}。")
    paper.heading("三、结果")
    paper.paragraph("　　" + content["follows"])


def _readmission(paper: Paper, content: Content) -> None:
    paper.heading("二、评估")
    paper.facts([(words, content["checks"][name]) for name, words in CHECKS.items() if name in content["checks"]])
    paper.gap(2)
    paper.paragraph("　　" + content["reasons"])
    paper.heading("三、决定")
    paper.paragraph("　　" + content["follows"], size=12)
    if content["remedies"]:
        paper.paragraph("　　" + content["remedies"])


_PARTS: Final[Mapping[str, Callable[[Paper, Content], None]]] = {
    "notice": _notice,
    "hearing-call": _hearing,
    "decision": _decision,
    "service": _service,
    "withdrawal": _ending,
    "reversal": _ending,
    "readmission": _readmission,
}


def _term(content: Content) -> str:
    return f"，期限{content['months']}个月" if content.get("months") else ""


def _close(paper: Paper, content: Content, bureau: str, at: datetime, sha256: bytes) -> None:
    paper.signature(bureau, local_date(at), signer=f"签发人：{content['signer']['name']}", below=hash_note(sha256))


def _repair_page(paper: Paper, content: Content, number: str, bureau: str, at: datetime) -> None:
    """修复和复核指引, on its own page beside the decision."""
    paper.turn()
    paper.heading("修复和复核指引（与决定书同时送达）")
    paper.paragraph(f"适用文书：{number}")
    for place, step in enumerate(content["repair"], start=1):
        paper.paragraph(f"{place}．{step}")
    paper.heading("不服决定的途径")
    paper.paragraph("　　" + content["remedies"])
    paper.signature(bureau, local_date(at))
