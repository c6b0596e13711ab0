"""`classproof policy`: figures are traced to their clause, their readers and their tests; wrong files are refused with lines. R20."""

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from api.cli import app
from api.policy_trace import trace
from compliance.policy.book import PARAMETERS_DIR, Book
from compliance.policy.citations import CLAUSES, LONGEST_RANGE, requirements
from compliance.policy.clauses import CLAUSES_FILE, OWED, cited, clauses, load_clauses
from compliance.policy.errors import DefectivePolicy, UnknownParameter
from compliance.policy.usage import read_sources, read_tests, usage_of
from tools.trace import Row, collect, problems, render, standing

DAY = date(2026, 11, 24)
BOOK, SOURCES, TESTS = Book.load(), read_sources(), read_tests()


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["policy", *arguments])
    return result.exit_code, result.output


def test_a_trace_says_the_value_since_when_the_clause_with_its_words_the_reader_and_the_cases() -> None:
    code, text = run("trace", "retention_years", "--on", "2026-11-24")
    assert code == 0
    assert "retention_years = 2 years" in text
    assert "in force since 2023-05-05; no change decided" in text
    assert "clause R73 (retention.yaml:" in text
    assert "培训机构保存培训监控全程视频资料备查时间2年" in text
    assert re.search(r"storage/retention/rules\.py:\d+ RetentionRule\.retention_years", text)
    assert re.search(r"storage/retention/rules\.py:\d+ retain_until", text)
    assert "tests/policy/cases/retention.yaml" in text
    assert re.search(r"tests/\S+::test_\w+", text)  # the first few by name


def test_a_decided_change_is_announced_with_its_day(tmp_path: Path) -> None:
    text = (PARAMETERS_DIR / "retention.yaml").read_text(encoding="utf-8")
    changed = text.replace("    - {from: 2023-05-05, value: 2}\n", "    - {from: 2023-05-05, value: 2}\n    - {from: 2027-01-01, value: 3}\n")
    (tmp_path / "retention.yaml").write_text(changed, encoding="utf-8")
    book = Book.load(tmp_path)
    assert any("becomes 3 on 2027-01-01" in line for line in trace(book, "retention_years", DAY))
    assert next(iter(trace(book, "retention_years", date(2027, 1, 1)))) == "retention_years = 3 years"


def test_an_unknown_figure_is_refused_with_those_that_look_like_it() -> None:
    with pytest.raises(UnknownParameter) as refused:
        next(trace(BOOK, "retention_year", DAY))
    assert "retention_years" in refused.value.facts["alike"]


def test_the_list_names_every_figure_and_a_day_before_the_document_has_no_values() -> None:
    code, text = run("list", "--on", "2026-11-24")
    assert code == 0
    assert [line.split()[0] for line in text.splitlines()] == sorted(BOOK.parameters)
    assert {line.split()[1] for line in run("list", "--on", "2023-04-30")[1].splitlines()} == {"–"}


def test_a_wrong_file_is_refused_with_the_line_of_every_defect(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(
        (PARAMETERS_DIR / "visits.yaml").read_text(encoding="utf-8").replace("unit: count", "unit: 7").replace('"[C]"', "rumour"), encoding="utf-8"
    )
    code, text = run("check", str(wrong))
    assert code == 1
    assert [line.partition(" ")[0] for line in text.splitlines()] == ["wrong.yaml:2:", "wrong.yaml:6:", "wrong.yaml:14:"]
    assert run("check", *map(str, sorted(PARAMETERS_DIR.glob("*.yaml"))))[0] == 0


@pytest.mark.parametrize("name", sorted(BOOK.parameters))
def test_every_figure_is_declared_filled_used_and_covered_by_a_test_or_a_case(name: str) -> None:
    found = usage_of(name, SOURCES, TESTS)
    assert found.declared
    assert found.asked
    assert found.used
    assert found.tests or found.cases


@pytest.mark.parametrize("name", sorted(BOOK.parameters))
def test_every_requirement_or_question_that_a_figure_cites_has_its_words(name: str) -> None:
    clause = BOOK.parameters[name].clause
    assert CLAUSES.fullmatch(clause)
    assert len(cited(clause)) == len(re.findall(r"[RQ]\d{1,3}", clause))


def test_the_105_requirements_and_12_questions_are_all_there_with_the_classes_of_the_domain() -> None:
    assert list(clauses()) == [f"R{n}" for n in range(1, 106)] + [f"Q{n}" for n in range(1, 13)]
    kinds = [one.kind for one in clauses().values()]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"CORE": 44, "ADJ": 39, "CTX": 22, "OPEN": 12}
    for one in clauses().values():
        assert re.search(r"[\u4e00-\u9fff]", one.zh)
        assert not re.search(r"[\u4e00-\u9fff]", one.en)
        assert bool(one.left_out_zh) == bool(one.left_out_en)
        assert one.kind in OWED or not (one.left_out_zh or one.stage)


@pytest.mark.parametrize(
    ("old", "new", "defect"),
    [
        ("  class: ADJ\n", "  class: MAYBE\n", "clauses.yaml:7: R1: class must be one of CORE, ADJ, CTX, OPEN"),
        ('  section: "文首"\n', "", "clauses.yaml:4: R1: section is missing"),
        ("R1:\n", "S1:\n", "clauses.yaml:4: S1: expected R or Q with a number, and a mapping under it"),
        ("  class: ADJ\n", "  class: ADJ\n  left_out: later\n", "clauses.yaml:8: R1: left_out needs a reason in zh and in en"),
        ("R2:\n", "R1:\n", "clauses.yaml:9: R1 is defined twice"),
    ],
)
def test_a_defect_of_the_clauses_is_told_with_its_line(tmp_path: Path, old: str, new: str, defect: str) -> None:
    path = tmp_path / "clauses.yaml"
    path.write_text(CLAUSES_FILE.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DefectivePolicy) as refused:
        load_clauses(path)
    assert defect in refused.value.facts["defects"]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("R73", [73]),
        ("R71–R73; Q2", [71, 72, 73]),
        ("R71-73", [71, 72, 73]),
        ("R10–R25", []),
        ("R54–R59, R66", [54, 55, 56, 57, 58, 59, 66]),
        ("R106 R0 XR7 R7x", []),
        ("R22, R22", [22]),
    ],
)
def test_citations_are_read_from_prose(text: str, numbers: list[int]) -> None:
    assert requirements(text) == numbers


@given(st.integers(1, 105), st.integers(0, 12))
def test_a_range_is_a_citation_of_each_of_its_sentences_unless_it_is_a_chapter(first: int, more: int) -> None:
    last = min(105, first + more)
    wanted = list(range(first, last + 1)) if last - first < LONGEST_RANGE else []
    assert requirements(f"R{first}–R{last}") == wanted


def test_every_requirement_that_is_owed_says_where_or_why_or_for_which_stage_it_waits() -> None:
    assert problems(collect(), clauses(), final=False) == []


def test_a_requirement_that_nothing_cites_is_a_problem_until_a_reason_is_given() -> None:
    one = {"R73": clauses()["R73"], "R34": clauses()["R34"], "R2": clauses()["R2"]}
    assert problems({}, one, final=False) == ["R73: nothing cites it, and clauses.yaml gives no reason to leave it out"]
    assert problems({73: Row(code=["a.py"])}, one, final=False) == ["R73: no test cites it, and clauses.yaml gives no reason to leave it out"]
    assert problems({73: Row(code=["a.py"], cases={"retention": 1})}, one, final=True) == []
    assert standing(Row(figures=["x"], tests=["t.py"]), one["R73"]) == "built"


def test_the_table_shows_a_few_places_and_counts_the_rest() -> None:
    page = render({73: Row(code=[f"m{n}.py" for n in range(9)], tests=["t.py"], cases={"retention": 11})}, {"R73": clauses()["R73"]})
    assert "1 requirements: 1 built, 0 left out, 0 to come, 0 missing." in page
    assert "`m0.py` `m1.py` `m2.py` `m3.py` +5 |" in page
    assert "`retention ×11`" in page
