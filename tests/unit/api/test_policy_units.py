"""Every unit of the policy book has its word on the page of the figures."""

from api.pages.policy.views import UNITS
from compliance.policy.book import Book


def test_every_unit_that_a_figure_has_is_told_in_words() -> None:
    assert {one.unit for one in Book.load().parameters.values()} <= set(UNITS)
