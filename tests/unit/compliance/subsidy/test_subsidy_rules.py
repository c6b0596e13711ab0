"""What a day is worth, which day is payable, and that no trick of order makes more of it. R12–R19, R24, R84, R85, R94; F-15, F-22."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.subsidy.assessment import OtherClass, assess, money_at_risk
from compliance.subsidy.deadlines import DeadlineRule, Standing, payment_duty, startup_duty
from compliance.subsidy.portfolio import Planned, PortfolioRule, check
from compliance.subsidy.rules import Day, Programme, reckon
from storage.kernel.clock import local_date
from storage.retention.rules import RetentionRule, retain_until
from tests.unit.compliance.subsidy.class_of import BOOK, FIRST, NOW, RULE, class_of, lesson, sign, trainee

ON = NOW.date()
refusals = st.lists(st.booleans(), max_size=60)
programmes = st.sampled_from(list(Programme))


def days(payable: list[bool]) -> list[Day]:
    return [Day(FIRST + timedelta(days=n), () if yes else ("not-on-tape",)) for n, yes in enumerate(payable)]


def amount(programme: Programme, count: int, *, reached: bool = True) -> int:
    return reckon(programme, days([True] * count), rate_reached=reached, rule=RULE).total_yuan


@given(refusals, programmes, st.booleans())
def test_nothing_is_paid_above_a_cap_and_the_lines_make_the_total(payable: list[bool], programme: Programme, reached: bool) -> None:
    made = reckon(programme, days(payable), rate_reached=reached, rule=RULE)
    cap = {"order": 4000, "universal": 1000, "enterprise": 300, "none": 0}[made.tariff]
    assert 0 <= made.total_yuan <= cap
    assert made.total_yuan == sum(line.yuan for line in made.lines)
    assert all(isinstance(line.yuan, int) and line.yuan >= 0 and line.why for line in made.lines)
    assert {line.on for line in made.lines if line.on} == {day.on for day in days(payable)}


@given(refusals, programmes, st.booleans(), st.integers(0, 59))
def test_a_day_more_never_pays_less(payable: list[bool], programme: Programme, reached: bool, more: int) -> None:
    if more >= len(payable):
        return
    better = [*payable[:more], True, *payable[more + 1 :]]
    assert (
        reckon(programme, days(better), rate_reached=reached, rule=RULE).total_yuan
        >= reckon(programme, days(payable), rate_reached=reached, rule=RULE).total_yuan
    )


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=15), st.integers(0, 14), st.integers(0, 1000))
def test_more_footage_never_pays_less(covered: list[int], which: int, more: int) -> None:
    lessons = tuple(lesson(n, covered=permille) for n, permille in enumerate(covered))
    which %= len(covered)
    better = tuple(lesson(n, covered=max(covered[n], more)) if n == which else one for n, one in enumerate(lessons))
    base = class_of(len(covered), lessons=lessons, trainees=(trainee(1, lessons),))
    least = assess(base, RULE, now=NOW, on=ON).total_yuan
    assert least <= assess(replace(base, lessons=better), RULE, now=NOW, on=ON).total_yuan
    assert money_at_risk(base, RULE, now=NOW, on=ON) >= 0


@given(refusals)
def test_the_order_of_the_days_given_does_not_matter(payable: list[bool]) -> None:
    given_ = days(payable)
    assert reckon(Programme.ORDER, given_[::-1], rate_reached=True, rule=RULE) == reckon(Programme.ORDER, given_, rate_reached=True, rule=RULE)


def test_the_line_that_meets_the_cap_pays_the_rest_and_says_so() -> None:
    odd = replace(RULE, universal_cap_yuan=250)
    lines = reckon(Programme.UNIVERSAL, days([True] * 4), rate_reached=False, rule=odd).lines
    assert [(line.yuan, line.why) for line in lines] == [
        (100, ("universal-day",)),
        (100, ("universal-day",)),
        (50, ("universal-day", "cap-reached")),
        (0, ("cap-reached",)),
    ]


def test_a_day_that_is_not_payable_does_not_use_up_the_first_rate() -> None:
    made = reckon(Programme.ORDER, days([False] * 5 + [True] * 11), rate_reached=True, rule=RULE)
    assert made.total_yuan == 1600
    assert [line.clause for line in made.lines[:6]] == ["R84"] * 5 + ["R16"]


def test_enterprise_pays_once_and_only_when_enough_days_are_payable() -> None:
    assert amount(Programme.ENTERPRISE, 10) == 300
    assert reckon(Programme.ENTERPRISE, days([True] * 8 + [False] * 2), rate_reached=False, rule=RULE).total_yuan == 300
    short = reckon(Programme.ENTERPRISE, days([True] * 7 + [False] * 3), rate_reached=False, rule=RULE)
    assert (short.total_yuan, short.lines[-1].why) == (0, ("too-few-days",))
    assert amount(Programme.ENTERPRISE, 0) == 0


def test_start_up_training_follows_the_policy_of_its_day() -> None:
    assert amount(Programme.STARTUP, 12) == 1000
    none = reckon(Programme.STARTUP, days([True]), rate_reached=True, rule=replace(RULE, startup_rate="none"))
    assert (none.total_yuan, none.tariff, none.lines[0].why) == (0, "none", ("no-tariff",))


def test_a_class_in_order_is_complete_and_its_people_are_paid() -> None:
    found = assess(class_of(10, people=3), RULE, now=NOW, on=ON)
    assert (found.complete, found.reasons, found.total_yuan) == (True, (), 3000)
    assert all(gate.is_open for gate in found.gates)


def why(facts: object, **rule: object) -> list[tuple[str, ...]]:
    found = assess(facts, replace(RULE, **rule), now=NOW, on=ON)  # type: ignore[arg-type]
    return [line.why for line in found.people[0].reckoning.lines]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"covered": 949}, "not-on-tape"),
        ({"covered": 900, "explained": 49}, "not-on-tape"),
        ({"place": False}, "place-not-approved"),
    ],
)
def test_a_lesson_that_fails_a_gate_is_not_paid(changes: dict[str, object], reason: str) -> None:
    lessons = (lesson(0), lesson(1, **changes))  # type: ignore[arg-type]
    assert why(class_of(2, lessons=lessons, trainees=(trainee(1, lessons),))) == [("universal-day",), (reason,)]


def test_an_accepted_explanation_counts_while_the_policy_says_so() -> None:
    lessons = (lesson(0, covered=500, explained=500),)
    facts = class_of(1, lessons=lessons, trainees=(trainee(1, lessons),))
    assert why(facts) == [("universal-day",)]
    assert why(facts, explained_time_counts=0) == [("not-on-tape",)]


def test_every_camera_must_have_filmed_unless_the_policy_is_content_with_one() -> None:
    one = lesson(0)
    lessons = (replace(one, cameras=(*one.cameras, ((), ()))),)
    facts = class_of(1, lessons=lessons, trainees=(trainee(1, lessons),))
    assert why(facts) == [("not-on-tape",)]
    assert why(facts, every_camera_needed=0) == [("universal-day",)]
    assert why(class_of(1, lessons=(replace(one, cameras=()),), trainees=(trainee(1, (one,)),)), every_camera_needed=0) == [("not-on-tape",)]


@pytest.mark.parametrize(
    ("late", "early", "out", "reason"),
    [
        (0, 0, True, ("universal-day",)),
        (72, 0, True, ("universal-day",)),  # a fifth of six hours
        (73, 0, True, ("attended-too-little",)),
        (36, 37, True, ("attended-too-little",)),
        (0, 0, False, ("not-signed-out",)),
    ],
)
def test_a_trainee_must_have_been_there_from_sign_in_to_sign_out(late: int, early: int, out: bool, reason: tuple[str, ...]) -> None:
    one = lesson(0)
    there = {one.natural_id: sign(one, minutes_late=late, minutes_early=early, out=out)}
    assert why(class_of(1, trainees=(trainee(1, (one,), signs=there),))) == [reason]


def test_who_never_signed_in_is_not_paid_and_whoever_did_is() -> None:
    one = lesson(0)
    found = assess(class_of(1, trainees=(trainee(1, (one,)), trainee(2, (one,), signs={}))), RULE, now=NOW, on=ON)
    assert [p.reckoning.total_yuan for p in found.people] == [100, 0]
    assert found.people[1].reckoning.lines[0].why == ("not-signed-in",)
    assert found.complete  # one absence does not make the class incomplete


def test_presence_off_tape_does_not_count() -> None:
    lessons = (lesson(0, covered=950),)
    there = {lessons[0].natural_id: sign(lessons[0], minutes_late=60)}  # 833 permille there, of which 783 on tape
    assert why(class_of(1, lessons=lessons, trainees=(trainee(1, lessons, signs=there),))) == [("attended-off-tape",)]


def test_an_archive_with_a_hole_pays_nothing_and_says_which_paper() -> None:
    found = assess(class_of(2, archived=frozenset({"application"})), RULE, now=NOW, on=ON)
    (archive,) = [gate for gate in found.gates if gate.gate.value == "archive"]
    assert (found.total_yuan, found.reasons, archive.missing[0]) == (0, ("archive",), "roster")


def test_a_curriculum_with_a_hole_is_shown_and_does_not_stop_payment_unless_the_policy_says_so() -> None:
    lessons = (lesson(0, topic="面点制作"),)
    facts = class_of(1, lessons=lessons, trainees=(trainee(1, lessons),))
    found = assess(facts, RULE, now=NOW, on=ON)
    assert (found.complete, found.total_yuan, found.gates[-1].missing) == (True, 100, ("安全", "消防", "法", "普通话"))
    assert why(facts, subsidy_gates="curriculum,coverage") == [("curriculum-incomplete",)]


def test_days_outside_what_was_approved_and_days_to_come_are_not_paid() -> None:
    assert why(class_of(3, approved_until=FIRST + timedelta(days=1)))[2] == ("outside-the-approved-days",)
    early = assess(class_of(1), RULE, now=lesson(0).span.start_at, on=FIRST)
    assert early.people[0].reckoning.lines[0].why == ("not-held-yet",)


@pytest.mark.parametrize(("result", "paid"), [("passed", 100), ("completed", 100), ("withdrawn", 0), ("", 0)])
def test_only_who_completed_is_paid(result: str, paid: int) -> None:
    assert assess(class_of(1, trainees=(trainee(1, (lesson(0),), result=result),)), RULE, now=NOW, on=ON).total_yuan == paid


def other(**changes: object) -> OtherClass:
    return replace(OtherClass("K0", Programme.ORDER, 2025, FIRST - timedelta(days=30), FIRST - timedelta(days=20), False), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "paid"),
    [
        ({}, True),  # another programme, another time
        ({"ends_on": FIRST}, False),  # overlaps by one day and began earlier
        ({"ends_on": FIRST - timedelta(days=1)}, True),
        ({"programme": Programme.UNIVERSAL, "year": 2026}, False),  # the same programme of the same year
        ({"programme": Programme.UNIVERSAL, "year": 2026, "starts_on": FIRST, "code": "K2"}, True),  # begins the same day, comes after in the list
        ({"programme": Programme.UNIVERSAL, "year": 2026, "starts_on": FIRST, "code": "K2", "cited": True}, False),  # is claimed for already
    ],
)
def test_nobody_is_paid_for_twice(changes: dict[str, object], paid: bool) -> None:
    one = lesson(0)
    facts = class_of(1, trainees=(trainee(1, (one,), others=(other(**changes),)),))
    assert assess(facts, RULE, now=NOW, on=ON).total_yuan == (100 if paid else 0)


@given(st.booleans(), st.booleans(), st.integers(0, 3), st.integers(0, 3))
def test_of_two_classes_of_one_person_exactly_one_pays(a_cited: bool, b_cited: bool, a_start: int, b_start: int) -> None:
    if a_cited and b_cited:
        return

    def facts(code: str, start: int, cited: bool, other_code: str, other_start: int, other_cited: bool) -> int:
        begins = FIRST - timedelta(days=other_start)
        also = OtherClass(other_code, Programme.UNIVERSAL, 2026, begins, begins + timedelta(days=9), other_cited)
        one = lesson(0)
        mine = class_of(1, code=code, starts_on=FIRST - timedelta(days=start), cited=cited, trainees=(trainee(1, (one,), others=(also,)),))
        return assess(mine, RULE, now=NOW, on=ON).total_yuan

    assert sorted([facts("A", a_start, a_cited, "B", b_start, b_cited), facts("B", b_start, b_cited, "A", a_start, a_cited)]) == [0, 100]


def test_a_classified_unit_is_spared_record_and_signs_but_not_the_archive() -> None:
    lessons = (lesson(0, covered=0),)
    facts = class_of(1, lessons=lessons, trainees=(trainee(1, lessons, signs={}),), waived=True)
    assert assess(facts, RULE, now=NOW, on=ON).total_yuan == 100
    assert assess(replace(facts, archived=frozenset()), RULE, now=NOW, on=ON).total_yuan == 0
    assert assess(replace(facts, waived=False), RULE, now=NOW, on=ON).total_yuan == 0


def test_money_at_risk_is_what_the_missing_footage_would_cost_and_nothing_else() -> None:
    lessons = (lesson(0), lesson(1, covered=0), lesson(2, covered=400))
    people = tuple(trainee(n, lessons, result="") for n in (1, 2))
    facts = class_of(3, lessons=lessons, trainees=people, archived=frozenset())
    assert money_at_risk(facts, RULE, now=NOW, on=ON) == 400
    assert money_at_risk(replace(facts, lessons=(lesson(0),)), RULE, now=NOW, on=ON) == 0
    assert money_at_risk(facts, RULE, now=lesson(1).span.start_at, on=FIRST) == 0  # what is still to come is not at risk


PORTFOLIO: PortfolioRule = BOOK.read(PortfolioRule, on=FIRST)


def test_the_shares_of_a_year_that_has_nothing_say_nothing() -> None:
    assert [one.met for one in check([], task=0, enterprise_task=0, rule=PORTFOLIO)] == [None, None, None]


@given(st.lists(st.tuples(programmes, st.integers(0, 12), st.integers(0, 50)), max_size=12), st.integers(0, 2000))
def test_one_class_below_the_cap_is_enough(rows: list[tuple[Programme, int, int]], task: int) -> None:
    classes = [Planned(f"K{n}", programme, count, trained) for n, (programme, count, trained) in enumerate(rows)]
    capped = check([*classes, Planned("below", Programme.UNIVERSAL, 9, 1)], task=task, enterprise_task=0, rule=PORTFOLIO)[2]
    assert capped.met is not False


DEADLINES: DeadlineRule = BOOK.read(DeadlineRule, on=FIRST)


def test_the_last_day_of_march_is_in_time_and_the_first_of_april_is_not() -> None:
    late = [
        payment_duty(2025, paid=False, on=day, rule=DEADLINES) for day in (date(2026, 1, 29), date(2026, 1, 30), date(2026, 3, 31), date(2026, 4, 1))
    ]
    assert [duty.standing for duty in late] == [Standing.OPEN, Standing.SOON, Standing.SOON, Standing.LATE]
    assert [duty.days_left for duty in late] == [61, 60, 0, -1]
    assert payment_duty(2025, paid=True, on=date(2027, 1, 1), rule=DEADLINES).standing is Standing.DONE


def test_a_start_up_class_has_six_months_and_short_months_end_on_their_last_day() -> None:
    ended = date(2026, 8, 31)
    assert startup_duty(ended, [], on=date(2027, 2, 28), rule=DEADLINES).standing is Standing.OPEN
    assert startup_duty(ended, [], on=date(2027, 3, 1), rule=DEADLINES).standing is Standing.LATE
    assert startup_duty(ended, [date(2027, 2, 28)], on=date(2027, 3, 1), rule=DEADLINES).standing is Standing.DONE
    assert startup_duty(ended, [date(2027, 3, 1)], on=date(2027, 3, 1), rule=DEADLINES).standing is Standing.LATE


def test_footage_is_kept_two_years_from_the_payment_when_that_is_the_last_of_all_days() -> None:
    rule = BOOK.read(RetentionRule, on=FIRST)
    kept: dict[str, Any] = {"class_ends_on": FIRST, "recorded_end_at": lesson(0).span.end_at}
    assert local_date(retain_until(rule, **kept)) == date(2028, 3, 3)
    assert local_date(retain_until(rule, **kept, subsidy_paid_on=date(2027, 3, 31))) == date(2029, 4, 1)
    assert retain_until(rule, **kept, subsidy_paid_on=FIRST - timedelta(days=1)) == retain_until(rule, **kept)
