"""Letters about a place or an extension, to print: Chinese, numbered, with basis, signer, seal; adverse ones end with a repair page. R78; 2.3.3.

Everything printed comes from the stored content, so the same letter prints the same bytes for ever.
"""

from datetime import date, datetime
from typing import Any

from api.papers.paper import Paper, day_text
from api.papers.receipt import hash_note
from compliance.approvals.letters import ADVERSE, LetterKind
from storage.kernel.clock import BUREAU_ZONE, local_date


def render_approval_letter(number: str, content: dict[str, Any], *, bureau: str, sha256: bytes) -> bytes:  # Any: JSON
    """The PDF. `bureau`: who signs when the content names no other office."""
    at = datetime.fromisoformat(content["at"])
    kind, facts = LetterKind(content["kind"]), content["facts"]
    paper = Paper(content["title"], number, at)
    paper.paragraph(f"{facts['institution']['name']}（{facts['institution']['code']}）：", size=12)
    for sentence in content["says"]:
        for line in sentence.splitlines():
            paper.paragraph("　　" + line, size=11)
    headings = iter("一二三四五")
    paper.heading(f"{next(headings)}、申请事项")
    paper.facts(_facts(facts))
    if content.get("assessed"):
        paper.heading(f"{next(headings)}、评估情况")
        for one in content["assessed"]:
            paper.paragraph("　　" + one)
    paper.heading(f"{next(headings)}、依据")
    paper.paragraph("　　" + content["basis"])
    if content.get("rights"):
        paper.heading(f"{next(headings)}、权利和期限")
        paper.paragraph("　　" + content["rights"])
    elif content.get("act_until"):
        paper.heading(f"{next(headings)}、办理期限")
    if content.get("act_until"):
        paper.paragraph(f"　　期限届满：{_last_day(content['act_until'])}24时。")
    signer = content["signer"]["name"]
    paper.signature(content["office"] or bureau, local_date(at), signer=f"经办人：{signer}" if signer else "", below=hash_note(sha256))
    if kind in ADVERSE and content["repair"]:
        _repair(paper, content["repair"])
    return paper.pdf()


def _facts(facts: dict[str, Any]) -> list[tuple[str, str]]:  # Any: JSON
    told = [("申请编号", facts["approval"]), ("事项", facts["subject_zh"]), ("班级", "、".join(facts["classes"]) or "（未填写）")]
    if facts["kind"] == "extension":
        return [*told, ("延长", f"{facts['days']}个培训日"), ("最晚结束日期", _day(facts["until_on"]))]
    return [
        *told,
        ("地点", f"{facts['address']}　{facts['room']}"),
        ("容纳人数", f"{facts['capacity']}人"),
        ("机位", f"{facts['cameras']}个，均有参考画面"),
        ("使用期限", f"{_day(facts['from_on'])} 至 {_day(facts['until_on'])}"),
    ]


def _repair(paper: Paper, steps: list[str]) -> None:
    """两书同达: how to put things right is delivered with the letter, on its own page."""
    paper.turn()
    paper.heading("附：如何补救")
    for number, step in enumerate(steps, start=1):
        paper.paragraph(f"{number}．{step}", size=11)
        paper.gap(2)


def _day(text: str) -> str:
    return day_text(date.fromisoformat(text)) if text else "—"


def _last_day(until: str) -> str:
    """The last day that counts before an exclusive midnight."""
    last = date.fromordinal(datetime.fromisoformat(until).astimezone(BUREAU_ZONE).date().toordinal() - 1)
    return day_text(last)
