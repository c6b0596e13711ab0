"""Exceptions from the published holiday calendar: read whole or refused whole, and counted in every deadline. domain.md 2.2."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from storage.kernel import workdays
from storage.kernel.workdays import MalformedCalendar, add_working_days, is_working_day, load_exceptions


@pytest.fixture(autouse=True)
def published() -> Iterator[None]:
    yield
    workdays.use({})


def file(folder: Path, text: str) -> Path:
    path = folder / "days.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_products_own_table_is_whole() -> None:
    load_exceptions(workdays.OWN_EXCEPTIONS)


def test_a_closing_day_and_a_make_up_day_move_every_deadline_behind_them(tmp_path: Path) -> None:
    monday, saturday = date(2026, 11, 23), date(2026, 11, 28)
    before = add_working_days(date(2026, 11, 20), 5)
    table = load_exceptions(
        file(
            tmp_path,
            "exceptions:\n"
            "- {day: 2026-11-23, works: false, why: 停水检修, source: 古政办〔2026〕8号}\n"
            "- {day: 2026-11-28, works: true, why: 补班, source: 古政办〔2026〕8号}\n",
        )
    )
    workdays.use(table)
    assert (is_working_day(monday), is_working_day(saturday)) == (False, True)
    assert before == date(2026, 11, 27)
    assert add_working_days(date(2026, 11, 20), 5) == saturday
    workdays.use({})
    assert is_working_day(monday)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("exceptions: [{day: 2026-11-28, works: true, why: x}]", ["missing"]),
        ("exceptions: [{day: 2026-11-28, works: 'yes', why: x, source: y}]", ["malformed"]),
        ("exceptions: [{day: '2026-13-01', works: true, why: x, source: y}, 7]", ["malformed", "malformed"]),
        ("exceptions: [{day: 2026-11-24, works: true, why: x, source: y}]", ["says-nothing-new"]),
        (
            "exceptions: [{day: 2026-11-24, works: false, why: x, source: y}, {day: 2026-11-24, works: false, why: x, source: y}]",
            ["repeated"],
        ),
        ("days: []", ["missing"]),
        ("[", ["unreadable"]),
    ],
)
def test_a_table_with_defects_is_refused_whole_with_all_of_them(tmp_path: Path, text: str, codes: list[str]) -> None:
    with pytest.raises(MalformedCalendar) as refused:
        load_exceptions(file(tmp_path, text))
    assert [error["code"] for error in refused.value.facts["errors"]] == codes


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MalformedCalendar) as refused:
        load_exceptions(tmp_path / "none.yaml")
    assert refused.value.facts["errors"][0]["where"] == "none.yaml"
