"""How a clause is written: `R73`, `Q2`, `F-21`, `G19`, `2.3.2`, several with commas. `docs/policy/clauses.yaml` has the words of each R. Pure."""

import re
from typing import Final

_ONE: Final = r"(?:R\d{1,3}(?:\(\d\))?|Q\d{1,2}|F-\d\d|G\d{1,2}|\d(?:\.\d){1,2})"  # requirement, open question, fraud, goal, section
CLAUSES: Final = re.compile(rf"{_ONE}(?:, {_ONE})*")
CITED: Final = re.compile(rf"(?<![\w.-]){_ONE}(?![\w-])")
_RANGE: Final = re.compile(r"\bR(\d{1,3})(?:\s*[–-]\s*R?(\d{1,3}))?(?![\d\w])")
LAST_REQUIREMENT: Final = 105
LONGEST_RANGE: Final = 10  # `R10–R25` speaks of a chapter, not of its sentences


def requirements(text: str) -> list[int]:
    """The numbers of every requirement a text cites, in order, once each: `R71–R73, R44` → 44, 71, 72, 73. Long ranges are not citations."""
    found: set[int] = set()
    for first, last in _RANGE.findall(text):
        span = range(int(first), int(last or first) + 1)
        found |= {n for n in span if 1 <= n <= LAST_REQUIREMENT} if len(span) <= LONGEST_RANGE else set()
    return sorted(found)
