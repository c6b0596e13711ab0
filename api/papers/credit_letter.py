"""Letters about ratings and information items, to print; an adverse one with its repair page (两书同达). R62–R65; domain.md 2.1, 2.3.4.

Everything printed comes from the stored content, so the same letter prints the same bytes for ever.
"""

from datetime import datetime
from typing import Any

from api.papers.paper import Paper
from api.papers.receipt import hash_note
from storage.kernel.clock import local_date

_NUMBERS = "一二三四五六七八九十"


def render_credit_letter(number: str, content: dict[str, Any], *, bureau: str, sha256: bytes) -> bytes:  # Any: JSON
    """The PDF of a letter of the bureau."""
    at = datetime.fromisoformat(content["at"])
    dated = local_date(at)
    paper = Paper(content["title"], number, at)
    paper.paragraph(f"{content['institution']['name']}（{content['institution']['code']}）：", size=12)
    paper.paragraph("　　" + content["opening"], size=11)
    paper.facts([(label, value) for label, value in content["facts"]])
    for place, section in enumerate(content["sections"]):
        paper.heading(f"{_NUMBERS[place]}、{section['heading']}")
        for line in section["paragraphs"]:
            paper.paragraph(("" if line[:1].isdigit() or line.startswith("　") else "　　") + line)
    small = [hash_note(sha256), *(f"{words}，记录编号：{number}" for words, number in content.get("numbers", ()))]
    paper.signature(bureau, dated, signer=f"经办人：{content['signer']['name']}", below="\n".join(small))
    if content["repair"]:
        paper.turn()
        paper.paragraph("信用修复告知", size=16)
        paper.gap(3)
        paper.paragraph(f"本页随《{content['title']}》（{number}）一并送达。", size=10.5)
        paper.gap(3)
        for line in content["repair"]:
            paper.paragraph(line, size=11)
            paper.gap(2)
        paper.signature(bureau, dated)
    return paper.pdf()
