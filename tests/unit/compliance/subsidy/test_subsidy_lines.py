"""Every line of a reckoning and every gate of a class word for word, at the second and at the person. R12–R28, R71–R94; Q11."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest

from compliance.subsidy.assessment import GateResult, OtherClass, assess, money_at_risk
from compliance.subsidy.days import Gate, LessonFacts, Sign
from compliance.subsidy.deadlines import DeadlineRule, Duty, Standing, payment_duty, startup_duty
from compliance.subsidy.lifecycle import CERTIFICATE_MOVES, CLAIM_MOVES, CertificateEvent, CertificateState, ClaimEvent, ClaimState
from compliance.subsidy.portfolio import Check, Planned, PortfolioRule, check, one_in
from compliance.subsidy.rules import Day, Line, Programme, Reckoning, reckon
from storage.kernel.span import Span
from tests.unit.compliance.subsidy.class_of import BOOK, FIRST, NOW, RULE, class_of, lesson, sign, trainee

ON = NOW.date()
NEXT = FIRST + timedelta(days=1)
PAID, MISSED = Day(FIRST), Day(NEXT, ("not-on-tape",))


def test_enterprise_training_lists_the_days_and_pays_the_person_once() -> None:
    assert reckon(Programme.ENTERPRISE, [PAID], rate_reached=False, rule=RULE) == Reckoning(
        "enterprise", (Line(FIRST, 0, ("counted",), "R12"), Line(None, 300, ("enterprise-person",), "R12")), 1
    )
    assert reckon(Programme.ENTERPRISE, [MISSED, PAID], rate_reached=False, rule=RULE) == Reckoning(
        "enterprise",
        (Line(FIRST, 0, ("counted",), "R12"), Line(NEXT, 0, ("not-on-tape",), "R84"), Line(None, 0, ("too-few-days",), "R12")),
        1,
    )
    course = [Day(FIRST + timedelta(days=n), () if n < 203 else ("not-on-tape",)) for n in range(254)]  # a fifth of a day short of four fifths
    assert reckon(Programme.ENTERPRISE, course, rate_reached=False, rule=RULE).total_yuan == 0


def test_without_a_tariff_every_day_says_so() -> None:
    assert reckon(Programme.STARTUP, [PAID, MISSED], rate_reached=True, rule=replace(RULE, startup_rate="none")) == Reckoning(
        "none", (Line(FIRST, 0, ("no-tariff",), "R20"), Line(NEXT, 0, ("not-on-tape",), "R20")), 1
    )


@pytest.mark.parametrize(
    ("programme", "reached", "tariff", "clause", "yuan"),
    [
        (Programme.ORDER, True, "order", "R16", 150),
        (Programme.PROJECT, True, "order", "R16", 150),
        (Programme.ORDER, False, "universal", "R17", 100),
        (Programme.PROJECT, False, "universal", "R17", 100),
        (Programme.UNIVERSAL, True, "universal", "R18", 100),
        (Programme.STARTUP, True, "universal", "R18", 100),
    ],
)
def test_a_day_names_the_clause_of_its_tariff(programme: Programme, reached: bool, tariff: str, clause: str, yuan: int) -> None:
    why = "order-first-day" if tariff == "order" else "universal-day"
    assert reckon(programme, [PAID, MISSED], rate_reached=reached, rule=RULE) == Reckoning(
        tariff, (Line(FIRST, yuan, (why,), clause), Line(NEXT, 0, ("not-on-tape",), "R84")), 1
    )


def test_the_eleventh_day_of_an_order_is_priced_as_a_later_one() -> None:
    made = reckon(Programme.ORDER, [Day(FIRST + timedelta(days=n)) for n in range(11)], rate_reached=True, rule=RULE)
    assert [line.why for line in made.lines[9:]] == [("order-first-day",), ("order-later-day",)]
    assert made.payable_days == 11


def seconds(one: LessonFacts, begin: int, end: int) -> Span:
    return Span(one.span.start_at + timedelta(seconds=begin), one.span.start_at + timedelta(seconds=end))


def why(lessons: tuple[LessonFacts, ...], signs: Mapping[str, Sign] | None = None, **rule: object) -> tuple[str, ...]:
    """Why the one day of one trainee is paid or not."""
    made = class_of(1, lessons=lessons, trainees=(trainee(1, lessons, **({} if signs is None else {"signs": signs})),))
    (line,) = assess(made, replace(RULE, **rule), now=NOW, on=ON).people[0].reckoning.lines  # type: ignore[arg-type]
    return line.why


ONE = lesson(0)  # six hours: 21 600 s, of which 20 520 s on tape are wanted and 17 280 s of presence


@pytest.mark.parametrize(("taped", "reason"), [(20520, "universal-day"), (20519, "not-on-tape")])
def test_a_second_decides_whether_a_day_is_on_tape(taped: int, reason: str) -> None:
    one = replace(ONE, cameras=(((seconds(ONE, 0, taped),), ()),))
    assert why((one,)) == (reason,)
    assert assess(class_of(1, lessons=(one,)), RULE, now=NOW, on=ON).days[0].covered_s == taped


@pytest.mark.parametrize(("here", "reason"), [(17280, "universal-day"), (17279, "attended-too-little")])
def test_a_second_decides_whether_somebody_attended(here: int, reason: str) -> None:
    there = seconds(ONE, 0, here)
    assert why((ONE,), {ONE.natural_id: Sign(there.start_at, there.end_at)}) == (reason,)


@pytest.mark.parametrize(("seen", "reason"), [(17280, "universal-day"), (17279, "attended-off-tape")])
def test_a_second_decides_whether_the_presence_is_on_tape(seen: int, reason: str) -> None:
    one = replace(ONE, cameras=(((seconds(ONE, 0, 20520),), ()),))
    there = seconds(ONE, 20520 - seen, 21600)
    assert why((one,), {one.natural_id: Sign(there.start_at, there.end_at)}) == (reason,)


def morning_and_afternoon(morning_s: int) -> tuple[LessonFacts, LessonFacts]:
    """The six hours cut in two, the later part first."""
    parts = {"1": seconds(ONE, 0, morning_s), "2": seconds(ONE, morning_s, 21600)}
    early, late = (replace(ONE, natural_id=f"K1/{name}", span=span, cameras=(((span,), ()),)) for name, span in parts.items())
    return late, early


def test_the_lessons_of_a_day_add_up_and_stand_in_the_order_of_the_clock() -> None:
    late, early = morning_and_afternoon(10800)
    assert why((late, early)) == ("universal-day",)
    (day,) = assess(class_of(1, lessons=(late, early)), RULE, now=NOW, on=ON).days
    assert (day.lessons, day.scheduled_s, day.covered_s) == ((early, late), 21600, 21600)
    signs = {late.natural_id: sign(late), early.natural_id: sign(early, out=False)}
    assert why((late, early), signs) == ("not-signed-out",)
    assert why((late, early), {late.natural_id: sign(late)}) == ("attended-too-little",)


def test_a_short_lesson_left_without_signing_out_does_not_cost_the_day() -> None:
    late, early = morning_and_afternoon(3600)
    assert why((late, early), {late.natural_id: sign(late), early.natural_id: sign(early, out=False)}) == ("universal-day",)


def test_who_signs_out_the_moment_of_signing_in_was_not_there() -> None:
    assert why((ONE,), {ONE.natural_id: Sign(ONE.span.start_at, ONE.span.start_at)}) == ("attended-too-little",)


def test_a_lesson_is_held_the_moment_it_ends() -> None:
    made = class_of(1)
    assert assess(made, RULE, now=ONE.span.end_at, on=FIRST).total_yuan == 100
    gap = class_of(1, lessons=(lesson(0, covered=0),))
    assert money_at_risk(gap, RULE, now=ONE.span.end_at, on=FIRST) == 100
    assert money_at_risk(gap, RULE, now=ONE.span.end_at - timedelta(seconds=1), on=FIRST) == 0


def test_the_assessment_says_whom_and_when_it_is_about() -> None:
    facts = class_of(1, programme=Programme.ORDER, employed=1, counted=1)
    found = assess(facts, RULE, now=NOW, on=ON)
    assert (found.facts, found.on, found.rate_reached, found.total_yuan) == (facts, ON, True, 150)
    assert [(person.key, person.name) for person in found.people] == [("K1/1 1426**1", "学员1")]
    assert assess(replace(facts, employed=0), RULE, now=NOW, on=ON).rate_reached is False
    assert assess(replace(facts, counted=0), RULE, now=NOW, on=ON).rate_reached is False


def test_a_class_that_nobody_was_entered_for_is_not_complete() -> None:
    found = assess(class_of(1, trainees=()), RULE, now=NOW, on=ON)
    assert found.days[0].failed == ("not-entered", "not-signed-in")
    assert (found.complete, found.reasons) == (False, ("real-name", "signs"))
    assert assess(class_of(0), RULE, now=NOW, on=ON).reasons == ("no-lessons",)


def test_every_gate_is_told_with_its_clause_what_is_missing_and_whether_it_stops_payment() -> None:
    lessons = (lesson(0, topic="安全 消防"), lesson(1, topic="安全", covered=0, place=False))
    facts = class_of(2, lessons=lessons, approved_until=FIRST, archived=frozenset({"application", "roster"}))
    unfiled, untaught = ("timetable", "signs", "assessment", "completion"), ("法", "普通话")
    told = [
        GateResult(Gate.REAL_NAME, 2, 2, True, "R74"),
        GateResult(Gate.SIGNS, 2, 2, True, "R75"),
        GateResult(Gate.COVERAGE, 1, 2, True, "R71"),
        GateResult(Gate.PLACE, 1, 2, True, "R77"),
        GateResult(Gate.DURATION, 1, 2, True, "R22"),
        GateResult(Gate.ARCHIVE, 2, 6, True, "R76", unfiled),
        GateResult(Gate.CURRICULUM, 2, 4, False, "R92", untaught),
    ]
    found = assess(facts, RULE, now=NOW, on=ON)
    assert list(found.gates) == told
    assert found.reasons == ("coverage", "place", "duration", "archive")
    waived = assess(replace(facts, waived=True), RULE, now=NOW, on=ON)
    assert [gate.gate for gate in waived.gates if gate.blocking] == [Gate.PLACE, Gate.DURATION, Gate.ARCHIVE]
    strict = replace(RULE, subsidy_gates="curriculum")
    assert assess(facts, strict, now=NOW, on=ON).reasons == ("curriculum",)
    whole = assess(class_of(2), strict, now=NOW, on=ON)
    assert (whole.complete, whole.total_yuan) == (True, 200)


def test_a_policy_that_asks_for_no_paper_and_no_topic_finds_nothing_missing_and_a_class_without_days_passes_nothing() -> None:
    """R76, R92."""
    free = replace(RULE, archive_papers="", curriculum_topics="", subsidy_gates="coverage,archive,curriculum")
    found = assess(class_of(1), free, now=NOW, on=ON)
    assert (found.complete, found.reasons, [gate.total for gate in found.gates[-2:]]) == (True, (), [0, 0])
    assert [gate.gate for gate in assess(class_of(0), free, now=NOW, on=ON).gates if gate.is_open] == [Gate.ARCHIVE, Gate.CURRICULUM]


@pytest.mark.parametrize(("cited", "reason"), [(True, "paid-in-another-class"), (False, "universal-day")])
def test_a_class_that_begins_on_the_last_day_of_this_one_takes_the_person_only_when_it_is_claimed(cited: bool, reason: str) -> None:
    other = OtherClass("K9", Programme.ORDER, 2026, FIRST, FIRST + timedelta(days=9), cited)
    made = class_of(1, starts_on=FIRST - timedelta(days=1), trainees=(trainee(1, (ONE,), others=(other,)),))
    assert assess(made, RULE, now=NOW, on=ON).people[0].reckoning.lines[0].why == (reason,)


def test_what_is_at_risk_is_reckoned_at_the_better_rate_of_people_who_did_not_leave() -> None:
    lessons = (lesson(0, covered=0),)
    people = (trainee(1, lessons, result=""), trainee(2, lessons, result="withdrawn"))
    facts = class_of(1, programme=Programme.ORDER, lessons=lessons, trainees=people, counted=2)
    assert money_at_risk(facts, RULE, now=NOW, on=ON) == 150


def test_what_is_still_to_come_neither_adds_nor_takes() -> None:
    lessons = tuple(lesson(n, covered=0 if n == 0 else 1000) for n in range(10))
    facts = class_of(10, programme=Programme.ENTERPRISE, lessons=lessons)
    half_way = lessons[4].span.end_at
    assert money_at_risk(facts, RULE, now=half_way, on=half_way.date()) == 0  # four of five days are enough for the person
    assert money_at_risk(facts, replace(RULE, enterprise_attended_permille=801), now=half_way, on=half_way.date()) == 300


DEADLINES = BOOK.read(DeadlineRule, on=FIRST)


def test_a_duty_says_its_last_day_and_how_many_are_left() -> None:
    last = date(2026, 3, 31)
    assert payment_duty(2025, paid=False, on=date(2026, 3, 30), rule=DEADLINES) == Duty(last, 1, Standing.SOON)
    assert payment_duty(2025, paid=True, on=date(2026, 4, 2), rule=DEADLINES) == Duty(last, -2, Standing.DONE)
    last = date(2026, 9, 2)
    assert startup_duty(FIRST, [], on=date(2026, 9, 1), rule=DEADLINES) == Duty(last, 1, Standing.OPEN)
    assert startup_duty(FIRST, [], on=last, rule=DEADLINES) == Duty(last, 0, Standing.OPEN)
    assert startup_duty(FIRST, [], on=date(2026, 9, 3), rule=DEADLINES) == Duty(last, -1, Standing.LATE)
    assert startup_duty(FIRST, [last], on=date(2026, 9, 4), rule=DEADLINES) == Duty(last, -2, Standing.DONE)


SHARES = BOOK.read(PortfolioRule, on=FIRST)


def test_the_shares_of_a_year_are_told_in_persons_and_classes() -> None:
    classes = [
        Planned("E", Programme.ENTERPRISE, 5, 33),
        Planned("O", Programme.ORDER, 20, 4),
        Planned("P", Programme.PROJECT, 20, 2),
        Planned("U1", Programme.UNIVERSAL, 10, 7),
        Planned("U2", Programme.UNIVERSAL, 11, 7),
        Planned("U3", Programme.UNIVERSAL, 9, 7),
        Planned("U4", Programme.UNIVERSAL, 1, 7),
        Planned("U5", Programme.UNIVERSAL, 0, 7),
    ]
    rule = replace(SHARES, portfolio_least_count=4)
    assert check(classes, task=100, enterprise_task=40, rule=rule) == (
        Check("enterprise-share", "R13", 33, 34, False),
        Check("order-share", "R24", 6, 6, True),
        Check("universal-not-all-at-cap", "R19", 2, 3, True, ("U1", "U2")),
    )
    assert check(classes[:5], task=99, enterprise_task=99, rule=replace(rule, portfolio_least_count=2)) == (
        Check("enterprise-share", "R13", 33, 33, True),
        Check("order-share", "R24", 6, 0, None),
        Check("universal-not-all-at-cap", "R19", 2, 1, False, ("U1", "U2")),
    )
    assert check([], task=1, enterprise_task=0, rule=rule) == (
        Check("enterprise-share", "R13", 0, 1, False),
        Check("order-share", "R24", 0, 1, False),
        Check("universal-not-all-at-cap", "R19", 0, 0, None),
    )
    assert (one_in(1000, 3), one_in(999, 3), one_in(-5, 3), one_in(0, 3)) == (334, 333, 0, 0)


def certificate(event: CertificateEvent, facts: Mapping[str, object], state: CertificateState = CertificateState.OPEN) -> str | None:
    return CERTIFICATE_MOVES[state, event].guard(facts)


def test_a_certificate_says_what_its_gates_say() -> None:
    for told, complete, short in ((True, None, "gates-passed"), (False, "gates-open", None), (1, "gates-open", None)):
        assert certificate(CertificateEvent.COMPLETE, {"complete": told}) == complete
        assert certificate(CertificateEvent.FALL_SHORT, {"complete": told}) == short
    assert certificate(CertificateEvent.COMPLETE, {}) == "gates-open"


@pytest.mark.parametrize(
    ("missing", "refusal"),
    [({}, None), ({"decider": ""}, "decider-unknown"), ({"document": " "}, "legal-basis-missing"), ({"unit": " "}, "legal-basis-missing")],
)
def test_recording_is_waived_for_a_named_unit_by_a_named_person_and_document(missing: Mapping[str, object], refusal: str | None) -> None:
    whole = {"decider": "9", "document": "涉密认定书", "unit": "某单位"}
    assert certificate(CertificateEvent.WAIVE, whole | missing) == refusal
    assert certificate(CertificateEvent.WAIVE, {key: value for key, value in whole.items() if key not in missing}) == refusal


def test_only_what_is_worth_something_is_claimed_and_an_incomplete_class_only_where_policy_pays_its_days() -> None:
    def cite(state: CertificateState, **facts: object) -> str | None:
        return certificate(CertificateEvent.CITE, facts, state)

    complete, incomplete = CertificateState.COMPLETE, CertificateState.INCOMPLETE
    assert [cite(complete, amount_yuan=yuan) for yuan in (1, 0, -1, "100")] == [None, "nothing-payable", "nothing-payable", "nothing-payable"]
    assert cite(complete) == "nothing-payable"
    assert cite(incomplete, amount_yuan=1, partial_allowed=True) is None
    assert cite(incomplete, amount_yuan=0, partial_allowed=True) == "nothing-payable"
    assert cite(incomplete, amount_yuan=1, partial_allowed=False) == cite(incomplete, amount_yuan=1) == "gates-open"


def claim(state: ClaimState, event: ClaimEvent, **facts: object) -> str | None:
    return CLAIM_MOVES[state, event].guard(facts)


@pytest.mark.parametrize(
    ("checked", "claimed", "refusal"),
    [(1, 1, None), (1, 2, None), (0, 1, "amount-out-of-range"), (2, 1, "amount-out-of-range"), (-1, 1, "amount-out-of-range")],
)
def test_an_officer_checks_an_amount_within_what_was_claimed(checked: int, claimed: int, refusal: str | None) -> None:
    assert claim(ClaimState.SUBMITTED, ClaimEvent.CHECK, checker="7", checked_yuan=checked, claimed_yuan=claimed) == refusal
    assert claim(ClaimState.SUBMITTED, ClaimEvent.CHECK, checker="", checked_yuan=checked, claimed_yuan=claimed) == "decider-unknown"
    assert claim(ClaimState.SUBMITTED, ClaimEvent.CHECK, checked_yuan=checked, claimed_yuan=claimed) == "decider-unknown"


def test_another_person_refuses_with_a_reason() -> None:
    def refuse(**facts: object) -> str | None:
        return claim(ClaimState.CHECKED, ClaimEvent.REFUSE, checker="7", claimant="5", **facts)

    assert refuse(decider="9", reason="材料不实") is None
    assert refuse(decider="9", reason=" ") == "reason-needed"
    assert refuse(decider="7", reason="材料不实") == "same-person"


def test_a_claim_is_paid_when_the_payments_make_what_was_approved() -> None:
    def pay(**facts: object) -> str | None:
        return claim(ClaimState.APPROVED, ClaimEvent.PAY, **facts)

    assert pay(paid_yuan=100, approved_yuan=100) is None
    assert pay(paid_yuan=99, approved_yuan=100) == pay(paid_yuan=101, approved_yuan=100) == "not-paid-up"
    assert pay(approved_yuan=1) == pay(paid_yuan=1) == pay(paid_yuan="100", approved_yuan=100) == "not-paid-up"
