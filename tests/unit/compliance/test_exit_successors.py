"""What two institutions share, and from where on it is told. F-29; R43, R47. Every limit on both sides."""

from dataclasses import replace
from uuid import UUID

import pytest

from compliance.exit.successors import Known, SuccessorRule, Trait, links, plain, shared

RULE = SuccessorRule(successor_strong_count=1, successor_any_count=2, successor_teachers_count=2)
OUT = Known(
    institution_id=UUID(int=1),
    legal_representative="王五",
    principal="赵六",
    addresses=frozenset({"古县岳阳镇建设路3号"}),
    cameras=frozenset({"HK-0001", "HK-0002"}),
    accounts=frozenset({"鑫诚公司 ****1111"}),
    teachers=frozenset({"孙一", "孙二", "孙三"}),
)
OTHER = Known(UUID(int=2), "李某", "周某", frozenset({"别处"}), frozenset({"ZZ-1"}), frozenset({"别的 ****2"}), frozenset({"吴一"}))


def traits(**changes: object) -> list[Trait]:
    return [one.trait for one in shared(OUT, replace(OTHER, **changes), RULE)]  # type: ignore[arg-type]


def told(**changes: object) -> bool:
    return bool(links([OUT], [replace(OTHER, **changes)], RULE))  # type: ignore[arg-type]


def test_two_strangers_share_nothing() -> None:
    assert traits() == [] and not told()


@pytest.mark.parametrize(
    ("changes", "trait"),
    [
        ({"legal_representative": "王五"}, Trait.LEGAL_REPRESENTATIVE),
        ({"principal": "王 五"}, Trait.LEGAL_REPRESENTATIVE),
        ({"cameras": frozenset({"hk-0002", "ZZ-9"})}, Trait.CAMERA),
        ({"accounts": frozenset({"鑫诚公司 ****1111"})}, Trait.ACCOUNT),
    ],
)
def test_one_strong_trait_is_enough(changes: dict[str, object], trait: Trait) -> None:
    assert traits(**changes) == [trait] and told(**changes)


@pytest.mark.parametrize(
    ("changes", "trait"),
    [
        ({"principal": "赵六"}, Trait.PRINCIPAL),
        ({"legal_representative": "赵六"}, Trait.PRINCIPAL),
        ({"addresses": frozenset({"古县岳阳镇建设路３号"})}, Trait.ADDRESS),
        ({"teachers": frozenset({"孙一", "孙二"})}, Trait.TEACHERS),
    ],
)
def test_one_weak_trait_is_seen_and_not_told_and_two_are(changes: dict[str, object], trait: Trait) -> None:
    assert traits(**changes) == [trait] and not told(**changes)
    second: dict[str, object] = {"addresses": frozenset({"古县岳阳镇建设路3号"})} if trait is not Trait.ADDRESS else {"principal": "赵六"}
    assert told(**changes, **second)


def test_teachers_count_from_two_common_names() -> None:
    assert traits(teachers=frozenset({"孙一"})) == []
    assert traits(teachers=frozenset({"孙一", "孙三", "吴一"})) == [Trait.TEACHERS]


def test_one_person_in_both_offices_is_one_trait() -> None:
    one = replace(OUT, principal="王五")
    assert [found.trait for found in shared(one, replace(OTHER, principal="王五", legal_representative="王五"), RULE)] == [Trait.LEGAL_REPRESENTATIVE]


@pytest.mark.parametrize("empty", ["", "   "])
def test_what_nobody_entered_is_nothing_in_common(empty: str) -> None:
    bare = Known(UUID(int=3), empty, empty, frozenset({empty}), frozenset({empty}), frozenset({empty}), frozenset({empty}))
    assert shared(bare, replace(bare, institution_id=UUID(int=4)), RULE) == ()


def test_the_policy_moves_every_limit() -> None:
    """`successor_strong_count`, `successor_any_count`, `successor_teachers_count`."""
    legal = replace(OTHER, legal_representative="王五")
    assert links([OUT], [legal], RULE)
    assert not links([OUT], [legal], replace(RULE, successor_strong_count=2))
    assert links([OUT], [legal], replace(RULE, successor_strong_count=2, successor_any_count=1))
    assert not shared(OUT, replace(OTHER, teachers=frozenset({"孙一", "孙二"})), replace(RULE, successor_teachers_count=3))


def test_the_closest_pair_comes_first_and_says_what_is_the_same() -> None:
    near = replace(OTHER, institution_id=UUID(int=5), legal_representative="王五", cameras=frozenset({"HK-0001"}))
    first, second = links([OUT], [replace(OTHER, legal_representative="王五"), near], RULE)
    assert (first.other, first.strong, second.strong) == (UUID(int=5), 2, 1)
    assert [(one.trait, one.values) for one in first.shared] == [(Trait.LEGAL_REPRESENTATIVE, ("王五",)), (Trait.CAMERA, ("HK-0001",))]


def test_spaces_width_and_case_make_no_difference() -> None:
    assert plain(" ＨＫ－0001 ") == plain("hk-0001")
