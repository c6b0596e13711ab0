"""Random walks: transactions opened, filled, committed, rolled back and killed in any order, with the sequencer in between."""

from collections.abc import Callable
from datetime import timedelta
from typing import ClassVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.database.session import SYSTEM, apply_scope
from storage.kernel.errors import ForbiddenMove
from storage.ledger import history, proofs
from storage.ledger.audit import audit, audit_states
from storage.ledger.checkpoint import Checkpoint, verify_consistency_proof, verify_proof
from storage.ledger.models import LedgerEntry, LedgerLeaf, LedgerPending
from storage.ledger.note import verifier_key
from storage.ledger.sequencer import sequence
from tests.integration.ledger.cases import MOVES, Case, CaseEvent
from tests.integration.ledger.conftest import LedgerDatabase
from tests.integration.ledger.test_ledger_log import AT, CLERK, CLOCK, ORIGIN, make_case, put


class Walk(RuleBasedStateMachine):
    """One log for all walks: it can only grow, so every walk begins where the one before ended."""

    db: ClassVar[LedgerDatabase]
    key: ClassVar[Ed25519PrivateKey]
    committed: ClassVar[set[int]] = set()
    heads: ClassVar[list[Checkpoint]] = []

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[Session, list[int]]] = []

    @initialize()
    def a_case(self) -> None:
        self.case_id = make_case(self.db)
        with self.db.app.transaction(SYSTEM) as session:
            self.committed.update(move.entry_id for move in history.timeline(session, "case", self.case_id))

    @precondition(lambda self: len(self.open) < 3)
    @rule(count=st.integers(1, 3))
    def begin(self, count: int) -> None:
        session = Session(self.db.app.engine)
        apply_scope(session, SYSTEM)
        self.open.append((session, [put(session, n).id for n in range(count)]))

    def _end(self, which: int, how: Callable[[Session], None]) -> list[int]:
        session, ids = self.open.pop(which % len(self.open))
        how(session)
        session.close()
        return ids

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 2))
    def commit(self, which: int) -> None:
        self.committed.update(self._end(which, Session.commit))

    @precondition(lambda self: self.open)
    @rule(which=st.integers(0, 2), killed=st.booleans())
    def give_up(self, which: int, killed: bool) -> None:
        self._end(which, Session.invalidate if killed else Session.rollback)

    @rule(event=st.sampled_from(CaseEvent), signed=st.booleans())
    def move(self, event: CaseEvent, signed: bool) -> None:
        with self.db.app.transaction(SYSTEM) as session:
            case = session.get_one(Case, self.case_id)
            allowed = (case.state, event) in MOVES and (event is not CaseEvent.CLOSE or signed)
            try:
                history.move(session, case, MOVES, event, actor=CLERK, at=AT, facts={"signed_by": "leader"} if signed else None)
            except ForbiddenMove:
                assert not allowed
            else:
                assert allowed
                self.committed.add(history.timeline(session, "case", self.case_id)[-1].entry_id)

    @rule(limit=st.integers(1, 5), outcome=st.sampled_from(["commit", "commit", "rollback", "kill"]))
    def sequence(self, limit: int, outcome: str) -> None:
        session = Session(self.db.app.engine)
        apply_scope(session, SYSTEM)
        head = sequence(session, key=self.key, origin=ORIGIN, clock=CLOCK, limit=limit)
        if outcome == "commit":
            session.commit()
            if head is not None:
                self.heads.append(head)
        elif outcome == "kill":
            session.invalidate()
        session.close()

    @invariant()
    def every_committed_entry_is_placed_once_or_waits(self) -> None:
        with self.db.app.transaction(SYSTEM) as session:
            placed = session.execute(select(LedgerLeaf.idx, LedgerLeaf.entry_id).order_by(LedgerLeaf.idx)).all()
            waiting = set(session.scalars(select(LedgerPending.entry_id)))
            assert set(session.scalars(select(LedgerEntry.id))) == self.committed
        assert [row.idx for row in placed] == list(range(len(placed)))
        assert {row.entry_id for row in placed} | waiting == self.committed
        assert len(placed) + len(waiting) == len(self.committed)
        assert len(placed) == (self.heads[-1].size if self.heads else 0)

    def teardown(self) -> None:
        while self.open:
            self._end(0, Session.rollback)
        vkey = verifier_key(ORIGIN, self.key)
        assert audit(self.db.app.engine, keys=[vkey], origin=ORIGIN, now=AT + timedelta(seconds=1)) == []
        assert audit_states(self.db.app.engine, [Case]) == []
        if not self.heads:
            return
        newest = self.heads[-1]
        with self.db.app.transaction(SYSTEM) as session:
            for old in self.heads[-3:]:
                assert verify_consistency_proof(old, proofs.consistency(session, old.size, newest.size), [vkey], ORIGIN) == newest
            entry_id = session.scalars(select(LedgerLeaf.entry_id).order_by(LedgerLeaf.idx.desc()).limit(1)).one()
            assert verify_proof(proofs.entry_body(session, entry_id), proofs.inclusion(session, entry_id), [vkey], ORIGIN) is not None


def test_no_walk_loses_repeats_or_changes_an_entry(ledger_db: LedgerDatabase, log_key: Ed25519PrivateKey) -> None:
    Walk.db, Walk.key = ledger_db, log_key
    Walk.committed.clear()
    Walk.heads.clear()
    chosen = settings(max_examples=12, stateful_step_count=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Walk, settings=chosen)
