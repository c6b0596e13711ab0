"""What cannot be kept of what was typed: control characters, halves of pairs, text longer than its field. UI.md, Errors."""

from typing import Any

import pytest
from pydantic import BaseModel, Field

from api.http.messages import defect_text
from api.http.typed import _in_json, is_plain, size_of
from api.pages.reading import all_of, day_of, read_form, whole_of
from storage.kernel.errors import InvalidInput


@pytest.mark.parametrize("text", ["", "好", "a\tb", "两行\r\n文字", "𠮷", "\u202e"])
def test_text_that_people_type_is_plain(text: str) -> None:
    assert is_plain(text)


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\x0b", "\x1b[31m", "\x7f", "\ud800", "a\udfff"], ids=ascii)
def test_what_a_table_a_sheet_or_a_paper_cannot_keep_is_not(text: str) -> None:
    assert not is_plain(text)


def test_a_line_break_is_one_character_as_in_the_browser() -> None:
    assert size_of("一\r\n二") == size_of("一\n二") == 3


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"a": "x"}, []),
        ({"a": "\x00"}, ["a"]),
        ({"a": [{"b": "ok"}, {"b": "\x01"}]}, ["a.1.b"]),
        ({"a\x00": 1}, ["body"]),
        ("\x00", ["body"]),
        ([1, None, True, 2.5], []),
    ],
    ids=ascii,
)
def test_every_place_in_json_is_named(body: Any, where: list[str]) -> None:
    assert list(_in_json(body)) == where


def test_deeply_nested_json_is_looked_through_without_recursion() -> None:
    body: Any = "\x00"
    for _ in range(50_000):
        body = [body]
    assert len(list(_in_json(body))) == 1


class Named(BaseModel):
    name: str = Field(max_length=3)


def test_too_long_says_how_long_it_may_be_in_both_languages_and_does_not_repeat_it() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_form(Named, {"name": "?!" * 300})
    (defect,) = refused.value.facts["errors"]
    assert defect_text(defect, "zh") == "太长，最多 3 个字"
    assert defect_text(defect, "en") == "is too long: at most 3 characters"


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "missing"), ("-1", "int_parsing"), ("1.5", "int_parsing"), ("²", "int_parsing"), ("１", "int_parsing"), ("1" * 10, "int_parsing_size")],
)
def test_a_figure_that_is_none_or_does_not_fit_is_named(text: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        whole_of(text, "yuan")
    assert [(one["where"], one["code"]) for one in refused.value.facts["errors"]] == [("yuan", code)]


def test_the_largest_figure_fits() -> None:
    assert whole_of(" 999999999 ", "yuan") == 999_999_999


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "missing"), ("2026-02-30", "not-a-date"), ("1999-12-31", "out-of-range"), ("2101-01-01", "out-of-range"), ("x" * 99, "not-a-date")],
)
def test_a_day_that_is_none_or_was_mistyped_is_named(text: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        day_of(text, "paid_on")
    assert [one["code"] for one in refused.value.facts["errors"]] == [code]


@pytest.mark.parametrize("text", ["2000-01-01", "2100-12-31"])
def test_the_first_and_the_last_day_are_taken(text: str) -> None:
    assert day_of(text, "paid_on").isoformat() == text


def test_all_defects_of_a_form_are_told_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        all_of(lambda: whole_of("x", "yuan"), lambda: 1, lambda: day_of("y", "paid_on"))
    assert [one["where"] for one in refused.value.facts["errors"]] == ["yuan", "paid_on"]
