"""How long an item is published, under two rule sets. R65; domain.md 2.1."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from compliance.policy.book import Book
from compliance.rating.terms import ItemClass, ItemRule, is_over, may_apply, milder, terms

BOOK = Book.load()
OLD, NEW = (BOOK.read(ItemRule, on=day) for day in (date(2026, 3, 31), date(2026, 4, 1)))
_days = st.dates(date(2023, 5, 5), date(2032, 12, 31))


def test_the_rule_set_changes_on_the_first_of_april() -> None:
    assert (OLD.item_rule_set, NEW.item_rule_set) == ("order-58", "order-36")


@given(_days, st.sampled_from(list(ItemClass)), st.booleans(), st.booleans())
def test_repair_is_possible_before_publication_ends_and_never_before_the_decision(day: date, kind: ItemClass, safety: bool, old: bool) -> None:
    held = terms(kind, day, OLD if old else NEW, safety=safety)
    assert day <= held.repairable_on <= held.ends_on
    assert may_apply(held.repairable_on, held)
    assert is_over(held.ends_on, held)


@given(_days, st.sampled_from(list(ItemClass)), st.booleans())
def test_another_rule_set_never_makes_it_longer(day: date, kind: ItemClass, safety: bool) -> None:
    then, now = terms(kind, day, OLD, safety=safety), terms(kind, day, NEW, safety=safety)
    held = milder(then, now)
    assert held.ends_on == min(then.ends_on, now.ends_on)
    assert held.repairable_on <= then.repairable_on
    assert milder(held, now) == held
