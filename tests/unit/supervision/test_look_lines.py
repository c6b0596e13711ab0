"""When totals of blind looks may be told: only where no institution can be sure of a finding of its own. R55; 2.3.2."""

from datetime import UTC, datetime, timedelta
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from supervision.findings.lifecycle import ENDED, FINDING_MOVES, FindingState
from supervision.spotchecks.lifecycle import Verdict
from supervision.spotchecks.look_lines import Line, ResultsRule, Totals, commit_line, may_be_told, opens_at, totals

OK, FINDING = Verdict.OK, Verdict.FINDING
CLEAN, BAD = Line("a", (OK,), OK), Line("b", (FINDING, FINDING), FINDING)
RULE = ResultsRule(looks_fewest_others=5, looks_sealed_days=30)


def told(institutions: str, doubted: int, few: int = RULE.looks_fewest_others) -> bool:
    return may_be_told([(name, BAD if n < doubted else CLEAN) for n, name in enumerate(institutions)], few)


@given(st.text("ABCD", min_size=1, max_size=7), st.integers(0, 7), st.integers(0, 3))
def test_whatever_is_told_could_have_come_about_without_any_one_institution(institutions: str, doubted: int, few: int) -> None:
    doubted = min(doubted, len(institutions))
    if not told(institutions, doubted, few):
        return
    for one in institutions:
        others = [whose != one for whose in institutions]
        found = [done for done in product((False, True), repeat=len(institutions)) if sum(done) == doubted]
        assert any(all(is_other for is_other, yes in zip(others, done, strict=True) if yes) for done in found), one


def test_with_fewer_lessons_of_others_than_the_figure_says_totals_wait_even_when_nothing_was_found() -> None:
    assert not told("AAAAABBBB", 0)
    assert told("AAAAABBBBB", 0)
    assert not told("A", 0)
    assert not may_be_told([], RULE.looks_fewest_others)


def test_a_finding_that_later_looks_did_not_share_counts_as_doubt() -> None:
    disputed = Line("c", (FINDING, OK, OK), OK)
    assert not may_be_told([(name, disputed) for name in "ABCDEF"], 5)
    assert may_be_told([*((name, disputed) for name in "ABCDE"), ("F", CLEAN)], 5)


def test_totals_count_lessons_and_looks() -> None:
    lines = [CLEAN, BAD, Line("c", (OK, FINDING, OK), OK), Line("d", (FINDING, OK, FINDING), FINDING), Line("e", (OK, OK), OK)]
    assert totals(lines) == Totals(drawn=5, looked_at=5, ok=3, finding=2, second_looks=4, third_looks=2, disagreements=2)


def test_a_commitment_hides_what_it_commits_to_and_is_another_for_every_difference() -> None:
    salts = (bytes(32), bytes([1] * 32))
    lines = (CLEAN, BAD, Line("a", (OK, OK), OK), Line("a", (FINDING, FINDING), FINDING))
    assert len({commit_line(salt, line) for salt in salts for line in lines}) == len(salts) * len(lines)


def test_lines_stay_sealed_for_their_days() -> None:
    closed = datetime(2026, 11, 20, tzinfo=UTC)
    assert opens_at(closed, RULE) == closed + timedelta(days=RULE.looks_sealed_days)


def test_a_finding_has_ended_where_no_move_leads_on() -> None:
    assert {FindingState.REJECTED, FindingState.WITHDRAWN, FindingState.PUBLISHED, FindingState.ESCALATED, FindingState.VOID} == ENDED
    assert not {state for state, _ in FINDING_MOVES} & ENDED
