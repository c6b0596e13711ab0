"""The checklist of a review: which items a method asks, what keeps it from being signed, and that each item leads to a listed defect. R54–R59."""

from datetime import date

import pytest

from supervision.findings.rules import DEFECTS, DefectCode
from supervision.sampling.lifecycle import DrawMethod
from supervision.spotchecks.checklists import VERSIONS, Answer, Given, Version, checklist, unanswered, version_on

DAY = date(2026, 11, 24)
ROUTINE = checklist(DrawMethod.ROUTINE, DAY)
ALL_YES = {item.code: Given(Answer.YES) for item in ROUTINE}


@pytest.mark.parametrize("version", VERSIONS, ids=lambda v: v.name)
def test_every_item_leads_to_a_defect_of_the_same_clause_and_stands_once(version: Version) -> None:
    assert len({item.code for item in version.items}) == len(version.items)
    for item in version.items:
        assert DEFECTS[DefectCode(item.defect)].clause == item.clause, item.code
        assert item.zh
        assert item.en
        assert {Answer.YES, Answer.NO} <= set(item.kinds)


@pytest.mark.parametrize("method", DrawMethod)
def test_every_method_asks_whether_the_lesson_was_held_and_how_many_were_there(method: DrawMethod) -> None:
    assert {"held", "headcount", "room", "mandarin"} <= {item.code for item in checklist(method, DAY) if item.required}


def test_the_basic_curriculum_is_asked_where_the_method_goes_deeper() -> None:
    asked = {method for method in DrawMethod if "basics" in {item.code for item in checklist(method, DAY)}}
    assert asked == {DrawMethod.SPECIAL, DrawMethod.THIRD_PARTY, DrawMethod.QUALITY, DrawMethod.CREDIT}


def test_before_the_first_list_there_is_none() -> None:
    with pytest.raises(LookupError):
        version_on(date(2023, 5, 4))
    assert version_on(date(2023, 5, 5)).name == "video-1"


def test_a_review_with_every_required_answer_is_whole() -> None:
    assert unanswered(ROUTINE, ALL_YES) == ()
    optional = {item.code for item in ROUTINE if not item.required}
    assert optional
    assert unanswered(ROUTINE, {code: given for code, given in ALL_YES.items() if code not in optional}) == ()


def test_a_missing_answer_is_named() -> None:
    assert unanswered(ROUTINE, {}) == tuple(item.code for item in ROUTINE if item.required)
    assert unanswered(ROUTINE, {code: given for code, given in ALL_YES.items() if code != "room"}) == ("room",)


@pytest.mark.parametrize("answer", [Answer.NO, Answer.CANNOT_TELL, Answer.NOT_APPLICABLE])
def test_an_answer_other_than_yes_needs_a_word_even_where_the_item_is_not_required(answer: Answer) -> None:
    assert unanswered(ROUTINE, ALL_YES | {"equipment": Given(answer, " ")}) == ("equipment",)
    assert unanswered(ROUTINE, ALL_YES | {"equipment": Given(answer, "镜头之外")}) == ()
