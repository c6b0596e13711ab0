"""Figures by date, filled into rules; a defective file is refused with every defect, its file and its line."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.policy.book import Book, DatedValue, Parameter
from compliance.policy.errors import DefectivePolicy, NoValueInForce, UnknownParameter

GOOD = """\
term_years:
  unit: years
  zh: 期限
  en: term
  clause: R73
  source: "[SEED]"
  values:
    - {from: 2023-05-05, value: 2}
    - {from: 2026-01-01, value: 3}
way:
  unit: rule
  zh: 算法
  en: way
  clause: Q2
  source: "[C]"
  values:
    - {from: 2024-01-01, value: next-day}
"""


NEEDS = "a.yaml:9: term_years: value 2 needs `from: YYYY-MM-DD` and `value: whole number or text`"

CITES = "must cite a requirement (R73), a question (Q2), a fraud (F-21), a goal or a section"


@dataclass(frozen=True)
class Term:
    term_years: int
    way: str


@dataclass(frozen=True)
class Lenient:
    term_years: int
    unheard_of: int = 7


def load(tmp_path: Path, **files: str) -> Book:
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return Book.load(tmp_path)


def test_a_rule_is_filled_with_what_was_in_force_on_that_day(tmp_path: Path) -> None:
    book = load(tmp_path, a=GOOD)
    assert book.read(Term, on=date(2025, 12, 31)) == Term(2, "next-day")
    assert book.read(Term, on=date(2026, 1, 1)) == Term(3, "next-day")
    assert book.value("term_years", date(2026, 1, 1)).from_on == date(2026, 1, 1)
    assert book.read(Lenient, on=date(2026, 1, 1)) == Lenient(3, 7)


def test_a_day_before_the_first_value_and_an_unknown_name_are_refused(tmp_path: Path) -> None:
    book = load(tmp_path, a=GOOD)
    with pytest.raises(NoValueInForce) as early:
        book.read(Term, on=date(2023, 12, 31))
    assert early.value.facts == {"parameter": "way", "day": "2023-12-31", "first": "2024-01-01"}
    with pytest.raises(UnknownParameter):
        book.value("no_such", date(2026, 1, 1))
    with pytest.raises(TypeError):
        book.read(int, on=date(2026, 1, 1))


@given(st.lists(st.dates(date(2020, 1, 1), date(2030, 1, 1)), min_size=1, max_size=8, unique=True), st.dates(date(2019, 1, 1), date(2031, 1, 1)))
def test_the_newest_value_that_has_begun_prevails(begins: list[date], day: date) -> None:
    values = tuple(DatedValue(begin, number) for number, begin in enumerate(sorted(begins)))
    parameter = Parameter("x", "days", "x", "x", "R1", "[C]", values)
    begun = [v for v in values if v.from_on <= day]
    if begun:
        assert parameter.on(day) == begun[-1]
    else:
        with pytest.raises(NoValueInForce):
            parameter.on(day)


@pytest.mark.parametrize(
    ("old", "new", "defect"),
    [
        ("  unit: years\n", "", "a.yaml:1: term_years: unit is missing"),
        ("  zh: 期限\n", "  zh: ''\n", "a.yaml:3: term_years: zh is missing"),
        ("  clause: R73\n", "  clause:\n", "a.yaml:5: term_years: clause is missing"),
        ("  en: term\n", "  en: [term]\n", "a.yaml:4: term_years: en must be text"),
        ('"[SEED]"', "rumour", "a.yaml:6: term_years: source must be one of [SEED], [LAW], [C]"),
        ("  clause: Q2\n", "  clause: Q2\n  claus: Q3\n", "a.yaml:15: way: claus is not known"),
        ("value: 3}", "value: 3.5}", NEEDS),
        ("value: 3}", "value: true}", NEEDS),
        ("value: 3}", "value: three}", "a.yaml:9: term_years: value 2: all values must be numbers, or all text"),
        ("value: 3}", "value: 3, until: 2027-01-01}", NEEDS),
        ("{from: 2026-01-01", "{from: 2026-01-01 09:00:00", NEEDS),
        ("from: 2026-01-01", "from: 2023-05-05", "a.yaml:9: term_years: value 2: dates must rise and differ"),
        ("from: 2026-01-01", "from: 2020-01-01", "a.yaml:9: term_years: value 2: dates must rise and differ"),
        ("way:\n", "term_years:\n", "a.yaml:10: term_years is defined twice"),
        ("  unit: rule\n", "  unit: rule\n  unit: days\n", "a.yaml:12: unit is defined twice"),
        ("value: 3}", "value: 3, value: 4}", "a.yaml:9: value is defined twice"),
        ("  clause: R73\n", "  clause: the law\n", f"a.yaml:5: term_years: clause {CITES}"),
        ("{from: 2026-01-01", "{from: 2026-02-30", "a.yaml:9: 2026-02-30 cannot be read: day is out of range for month"),
        ("    - {from: 2026-01-01, value: 3}", "    - from: 2026-01-01\n      value: 3.5", NEEDS.replace(":9:", ":10:")),
        ("    - {from: 2026-01-01, value: 3}", "    - from: 2026-01-01\n      value: 3\n      note: x", NEEDS.replace(":9:", ":11:")),
        ("    - {from: 2026-01-01, value: 3}", "    - from: 2026-01-01", NEEDS),
        ("    - {from: 2026-01-01, value: 3}", "    - 3", NEEDS),
        ("  values:\n    - {from: 2024-01-01, value: next-day}\n", "  values: next-day\n", "a.yaml:16: way: values must be a list"),
        ("  en: term\n", "  ? [en]\n  : term\n", "a.yaml:4: a key must be text"),
        ("  unit: years\n", "  unit: &u years\n  unit: *u\n", "a.yaml:3: a reference to another place of the file is not allowed"),
        ("way:\n  unit: rule\n", "way: 7\nother:\n  unit: rule\n", "a.yaml:10: way: expected a mapping"),
    ],
)  # fmt: skip
def test_a_defect_is_named_with_its_file_and_line(tmp_path: Path, old: str, new: str, defect: str) -> None:
    assert old in GOOD
    with pytest.raises(DefectivePolicy) as refused:
        load(tmp_path, a=GOOD.replace(old, new))
    assert defect in refused.value.facts["defects"]


def test_broken_yaml_tells_where_it_breaks(tmp_path: Path) -> None:
    with pytest.raises(DefectivePolicy, match=r"a\.yaml:3: "):
        load(tmp_path, a="a:\n  b: 1\n c: {\n")


@pytest.mark.parametrize("text", ["", "[]", "words", "- a\n- b\n"])
def test_a_file_without_parameters_is_a_defect(tmp_path: Path, text: str) -> None:
    with pytest.raises(DefectivePolicy, match="expected a mapping of parameters"):
        load(tmp_path, a=text)


def test_all_defects_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(DefectivePolicy) as refused:
        load(tmp_path, a=GOOD.replace("  unit: years\n", "").replace("value: next-day", "value: 1.5"), b=GOOD, c="x: 1\n", d=GOOD)
    defects = refused.value.facts["defects"]
    assert {d.partition(":")[0] for d in defects} == {"a.yaml", "c.yaml", "d.yaml"}
    assert [d.split(": ")[:2] for d in defects if d.startswith("d.")] == [
        ["d.yaml:1", "term_years is defined twice, first in b.yaml:1"],
        ["d.yaml:10", "way is defined twice, first in b.yaml:10"],
    ]
    assert len(defects) == 5


@given(st.integers(0, 6), st.data())
def test_every_line_that_is_spoilt_is_the_line_that_is_told(which: int, data: st.DataObject) -> None:
    lines = GOOD.splitlines()
    spoilt = sorted(data.draw(st.sets(st.sampled_from([2, 3, 4, 5, 6, 8, 9, 11, 12, 13, 14, 15, 17]), min_size=1)))
    for number in spoilt:
        key, _, _ = lines[number - 1].partition(":")
        lines[number - 1] = f"{key}: 2023-13-01}}" if "{" in key else f"{key}: {['[]', '{}', '', '0', 'null', '~', '[[]]'][which]}"
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.yaml"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        with pytest.raises(DefectivePolicy) as refused:
            Book.of([path])
    assert {int(d.split(":")[1]) for d in refused.value.facts["defects"]} == set(spoilt)


def test_a_change_that_is_decided_but_not_yet_in_force_is_known_and_not_applied(tmp_path: Path) -> None:
    parameter = load(tmp_path, a=GOOD).parameters["term_years"]
    assert parameter.on(date(2025, 12, 31)).value == 2
    assert parameter.after(date(2025, 12, 31)) == DatedValue(date(2026, 1, 1), 3)
    assert parameter.after(date(2026, 1, 1)) is None
    assert parameter.where == "a.yaml:1"


def test_a_file_that_cannot_be_opened_is_a_defect(tmp_path: Path) -> None:
    with pytest.raises(DefectivePolicy, match=r"none\.yaml:1: "):
        Book.of([tmp_path / "none.yaml"])
