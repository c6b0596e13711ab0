"""Files of cases are refused with every defect and its line, and every file has a runner."""

import re
from pathlib import Path

import pytest

from tests.policy.cases import FOLDER, DefectiveCases, load

GOOD = """\
- case: 两年后仍在保存期内
  on: 2026-11-24
  facts: {}
  expect: {kept: true}
  clause: R73
- case: 满期之后不再保存
  on: 2026-11-24
  facts: {days: 1}
  expect: {kept: false}
  clause: R73, Q2
"""


def refused(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DefectiveCases) as error:
        load(path)
    return str(error.value).splitlines()


def test_a_sound_file_is_read_with_its_lines(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(GOOD, encoding="utf-8")
    assert [(one.where, one.clause) for one in load(tmp_path / "x.yaml")] == [("x.yaml:1", "R73"), ("x.yaml:6", "R73, Q2")]


@pytest.mark.parametrize(
    ("old", "new", "defect"),
    [
        ("  on: 2026-11-24\n  facts: {}\n", "  facts: {}\n", "x.yaml:1: on is missing"),
        ("{days: 1}\n", "{days: 1}\n  note: x\n", "x.yaml:9: note is not known"),
        ("  facts: {}\n", "  facts: []\n", "x.yaml:3: facts must be a mapping"),
        ("{kept: true}", "{}", "x.yaml:4: expect must be a mapping with at least one outcome"),
        ("两年后仍在保存期内", "kept", "x.yaml:1: case must be a sentence in Chinese"),
        ("满期之后不再保存", "两年后仍在保存期内", "x.yaml:6: the same sentence stands on line 1"),
        (
            "clause: R73\n",
            "clause: the law\n",
            "x.yaml:5: clause must cite a requirement (R44), a question (Q1), a fraud (F-21), a goal or a section",
        ),
        ("on: 2026-11-24\n  facts: {days", "on: yesterday\n  facts: {days", "x.yaml:7: on must be a day, YYYY-MM-DD"),
        ("on: 2026-11-24\n  facts: {days", "on: 2026-11-31\n  facts: {days", "x.yaml:7: 2026-11-31 cannot be read: day is out of range for month"),
        ("- case: 满期", "- 7\n- case: 满期", "x.yaml:6: a case is a mapping of case, on, facts, expect, clause"),
    ],
)
def test_a_defect_is_told_with_its_own_line(tmp_path: Path, old: str, new: str, defect: str) -> None:
    assert old in GOOD
    assert defect in refused(tmp_path, GOOD.replace(old, new))


def test_all_defects_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("on: 2026-11-24", "on: now").replace("{kept: false}", "7")
    assert [line.split(":")[1] for line in refused(tmp_path, text)] == ["2", "7", "9"]


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, "") == ["x.yaml:1: expected a list of cases"]


def test_every_file_of_cases_has_a_runner_and_no_sentence_stands_twice() -> None:
    runners = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    asked = set(re.findall(r'(?:cases|load)\((?:FOLDER / f?)?"([\w-]+)(?:\.yaml)?"\)', runners))
    files = {path.stem for path in FOLDER.glob("*.yaml")}
    assert not files - asked, "nobody runs these cases"
