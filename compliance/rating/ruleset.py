"""The figures of a day for rating and credit, read together from the policy book. Invariant 8."""

from dataclasses import dataclass
from datetime import date, timedelta

from compliance.policy.book import Book
from compliance.rating.rules import RatingRule
from compliance.rating.terms import ItemRule
from supervision.footage.rules import CoverageRule
from supervision.outcomes.rules import EmploymentRule


@dataclass(frozen=True, slots=True)
class CollectionRule:
    """What is collected."""

    startup_success_months: int  # R28, the same figure as the startup watch
    rating_archive_grace_days: int

    def archives_due_before(self, as_of: date) -> date:
        """Classes that ended before this day and have no result registered count as missing from the archive (R76)."""
        return as_of - timedelta(days=self.rating_archive_grace_days)


@dataclass(frozen=True, slots=True)
class CycleRule:
    """The clocks of a rating."""

    rating_objection_working_days: int
    rating_answer_working_days: int
    rating_publication_working_days: int


@dataclass(frozen=True, slots=True)
class EffectRule:
    """What a tier brings besides the sampling rate (R63, R64)."""

    selection_rank_tier_a: int
    selection_rank_tier_b: int
    selection_rank_tier_c: int
    selection_rank_tier_d: int
    selection_rank_unrated: int
    task_limit_tier_c_persons: int
    task_limit_tier_d_persons: int

    def most_persons(self, tier: str) -> int | None:
        """Limit on a year's new tasks; None: there is none."""
        return {"C": self.task_limit_tier_c_persons, "D": self.task_limit_tier_d_persons}.get(tier)

    def rank(self, tier: str) -> int:
        """Place in the order of selection, 1 first; an empty tier is an institution without a rating."""
        ranks = {
            "A": self.selection_rank_tier_a,
            "B": self.selection_rank_tier_b,
            "C": self.selection_rank_tier_c,
            "D": self.selection_rank_tier_d,
        }
        return ranks.get(tier, self.selection_rank_unrated)


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Everything in force on `on`."""

    on: date
    rating: RatingRule
    collection: CollectionRule
    cycle: CycleRule
    effects: EffectRule
    items: ItemRule
    coverage: CoverageRule
    employment: EmploymentRule


def in_force(book: Book, on: date) -> Ruleset:
    """The rule set of a day."""
    return Ruleset(
        on=on,
        rating=book.read(RatingRule, on=on),
        collection=book.read(CollectionRule, on=on),
        cycle=book.read(CycleRule, on=on),
        effects=book.read(EffectRule, on=on),
        items=book.read(ItemRule, on=on),
        coverage=book.read(CoverageRule, on=on),
        employment=book.read(EmploymentRule, on=on),
    )
