"""The application's checks bypassed: plain SQL moves no finding past notice, days to object and signer. PRODUCT.md, invariant 6."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from storage.database.session import Scope, apply_scope
from supervision.findings.lifecycle import ENDED, INSTITUTION_SEES, FindingState
from supervision.findings.models import Finding, PaperKind
from tests.factories.findings import paper
from tests.factories.outcomes import published_finding
from tests.factories.world import World, make_world

S = FindingState


@pytest.fixture
def world(session: Session) -> World:
    return make_world(session, datetime.now(UTC))


@pytest.fixture
def finding(session: Session, world: World) -> Callable[[FindingState], Finding]:
    return lambda state: published_finding(session, world, state=state)


def attempt(session: Session, found: Finding, change: str, **values: object) -> str:
    """What the database answers to an update of the row; "" when it took it. Rolled back either way."""
    savepoint = session.begin_nested()
    try:
        done = session.execute(text(f"update finding set {change} where id = :id"), {"id": found.id, **values})
        assert done.rowcount == 1, "the row was not seen"  # type: ignore[attr-defined]
    except DBAPIError as refused:
        return str(refused.orig)
    else:
        return ""
    finally:
        savepoint.rollback()


@pytest.mark.parametrize("state", INSTITUTION_SEES)
def test_without_a_notice_nothing_reaches_the_institution(session: Session, finding: Callable[[FindingState], Finding], state: FindingState) -> None:
    assert "no notice of this finding" in attempt(session, finding(S.CONFIRMED), "state = :state", state=state.value)


def test_a_finding_begins_with_what_somebody_saw(session: Session, finding: Callable[[FindingState], Finding]) -> None:
    finding(S.CONFIRMED)
    changes = "jsonb_build_object('id', gen_random_uuid(), 'code', 'F9', 'state', 'published')"
    copy = f"insert into finding select (jsonb_populate_record(f, {changes})).* from finding f"
    with pytest.raises(DBAPIError, match="begins with what somebody saw"), session.begin_nested():
        session.execute(text(copy))


def test_who_saw_it_cannot_be_who_confirms_it(session: Session, finding: Callable[[FindingState], Finding]) -> None:
    found = finding(S.CONFIRMED)
    paper(session, found, PaperKind.NOTICE, found.recorded_at)
    assert attempt(session, found, "state = 'noticed'") == ""
    assert "nobody else confirmed" in attempt(session, found, "state = 'noticed', decided_by_id = null")
    assert "nobody else confirmed" in attempt(session, found, "state = 'noticed', decided_by_id = recorded_by_id")


def test_rectification_waits_for_the_days_to_object_or_answers_the_objection(session: Session, finding: Callable[[FindingState], Finding]) -> None:
    found = finding(S.NOTICED)
    wanted = "ordered after the days to object"
    assert wanted in attempt(session, found, "state = 'rectifying'")
    paper(session, found, PaperKind.RECTIFICATION_ORDER, found.recorded_at + timedelta(hours=23))
    assert wanted in attempt(session, found, "state = 'rectifying'"), "the order was given a day too early"
    other = finding(S.NOTICED)
    paper(session, other, PaperKind.RECTIFICATION_ORDER, other.recorded_at + timedelta(days=1))
    assert attempt(session, other, "state = 'rectifying'") == ""
    objected = finding(S.NOTICED)
    paper(session, objected, PaperKind.ANSWER, objected.recorded_at, upheld=True)
    assert wanted in attempt(session, objected, "state = 'rectifying'"), "the objection was right"
    paper(session, objected, PaperKind.ANSWER, objected.recorded_at, upheld=False)
    assert attempt(session, objected, "state = 'rectifying'") == ""


@pytest.mark.parametrize(
    ("state", "forged", "words"),
    [
        (S.RECTIFYING, "verified-rectified", "nothing was reported"),
        (S.RECTIFIED, "closed", "no closing letter"),
        (S.RECTIFIED, "published", "no closing letter"),
        (S.NOTICED, "escalated", "no exit case"),
    ],
)
def test_each_step_wants_its_paper(
    session: Session, finding: Callable[[FindingState], Finding], state: FindingState, forged: str, words: str
) -> None:
    assert words in attempt(session, finding(state), "state = :state, exit_case = 'E2026-0404'", state=forged)


def test_only_a_closed_finding_is_published(session: Session, finding: Callable[[FindingState], Finding]) -> None:
    found = finding(S.RECTIFIED)
    paper(session, found, PaperKind.CLOSING, found.recorded_at + timedelta(days=9))
    assert "only a closed finding" in attempt(session, found, "state = 'published'")
    assert attempt(session, finding(S.CLOSED), "state = 'published'") == ""


@pytest.mark.parametrize("ended", sorted(ENDED - {S.ESCALATED}))
def test_a_finding_that_ended_stays_as_it_ended(session: Session, finding: Callable[[FindingState], Finding], ended: FindingState) -> None:
    found = finding(ended)
    for state in sorted(set(FindingState) - {ended}):
        assert attempt(session, found, "state = :state, decision_reason = 'x', exit_case = 'E1'", state=state.value), state


@pytest.mark.parametrize(
    "change", ["severity = 'serious'", "lesson_id = gen_random_uuid()", "defect = 'late-start'", "recorded_by_id = gen_random_uuid()"]
)
def test_what_a_finding_says_does_not_change(session: Session, finding: Callable[[FindingState], Finding], change: str) -> None:
    for state in (S.RECORDED, S.NOTICED):
        assert "what a finding says does not change" in attempt(session, finding(state), change)


def test_the_institution_only_explains_objects_and_asks_for_a_review(session: Session, finding: Callable[[FindingState], Finding]) -> None:
    found = finding(S.CLOSED)
    apply_scope(session, Scope("institution", found.institution_id))
    assert "nothing else" in attempt(session, found, "state = 'published'")
    assert attempt(session, found, "state = 'under-review'") == ""
