"""Appending, moving, sequencing and proving, on a real PostgreSQL."""

import json
import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from storage.database.session import SYSTEM, Scope
from storage.kernel.actor import SYSTEM_ACTOR, Actor
from storage.kernel.clock import Clock
from storage.kernel.errors import Conflict, ForbiddenMove, NotFound
from storage.ledger import history, proofs, service
from storage.ledger.audit import audit, audit_states
from storage.ledger.checkpoint import Checkpoint, open_checkpoint, verify_consistency_proof, verify_proof
from storage.ledger.errors import LedgerForked, NoSuchTree, NotYetSequenced
from storage.ledger.models import LedgerEntry, LedgerLeaf, LedgerPending, StateMove
from storage.ledger.note import verifier_key
from storage.ledger.sequencer import sequence
from tests.integration.ledger.cases import MOVES, Case, CaseEvent, CaseState
from tests.integration.ledger.conftest import LedgerDatabase

ORIGIN = "classproof.example/log"
AT = datetime(2026, 11, 24, 9, 13, tzinfo=UTC)
CLOCK = Clock(lambda: AT)
CLERK = Actor(kind="account", name="clerk", role="bureau_officer", id=UUID(int=7))
HERE, THERE = UUID(int=1), UUID(int=2)


def put(session: Session, number: int, tenant: UUID | None = HERE) -> LedgerEntry:
    return service.append(
        session, actor=CLERK, at=AT, action="note.written", subject=f"note/{number}", tenant=tenant, body={"number": number, "text": "课证"}
    )


def fill(db: LedgerDatabase, count: int) -> list[int]:
    with db.app.transaction(SYSTEM) as session:
        return [put(session, n).id for n in range(count)]


def run(db: LedgerDatabase, key: Ed25519PrivateKey, limit: int = 20_000) -> Checkpoint | None:
    with db.app.transaction(SYSTEM) as session:
        return sequence(session, key=key, origin=ORIGIN, clock=CLOCK, limit=limit)


def differences(db: LedgerDatabase, key: Ed25519PrivateKey) -> list[str]:
    return [f"{d.kind} {d.subject}" for d in audit(db.app.engine, keys=[verifier_key(ORIGIN, key)], origin=ORIGIN, now=AT)]


def test_an_entry_is_signed_and_proven_to_a_stranger(ledger_db: LedgerDatabase, log_key: Ed25519PrivateKey) -> None:
    ids = fill(ledger_db, 300)
    head = run(ledger_db, log_key)
    assert head is not None and head.size == 300
    vkey = verifier_key(ORIGIN, log_key)
    with ledger_db.app.transaction(SYSTEM) as session:
        for entry_id in (ids[0], ids[255], ids[256], ids[299]):
            body, proof = proofs.entry_body(session, entry_id), proofs.inclusion(session, entry_id)
            assert verify_proof(body, proof, [vkey], ORIGIN) == head
            assert verify_proof(body + b" ", proof, [vkey], ORIGIN) is None
    assert differences(ledger_db, log_key) == []


def test_the_leaf_commits_to_action_subject_actor_time_tenant_and_facts(ledger_db: LedgerDatabase) -> None:
    (entry_id,) = fill(ledger_db, 1)
    with ledger_db.app.transaction(SYSTEM) as session:
        body = json.loads(proofs.entry_body(session, entry_id))
    assert body == {
        "v": 1,
        "at": "2026-11-24T09:13:00.000000Z",
        "actor": {"kind": "account", "id": str(CLERK.id), "name": "clerk", "role": "bureau_officer"},
        "action": "note.written",
        "subject": "note/0",
        "tenant": str(HERE),
        "facts": {"number": 0, "text": "课证"},
    }


def test_a_later_checkpoint_is_proven_to_extend_an_earlier_one(ledger_db: LedgerDatabase, log_key: Ed25519PrivateKey) -> None:
    fill(ledger_db, 700)
    heads = []
    while (head := run(ledger_db, log_key, limit=130)) is not None:
        heads.append(head)
    assert [head.size for head in heads] == [130, 260, 390, 520, 650, 700]
    vkey = verifier_key(ORIGIN, log_key)
    with ledger_db.app.transaction(SYSTEM) as session:
        for old in heads:
            proof = proofs.consistency(session, old.size, 700)
            assert verify_consistency_proof(old, proof, [vkey], ORIGIN) == heads[-1]
        wrong = Checkpoint(ORIGIN, 130, b"\1" * 32)
        assert verify_consistency_proof(wrong, proofs.consistency(session, 130, 700), [vkey], ORIGIN) is None
        for old_size, new_size in ((131, 700), (700, 130)):
            with pytest.raises(NoSuchTree):
                proofs.consistency(session, old_size, new_size)
    assert differences(ledger_db, log_key) == []


def test_nothing_pending_signs_nothing(ledger_db: LedgerDatabase, log_key: Ed25519PrivateKey) -> None:
    assert run(ledger_db, log_key) is None
    fill(ledger_db, 1)
    assert run(ledger_db, log_key) is not None
    assert run(ledger_db, log_key) is None


def test_a_proof_asked_too_early_says_so(ledger_db: LedgerDatabase) -> None:
    (entry_id,) = fill(ledger_db, 1)
    with ledger_db.app.transaction(SYSTEM) as session:
        with pytest.raises(NotYetSequenced):
            proofs.inclusion(session, entry_id)
        with pytest.raises(NotFound):
            proofs.inclusion(session, entry_id + 1)


def test_an_institution_sees_and_proves_its_own_entries_only(ledger_db: LedgerDatabase, log_key: Ed25519PrivateKey) -> None:
    with ledger_db.app.transaction(SYSTEM) as session:
        mine, other, nobodys = (put(session, n, tenant).id for n, tenant in enumerate((HERE, THERE, None)))
    run(ledger_db, log_key)
    with ledger_db.app.transaction(Scope("institution", HERE)) as session:
        assert session.scalars(select(LedgerEntry.id)).all() == [mine]
        assert proofs.inclusion(session, mine)
        for hidden in (other, nobodys):
            with pytest.raises(NotFound):
                proofs.inclusion(session, hidden)


def test_the_sequencer_sees_every_entry_whatever_the_scope(ledger_db: LedgerDatabase, log_key: Ed25519PrivateKey) -> None:
    fill(ledger_db, 5)
    with ledger_db.app.transaction(Scope("institution", THERE)) as session:
        head = sequence(session, key=log_key, origin=ORIGIN, clock=CLOCK)
        assert head is not None and head.size == 5
        assert session.scalar(text("select current_setting('app.scope')")) == "institution"


def test_a_rolled_back_transaction_leaves_nothing(ledger_db: LedgerDatabase, log_key: Ed25519PrivateKey) -> None:
    with pytest.raises(RuntimeError), ledger_db.app.transaction(SYSTEM) as session:
        put(session, 1)
        raise RuntimeError
    with ledger_db.app.transaction(SYSTEM) as session:
        assert session.scalar(select(func.count()).select_from(LedgerEntry)) == 0
        assert session.scalar(select(func.count()).select_from(LedgerPending)) == 0
    assert run(ledger_db, log_key) is None


def test_an_earlier_entry_committed_later_is_not_lost(ledger_db: LedgerDatabase, log_key: Ed25519PrivateKey) -> None:
    with Session(ledger_db.app.engine) as slow:
        early = put(slow, 1, None).id if slow.execute(text("select set_config('app.scope', 'system', true)")) else 0
        (late,) = fill(ledger_db, 1)
        assert early < late
        assert run(ledger_db, log_key) is not None
        slow.commit()
    head = run(ledger_db, log_key)
    assert head is not None and head.size == 2
    with ledger_db.app.transaction(SYSTEM) as session:
        assert session.scalars(select(LedgerLeaf.entry_id).order_by(LedgerLeaf.idx)).all() == [late, early]
    assert differences(ledger_db, log_key) == []


def test_concurrent_writers_and_two_sequencers_lose_and_repeat_nothing(ledger_db: LedgerDatabase, log_key: Ed25519PrivateKey) -> None:
    writers, each = 6, 60
    written: list[int] = []
    failures: list[BaseException] = []
    stop = threading.Event()
    mutex = threading.Lock()

    def write(worker: int) -> None:
        for n in range(each):
            with ledger_db.app.transaction(SYSTEM) as session:
                ids = [put(session, worker * 1000 + n).id for _ in range(1 + n % 3)]
            with mutex:
                written.extend(ids)

    def sign() -> None:
        while not stop.is_set():
            run(ledger_db, log_key, limit=37)

    def watched(target: object, *arguments: object) -> None:
        try:
            target(*arguments)  # type: ignore[operator]
        except BaseException as failure:  # noqa: BLE001 - shown by the assertion below
            failures.append(failure)

    signers = [threading.Thread(target=watched, args=(sign,)) for _ in range(2)]
    threads = [threading.Thread(target=watched, args=(write, w)) for w in range(writers)]
    for thread in signers + threads:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    for thread in signers:
        thread.join()
    while run(ledger_db, log_key) is not None:
        pass
    assert failures == []
    with ledger_db.app.transaction(SYSTEM) as session:
        placed = session.execute(select(LedgerLeaf.idx, LedgerLeaf.entry_id).order_by(LedgerLeaf.idx)).all()
    assert [row.idx for row in placed] == list(range(len(written)))
    assert sorted(row.entry_id for row in placed) == sorted(written)
    assert differences(ledger_db, log_key) == []


def test_a_sequencer_killed_before_its_commit_leaves_no_trace(ledger_db: LedgerDatabase, log_key: Ed25519PrivateKey) -> None:
    fill(ledger_db, 300)
    with Session(ledger_db.app.engine) as doomed:
        pid = doomed.scalar(text("select pg_backend_pid()"))
        assert sequence(doomed, key=log_key, origin=ORIGIN, clock=CLOCK) is not None
        with ledger_db.superuser.begin() as connection:
            connection.execute(text("select pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        doomed.invalidate()
    assert differences(ledger_db, log_key) == []
    head = run(ledger_db, log_key)
    assert head is not None and head.size == 300
    assert differences(ledger_db, log_key) == []


def test_a_key_of_nobody_is_not_continued(ledger_db: LedgerDatabase, log_key: Ed25519PrivateKey) -> None:
    fill(ledger_db, 3)
    run(ledger_db, Ed25519PrivateKey.from_private_bytes(b"\7" * 32))
    fill(ledger_db, 3)
    from storage.ledger.errors import UnknownSignature

    with pytest.raises(UnknownSignature):
        run(ledger_db, log_key)


def test_a_retired_key_is_continued_by_the_new_one(ledger_db: LedgerDatabase, log_key: Ed25519PrivateKey) -> None:
    old_key = Ed25519PrivateKey.from_private_bytes(b"\7" * 32)
    fill(ledger_db, 3)
    run(ledger_db, old_key)
    fill(ledger_db, 3)
    keys = [verifier_key(ORIGIN, k) for k in (log_key, old_key)]
    with ledger_db.app.transaction(SYSTEM) as session:
        head = sequence(session, key=log_key, origin=ORIGIN, clock=CLOCK, retired=keys[1:])
    assert head is not None and open_checkpoint(head.note, keys[:1], ORIGIN).size == 6
    assert audit(ledger_db.app.engine, keys=keys, origin=ORIGIN, now=AT) == []


def test_a_fork_is_not_signed(ledger_db: LedgerDatabase, log_key: Ed25519PrivateKey) -> None:
    fill(ledger_db, 3)
    run(ledger_db, log_key)
    with ledger_db.superuser.begin() as connection:
        connection.execute(text("alter table ledger_tile disable trigger user"))
        connection.execute(text("update ledger_tile set hashes = overlay(hashes placing decode('ff', 'hex') from 5) where level = 0"))
    fill(ledger_db, 1)
    with pytest.raises(LedgerForked):
        run(ledger_db, log_key)


def make_case(db: LedgerDatabase, tenant: UUID = HERE) -> UUID:
    with db.app.transaction(SYSTEM) as session:
        case = Case(institution_id=tenant, state=CaseState.OPEN)
        history.begin(session, case, actor=SYSTEM_ACTOR, at=AT, reason="new")
        return case.id


def test_a_move_writes_state_history_and_ledger_together(ledger_db: LedgerDatabase, log_key: Ed25519PrivateKey) -> None:
    case_id = make_case(ledger_db)
    with ledger_db.app.transaction(SYSTEM) as session:
        case = session.get_one(Case, case_id)
        case.note = "saved along"
        made = history.move(session, case, MOVES, CaseEvent.SUBMIT, actor=CLERK, at=AT, reason="complete", facts={"pages": 3})
        assert (made.to, case.state) == (CaseState.SUBMITTED, CaseState.SUBMITTED)
    with ledger_db.app.transaction(SYSTEM) as session:
        assert session.get_one(Case, case_id).note == "saved along"
        first, second = history.timeline(session, "case", case_id)
        assert (first.from_state, first.event, first.to_state) == (None, "begin", "open")
        assert (second.from_state, second.event, second.to_state, second.clause) == ("open", "submit", "submitted", "R50")
        entry = session.get_one(LedgerEntry, second.entry_id)
        assert (entry.action, entry.subject, entry.tenant_id) == ("case.submit", f"case/{case_id}", HERE)
        assert json.loads(entry.body)["facts"]["facts"] == {"pages": 3}
    run(ledger_db, log_key)
    assert differences(ledger_db, log_key) == []
    assert audit_states(ledger_db.app.engine, [Case]) == []


@pytest.mark.parametrize(("event", "facts"), [(CaseEvent.CLOSE, {}), (CaseEvent.RETURN, None)])
def test_a_refused_move_writes_nothing(ledger_db: LedgerDatabase, event: CaseEvent, facts: dict[str, object] | None) -> None:
    case_id = make_case(ledger_db)
    with ledger_db.app.transaction(SYSTEM) as session:
        case = session.get_one(Case, case_id)
        with pytest.raises(ForbiddenMove):
            history.move(session, case, MOVES, event, actor=CLERK, at=AT, facts=facts)
        assert case.state == CaseState.OPEN
    with ledger_db.app.transaction(SYSTEM) as session:
        assert session.scalar(select(func.count()).select_from(StateMove)) == 1


def test_two_transactions_cannot_both_leave_the_same_state(ledger_db: LedgerDatabase) -> None:
    case_id = make_case(ledger_db)
    with ledger_db.app.transaction(SYSTEM) as second:
        stale = second.get_one(Case, case_id)
        with ledger_db.app.transaction(SYSTEM) as first:
            history.move(first, first.get_one(Case, case_id), MOVES, CaseEvent.SUBMIT, actor=CLERK, at=AT)
        with pytest.raises(Conflict):
            history.move(second, stale, MOVES, CaseEvent.SUBMIT, actor=CLERK, at=AT)
    with ledger_db.app.transaction(SYSTEM) as session:
        assert len(history.timeline(session, "case", case_id)) == 2


def test_a_state_written_past_the_ledger_is_found(ledger_db: LedgerDatabase) -> None:
    case_id = make_case(ledger_db)
    with ledger_db.owner.begin() as connection:
        connection.execute(text("update ledger_case set state = 'closed'"))
    found = audit_states(ledger_db.app.engine, [Case])
    assert [(d.kind, d.subject) for d in found] == [("state-differs", f"case/{case_id}")]


def test_an_entry_that_waits_too_long_is_named(ledger_db: LedgerDatabase, log_key: Ed25519PrivateKey) -> None:
    (entry_id,) = fill(ledger_db, 1)
    keys = [verifier_key(ORIGIN, log_key)]
    later = audit(ledger_db.app.engine, keys=keys, origin=ORIGIN, now=AT + timedelta(seconds=301))
    assert [(d.kind, d.subject) for d in later] == [("pending-too-long", f"ledger_entry/{entry_id}")]
    assert audit(ledger_db.app.engine, keys=keys, origin=ORIGIN, now=AT + timedelta(seconds=299)) == []


def test_facts_without_canonical_form_are_refused_before_anything_is_written(ledger_db: LedgerDatabase) -> None:
    with ledger_db.app.transaction(SYSTEM) as session:
        for bad in (0.5, b"raw", object()):
            with pytest.raises(TypeError):
                service.append(session, actor=CLERK, at=AT, action="a.b", subject=f"a/{uuid4()}", tenant=None, body={"x": bad})
        with pytest.raises(ValueError, match="time zone"):
            service.append(session, actor=CLERK, at=datetime(2026, 1, 1), action="a.b", subject="a/1", tenant=None, body={})  # noqa: DTZ001
        assert session.scalar(select(func.count()).select_from(LedgerEntry)) == 0
