"""From when a visit may be known, what keeps it from being signed, and what the seal tells. domain.md 2.3.2."""

from datetime import UTC, date, datetime, timedelta

import pytest

from storage.kernel.errors import ForbiddenMove
from storage.kernel.lifecycle import advance
from supervision.findings.letters import CLAUSES
from supervision.findings.rules import DEFECTS, DefectCode
from supervision.spotchecks.checklists import Answer, note_is_needed
from supervision.visits.checklist import ITEMS, Group, photo_is_needed
from supervision.visits.lifecycle import ENDED_STATES, OPEN_STATES, VISIT_MOVES, VisitEvent, VisitState
from supervision.visits.rules import VisitRule, day_ends_at, seal, visible_from

READY = {"present": 2, "unanswered": 0, "photos_missing": 0, "signatures": 2, "members": 2}


def test_members_learn_of_a_visit_hours_before_and_the_day_ends_at_the_bureaus_midnight() -> None:
    starts_at = datetime(2026, 11, 25, 1, tzinfo=UTC)
    assert visible_from(starts_at, VisitRule(2, 18, 3)) == starts_at - timedelta(hours=18)
    assert day_ends_at(date(2026, 11, 25)) == datetime(2026, 11, 25, 16, tzinfo=UTC)


def test_a_seal_depends_on_salt_lesson_and_team() -> None:
    made = seal(bytes(32), "K1/2026-11-25/1", ["a", "b"])
    assert len(made) == 64
    others = [
        seal(bytes(31) + b"\x01", "K1/2026-11-25/1", ["a", "b"]),
        seal(bytes(32), "K1/2026-11-25/2", ["a", "b"]),
        seal(bytes(32), "K1/2026-11-25/1", ["a", "c"]),
    ]
    assert len({made, *others}) == 4


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"present": 1}, "two-members-needed"),
        ({"present": True}, "two-members-needed"),
        ({"unanswered": 1}, "items-unanswered"),
        ({"photos_missing": 1}, "photos-missing"),
        ({"signatures": 1}, "signature-missing"),
    ],
)
def test_a_visit_is_signed_whole_or_not(change: dict[str, object], why: str) -> None:
    assert advance(VISIT_MOVES, VisitState.UNDER_WAY, VisitEvent.SIGN, READY).to is VisitState.SIGNED
    with pytest.raises(ForbiddenMove) as refused:
        advance(VISIT_MOVES, VisitState.UNDER_WAY, VisitEvent.SIGN, READY | change)
    assert refused.value.facts["why"] == why


@pytest.mark.parametrize("name", READY)
def test_what_nobody_looked_at_does_not_pass(name: str) -> None:
    facts = {key: value for key, value in READY.items() if key != name}
    with pytest.raises(ForbiddenMove):
        advance(VISIT_MOVES, VisitState.UNDER_WAY, VisitEvent.SIGN, facts)


def test_one_who_steps_back_sends_a_visit_back_to_the_door() -> None:
    assert advance(VISIT_MOVES, VisitState.UNDER_WAY, VisitEvent.RECUSE, {"reason": "亲属"}).to is VisitState.OPENED
    assert advance(VISIT_MOVES, VisitState.SEALED, VisitEvent.RECUSE, {"reason": "亲属"}).to is VisitState.SEALED


def test_problems_are_dealt_with_before_a_visit_is_closed() -> None:
    assert advance(VISIT_MOVES, VisitState.SIGNED, VisitEvent.CLOSE, {"problems_open": 0}).to is VisitState.CLOSED
    assert advance(VISIT_MOVES, VisitState.SIGNED, VisitEvent.CLOSE, {"problems_open": 2, "reason": "当场改正"}).to is VisitState.CLOSED
    with pytest.raises(ForbiddenMove) as refused:
        advance(VISIT_MOVES, VisitState.SIGNED, VisitEvent.CLOSE, {"problems_open": 2, "reason": " "})
    assert refused.value.facts["why"] == "problems-without-finding"


def test_a_visit_is_either_open_or_ended() -> None:
    assert set(OPEN_STATES) | set(ENDED_STATES) == set(VisitState)
    assert not set(OPEN_STATES) & set(ENDED_STATES)


def test_the_checklist_asks_what_the_document_names_and_a_no_can_become_a_finding_of_that_clause() -> None:
    assert {"R69", "R70", "R71", "R76", "R91", "R92", "R103"} <= {item.clause for item in ITEMS}
    assert len({item.code for item in ITEMS}) == len(ITEMS)
    assert {item.group for item in ITEMS} == set(Group)
    for item in ITEMS:
        assert DEFECTS[DefectCode(item.defect)].clause == item.clause, item.code
        assert item.clause in CLAUSES


def test_everything_but_a_yes_is_put_in_words_and_a_problem_is_shown() -> None:
    assert [answer for answer in Answer if note_is_needed(answer)] == [Answer.NO, Answer.CANNOT_TELL, Answer.NOT_APPLICABLE]
    plain, shown = next(i for i in ITEMS if not i.photo), next(i for i in ITEMS if i.photo)
    assert [photo_is_needed(plain, answer) for answer in Answer] == [False, True, False, False]
    assert [photo_is_needed(shown, answer) for answer in Answer] == [True, True, True, False]
