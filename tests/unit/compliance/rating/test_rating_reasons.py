"""Every line of a rating word for word: what each code takes and by which clause, how it is written down, what can still be done. R61–R67; Q5."""

import hashlib
from dataclasses import replace
from datetime import date, timedelta

import pytest

from compliance.policy.book import Book
from compliance.rating import inputs, ruleset
from compliance.rating.rules import CODES, Event, Grade, Kind, RatingRule, Reason, event_of, rate
from compliance.rating.ruleset import CollectionRule, CycleRule, EffectRule
from compliance.rating.terms import ItemRule
from compliance.rating.what_if import Step, best_steps
from compliance.rating.words import plain_texts, plainest, reason_text
from supervision.footage.rules import CoverageRule
from supervision.outcomes.rules import EmploymentRule

DAY = date(2026, 6, 1)
BOOK = Book.load()
RULE = replace(  # no two figures alike, so that none can stand in for another
    BOOK.read(RatingRule, on=DAY),
    finding_minor_points=20,
    finding_general_points=40,
    finding_serious_points=60,
    rectified_remains_permille=300,
    safety_points=11,
    coverage_percent_points=2,
    explanation_refused_points=13,
    rectification_late_points=17,
    employment_percent_points=3,
    task_percent_points=5,
    sign_in_full_permille=970,
    roster_full_permille=960,
    archive_full_permille=950,
    records_percent_points=7,
    complaint_points=19,
    quality_most_points=1000,
    startup_missing_points=23,
    startup_success_points=29,
    item_general_points=31,
    item_serious_points=37,
    floor_forged_footage="D",
    floor_major_problem="C",
    floor_serious_item="B",
    floor_general_item="A",
)
WHOLE = Event(Kind.COVERAGE, DAY, "coverage/2026", value=1000, of=1000)
GOOD = rate(RULE, [WHOLE]).reasons[0]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (Event(Kind.FORGED, DAY, "x"), Reason("forged-footage", "R64", 1, 0, 0, ("x",), "D")),
        (Event(Kind.MAJOR_PROBLEM, DAY, "x"), Reason("major-problem", "R46", 1, 0, 0, ("x",), "C")),
        (Event(Kind.ITEM, DAY, "x", "serious"), Reason("item-serious", "R64", 1, 0, -37, ("x",), "B")),
        (Event(Kind.ITEM, DAY, "x", "general"), Reason("item-general", "R64", 1, 0, -31, ("x",), "A")),
        (Event(Kind.FINDING, DAY, "x", "serious"), Reason("finding-serious", "R60", 1, 0, -60, ("x",))),
        (Event(Kind.FINDING, DAY, "x", "general"), Reason("finding-general", "R60", 1, 0, -40, ("x",))),
        (Event(Kind.FINDING, DAY, "x", "minor"), Reason("finding-minor", "R60", 1, 0, -20, ("x",))),
        (Event(Kind.FINDING, DAY, "x", "serious", settled=True), Reason("finding-serious-rectified", "R60", 1, 0, -18, ("x",))),
        (Event(Kind.FINDING, DAY, "x", "general", settled=True), Reason("finding-general-rectified", "R60", 1, 0, -12, ("x",))),
        (Event(Kind.FINDING, DAY, "x", "minor", settled=True), Reason("finding-minor-rectified", "R60", 1, 0, -6, ("x",))),
        (Event(Kind.SAFETY, DAY, "x"), Reason("safety", "R103", 1, 0, -11, ("x",))),
        (Event(Kind.RECTIFICATION, DAY, "x", "late"), Reason("rectification-late", "R62", 1, 0, -17, ("x",))),
        (Event(Kind.EXPLANATION, DAY, "x", "refused"), Reason("explanation-refused", "R71", 1, 0, -13, ("x",))),
        (Event(Kind.SIGN_IN, DAY, "x", value=959, of=1000), Reason("sign-in", "R75", 959, 970, -14, ("x",))),
        (Event(Kind.ROSTER, DAY, "x", value=959, of=1000), Reason("roster", "R74", 959, 960, -7, ("x",))),
        (Event(Kind.ARCHIVE, DAY, "x", value=0, of=1), Reason("archive", "R76", 0, 950, -40, ("x",))),
        (Event(Kind.EMPLOYMENT, DAY, "x", value=480, of=1000), Reason("employment", "R44", 480, 500, -6, ("x",))),
        (Event(Kind.TASK, DAY, "x", value=999, of=1000), Reason("task", "R45", 999, 1000, -5, ("x",))),
        (Event(Kind.COMPLAINT, DAY, "x"), Reason("complaint", "R61", 1, 0, -19, ("x",))),
        (Event(Kind.QUALITY, DAY, "x", value=1000, of=1000), Reason("quality", "R58", 1000, 1000, 0, ("x",))),
        (Event(Kind.QUALITY, DAY, "x", value=9, of=10), Reason("quality", "R58", 900, 1000, -100, ("x",))),
        (Event(Kind.QUALITY, DAY, "x", value=11, of=10), Reason("quality", "R58", 1100, 1000, 0, ("x",))),
        (Event(Kind.STARTUP, DAY, "x", "missing"), Reason("startup-missing", "R28", 1, 0, -23, ("x",))),
        (Event(Kind.STARTUP, DAY, "x", "success"), Reason("startup-success", "R28", 1, 0, 29, ("x",))),
    ],
)  # fmt: skip
def test_a_reason_says_clause_value_limit_points_and_floor(event: Event, reason: Reason) -> None:
    assert set(rate(RULE, [WHOLE, event]).reasons) == {GOOD, reason}


def test_several_of_a_kind_are_one_line_that_names_them_all_and_shows_the_worst() -> None:
    events = [Event(Kind.QUALITY, DAY, ref, value=value, of=1000) for ref, value in (("b", 985), ("a", 990))]
    odd = replace(RULE, quality_most_points=50)
    assert rate(odd, [WHOLE, *events]).reasons[-1] == Reason("quality", "R58", 985, 1000, 0, ("a", "b"))  # 0.75 of a point is none
    events = [Event(Kind.ROSTER, DAY, ref, value=value, of=1000) for ref, value in (("b", 955), ("a", 945))]
    assert Reason("roster", "R74", 945, 960, -21, ("a", "b")) in rate(RULE, [WHOLE, *events]).reasons
    events = [Event(Kind.COMPLAINT, DAY, ref) for ref in ("b", "a")]
    assert Reason("complaint", "R61", 2, 0, -38, ("a", "b")) in rate(RULE, [WHOLE, *events]).reasons


def test_a_year_without_a_lesson_to_film_says_so_and_takes_no_point() -> None:
    assert rate(RULE, []) == Grade(1000, RULE.floor_no_footage, (Reason("no-footage", "R71", 0, 1, 0, (), RULE.floor_no_footage),))


def test_the_lines_stand_in_the_order_of_the_codes() -> None:
    events = [WHOLE, Event(Kind.COMPLAINT, DAY, "c"), Event(Kind.FORGED, DAY, "f"), Event(Kind.ITEM, DAY, "i", "general")]
    told = [reason.code for reason in rate(RULE, events).reasons]
    assert told == sorted(told, key=CODES.index) == ["forged-footage", "item-general", "coverage", "complaint"]


def test_a_grade_is_written_down_with_these_names() -> None:
    grade = Grade(960, "C", (Reason("item-serious", "R64", 1, 0, -40, ("K1",), "C"),))
    told = (
        '{"reasons":[{"clause":"R64","code":"item-serious","evidence":["K1"],"floor":"C","limit":0,"points":-40,"value":1}],"score":960,"tier":"C"}'
    )
    assert inputs.result_digest(grade) == hashlib.sha256(told.encode()).digest()
    assert inputs.digest(b"abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_inputs_are_written_down_with_these_names() -> None:
    event = Event(Kind.COVERAGE, DAY, "c", "g", 3, 4, True)
    canonical = inputs.Inputs("GX001", 2026, DAY + timedelta(days=1), RULE, (event,)).canonical()
    assert b'"events":[{"grade":"g","kind":"coverage","of":4,"on":"2026-06-01","ref":"c","settled":true,"value":3}]' in canonical
    assert canonical.startswith(b'{"as_of":"2026-06-02",')
    assert b'"format":"classproof-rating-1","institution":"GX001","rule":{' in canonical
    assert canonical.endswith(b',"year":2026}')
    assert event_of(event.plain() | {"on": "2026-06-01"}) == event
    with pytest.raises(ValueError, match=r"^unknown format other$"):
        inputs.read(b'{"format":"other"}')


def test_striking_evidence_of_some_kinds_leaves_everything_else() -> None:
    finding, safety = Event(Kind.FINDING, DAY, "F1", "serious"), Event(Kind.SAFETY, DAY, "F1")
    frozen = inputs.Inputs("GX001", 2026, DAY, RULE, (WHOLE, finding, safety))
    assert inputs.without(frozen, ["F1"], [Kind.SAFETY]) == replace(frozen, events=(WHOLE, finding))


def test_the_rule_set_of_a_day_is_read_whole_from_that_day() -> None:
    for on in (date(2026, 3, 31), date(2026, 4, 1)):
        found = ruleset.in_force(BOOK, on)
        assert found == ruleset.Ruleset(
            on,
            *(BOOK.read(kind, on=on) for kind in (RatingRule, CollectionRule, CycleRule, EffectRule, ItemRule, CoverageRule, EmploymentRule)),
        )


def test_who_has_no_rating_has_a_rank_of_its_own() -> None:
    effects = BOOK.read(EffectRule, on=DAY)
    assert effects.rank("") == effects.selection_rank_unrated


@pytest.mark.parametrize(
    ("event", "step"),
    [
        (Event(Kind.FINDING, DAY, "F1", "minor"), Step("finding", "F1", 0, 0, 14, 994, "A")),
        (Event(Kind.STARTUP, DAY, "S1", "missing"), Step("startup", "S1", 0, 0, 23, 1000, "A")),
        (Event(Kind.EMPLOYMENT, DAY, "E1", value=48, of=101), Step("employment", "E1", 475, 504, 9, 1000, "A")),
        (Event(Kind.ROSTER, DAY, "R1", value=959, of=1000), Step("roster", "R1", 959, 960, 7, 1000, "A")),
        (Event(Kind.TASK, DAY, "T1", value=59, of=60), Step("task", "T1", 983, 1000, 10, 1000, "A")),
        (Event(Kind.ITEM, DAY, "K1", "general"), Step("item", "K1", 0, 0, 31, 1000, "A")),
    ],
)
def test_what_can_still_be_done_says_what_it_would_gain(event: Event, step: Step) -> None:
    assert best_steps(RULE, [WHOLE, event]) == (step,)


@pytest.mark.parametrize(
    "event",
    [
        Event(Kind.COMPLAINT, DAY, "C1"),
        Event(Kind.RECTIFICATION, DAY, "F1", "late"),
        Event(Kind.EXPLANATION, DAY, "X1", "refused"),
        Event(Kind.STARTUP, DAY, "S1", "success"),
        Event(Kind.FINDING, DAY, "F1", "minor", settled=True),
        Event(Kind.EMPLOYMENT, DAY, "E1", value=0, of=0),
    ],
)
def test_what_is_done_or_past_is_not_offered(event: Event) -> None:
    assert best_steps(RULE, [WHOLE, event]) == ()


def test_a_success_in_time_gives_back_besides_what_it_no_longer_takes() -> None:
    events = [WHOLE, Event(Kind.STARTUP, DAY, "S1", "missing"), Event(Kind.COMPLAINT, DAY, "C1")]
    assert best_steps(RULE, events) == (Step("startup", "S1", 0, 0, 42, 1000, "A"),)


def test_the_better_tier_comes_before_the_more_points_and_then_the_name() -> None:
    findings = [Event(Kind.FINDING, DAY, ref, grade) for ref, grade in (("F3", "minor"), ("F2", "minor"), ("F1", "serious"))]
    assert [step.ref for step in best_steps(RULE, [WHOLE, *findings])] == ["F1", "F2", "F3"]
    assert [step.ref for step in best_steps(RULE, [WHOLE, *findings], most=1)] == ["F1"]
    items = [Event(Kind.ITEM, DAY, "K2", "serious"), Event(Kind.ITEM, DAY, "K1", "general")]
    assert [(step.ref, step.tier) for step in best_steps(RULE, [WHOLE, *items])] == [("K2", "B"), ("K1", "A")]
    floored = [Event(Kind.ITEM, DAY, "K9", "serious"), Event(Kind.FINDING, DAY, "F9", "serious")]
    gentle = replace(RULE, item_serious_points=1, tier_a_points=900)
    assert [(step.ref, step.gain) for step in best_steps(gentle, [WHOLE, *floored])] == [("K9", 1), ("F9", 42)]


def test_repairing_one_item_leaves_the_other_and_what_else_rests_on_its_document() -> None:
    events = [
        WHOLE,
        Event(Kind.ITEM, DAY, "K1", "serious"),
        Event(Kind.FORGED, DAY, "K1"),
        Event(Kind.SAFETY, DAY, "K1"),
        Event(Kind.FORGED, DAY, "K2"),
    ]
    (step,) = best_steps(RULE, events)
    assert (step.code, step.ref, step.score, step.tier) == ("item", "K1", 989, "D")


def told(code: str, points: int = 0, floor: str = "", value: int = 3, limit: int = 0) -> dict[str, object]:
    return Reason(code, "R61", value, limit, points, (), floor).plain()


def test_a_reason_reads_as_a_sentence_in_both_languages() -> None:
    item = told("item-serious", floor="C")
    assert reason_text(item, "zh") == "有效的严重信用信息 3 条，最高为 C 级"
    assert reason_text(item, "en") == "serious information items in force: 3; no better tier than C"
    rate_ = told("employment", value=475, limit=500)
    assert reason_text(rate_, "zh") == "就业率 47.5%（应达到 50%）"
    assert reason_text(rate_, "en") == "employment rate 47.5% (wanted: 50%)"


def test_the_three_that_say_most_are_told_floors_first_and_gains_weigh_as_losses_do() -> None:
    light, heavy, gain, floor, nothing = (
        told("complaint", -1), told("safety", -15), told("startup-success", 20), told("no-footage", floor="B"), told("coverage"),
    )  # fmt: skip
    assert plainest([nothing, light, heavy, gain, floor]) == [floor, gain, heavy]
    assert plain_texts([nothing, light, floor], "zh") == ["本年度没有应当录像的课次，最高为 B 级", "查实的投诉举报 3 件"]
    assert plain_texts([nothing, light], "en") == ["complaints found to be true: 3"]
    assert (plain_texts([nothing], "zh"), plain_texts([nothing], "en")) == (["本年度没有扣分事项"], ["nothing was taken away this year"])
