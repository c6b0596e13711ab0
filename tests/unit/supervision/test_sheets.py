"""Rosters and sign-in sheets as clerks keep them: read whole, or refused with every bad cell at once. R15, R74, R75."""

import csv
import io
import random
import re
import zipfile
from collections.abc import Sequence
from datetime import datetime

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from storage.kernel.clock import BUREAU_ZONE
from storage.kernel.errors import DomainError
from storage.kernel.identity import check_digit
from supervision.classes.errors import DefectiveSheet, UnreadableSheet
from supervision.classes.roster import RosterLine, SignLine, read_roster, read_sign_sheet
from supervision.classes.sheets import MAX_ROWS

HEAD = ("序号", "姓名", "身份证号", "人员类别", "联系电话")


def number(serial: int) -> str:
    """A valid identity number of an invented person."""
    first = f"140522{1960 + serial % 45}{1 + serial % 12:02d}{1 + serial % 28:02d}{serial % 1000:03d}"
    return first + check_digit(first)


def people(count: int) -> list[tuple[str, ...]]:
    return [(str(n), f"学员{n}", number(n), "脱贫劳动力", f"138{n:08d}") for n in range(1, count + 1)]


def as_csv(rows: Sequence[Sequence[str]], *, encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode(encoding)


def as_xlsx(rows: Sequence[Sequence[object]], *, merged: Sequence[str] = ()) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    for cells in merged:
        sheet.merge_cells(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def with_xml(workbook: bytes, pattern: str, replacement: str, *, member: str = "xl/worksheets/sheet1.xml") -> bytes:
    """What another spreadsheet program would have written into the sheet."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            data = old.read(info)
            if info.filename == member:
                changed, count = re.subn(pattern, replacement, data.decode())
                assert count
                data = changed.encode()
            new.writestr(info, data)
    return out.getvalue()


def read(data: bytes, name: str = "花名册.xlsx") -> list[RosterLine]:
    return read_roster(name, data)


def defects(data: bytes) -> list[tuple[int, str, str]]:
    with pytest.raises(DefectiveSheet) as refused:
        read(data)
    return [(e["row"], e["column"], e["code"]) for e in refused.value.facts["errors"]]


PEOPLE = people(3)
TITLES = [("鑫诚职业培训学校2026年中式面点师班学员花名册",), ("填表人：张三", "", "", "2026年9月1日"), ()]
LAYOUTS = {
    "utf-8": as_csv([HEAD, *PEOPLE]),
    "utf-8 with a byte order mark": as_csv([HEAD, *PEOPLE], encoding="utf-8-sig"),
    "GBK, as Chinese Windows writes it": as_csv([HEAD, *PEOPLE], encoding="gbk"),
    "GB 18030": as_csv([HEAD, *PEOPLE], encoding="gb18030"),
    "semicolons": as_csv([HEAD, *PEOPLE], delimiter=";"),
    "tabs": as_csv([HEAD, *PEOPLE], delimiter="\t"),
    "titles above the heading": as_csv([*TITLES, HEAD, *PEOPLE]),
    "empty lines between and below": as_csv([HEAD, PEOPLE[0], ("", "", ""), *PEOPLE[1:], (), ("  ", "")]),
    "a workbook": as_xlsx([HEAD, *PEOPLE]),
    "merged title and merged group heading": as_xlsx([("花名册",), ("", "学员信息", "", "其他"), HEAD, *PEOPLE], merged=("A1:E1", "B2:C2", "D2:E2")),
    "a heading merged over two rows": as_xlsx([HEAD, ("", "", "", "", ""), *PEOPLE], merged=("A1:A2", "B1:B2", "C1:C2", "D1:D2", "E1:E2")),
    "headings with stars, colons and spaces": as_csv([("序号", "姓 名*", "身份证号码：", "学员类别", " 手机号码 "), *PEOPLE]),
    "English headings": as_csv([("no", "Name", "ID number", "group", "Phone"), *PEOPLE]),
    "columns in another order and strangers among them": as_csv([[row[i] for i in (4, 2, 0, 1, 3)] + ["备注"] for row in [HEAD, *PEOPLE]]),
    "spaces inside and around": as_csv([HEAD, *[(a, f"　{b} ", f" {c[:6]} {c[6:14]} {c[14:].lower()}", d, e) for a, b, c, d, e in PEOPLE]]),
    "a number typed as text in a workbook": as_xlsx([HEAD, *[(int(a), b, c, d, int(e)) for a, b, c, d, e in PEOPLE]]),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_roster_is_read_in_every_layout_clerks_use(layout: str) -> None:
    lines = read(LAYOUTS[layout])
    assert [(line.name, line.number.value, line.group) for line in lines] == [(name, value, group) for _, name, value, group, _ in PEOPLE]
    assert [line.phone_masked for line in lines] == ["138****0001", "138****0002", "138****0003"]


def test_every_bad_cell_of_every_row_is_named_at_once_with_its_row() -> None:
    good = number(1)
    wrong_digit = good[:17] + ("0" if good[17] != "0" else "1")
    rows = [
        *TITLES,
        HEAD,
        ("1", "甲", good, "", ""),
        ("2", "", number(2), "", ""),
        ("3", "丙", "", "", ""),
        ("4", "", wrong_digit, "", ""),
        ("5", "戊", good, "", ""),
        (),
        ("6", "己", "140522196013010014", "", ""),
        ("7", "庚" * 51, number(7)[:17], "", ""),
        ("8", "辛", "１４０５２２１９８１０１０１００１３", "", ""),
        ("9", "壬", "1.40522E+17", "", ""),
        ("10", "癸", "140522198101010000", "", ""),
    ]
    named = defects(as_csv(rows))
    assert named == [
        (6, "姓名", "cell-empty"),
        (7, "身份证号", "cell-empty"),
        (8, "姓名", "cell-empty"),
        (8, "身份证号", "id-number-checksum"),
        (9, "身份证号", "repeats-a-row"),
        (11, "身份证号", "id-number-birth-date"),
        (12, "姓名", "cell-too-long"),
        (12, "身份证号", "id-number-length"),
        (13, "身份证号", "id-number-shape"),
        (14, "身份证号", "id-number-lost-digits"),
        (15, "身份证号", "id-number-lost-digits"),
    ]
    assert defects(as_xlsx(rows)) == named


def test_a_refusal_never_shows_a_whole_identity_number() -> None:
    good = number(1)
    with pytest.raises(DefectiveSheet) as refused:
        read(
            as_csv([HEAD, ("1", "甲", good, "", ""), ("2", "乙", good, "", ""), ("3", "丙", good[:17] + "A", "", ""), ("4", "丁", good[:17], "", "")])
        )
    assert good[:17] not in str(refused.value)
    assert good[6:14] not in str(refused.value), "the birth date shows"


@pytest.mark.parametrize("kept", ["1.40522198101011E+17", "1.405221981010112E+17", "140522198101011234.0"])
def test_a_number_that_a_spreadsheet_took_for_a_figure_has_lost_its_last_digits_and_says_so(kept: str) -> None:
    """Spreadsheets keep 15 digits of 140522198101011234, some 16."""
    made = as_xlsx([HEAD, ("1", "甲", 4711, "", "")])
    assert defects(with_xml(made, "4711", kept)) == [(2, "身份证号", "id-number-lost-digits")]


def test_a_formula_counts_as_what_it_shows_and_one_that_shows_nothing_as_empty() -> None:
    made = as_xlsx([HEAD, ("1", '="甲"&"乙"', number(1), "", "")])
    assert defects(made) == [(2, "姓名", "cell-empty")], "no program has calculated it yet"
    shown = with_xml(made, r'<c r="B2"[^>]*>.*?</c>', '<c r="B2" t="str"><f>"甲"&amp;"乙"</f><v>甲乙</v></c>')
    assert [line.name for line in read(shown)] == ["甲乙"]


@pytest.mark.parametrize(
    ("rows", "missing"),
    [
        ([("姓名", "电话"), ("甲", "1")], ["身份证号"]),
        ([("学员", "证件"), ("甲", "1")], ["姓名", "身份证号"]),
        ([], ["姓名", "身份证号"]),
        ([("", "")], ["姓名", "身份证号"]),
    ],
)
def test_a_missing_heading_is_named(rows: Sequence[Sequence[str]], missing: list[str]) -> None:
    for data in (as_csv(rows), as_xlsx(rows)):
        assert defects(data) == [(1, heading, "heading-missing") for heading in missing]


def test_a_sheet_of_headings_alone_is_empty() -> None:
    assert defects(as_csv([HEAD])) == [(1, "姓名", "sheet-empty")]


def test_ten_thousand_rows_are_too_many_and_the_most_allowed_are_read() -> None:
    whole = people(10_000)
    for data in (as_csv([HEAD, *whole]), as_xlsx([HEAD, *[row[:3] for row in whole]])):
        with pytest.raises(UnreadableSheet) as refused:
            read(data)
        assert refused.value.facts["why"] == "too-many-rows"
    assert len(read(as_csv([HEAD, *whole[:MAX_ROWS]]))) == MAX_ROWS


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"PK\x03\x04 no archive at all", "not-a-workbook"),
        (b"PK", "not-a-workbook"),
        (b"\xff\xfe\x00\x01" * 100, "unknown-encoding"),
        (as_csv([HEAD, *PEOPLE], encoding="utf-16"), "unknown-encoding"),
        (("姓名,身份证号\r\n甲" + chr(0) + "," + number(1)).encode(), "not-text"),
        (("姓名,身份证号\r\n" + "甲" * 200_000).encode(), "not-csv"),
        (b"x" * ((10 << 20) + 1), "too-large"),
    ],
    ids=["no-archive", "two-letters", "no-encoding", "utf-16", "nul", "endless-cell", "too-large"],
)
def test_what_is_no_sheet_is_refused_with_the_reason(data: bytes, why: str) -> None:
    with pytest.raises(UnreadableSheet) as refused:
        read(data, "花名册.csv")
    assert refused.value.facts == {"file_name": "花名册.csv", "why": why}


def _archive(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


BOOK = as_xlsx([HEAD, *PEOPLE])
DOCTYPE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (_archive({"lesson.mp4": b"x"}), "not-a-workbook"),
        (_archive({"xl/worksheets/sheet1.xml": bytes(101 << 20)}), "too-large"),
        (with_xml(BOOK, "</sheetData>", ""), "not-a-workbook"),
        (with_xml(BOOK, r"^<worksheet", DOCTYPE + "]><worksheet"), "not-a-workbook"),
        (with_xml(BOOK, r"<sheets>.*</sheets>", "<sheets></sheets>", member="xl/workbook.xml"), "not-a-workbook"),
    ],
    ids=["no-workbook", "bomb", "broken-xml", "entities", "no-sheet"],
)
def test_a_workbook_that_is_none_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(UnreadableSheet) as refused:
        read(data)
    assert refused.value.facts["why"] == why


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_a_damaged_workbook_ends_read_or_refused_and_never_otherwise(seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(BOOK)
    for _ in range(chance.randint(1, 20)):
        data[chance.randrange(4, len(data))] = chance.randrange(256)
    if chance.random() < 0.3:
        del data[chance.randrange(100, len(data)) :]
    try:
        read(bytes(data))
    except DomainError as refused:
        assert isinstance(refused, DefectiveSheet | UnreadableSheet)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
@example('姓名,身份证号\n"'.encode())
def test_any_bytes_end_read_or_refused(data: bytes) -> None:
    try:
        read(data, "x.csv")
    except DomainError as refused:
        assert isinstance(refused, DefectiveSheet | UnreadableSheet)


cell = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters=",;\t\"'"), min_size=1, max_size=20).map(str.strip).filter(bool)


@settings(deadline=None)
@given(st.lists(st.tuples(cell, st.integers(0, 999)), min_size=1, max_size=20, unique_by=lambda row: row[1]))
def test_what_was_written_is_what_is_read(rows: list[tuple[str, int]]) -> None:
    sheet = [("姓名", "身份证号"), *[(name, number(serial)) for name, serial in rows]]
    expected = [(name, number(serial)) for name, serial in rows]
    for data in (as_csv(sheet), as_csv(sheet, encoding="gb18030")):
        assert [(line.name, line.number.value) for line in read(data)] == expected


SIGN_HEAD = ("课次编号", "身份证号", "签到时间", "签退时间", "设备")


def signs(rows: Sequence[Sequence[object]], *, xlsx: bool = False) -> list[SignLine]:
    sheet = [SIGN_HEAD, *rows]
    return read_sign_sheet("签到.xlsx", as_xlsx(sheet) if xlsx else as_csv([[str(c) for c in row] for row in sheet]))


@pytest.mark.parametrize("written", ["2026-09-01 09:00:00", "2026-09-01 09:00", "2026/09/01 09:00:00", "2026/9/1 9:00", "2026年09月01日 09:00"])
def test_times_are_read_as_they_are_written_and_mean_the_bureaus_clock(written: str) -> None:
    (line,) = signs([("K1/2026-09-01/1", number(1), written, "", "")])
    assert (line.signed_in_at, line.signed_out_at) == (datetime(2026, 9, 1, 9, tzinfo=BUREAU_ZONE), None)


def test_times_of_a_workbook_are_dates_and_not_text() -> None:
    (line,) = signs([("K1/2026-09-01/1", number(1), datetime(2026, 9, 1, 9), datetime(2026, 9, 1, 11, 30), "门禁1")], xlsx=True)  # noqa: DTZ001 - a cell has no zone
    assert line.signed_out_at == datetime(2026, 9, 1, 11, 30, tzinfo=BUREAU_ZONE)
    assert (line.row, line.lesson, line.device) == (2, "K1/2026-09-01/1", "门禁1")


def test_every_bad_sign_in_is_named_at_once() -> None:
    with pytest.raises(DefectiveSheet) as refused:
        signs(
            [
                ("K1/2026-09-01/1", number(1), "2026-09-01 09:00", "2026-09-01 09:00", ""),
                ("", number(2), "2026-09-01 09:00", "", ""),
                ("K1/2026-09-01/1", number(3)[:17], "9点", "", ""),
                ("K1/2026-09-01/1", "", "", "2026-13-01 09:00", ""),
            ]
        )
    assert [(e["row"], e["column"], e["code"]) for e in refused.value.facts["errors"]] == [
        (2, "签退时间", "sign-out-before-sign-in"),
        (3, "课次", "cell-empty"),
        (4, "身份证号", "id-number-length"),
        (4, "签到时间", "not-a-time"),
        (5, "身份证号", "cell-empty"),
        (5, "签到时间", "cell-empty"),
        (5, "签退时间", "not-a-time"),
    ]
