"""The requirements R1–R105 of 古人社发〔2023〕21号 and the questions Q1–Q12 that it leaves open, with their words: `clauses.yaml`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from compliance.policy.errors import DefectivePolicy
from compliance.policy.lines import Located, read_lines

CLAUSES_FILE: Final = Path(__file__).with_name("clauses.yaml")
KINDS: Final = ("CORE", "ADJ", "CTX", "OPEN")  # OPEN: a question
OWED: Final = ("CORE", "ADJ")  # kinds that are built, or left out for a reason
_NEEDED: Final = ("zh", "en", "class", "section")
_OPTIONAL: Final = ("stage", "left_out")
_REF: Final = re.compile(r"[RQ]\d{1,3}")


@dataclass(frozen=True, slots=True)
class Clause:
    """`zh`: the document's own key phrase. `left_out_zh`, `left_out_en`: why nothing is built for it. `stage`: which stage builds it."""

    ref: str
    zh: str
    en: str
    kind: str
    section: str
    stage: str = ""
    left_out_zh: str = ""
    left_out_en: str = ""


def load_clauses(path: Path = CLAUSES_FILE) -> dict[str, Clause]:
    """All of them in the order of the file. Raises: DefectivePolicy — with every defect, its file and line."""
    root, defects = read_lines(path.read_text(encoding="utf-8"), path.name)
    if root.kind != "mapping":
        raise DefectivePolicy(defects=defects or [f"{path.name}:1: expected a mapping of clauses"])
    found: dict[str, Clause] = {}
    for ref, body in root.fields.items():
        wrong = _wrong(ref, body)
        defects += [f"{path.name}:{line}: {ref}: {what}" for line, what in wrong]
        if not wrong:
            one = {key: str(place.value) for key, place in body.fields.items()}
            reason = {key: str(place.value) for key, place in body.fields["left_out"].fields.items()} if "left_out" in body.fields else {}
            found[ref] = Clause(
                ref, one["zh"], one["en"], one["class"], one["section"], one.get("stage", ""), reason.get("zh", ""), reason.get("en", "")
            )
    if defects:
        raise DefectivePolicy(defects=defects)
    return found


def _wrong(ref: str, body: Located) -> list[tuple[int, str]]:
    if not _REF.fullmatch(ref) or body.kind != "mapping":
        return [(body.line, "expected R or Q with a number, and a mapping under it")]
    one = body.fields
    found = [(body.line, f"{key} is missing") for key in _NEEDED if key not in one]
    found += [(place.line, f"{key} is not known") for key, place in one.items() if key not in (*_NEEDED, *_OPTIONAL)]
    found += [(one[key].line, f"{key} must be text") for key in (*_NEEDED, "stage") if key in one and not isinstance(one[key].value, str)]
    if "class" in one and one["class"].value not in KINDS:
        found.append((one["class"].line, f"class must be one of {', '.join(KINDS)}"))
    if "left_out" in one and set(one["left_out"].fields) != {"zh", "en"}:
        found.append((one["left_out"].line, "left_out needs a reason in zh and in en"))
    return sorted(found)


@cache
def clauses() -> Mapping[str, Clause]:
    """Those that come with the product, read once."""
    return load_clauses()


def cited(clause: str) -> list[Clause]:
    """The requirements and questions that a parameter's clause names: `R73, Q2` → both. Sections and frauds have no entry."""
    return [one for ref in re.findall(r"[RQ]\d{1,3}", clause) if (one := clauses().get(ref)) is not None]
