"""双周调度表 as .xlsx, laid out like the paper: title, period, table, targets, who prepared and signed. R98; G25."""

import io
from typing import Final

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from api.papers.progress_report import HEADS, NOTE, TITLE, day_text, duty_rows, signed_text, table_rows
from compliance.reports.models import ProgressReport

WIDTHS: Final = (34, 16, 10, 10, 10, 10, 10, 10, 10, 10, 12, 12)
LINE: Final = Side(style="thin", color="808080")
GRID: Final = Border(left=LINE, right=LINE, top=LINE, bottom=LINE)


def render_sheet(row: ProgressReport, *, bureau: str) -> bytes:
    """One sheet; figures are numbers, so that they can be added up."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)  # noqa: S101 - a new workbook has one
    sheet.title = "双周调度表"
    told = row.content
    for letter, width in zip("ABCDEFGHIJKL", WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    _wide(sheet, TITLE, bold=True, centred=True)
    _wide(sheet, f"编号：{row.code}　填报单位：{bureau}")
    _wide(sheet, f"统计周期：{day_text(told['period']['starts_on'])} 至 {day_text(told['period']['ends_on'])}　单位：人、元")
    _table(sheet, HEADS, table_rows(told))
    sheet.append([])
    _wide(sheet, "目标任务和时限", bold=True)
    _table(sheet, ("事项", "条款", "时限", "应达到", "已达到", "情况"), duty_rows(told))
    sheet.append([])
    for text in (NOTE, signed_text(row), f"内容校验值 SHA-256：{row.sha256.hex()}"):
        _wide(sheet, text)
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _wide(sheet: Worksheet, text: str, *, bold: bool = False, centred: bool = False) -> None:
    sheet.append([_safe(text)])
    place = sheet.max_row
    sheet.merge_cells(start_row=place, start_column=1, end_row=place, end_column=len(WIDTHS))
    cell = sheet.cell(place, 1)
    cell.font = Font(bold=bold, size=14 if centred else 11)
    cell.alignment = Alignment(horizontal="center" if centred else "left", wrap_text=True, vertical="center")
    sheet.row_dimensions[place].height = 16 * (1 + len(text) // 75) + (8 if centred else 0)


def _table(sheet: Worksheet, heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    for number, row in enumerate((heads, *rows)):
        sheet.append([int(cell) if cell.isdecimal() else _safe(cell) for cell in row])
        for cell in sheet[sheet.max_row][: len(row)]:
            cell.border = GRID
            cell.font = Font(bold=number == 0)
            cell.alignment = Alignment(wrap_text=True, vertical="center")


def _safe(text: str) -> str:
    """Never a formula."""
    return "'" + text if text[:1] in "=+-@" and text else text
