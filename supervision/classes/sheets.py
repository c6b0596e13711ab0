"""Read a clerk's sheet (.xlsx or .csv) into rows of text, whatever the encoding and whichever of the usual headings it uses. Pure."""

import csv
import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from xml.etree import ElementTree

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from supervision.classes.errors import DefectiveSheet, UnreadableSheet

MAX_ROWS: Final = 5000
MAX_COLUMNS: Final = 60
MAX_BYTES: Final = 10 << 20
MAX_UNPACKED_BYTES: Final = 100 << 20
EXACT_BELOW: Final = 10**15  # spreadsheets keep 15 digits


@dataclass(frozen=True, slots=True)
class SheetRow:
    """`number` is the row as the clerk's program shows it, from 1."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Defect:
    """One bad cell. `code` is in the message catalogue. `first_row`: where the same stands already."""

    row: int
    column: str
    code: str
    value: str = ""
    first_row: int | None = None

    def as_dict(self) -> dict[str, object]:
        found: dict[str, object] = {"row": self.row, "column": self.column, "code": self.code, "value": self.value}
        return found if self.first_row is None else found | {"first_row": self.first_row}


def read_sheet(file_name: str, data: bytes, columns: Mapping[str, Sequence[str]], required: Sequence[str]) -> list[SheetRow]:
    """Rows under the heading line, by our column names.

    `columns` maps our name → headings clerks use (first is the official one). The heading line is the first row that holds all required
    headings: titles and merged banners above it are skipped. Empty rows are skipped, 序号 columns ignored.
    Raises: UnreadableSheet; DefectiveSheet — headings missing.
    """
    if len(data) > MAX_BYTES:
        raise UnreadableSheet(file_name=file_name, why="too-large")
    lines = _lines_of_workbook(file_name, data) if data[:2] == b"PK" else _lines_of_text(file_name, data)
    names = {_key(heading): name for name, headings in columns.items() for heading in headings}
    for index, line in enumerate(lines[:30]):
        places = {names[_key(cell)]: at for at, cell in enumerate(line) if _key(cell) in names}
        if all(name in places for name in required):
            return [
                SheetRow(number, {name: line[at].strip() if at < len(line) else "" for name, at in places.items()})
                for number, line in enumerate(lines[index + 1 :], start=index + 2)
                if any(at < len(line) and line[at].strip() for at in places.values())
            ]
    seen = {names[_key(cell)] for line in lines[:30] for cell in line if _key(cell) in names}
    missing = [columns[name][0] for name in required if name not in seen] or [columns[name][0] for name in required]
    raise DefectiveSheet(errors=[Defect(1, heading, "heading-missing").as_dict() for heading in missing])


def _key(heading: str) -> str:
    return "".join(heading.split()).strip("*：:（必填）()").lower()


# what openpyxl and the readers under it raise on a file that is no workbook, or a damaged one; rows are read lazily, so all of it may come late
_DAMAGED: Final = (
    zipfile.BadZipFile,
    InvalidFileException,
    ElementTree.ParseError,
    zlib.error,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    OSError,
    EOFError,
    NotImplementedError,  # a compression that nobody uses
    RuntimeError,  # encrypted
)


def _lines_of_workbook(file_name: str, data: bytes) -> list[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked_bytes = sum(member.file_size for member in archive.infolist())
        if unpacked_bytes > MAX_UNPACKED_BYTES:
            raise UnreadableSheet(file_name=file_name, why="too-large")
        with closing(openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)) as book:
            rows = book.worksheets[0].iter_rows(max_row=MAX_ROWS + 31, max_col=MAX_COLUMNS, values_only=True)
            lines = [[_text(value) for value in row] for row in rows]
    except _DAMAGED as error:
        raise UnreadableSheet(file_name=file_name, why="not-a-workbook") from error
    return _bounded(file_name, lines)


def _lines_of_text(file_name: str, data: bytes) -> list[list[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise UnreadableSheet(file_name=file_name, why="unknown-encoding")
    if "\x00" in text:
        raise UnreadableSheet(file_name=file_name, why="not-text")
    delimiter = max(",;\t", key=text[:4000].count)
    try:
        lines = [row[:MAX_COLUMNS] for row in csv.reader(io.StringIO(text), delimiter=delimiter)]
    except csv.Error as error:
        raise UnreadableSheet(file_name=file_name, why="not-csv") from error
    return _bounded(file_name, lines)


def _bounded(file_name: str, lines: list[list[str]]) -> list[list[str]]:
    while lines and not any(cell.strip() for cell in lines[-1]):
        lines.pop()
    if len(lines) > MAX_ROWS + 30:
        raise UnreadableSheet(file_name=file_name, why="too-many-rows")
    return lines


def _text(value: object) -> str:
    """A cell as the clerk sees it. A number beyond what a spreadsheet can hold has lost digits and stays in its shortened form, to be refused."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value)) if abs(value) < EXACT_BELOW else f"{value:.14E}"
    return str(value)
