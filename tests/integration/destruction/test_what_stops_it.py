"""A hold, a matter, a lock, a revoked person: each stops a destruction at whatever moment it comes, and the bytes are there. R73; domain.md 2.3.1."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import DBAPIError

from api.auth.models import Account
from api.auth.roles import Role
from api.destroying import ports
from api.holds import EvidenceHolds
from api.wiring import bench
from storage.database.session import BUREAU, SYSTEM, Scope
from storage.kernel.actor import SYSTEM_ACTOR
from storage.kernel.errors import ForbiddenMove
from supervision.findings.lifecycle import FindingState
from supervision.findings.models import DefectCode, Finding, Severity
from supervision.footage import destroying, destruction
from supervision.footage.copy_models import CopyCheck
from supervision.footage.destruction_lifecycle import DestructionState
from supervision.footage.destruction_models import Destruction
from supervision.footage.errors import DestructionPending, DestructionRefused
from supervision.footage.lifecycle import RecordingState
from tests.factories.findings import put
from tests.integration.destruction.stage import Due, actor_of
from tests.people import account_of

MATTER = "finding/F2026-1"


def matter(due: Due, *, on: bool) -> None:
    row = due.row
    held = {"key": row.object_key, "version_id": row.version_id or "", "matter": MATTER, "reason": "x"}
    port = EvidenceHolds(due.services.buckets.evidence)
    with due.services.database.transaction(SYSTEM) as session:
        (port.place if on else port.release)(session, **held, actor=SYSTEM_ACTOR, at=due.services.clock.now_at())


def a_finding(due: Due) -> None:
    row, now = due.row, due.services.clock.now_at()
    found = Finding(
        code=f"F2026-{str(uuid4())[:8]}", institution_id=row.institution_id, lesson_id=due.world.lessons[0].id, recording_id=row.id, start_ms=0,
        end_ms=1000, span=Range(now, now + timedelta(seconds=1), bounds="[)"), footage_sha256=row.sha256, defect=DefectCode.LESSON_NOT_HELD,
        clause="R71", severity=Severity.SERIOUS, recorded_at=now, recorded_by_id=UUID(int=1), recorded_by="检查员",
    )  # fmt: skip
    with due.services.database.transaction(SYSTEM) as session:
        put(session, found, FindingState.RECORDED)


def a_copy_check(due: Due) -> None:
    now = due.services.clock.now_at()
    with due.services.database.transaction(SYSTEM) as session:
        session.add(
            CopyCheck(
                institution_id=due.row.institution_id, recording_id=due.recording_id, asked_at=now, asked_by="x", due_at=now + timedelta(hours=1),
                offset_bytes=0, length_bytes=1, nonce=bytes(16), answered_by="",
            )
        )  # fmt: skip


def a_longer_class(due: Due) -> None:
    today = {"id": due.world.training_class.id, "on": due.services.clock.today_on()}  # of the bureau: the database's begins hours later
    with due.services.database.transaction(SYSTEM) as session:
        session.execute(text("update training_class set subsidy_paid_on = :on where id = :id"), today)


def a_lock_of_the_store(due: Due) -> None:
    row = due.row
    due.services.buckets.evidence.lock_until(row.object_key, row.version_id or "", datetime.now(UTC) + timedelta(hours=1))


def a_hold_of_the_store(due: Due) -> None:
    row = due.row
    due.services.buckets.evidence.set_legal_hold(row.object_key, row.version_id or "", on=True)


def a_lock_on_another_version(due: Due) -> None:
    store = due.services.buckets.evidence
    other = store.put(due.row.object_key, b"somebody's", "video/mp4")
    store.lock_until(other.key, other.version_id, datetime.now(UTC) + timedelta(hours=1))


AGAINST: dict[str, Callable[[Due], None]] = {
    "held-by-a-matter": lambda due: matter(due, on=True),
    "matter-open": a_finding,
    "kept-longer": a_longer_class,
    "locked-in-the-store": a_lock_of_the_store,
    "held-in-the-store": a_hold_of_the_store,
}
MOMENTS = ("proposed", "approved", "begun")


@pytest.mark.parametrize("why", AGAINST)
@pytest.mark.parametrize("moment", ["due", "proposed"])
def test_nobody_proposes_or_approves_against_it(due: Due, why: str, moment: str) -> None:
    if moment == "proposed":
        due.propose()
    AGAINST[why](due)
    with pytest.raises((DestructionRefused, ForbiddenMove)) as refused:
        due.propose() if moment == "due" else due.approve()
    assert refused.value.facts["why"] == why
    assert len(due.stored()) == 1


@pytest.mark.parametrize("why", AGAINST)
@pytest.mark.parametrize("moment", ["approved", "begun"])
def test_what_comes_between_the_approval_and_the_act_stops_it(due: Due, why: str, moment: str) -> None:
    due.propose()
    due.approve()
    if moment == "begun":
        destroying._begin(bench(due.services), ports(due.services), due.proposal().id)
        assert due.proposal().state is DestructionState.DESTROYING
    AGAINST[why](due)
    assert due.act() is DestructionState.STOPPED
    assert len(due.stored()) == 1
    assert due.row.state is RecordingState.DUE
    assert due.steps()[-1] == ("stop-destruction", why)
    assert due.kept.destroyed_at is None
    assert due.act() is DestructionState.STOPPED, "what was stopped stays stopped"


@pytest.mark.parametrize("wrong", [a_copy_check, a_lock_on_another_version])
def test_a_question_that_is_open_and_a_lock_beside_it_keep_it(due: Due, wrong: Callable[[Due], None]) -> None:
    wrong(due)
    with pytest.raises(DestructionRefused):
        due.propose()


def test_a_hold_takes_it_back_and_when_it_ends_it_can_be_proposed_again(due: Due) -> None:
    due.propose()
    matter(due, on=True)
    due.settle()
    assert (due.row.state, due.proposal().state) == (RecordingState.RETAINED, DestructionState.STOPPED)
    assert due.proposal().ended_reason == "held-by-a-matter"
    matter(due, on=False)
    due.settle()
    assert due.row.state is RecordingState.DUE
    due.propose()
    due.approve()
    due.run_jobs()
    assert due.row.state is RecordingState.DESTROYED


def test_a_hold_that_comes_in_the_last_moment_is_obeyed_by_the_store(due: Due, monkeypatch: pytest.MonkeyPatch) -> None:
    """After everything was looked at and before the deletion: nobody but the store can know."""
    real = destroying._delete

    def delete(*args: object) -> str:
        a_hold_of_the_store(due)
        return real(*args)  # type: ignore[arg-type]  # as called

    monkeypatch.setattr(destroying, "_delete", delete)
    due.propose()
    due.approve()
    assert due.act() is DestructionState.STOPPED
    assert due.steps()[-1] == ("stop-destruction", "locked-in-the-store")
    assert len(due.stored()) == 1


def test_one_person_is_not_two(due: Due) -> None:
    due.propose(by=due.leader)
    with pytest.raises(ForbiddenMove, match="same-person"):
        due.approve(by=due.leader)
    with pytest.raises(ForbiddenMove, match="same-person"), due.services.database.transaction(BUREAU) as session:
        destruction.decline(session, due.proposal().id, reason="不同意", actor=actor_of(due.leader), clock=due.services.clock)
    with pytest.raises(DestructionPending):
        due.propose()
    other = account_of(due.services, Role.BUREAU_LEADER)
    assert due.approve(by=other).state is DestructionState.APPROVED


def lose_office(account: Account) -> None:
    account.active = False


def change_office(account: Account) -> None:
    account.role = Role.LEGAL_OFFICER


@pytest.mark.parametrize("person", ["officer", "leader"])
@pytest.mark.parametrize("loses", [lose_office, change_office])
def test_who_lost_the_office_before_the_act_does_not_count(due: Due, person: str, loses: Callable[[Account], None]) -> None:
    due.propose()
    due.approve()
    with due.services.database.transaction(SYSTEM) as session:
        loses(session.get_one(Account, getattr(due, person).id))
    assert due.act() is DestructionState.STOPPED
    assert due.steps()[-1] == ("stop-destruction", "two-approvers-needed")
    assert len(due.stored()) == 1


def test_each_of_the_two_may_take_it_back_and_nobody_else(due: Due) -> None:
    due.propose()
    due.approve()
    third = account_of(due.services, Role.BUREAU_LEADER)
    with pytest.raises(ForbiddenMove, match="not-yours-to-withdraw"), due.services.database.transaction(BUREAU) as session:
        destruction.withdraw(session, due.proposal().id, reason="", actor=actor_of(third), clock=due.services.clock)
    with due.services.database.transaction(BUREAU) as session:
        destruction.withdraw(session, due.proposal().id, reason="", actor=actor_of(due.leader), clock=due.services.clock)
    due.run_jobs()
    assert (due.proposal().state, len(due.stored())) == (DestructionState.WITHDRAWN, 1)


def test_the_database_refuses_one_persons_destruction_whoever_asks(due: Due) -> None:
    """Past the code: a row of one person, a step left out, a destroyed recording without certificate, a row deleted."""
    row = due.propose()
    for statement in (
        "update destruction set state = 'approved', approver_account_id = proposer_account_id, approved_at = now() where id = :id",
        "update destruction set state = 'destroying', begun_at = now(), versions = '[1]' where id = :id",
        "update destruction set reason = 'other' where id = :id",
        "delete from destruction where id = :id",
        "update recording set state = 'destroyed' where id = :recording",
    ):
        with pytest.raises(DBAPIError), due.services.database.transaction(SYSTEM) as session:
            session.execute(text(statement), {"id": row.id, "recording": due.recording_id})
    assert due.proposal().state is DestructionState.PROPOSED


def test_an_institution_learns_of_it_when_it_is_done_and_never_writes(due: Due) -> None:
    own, strange = Scope("institution", due.row.institution_id), Scope("institution", uuid4())

    def seen(scope: Scope) -> int:
        with due.services.database.transaction(scope) as session:
            return session.query(Destruction).filter_by(recording_id=due.recording_id).count()

    due.propose()
    due.approve()
    assert (seen(own), seen(strange), seen(BUREAU)) == (0, 0, 1)
    due.run_jobs()
    assert (seen(own), seen(strange)) == (1, 0)
    with pytest.raises(DBAPIError), due.services.database.transaction(own) as session:
        session.execute(text("update destruction set note = 'x' where recording_id = :id"), {"id": due.recording_id})
