"""Letters about ratings and information items, to print; an adverse one with its repair page (两书同达). R62–R65; domain.md 2.1, 2.3.4.

Everything printed comes from the stored content, so the same letter prints the same bytes for ever.
"""

from datetime import datetime
from typing import Any

from api.papers.paper import Paper
from api.papers.receipt import digest_text
from storage.kernel.clock import BUREAU_ZONE

_NUMBERS = "一二三四五六七八九十"


def render_credit_letter(number: str, content: dict[str, Any], *, bureau: str, sha256: bytes) -> bytes:  # Any: JSON
    """The PDF of a letter of the bureau."""
    at = datetime.fromisoformat(content["at"])
    dated = f"{at.astimezone(BUREAU_ZONE):%Y年%m月%d日}"
    paper = Paper(content["title"], number, at)
    paper.paragraph(f"{content['institution']['name']}（{content['institution']['code']}）：", size=12)
    paper.paragraph("　　" + content["opening"], size=11)
    paper.facts([(label, value) for label, value in content["facts"]])
    for place, section in enumerate(content["sections"]):
        paper.heading(f"{_NUMBERS[place]}、{section['heading']}")
        for line in section["paragraphs"]:
            paper.paragraph(("" if line[:1].isdigit() or line.startswith("　") else "　　") + line)
    paper.ln(8)
    paper.paragraph(f"经办人：{content['signer']['name']}")
    paper.ln(4)
    paper.signature(bureau, dated)
    paper.ln(4)
    paper.paragraph(f"本文书内容的校验值（SHA-256）：{digest_text(sha256.hex())}。该值已记入只增不改的日志，可在公示页面核验。", size=8.5)
    if content["repair"]:
        paper.add_page()
        paper.paragraph("信用修复告知", size=16)
        paper.ln(3)
        paper.paragraph(f"本页随《{content['title']}》（{number}）一并送达。", size=10.5)
        paper.ln(3)
        for line in content["repair"]:
            paper.paragraph(line, size=11)
            paper.ln(2)
        paper.ln(4)
        paper.signature(bureau, dated)
    return paper.pdf()
