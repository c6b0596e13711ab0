"""Read the sheets of completions (结业名册) and of employment (就业台账) as clerks keep them: every bad cell at once. R16, R44, R74. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from storage.kernel.identity import IdentityNumber
from supervision.classes.errors import DefectiveSheet
from supervision.classes.roster import ROSTER_COLUMNS, identity_number
from supervision.classes.sheets import Defect, SheetRow, read_sheet
from supervision.outcomes.models import EvidenceKind, Result

COMPLETION_COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "id_number": ROSTER_COLUMNS["id_number"],
    "result": ("结果", "结业结果", "考核结果", "result"),
    "ended_on": ("结束日期", "结业日期", "ended_on"),
    "certificate": ("证书编号", "证书号", "certificate"),
}
EMPLOYMENT_COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "id_number": ROSTER_COLUMNS["id_number"],
    "kind": ("证明类型", "证明种类", "kind"),
    "reference": ("证明编号", "合同编号", "编号", "reference"),
    "employed_on": ("就业日期", "入职日期", "employed_on"),
    "employer": ("用人单位", "就业单位", "单位名称", "employer"),
    "employer_code": ("统一社会信用代码", "信用代码", "employer_code"),
}
RESULTS: Final[Mapping[str, Result]] = {
    **dict.fromkeys(("合格", "取证", "通过", "passed"), Result.PASSED),
    **dict.fromkeys(("结业", "不合格", "未取证", "completed"), Result.COMPLETED),
    **dict.fromkeys(("退学", "中途退出", "未结业", "withdrawn"), Result.WITHDRAWN),
}
KINDS: Final[Mapping[str, EvidenceKind]] = {
    **dict.fromkeys(("劳动合同", "合同", "contract"), EvidenceKind.CONTRACT),
    **dict.fromkeys(("社会保险", "社保", "参保记录", "insurance"), EvidenceKind.INSURANCE),
    **dict.fromkeys(("营业执照", "执照", "licence"), EvidenceKind.LICENCE),
    **dict.fromkeys(("灵活就业证明", "灵活就业", "flexible"), EvidenceKind.FLEXIBLE),
}
_DATE: Final = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:\s+0?0:00(?::00)?)?")
LONGEST_TEXT: Final = 100


@dataclass(frozen=True, slots=True)
class CompletionLine:
    """How one trainee's course ended; `row` is where it came from, from 1."""

    row: int
    number: IdentityNumber
    result: Result
    ended_on: date | None  # None: the last day of the class
    certificate_number: str


@dataclass(frozen=True, slots=True)
class EmploymentLine:
    """One paper that says a trainee works."""

    row: int
    number: IdentityNumber
    kind: EvidenceKind
    reference: str
    employed_on: date
    employer: str
    employer_code: str


def read_completions(file_name: str, data: bytes) -> list[CompletionLine]:
    """Raises: UnreadableSheet; DefectiveSheet — all bad cells of all rows."""
    rows = read_sheet(file_name, data, COMPLETION_COLUMNS, ("id_number", "result"))
    defects: list[Defect] = [] if rows else [Defect(1, COMPLETION_COLUMNS["result"][0], "sheet-empty")]
    lines: list[CompletionLine] = []
    seen: dict[str, int] = {}
    for row in rows:
        number = identity_number(row, defects)
        result = RESULTS.get(row.cells["result"])
        if result is None:
            defects.append(Defect(row.number, "结果", "unknown" if row.cells["result"] else "cell-empty", row.cells["result"][:20]))
        ended_on = _day(row, "ended_on", "结束日期", defects, required=False)
        certificate = _short(row, "certificate", "证书编号", defects)
        if certificate and result is not None and result is not Result.PASSED:
            defects.append(Defect(row.number, "证书编号", "certificate-without-pass", certificate[:30]))
        if number is not None:
            _once(seen, row, number, defects)
            if result is not None:
                lines.append(CompletionLine(row.number, number, result, ended_on, certificate))
    if defects:
        raise DefectiveSheet(errors=[d.as_dict() for d in defects])
    return lines


def read_employment(file_name: str, data: bytes) -> list[EmploymentLine]:
    """Raises: UnreadableSheet; DefectiveSheet — all bad cells of all rows."""
    rows = read_sheet(file_name, data, EMPLOYMENT_COLUMNS, ("id_number", "kind", "reference", "employed_on"))
    defects: list[Defect] = [] if rows else [Defect(1, EMPLOYMENT_COLUMNS["kind"][0], "sheet-empty")]
    lines: list[EmploymentLine] = []
    seen: dict[str, int] = {}
    for row in rows:
        number = identity_number(row, defects)
        kind = KINDS.get(row.cells["kind"])
        if kind is None:
            defects.append(Defect(row.number, "证明类型", "unknown" if row.cells["kind"] else "cell-empty", row.cells["kind"][:20]))
        employed_on = _day(row, "employed_on", "就业日期", defects, required=True)
        reference = _short(row, "reference", "证明编号", defects)
        employer, employer_code = _short(row, "employer", "用人单位", defects), _short(row, "employer_code", "统一社会信用代码", defects)
        if not reference:
            defects.append(Defect(row.number, "证明编号", "cell-empty"))
        elif reference in seen:
            defects.append(Defect(row.number, "证明编号", "repeated-in-sheet", f"{reference[:40]} · {seen[reference]}"))
        seen.setdefault(reference, row.number)
        if kind in (EvidenceKind.CONTRACT, EvidenceKind.INSURANCE) and not employer:
            defects.append(Defect(row.number, "用人单位", "cell-empty"))
        if number is not None and kind is not None and employed_on is not None and reference:
            lines.append(EmploymentLine(row.number, number, kind, reference, employed_on, employer, employer_code))
    if defects:
        raise DefectiveSheet(errors=[d.as_dict() for d in defects])
    return lines


def _once(seen: dict[str, int], row: SheetRow, number: IdentityNumber, defects: list[Defect]) -> None:
    if number.value in seen:
        defects.append(Defect(row.number, "身份证号", "repeated-in-sheet", f"{number.masked} · {seen[number.value]}"))
    seen.setdefault(number.value, row.number)


def _short(row: SheetRow, name: str, heading: str, defects: list[Defect]) -> str:
    text = row.cells.get(name, "")
    if len(text) > LONGEST_TEXT:
        defects.append(Defect(row.number, heading, "cell-too-long", text[:20]))
    return text[:LONGEST_TEXT]


def _day(row: SheetRow, name: str, heading: str, defects: list[Defect], *, required: bool) -> date | None:
    text = row.cells.get(name, "")
    if not text and not required:
        return None
    told = _DATE.fullmatch(text)
    try:
        if told is not None:
            return date(*map(int, told.groups()))
    except ValueError:
        told = None
    defects.append(Defect(row.number, heading, "not-a-date" if text else "cell-empty", text[:30]))
    return None
