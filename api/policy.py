"""The policy book as the composition root hands it on: a stage's figures, by the day of the question."""

from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from compliance.policy.book import Book

T = TypeVar("T")


@dataclass(frozen=True)
class Policy:
    """Loaded once per process; a defective file stops the start."""

    book: Book

    def read(self, rule: type[T], on: date) -> T:
        """The figures of one rule in force on a day."""
        return self.book.read(rule, on=on)
