"""Random walks over recordings with the real services, store and jobs in any order: whatever is done, and however often, no step tells a lie.

The invariants are those of docs/design/catalogue.md and retention.md: catalogued means locked, nothing is locked before, one receipt, every move
in the ledger and nothing else.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.fsck import run_fsck
from api.http.services import Services
from api.wiring import job_handlers
from storage.database.session import SYSTEM, Scope
from storage.kernel.actor import SYSTEM_ACTOR
from storage.kernel.errors import DomainError
from storage.ledger import history
from storage.ledger.models import LedgerEntry
from storage.retention.service import kept_version
from storage.uploads import service as uploads
from storage.uploads.models import UploadSession, UploadState
from storage.uploads.rules import UploadRule
from supervision.classes.models import TrainingClass
from supervision.footage import receipts
from supervision.footage import service as footage
from supervision.footage.coverage import coverage
from supervision.footage.lifecycle import CATALOGUED_STATES, RECORDING_MOVES, RecordingState, SlotState
from supervision.footage.models import RecordedSpan, Recording, Slot
from supervision.footage.service import Choice
from tests import videos
from tests.factories.world import COVERAGE, World, make_world
from tests.site_fixtures import Hands

RULE = UploadRule(max_file_gib=1, max_open_uploads=20, quota_tib=1, open_upload_days=7)
LISTED = {(state.value, event.value, move.to.value) for (state, event), move in RECORDING_MOVES.items()}
JOBS = ("verify-recording", "catalogue-recording", "confirm-recording", "issue-receipt")
BEFORE_THE_STORE_HAS_IT = (RecordingState.UPLOADING, RecordingState.ABANDONED)
which = st.integers(0, 5)


@dataclass(frozen=True)
class File:
    """What an institution sends. `named`: its name tells camera and time."""

    data: bytes
    named: bool


class RecordingWalk(RuleBasedStateMachine):
    """Any act at any time; refusals are fine, lies are not."""

    services: Services
    hands: Hands
    files: tuple[File, ...]
    drain: Callable[[], None]
    reached: set[RecordingState]

    @initialize()
    def begin(self) -> None:
        self.hands.ahead = timedelta()
        with self.services.database.transaction(SYSTEM) as session:
            now = self.services.clock.now_at()
            self.world: World = make_world(session, now, lessons=2)
            self.foreign: Slot = make_world(session, now).slot
        self.sent: list[tuple[UUID, UUID, File]] = []  # upload, recording, file
        self.longest: dict[UUID, object] = {}
        for number in range(len(self.files)):
            self.open(number)

    @property
    def tenant(self) -> UUID:
        return self.world.institution.id

    def attempt(self, act: Callable[[Session], object]) -> object:
        """One request of the institution."""
        try:
            with self.services.database.transaction(Scope("institution", self.tenant)) as session:
                return act(session)
        except DomainError:
            return None

    def pick(self, number: int) -> tuple[UUID, UUID, File]:
        return self.sent[number % len(self.sent)]

    @rule(number=which)
    def open(self, number: int) -> None:
        file = self.files[number % len(self.files)]
        name = self.world.file_name(lesson=number % 2) if file.named else f"video-{number}.mp4"
        digest = hashlib.sha256(file.data)
        wanted = uploads.Wanted(self.tenant, name, len(file.data), digest.hexdigest(), sha256=digest.digest() if number % 2 else None)

        def act(session: Session) -> object:
            now = self.services.clock.now_at()
            rules = (RULE, COVERAGE)
            return footage.announce(session, self.services.buckets.evidence, wanted, Choice(), rules=rules, actor=SYSTEM_ACTOR, at=now)

        opened = self.attempt(act)
        if isinstance(opened, tuple) and opened[2]:
            self.sent.append((opened[0].id, opened[1].id, file))

    @precondition(lambda self: self.sent)
    @rule(number=which)
    def put(self, number: int) -> None:
        upload_id, _, file = self.pick(number)

        def act(session: Session) -> object:
            row = uploads.find(session, upload_id, self.tenant)
            digests = {1: hashlib.sha256(file.data).digest()}
            return uploads.sign_parts(session, self.services.buckets.evidence, row, digests, at=self.services.clock.now_at())

        signed = self.attempt(act)
        if isinstance(signed, list):
            httpx.put(signed[0][1].url, content=file.data, headers=signed[0][1].headers)

    @precondition(lambda self: self.sent)
    @rule(number=which, times=st.sampled_from([1, 2]))
    def complete(self, number: int, times: int) -> None:
        upload_id, _, _ = self.pick(number)

        def act(session: Session) -> object:
            row = uploads.find(session, upload_id, self.tenant, lock=True)
            recording, now = footage.recording_of_upload(session, upload_id, self.tenant), self.services.clock.now_at()
            return footage.receive(session, self.services.buckets.evidence, row, recording, actor=SYSTEM_ACTOR, at=now, events=self.services.events)

        for _ in range(times):
            self.attempt(act)

    @precondition(lambda self: self.sent)
    @rule(number=which)
    def give_up(self, number: int) -> None:
        upload_id, _, _ = self.pick(number)

        def act(session: Session) -> object:
            row = uploads.find(session, upload_id, self.tenant, lock=True)
            recording, now = footage.recording_of_upload(session, upload_id, self.tenant), self.services.clock.now_at()
            store = self.services.buckets.evidence
            return footage.abandon(session, store, row, recording, state=UploadState.ABORTED, reason="by-sender", actor=SYSTEM_ACTOR, at=now)

        self.attempt(act)

    @precondition(lambda self: self.sent)
    @rule(number=which, slot=st.integers(0, 2))
    def choose(self, number: int, slot: int) -> None:
        _, recording_id, _ = self.pick(number)
        wanted = (*self.world.slots, self.foreign)[slot]

        def act(session: Session) -> object:
            row = footage.find(session, recording_id, self.tenant, lock=True)
            now = self.services.clock.now_at()
            return footage.choose(session, row, Choice(wanted.id, wanted.starts_at), COVERAGE, at=now, events=self.services.events)

        self.attempt(act)

    @precondition(lambda self: self.sent)
    @rule(number=which, job=st.sampled_from(JOBS), times=st.sampled_from([1, 1, 2]))
    def work(self, number: int, job: str, times: int) -> None:
        """A job out of turn, or twice."""
        _, recording_id, _ = self.pick(number)
        for _ in range(times):
            try:
                job_handlers(self.services)[job](recording_id=str(recording_id))
            except DomainError:
                assert job == "issue-receipt", "only a receipt has nothing to say before the catalogue"

    @precondition(lambda self: self.sent)
    @rule(number=which, steps=st.integers(0, len(JOBS)))
    def go_part_of_the_way(self, number: int, steps: int) -> None:
        """A shortcut, so that walks also go far and stop anywhere."""
        self.put(number)
        self.complete(number, 1)
        for job in JOBS[:steps]:
            self.work(number, job, 1)

    @rule()
    def work_all(self) -> None:
        self.drain()

    @rule(days=st.sampled_from([0, 1, 4, 8]))
    def time_passes(self, days: int) -> None:
        self.hands.forward(days=days)
        for job in ("expire-uploads", "mark-overdue", "patrol"):
            job_handlers(self.services)[job]()

    @rule(days=st.integers(-3, 20))
    def the_class_ends_on_another_day(self, days: int) -> None:
        with self.services.database.transaction(SYSTEM) as session:
            session.get_one(TrainingClass, self.world.training_class.id).ends_on = self.world.training_class.ends_on + timedelta(days=max(days, 0))
        job_handlers(self.services)["extend-locks"]()

    @invariant()
    def nothing_lies(self) -> None:
        if not hasattr(self, "sent"):
            return
        with self.services.database.transaction(SYSTEM) as session:
            for upload_id, recording_id, file in self.sent:
                self.look_at(session, session.get_one(Recording, recording_id), session.get_one(UploadSession, upload_id), file)
            self.look_at_slots(session)

    def look_at(self, session: Session, row: Recording, upload: UploadSession, file: File) -> None:
        self.reached.add(row.state)
        store = self.services.buckets.evidence
        assert (upload.state is UploadState.RECEIVED) == (row.state not in BEFORE_THE_STORE_HAS_IT)
        versions = store.list_versions(row.object_key)
        assert [v.version_id for v in versions] == ([row.version_id] if row.version_id else [])
        kept = kept_version(session, row.object_key, row.version_id or "")
        receipt = receipts.of_recording(session, row.id)
        spans = session.scalars(select(RecordedSpan).where(RecordedSpan.recording_id == row.id)).all()
        if row.state in CATALOGUED_STATES:
            assert kept is not None
            assert row.version_id is not None
            assert row.retain_until is not None
            lock = store.retention(row.object_key, row.version_id)
            assert lock is not None
            assert lock.mode == "COMPLIANCE"
            assert lock.until == kept.retain_until == row.retain_until
            assert self.longest.setdefault(row.id, lock.until) <= lock.until, "a lock was shortened"  # type: ignore[operator]
            self.longest[row.id] = lock.until
            assert row.sha256 == hashlib.sha256(file.data).digest()
            assert spans
            assert receipt is None or receipts.verify(receipt.body, receipt.signature, self.services.secrets.receipt_key().public_key())
        else:
            assert kept is None
            assert receipt is None
            assert not spans
            assert all(store.retention(v.key, v.version_id) is None for v in versions), "locked before it was catalogued"
        moves = history.timeline(session, "recording", row.id)
        assert (moves[0].from_state, moves[0].to_state) == (None, "uploading")
        assert all((m.from_state, m.event, m.to_state) in LISTED for m in moves[1:])
        assert all(a.to_state == b.from_state for a, b in pairwise(moves))
        assert moves[-1].to_state == row.state.value
        entries = session.scalar(select(func.count()).where(LedgerEntry.subject == f"recording/{row.id}"))
        assert entries == len(moves)

    def look_at_slots(self, session: Session) -> None:
        covered = coverage(session, [slot.id for slot in self.world.slots], COVERAGE)
        for slot in self.world.slots:
            now = session.get_one(Slot, slot.id)
            assert now.state is not SlotState.COVERED or covered[slot.id].proven
            assert now.state is not SlotState.ANNOUNCED or not covered[slot.id].proven

    def teardown(self) -> None:
        """What was sent whole comes to rest by itself, and rows, store and ledger agree."""
        if not hasattr(self, "sent"):
            return
        self.drain()
        self.nothing_lies()
        with self.services.database.transaction(SYSTEM) as session:
            for _, recording_id, _ in self.sent:
                row = session.get_one(Recording, recording_id)
                waits = row.state is RecordingState.VERIFIED and (row.slot_id is None or row.declared_start_at is None)
                assert waits or row.state in (*BEFORE_THE_STORE_HAS_IT, RecordingState.RETAINED, RecordingState.REJECTED)
                assert (receipts.of_recording(session, row.id) is not None) == (row.state is RecordingState.RETAINED)
        mine = (str(self.tenant), *(str(recording_id) for _, recording_id, _ in self.sent))
        assert [d for d in run_fsck(self.services, deep=True) if any(m in d.subject for m in mine)] == []


REST = {
    RecordingState.UPLOADING,
    RecordingState.RECEIVED,
    RecordingState.VERIFIED,
    RecordingState.CATALOGUED,
    RecordingState.RETAINED,
    RecordingState.REJECTED,
    RecordingState.ABANDONED,
}


FEW = settings(max_examples=12, stateful_step_count=12, derandomize=True)


@pytest.fixture
def walk(services: Services, hands: Hands, run_jobs: Callable[[], None], tmp_path: Path) -> Callable[[settings], set[RecordingState]]:
    """Walk, and tell which states were seen."""
    whole = videos.film(tmp_path / "a.mp4", "mp4", videos.Scene(seconds=2, fps=5)).read_bytes()

    class Walk(RecordingWalk):
        pass

    Walk.services, Walk.hands, Walk.drain, Walk.reached = services, hands, staticmethod(run_jobs), set()
    Walk.files = (
        File(whole, named=True),
        File(whole, named=False),
        File(whole[: len(whole) * 2 // 3], named=True),
        File(b"no film" * 99, named=False),
    )

    def run(how: settings) -> set[RecordingState]:
        run_state_machine_as_test(Walk, settings=settings(how, deadline=None, database=None, suppress_health_check=list(HealthCheck)))
        return Walk.reached

    return run


def test_no_walk_over_recordings_tells_a_lie(walk: Callable[[settings], set[RecordingState]]) -> None:
    assert walk(FEW) == REST, "the walks did not reach every state"


@pytest.mark.slow
def test_no_long_walk_over_recordings_tells_a_lie(walk: Callable[[settings], set[RecordingState]]) -> None:
    walk(settings(max_examples=60, stateful_step_count=30))
    assert walk(FEW) == REST, "chance may leave a state out; these few walks do not"
