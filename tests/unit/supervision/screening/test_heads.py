"""Head counts beside sign-ins and places: what is told, and above all what is not. R60, R75, R79; F-01, F-17."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from compliance.policy.book import Book
from supervision.screening.headcounts import Asked, shown
from supervision.screening.heads import Instant, Range, best_share_permille, fullest, instants_of, range_of, signed_in
from supervision.screening.looks import TECHNICAL, Code, Found
from supervision.screening.rules import ScreeningRule
from supervision.screening.signals import few_people, over_capacity

RULE = Book.load().read(ScreeningRule, on=date(2026, 9, 1))
NINE = datetime(2026, 9, 1, 1, tzinfo=UTC)
LEAST_PROOF, PROVEN = RULE.screening_heads_proof_permille, 1000


def counted(faces: list[int], signed: int = 20) -> list[Instant]:
    return [Instant(n, NINE + timedelta(minutes=n), count, signed, n * 60_000) for n, count in enumerate(faces)]


def test_the_instants_are_the_middles_of_equal_parts_of_the_lesson() -> None:
    instants = instants_of(NINE, NINE + timedelta(minutes=48), RULE.screening_heads_instants)
    assert [(at - NINE).total_seconds() / 60 for at in instants] == [2 + 4 * n for n in range(12)]


def test_cameras_of_a_room_are_joined_by_the_highest_count_and_never_added() -> None:
    assert fullest([(0, 3), (1, 5), (0, 7), (2, 0)]) == {0: 7, 1: 5, 2: 0}


def test_somebody_counts_as_signed_in_until_they_sign_out() -> None:
    stays = [(NINE, None), (NINE + timedelta(minutes=5), NINE + timedelta(minutes=10)), (NINE + timedelta(hours=1), None)]
    assert [signed_in(stays, NINE + timedelta(minutes=m)) for m in (0, 5, 9, 10, 60)] == [1, 2, 2, 1, 2]


def test_the_range_is_lowest_median_and_highest() -> None:
    assert range_of([4, 1, 9, 4]) == Range(1, 4, 9)
    assert range_of([]) is None


def test_never_as_many_as_the_share_is_told_with_the_highest_count() -> None:
    limit = 20 * RULE.screening_heads_share_permille // 1000
    faces = [2] * (RULE.screening_heads_instants - 1)
    (found,) = few_people.find(counted([*faces, limit - 1]), PROVEN, RULE)
    assert (found.code, found.figure, found.threshold) == (Code.FEW_PEOPLE, limit - 1, limit)
    assert (found.from_ms, found.to_ms, found.still_ms) == (0, 660_001, 660_000)
    assert few_people.find(counted([*faces, limit]), PROVEN, RULE) == []


def test_an_empty_room_is_at_half_of_the_strength_since_a_low_count_is_weak() -> None:
    (found,) = few_people.find(counted([0] * 12), PROVEN, RULE)
    assert found.strength == 500


def test_a_camera_that_never_showed_the_class_says_nothing_about_who_was_there() -> None:
    assert few_people.find(counted([0] * 12), LEAST_PROOF - 1, RULE) == []


def test_of_a_camera_that_shows_half_of_a_class_half_is_expected() -> None:
    limit = 20 * RULE.screening_heads_share_permille * LEAST_PROOF // 1_000_000
    (found,) = few_people.find(counted([limit - 1] * 12), LEAST_PROOF, RULE)
    assert found.threshold == limit
    assert few_people.find(counted([limit] * 12), LEAST_PROOF, RULE) == []


def test_few_signed_in_or_few_counts_are_not_enough_to_tell() -> None:
    least, group = RULE.screening_heads_least_instants, RULE.screening_heads_least_group
    assert few_people.find(counted([0] * (least - 1)), PROVEN, RULE) == []
    assert few_people.find(counted([0] * least), PROVEN, RULE)
    assert few_people.find(counted([0] * least, group - 1), PROVEN, RULE) == []
    assert few_people.find(counted([0] * least, group), PROVEN, RULE)


def test_more_than_the_places_is_told_when_seen_often_enough_with_what_was_reached_that_often() -> None:
    often = RULE.screening_heads_over_count
    assert over_capacity.find(counted([10, 31, *[30] * 10]), 30, RULE) == []
    (found,) = over_capacity.find(counted([10, 36, *[30] * 5, *[33] * (often - 1), 29]), 30, RULE)
    assert (found.code, found.figure, found.threshold, found.still_ms) == (Code.OVER_CAPACITY, 33, 30, 60_000)
    assert over_capacity.find([], 30, RULE) == []


@pytest.mark.parametrize(
    ("faces", "signed", "share"), [({0: 9, 1: 12}, {0: 10, 1: 10}, 1000), ({0: 7}, {0: 10}, 700), ({0: 7}, {0: 7}, 0), ({}, {}, 0)]
)
def test_what_a_camera_can_show_is_its_best_share_of_a_group_large_enough(faces: dict[int, int], signed: dict[int, int], share: int) -> None:
    assert best_share_permille(faces, signed, RULE.screening_heads_least_group) == share


def test_a_head_count_is_the_bureaus_and_costs_a_few_pictures_of_known_size() -> None:
    assert not TECHNICAL & {Code.FEW_PEOPLE, Code.OVER_CAPACITY}
    assert 0 < RULE.screening_heads_least_instants <= RULE.screening_heads_instants <= 24
    assert 640 <= RULE.screening_heads_width_px <= 1920
    assert 200 <= RULE.screening_heads_score_permille <= 500


def test_what_is_covered_or_frozen_has_no_count_instead_of_one_of_nobody() -> None:
    asked = [Asked(UUID(int=1), n, NINE, n * 10_000) for n in range(6)]
    found = [Found(Code.COVERED, 10_000, 30_000, 1, 2, 3, 10_000), Found(Code.SILENT, 0, 60_000, 0, 1, 1, 0)]
    assert [one.number for one in shown(asked, found)] == [0, 3, 4, 5]
