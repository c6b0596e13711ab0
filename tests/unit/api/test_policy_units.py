"""Every unit of the policy book has its word on the page of the figures."""

import re

import pytest

from api.locale.language import translations
from api.pages.policy.views import UNITS, worded
from compliance.policy.book import Book, Parameter

RULES = [(one, dated.value) for one in Book.load().parameters.values() if one.unit == "rule" for dated in one.values]


def test_every_unit_that_a_figure_has_is_told_in_words() -> None:
    assert {one.unit for one in Book.load().parameters.values()} <= set(UNITS)


@pytest.mark.parametrize(("parameter", "value"), RULES, ids=[f"{one.name}-{value}" for one, value in RULES])
def test_what_is_chosen_by_name_is_told_in_words(parameter: Parameter, value: object) -> None:
    told = worded(parameter, value, language="zh", translate=translations("zh").gettext)
    assert not re.search(r"[a-z]|\d{2}-\d{2}", told), told


def test_a_figure_is_told_as_it_is_and_a_day_as_a_date() -> None:
    book = Book.load().parameters
    english = translations("en").gettext
    assert worded(book["retention_years"], 2, language="en", translate=english) == "2"
    assert worded(book["payment_due_day"], "03-31", language="en", translate=english) == "31 Mar"
    assert worded(book["report_first_day"], "2023-05-08", language="en", translate=english) == "8 May 2023"
