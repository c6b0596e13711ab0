"""When a lesson is decided, who looks next, and what that does to the findings: every combination of verdicts, by hand."""

import hashlib
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.kernel.errors import ForbiddenMove
from storage.kernel.lifecycle import advance
from storage.kernel.span import Span
from supervision.findings.blind_looks import Fact, Look, rulings
from supervision.findings.lifecycle import FindingEvent, FindingState
from supervision.findings.rules import DefectCode
from supervision.spotchecks.inspectors import Inspector, Task, draw_inspectors, look_ticket
from supervision.spotchecks.lifecycle import OUTCOME_MOVES, OutcomeEvent, OutcomeState, Verdict
from supervision.spotchecks.outcomes import (
    Decided,
    LookDue,
    days_away,
    in_clean_share,
    look_seed,
    next_step,
    planted_count,
    planted_ticket,
    salt_commitment,
)

OK, FINDING = Verdict.OK, Verdict.FINDING
FEW, SAFETY = DefectCode.TOO_FEW_TRAINEES, DefectCode.MISSING_SAFETY_CONTENT
SEED, SALT = bytes(range(32)), bytes(range(32, 64))


@pytest.mark.parametrize(
    ("verdicts", "clean_share", "step"),
    [
        ([], False, LookDue(1)),
        ([OK], False, Decided(OK)),
        ([OK], True, LookDue(2)),
        ([FINDING], False, LookDue(2)),
        ([FINDING, FINDING], False, Decided(FINDING)),
        ([OK, OK], True, Decided(OK)),
        ([FINDING, OK], False, LookDue(3)),
        ([OK, FINDING], True, LookDue(3)),
    ],
)
def test_what_follows_from_the_verdicts(verdicts: list[Verdict], clean_share: bool, step: Decided | LookDue) -> None:
    assert next_step(verdicts, clean_share=clean_share) == step


@pytest.mark.parametrize("verdicts", list(product((OK, FINDING), repeat=3)))
def test_of_three_the_majority_decides_and_a_fourth_is_never_asked(verdicts: tuple[Verdict, ...]) -> None:
    wanted = FINDING if verdicts.count(FINDING) > 1 else OK
    assert next_step(verdicts, clean_share=False) == Decided(wanted)
    with pytest.raises(ValueError, match="4"):
        next_step([*verdicts, OK], clean_share=False)


@pytest.mark.parametrize(
    ("event", "verdicts", "clean_share", "allowed"),
    [
        (OutcomeEvent.DECIDE_OK, ["ok"], False, True),
        (OutcomeEvent.DECIDE_OK, ["ok"], True, False),
        (OutcomeEvent.DECIDE_OK, ["ok", "ok"], True, True),
        (OutcomeEvent.DECIDE_FINDING, ["finding"], False, False),
        (OutcomeEvent.DECIDE_FINDING, ["finding", "ok"], False, False),
        (OutcomeEvent.DECIDE_FINDING, ["finding", "ok", "finding"], False, True),
        (OutcomeEvent.DECIDE_OK, None, False, False),
    ],
)
def test_no_outcome_without_the_looks_it_needs(event: OutcomeEvent, verdicts: object, clean_share: bool, allowed: bool) -> None:
    facts = {"verdicts": verdicts, "clean_share": clean_share}
    if allowed:
        assert advance(OUTCOME_MOVES, OutcomeState.LOOKING, event, facts).to in (OutcomeState.DECIDED_OK, OutcomeState.DECIDED_FINDING)
        return
    with pytest.raises(ForbiddenMove) as refusal:
        advance(OUTCOME_MOVES, OutcomeState.LOOKING, event, facts)
    assert refusal.value.facts["why"] == "looks-missing"


def test_tickets_of_later_looks_are_what_the_page_says() -> None:
    looks = hashlib.sha256(SEED + b"\x04" + SALT).digest()
    assert look_seed(SEED, SALT) == looks
    assert salt_commitment(SALT) == hashlib.sha256(b"\x00\x00\x00\x13classproof-looks-v1\x00\x00\x00\x20" + SALT).digest()
    assert look_ticket(looks, 2, "inspector-01", "L/1") == hashlib.sha256(looks + b"\x02\x02inspector-01\x00L/1").digest()
    assert planted_ticket(looks, "L/1") == hashlib.sha256(looks + b"\x05L/1").digest()
    number = int(hashlib.sha256(looks + b"\x03L/1").hexdigest(), 16) % 1000
    assert [in_clean_share(looks, "L/1", permille) for permille in (0, number, number + 1, 1000)] == [False, False, True, True]


def test_the_clean_share_is_about_the_share_and_cannot_be_told_from_the_seed() -> None:
    ids = [f"L/{n}" for n in range(5000)]
    one, other = ([in_clean_share(look_seed(SEED, salt), i, 100) for i in ids] for salt in (SALT, bytes(32)))
    assert 420 <= sum(one) <= 580  # 500 ± 4 standard deviations
    assert 20 <= sum(a and b for a, b in zip(one, other, strict=True)) <= 80  # 50 by chance: another salt, other lessons


@pytest.mark.parametrize(("tasks", "permille", "count"), [(0, 100, 0), (9, 100, 0), (10, 100, 1), (15, 100, 1), (150, 100, 15), (10, 0, 0)])
def test_known_items_are_never_more_than_the_figure_allows(tasks: int, permille: int, count: int) -> None:
    assert planted_count(tasks, permille) == count


people = st.integers(2, 7)


@given(people, st.integers(1, 40), st.data())
def test_nobody_barred_is_drawn_for_any_look_and_first_looks_balance_within_one(count: int, lessons: int, data: st.DataObject) -> None:
    inspectors = [Inspector(f"i{n}", UUID(int=n + 1), f"i{n}") for n in range(count)]
    first = draw_inspectors([Task(n, f"L/{n}", frozenset()) for n in range(1, lessons + 1)], inspectors, SEED)
    loads = {i.account_id: sum(c.inspector is i for c in first) for i in inspectors}
    assert max(loads.values()) - min(loads.values()) <= 1
    for chosen in first:  # every lesson is looked at again, one by one as verdicts come
        recused = frozenset(data.draw(st.sets(st.sampled_from([i.account_id for i in inspectors]), max_size=count - 2)))
        barred = recused | {chosen.inspector.account_id}
        if len(barred) == count:
            continue
        task = Task(chosen.task.rank, chosen.task.natural_id, frozenset(barred))
        (second,) = draw_inspectors([task], inspectors, look_seed(SEED, SALT), loads=loads, look=2)
        assert second.inspector.account_id not in barred
        # what holds for later looks: nobody eligible had less to do
        assert loads[second.inspector.account_id] == min(load for account, load in loads.items() if account not in barred)
        loads[second.inspector.account_id] += 1


def look(number: int, verdict: Verdict | None, *, ended: bool = True) -> Look:
    return Look(number, UUID(int=number), UUID(int=100 + number), verdict, ended)


def fact(code: str, number: int, defect: DefectCode = FEW, state: FindingState = FindingState.RECORDED) -> Fact:
    return Fact(code, UUID(int=number), defect, state)


Made = list[tuple[str, FindingEvent, int | None]]
CONFIRM, DISPUTE, REJECT, VOID, ADJUDICATE = (
    FindingEvent.CONFIRM,
    FindingEvent.DISPUTE,
    FindingEvent.REJECT,
    FindingEvent.VOID,
    FindingEvent.ADJUDICATE,
)
DISPUTED = FindingState.DISPUTED


@pytest.mark.parametrize(
    ("looks", "facts", "outcome", "made"),
    [
        pytest.param([look(1, FINDING)], [fact("F1", 1)], OutcomeState.LOOKING, [], id="one look decides nothing"),
        pytest.param(
            [look(1, FINDING), look(2, FINDING)],
            [fact("F1", 1), fact("F2", 2)],
            OutcomeState.DECIDED_FINDING,
            [("F1", CONFIRM, 2), ("F2", VOID, None)],
            id="both state the same fact",
        ),
        pytest.param(
            [look(1, FINDING), look(2, FINDING)],
            [fact("F1", 1), fact("F2", 2, SAFETY)],
            OutcomeState.DECIDED_FINDING,
            [],
            id="each saw another thing: an officer decides both",
        ),
        pytest.param(
            [look(1, FINDING), look(2, FINDING)],
            [fact("F1", 1), fact("F2", 1), fact("F3", 2), fact("F4", 2, SAFETY)],
            OutcomeState.DECIDED_FINDING,
            [("F1", CONFIRM, 2), ("F2", CONFIRM, 2), ("F3", VOID, None)],
            id="two marks of one person stand, the repetition does not",
        ),
        pytest.param([look(1, FINDING), look(2, OK)], [fact("F1", 1)], OutcomeState.LOOKING, [("F1", DISPUTE, 2)], id="the second disagrees"),
        pytest.param([look(1, FINDING), look(2, OK)], [fact("F1", 1, state=DISPUTED)], OutcomeState.WAITING, [], id="disputed once is enough"),
        pytest.param(
            [look(1, FINDING), look(2, OK), look(3, FINDING)],
            [fact("F1", 1, state=DISPUTED), fact("F2", 3)],
            OutcomeState.DECIDED_FINDING,
            [("F1", ADJUDICATE, 3), ("F2", VOID, None)],
            id="the third agrees with the first",
        ),
        pytest.param(
            [look(1, FINDING), look(2, OK), look(3, OK)],
            [fact("F1", 1, state=DISPUTED)],
            OutcomeState.DECIDED_OK,
            [("F1", REJECT, 3)],
            id="the third agrees with the second",
        ),
        pytest.param(
            [look(1, OK), look(2, FINDING), look(3, OK)], [fact("F1", 2)], OutcomeState.DECIDED_OK, [("F1", REJECT, 3)], id="outvoted second"
        ),
        pytest.param(
            [look(1, OK), look(2, FINDING), look(3, FINDING)],
            [fact("F1", 2), fact("F2", 3)],
            OutcomeState.DECIDED_FINDING,
            [("F1", CONFIRM, 3), ("F2", VOID, None)],
            id="an overruled ok",
        ),
        pytest.param(
            [look(1, OK), look(2, OK), look(3, FINDING)], [fact("F1", 3)], OutcomeState.DECIDED_OK, [("F1", REJECT, 2)], id="outvoted third"
        ),
        pytest.param([look(1, None)], [fact("F1", 1)], OutcomeState.LOOKING, [("F1", VOID, None)], id="who steps aside takes their marks along"),
        pytest.param([look(1, None, ended=False)], [fact("F1", 1)], OutcomeState.LOOKING, [], id="a review under way"),
        pytest.param([look(1, FINDING)], [fact("F1", 1)], None, [("F1", VOID, None)], id="a known item"),
        pytest.param([look(1, None, ended=False)], [fact("F1", 1)], None, [], id="a known item under way"),
        pytest.param([look(1, FINDING)], [fact("F1", 1)], OutcomeState.VOID, [], id="a void round leaves its facts to the office"),
    ],
)
def test_what_looks_mean_for_findings(looks: list[Look], facts: list[Fact], outcome: OutcomeState | None, made: Made) -> None:
    found = rulings(looks, facts, outcome)
    assert [(r.code, r.event, r.by.look if r.by else None) for r in found] == made
    assert all(r.reason for r in found if r.event in (DISPUTE, REJECT, VOID))


def test_a_repetition_names_the_fact_that_stands() -> None:
    found = rulings([look(1, FINDING), look(2, FINDING)], [fact("F2026-0007", 1), fact("F2026-0009", 2)], OutcomeState.DECIDED_FINDING)
    assert found[-1].reason == "与问题 F2026-0007 为同一事实"


def test_cut_off_after_the_confirmation_the_repetition_is_still_void() -> None:
    facts = [fact("F1", 1, state=FindingState.CONFIRMED), fact("F2", 2)]
    found = rulings([look(1, FINDING), look(2, FINDING)], facts, OutcomeState.DECIDED_FINDING)
    assert [(r.code, r.event) for r in found] == [("F2", VOID)]


@pytest.mark.parametrize(("hours", "days"), [(0, 0), (47, 0), (48, 1), (71, 1), (72, 2), (-1, 1), (-24, 1), (-25, 2)], ids=str)
def test_a_lesson_inside_the_period_is_no_day_away_and_one_outside_every_begun_day(hours: int, days: int) -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    assert days_away(start + timedelta(hours=hours), Span(start, start + timedelta(days=2))) == days
