"""Two go to every lesson, drawn, never a recused one, everybody about as often. domain.md 2.3.2; G9."""

import hashlib
from collections import Counter
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.spotchecks.inspectors import Inspector, Task
from supervision.visits.errors import TooFewInspectors
from supervision.visits.teams import Team, draw_teams, team_ticket

PEOPLE = tuple(Inspector(f"inspector-{n:02d}", UUID(int=n + 1), f"检查员{n}") for n in range(8))
SEEDS = st.binary(min_size=32, max_size=32)


def tasks(count: int, barred: dict[int, frozenset[UUID]] | None = None) -> list[Task]:
    return [Task(n + 1, f"GX001-K1/2026-11-{n + 1:02d}/1", (barred or {}).get(n, frozenset())) for n in range(count)]


def loads(teams: list[Team]) -> Counter[UUID]:
    return Counter(member.inspector.account_id for team in teams for member in team.members)


def test_a_ticket_is_what_the_page_says_and_not_that_of_a_review() -> None:
    seed = bytes(range(32))
    assert team_ticket(seed, "inspector-01", "K1/1") == hashlib.sha256(seed + b"\x56" + b"inspector-01" + b"\x00" + b"K1/1").digest()


@given(SEEDS, st.integers(1, 20), st.integers(2, 8), st.integers(2, 3))
def test_without_recusals_everybody_goes_about_as_often(seed: bytes, lessons: int, people: int, size: int) -> None:
    people = max(people, size)
    drawn = draw_teams(tasks(lessons), PEOPLE[:people], seed, size=size)
    counts = [loads(drawn)[i.account_id] for i in PEOPLE[:people]]
    assert max(counts) - min(counts) <= 1
    assert sum(counts) == lessons * size
    for team in drawn:
        assert len({member.inspector.account_id for member in team.members}) == size
        assert [member.ticket for member in team.members] == sorted(member.ticket for member in team.members), "the smallest ticket leads"
        assert all(m.ticket == team_ticket(seed, m.inspector.login, team.task.natural_id) for m in team.members)


@given(SEEDS, st.dictionaries(st.integers(0, 9), st.sets(st.sampled_from([i.account_id for i in PEOPLE]), max_size=6).map(frozenset), max_size=10))
def test_nobody_goes_where_they_must_not(seed: bytes, barred: dict[int, frozenset[UUID]]) -> None:
    for team in draw_teams(tasks(10, barred), PEOPLE, seed, size=2):
        assert not {member.inspector.account_id for member in team.members} & team.task.barred
        assert len({member.inspector.account_id for member in team.members}) == 2


@given(SEEDS, st.permutations(range(6)), st.permutations(PEOPLE))
def test_the_order_in_which_things_are_given_changes_nothing(seed: bytes, order: list[int], people: list[Inspector]) -> None:
    listed = tasks(6)
    assert draw_teams([listed[n] for n in order], people, seed, size=2) == draw_teams(listed, PEOPLE, seed, size=2)


def test_one_person_is_no_team() -> None:
    with pytest.raises(TooFewInspectors) as refused:
        draw_teams(tasks(1), PEOPLE[:1], bytes(32), size=2)
    assert refused.value.facts == {"eligible": 1, "needed": 2}, "and the refusal does not tell which lesson"
    with pytest.raises(TooFewInspectors):
        draw_teams(tasks(1, {0: frozenset(i.account_id for i in PEOPLE[1:])}), PEOPLE, bytes(32), size=2)


def test_a_replacement_goes_to_whoever_has_least() -> None:
    busy = {i.account_id: 3 for i in PEOPLE if i.login != "inspector-05"}
    (team,) = draw_teams(tasks(1), PEOPLE, bytes(32), size=1, loads=busy)
    assert [member.inspector.login for member in team.members] == ["inspector-05"]
