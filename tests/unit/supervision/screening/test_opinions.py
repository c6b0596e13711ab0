"""What people together say of a lead: the newest word of each, and no majority. R60; F-25."""

from dataclasses import dataclass
from itertools import count
from uuid import UUID

import pytest

from supervision.screening.opinions import Opinion, newest_of_each, opinion

_numbers = count(1)


@dataclass(frozen=True)
class Word:
    given_by: str
    real: bool
    id: UUID


def words(text: str) -> list[Word]:
    """`a+ b- a-`: who said real (+) or not (-), in order of time."""
    return [Word(one[0], one[1] == "+", UUID(int=next(_numbers))) for one in text.split()]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("", Opinion.NONE),
        ("a+", Opinion.REAL),
        ("a-", Opinion.NOT_REAL),
        ("a+ a-", Opinion.NOT_REAL),  # one person thought again
        ("a- a+ a-", Opinion.NOT_REAL),
        ("a+ b-", Opinion.DISPUTED),
        ("a+ b- c- d-", Opinion.DISPUTED),  # no majority makes a lead disappear
        ("a+ b- a-", Opinion.NOT_REAL),
        ("a+ b- b+", Opinion.REAL),
    ],
)
def test_the_newest_word_of_each_person_counts_and_two_who_disagree_dispute_it(told: str, expected: Opinion) -> None:
    said = words(told)
    assert opinion(said) is expected
    assert opinion(reversed(said)) is expected


def test_a_word_that_its_person_changed_is_told_apart() -> None:
    first, other, second = words("a+ b+ a-")
    assert newest_of_each([second, other, first]) == {"a": second, "b": other}
