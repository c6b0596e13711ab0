"""A class that ends later keeps its footage longer; one that ends earlier frees nothing; over its day it is due unless a matter holds it. R73."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from api.holds import EvidenceHolds
from api.http.services import Services
from api.wiring import SCHEDULER, job_handlers
from storage.database.session import SYSTEM
from storage.kernel.actor import SYSTEM_ACTOR
from storage.kernel.clock import BUREAU_ZONE
from storage.ledger import history
from storage.ledger.models import LedgerEntry
from storage.objects.errors import ObjectMissing
from storage.objects.port import Retention
from storage.retention import service as retention
from storage.retention.models import KeptVersion
from storage.retention.rules import RetentionRule
from storage.retention.rules import retain_until as rule_until
from supervision.classes.models import TrainingClass
from supervision.footage import patrol
from supervision.footage import service as footage
from supervision.footage.lifecycle import RecordingState
from supervision.footage.models import Recording
from tests import videos
from tests.factories.world import World, make_world
from tests.integration.spine.test_upload_to_catalogue import send
from tests.site_fixtures import Hands

RULE = RetentionRule(2, "next-day")


@pytest.fixture
def world(services: Services) -> World:
    with services.database.transaction(SYSTEM) as session:
        return make_world(session, services.clock.now_at())


class Kept:
    """One catalogued recording and what store, row and ledger say of its lock."""

    def __init__(self, services: Services, world: World, recording: Recording) -> None:
        assert recording.version_id is not None
        self.services, self.world, self.id = services, world, recording.id
        self.key, self.version_id = recording.object_key, recording.version_id

    def end_class_on(self, day: date) -> None:
        with self.services.database.transaction(SYSTEM) as session:
            session.get_one(TrainingClass, self.world.training_class.id).ends_on = day

    def until(self) -> datetime:
        """The day, on which all three agree."""
        lock = self.services.buckets.evidence.retention(self.key, self.version_id)
        assert lock is not None
        assert lock.mode == "COMPLIANCE"
        with self.services.database.transaction(SYSTEM) as session:
            row, kept = footage.find(session, self.id, None), retention.kept_version(session, self.key, self.version_id)
            assert kept is not None
            assert row.state is RecordingState.RETAINED
            assert row.retain_until == kept.retain_until == lock.until
        return lock.until

    def lock_entries(self) -> int:
        with self.services.database.transaction(SYSTEM) as session:
            subject = f"object/{self.key}@{self.version_id}"
            found = session.scalars(select(LedgerEntry).where(LedgerEntry.subject == subject, LedgerEntry.action == "retention.locked")).all()
            return len(found)


@pytest.fixture
def kept(services: Services, world: World, run_jobs: Callable[[], None], tmp_path: Path) -> Kept:
    recording_id = send(services, world, videos.film(tmp_path / "v.mp4", "mp4", videos.Scene(seconds=20, fps=5)))
    run_jobs()
    with services.database.transaction(SYSTEM) as session:
        return Kept(services, world, footage.find(session, recording_id, None))


def test_a_later_end_extends_the_lock_by_version_and_an_earlier_one_never_shortens_it(services: Services, kept: Kept, world: World) -> None:
    extend = job_handlers(services)["extend-locks"]
    first_end, first = world.training_class.ends_on, kept.until()
    stranger = services.buckets.evidence.put(kept.key, b"a newer version under the same key", "video/mp4")

    extend()
    assert (kept.until(), kept.lock_entries()) == (first, 1)

    kept.end_class_on(first_end + timedelta(days=40))
    extend()
    later = kept.until()
    assert later == rule_until(RULE, recorded_end_at=services.clock.now_at(), class_ends_on=first_end + timedelta(days=40))
    assert later > first
    assert kept.lock_entries() == 2
    assert services.buckets.evidence.retention(kept.key, stranger.version_id) is None

    for day in (first_end, first_end + timedelta(days=39), first_end + timedelta(days=40)):
        kept.end_class_on(day)
        extend()
        assert (kept.until(), kept.lock_entries()) == (later, 2)


@pytest.mark.parametrize(
    ("rule", "until"),
    [
        (RetentionRule(2, "next-day"), datetime(2030, 3, 1, 16, tzinfo=UTC)),
        (RetentionRule(2, "last-day"), datetime(2030, 2, 28, 16, tzinfo=UTC)),
        (RetentionRule(4, "next-day"), datetime(2032, 2, 29, 16, tzinfo=UTC)),
    ],
    ids=["next-day", "last-day", "from-leap-year-to-leap-year"],
)
def test_a_class_that_ends_on_29_february_follows_the_rule(services: Services, kept: Kept, rule: RetentionRule, until: datetime) -> None:
    def sweep() -> int:
        with services.database.transaction(SYSTEM) as session:
            return patrol.extend_locks(session, services.buckets.evidence, rule, actor=SCHEDULER, at=services.clock.now_at())

    kept.end_class_on(date(2028, 2, 29))
    assert sweep() == 1
    assert kept.until() == until
    assert sweep() == 0, "what is extended is found again: the sweep would never come to an end"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (ObjectMissing(key="", version_id=""), "version-missing"),
        (Retention("COMPLIANCE", datetime(2020, 1, 1, tzinfo=UTC)), "lock-missing-or-shortened"),
    ],
    ids=["gone", "lock-not-confirmed"],
)
def test_one_version_that_is_lost_keeps_no_other_lock_from_being_extended(
    services: Services, kept: Kept, run_jobs: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: object, why: str
) -> None:
    late = kept.services.clock.now_at().astimezone(BUREAU_ZONE) - timedelta(days=1)
    name = f"{kept.world.cameras[0].code}_{late:%Y%m%d}090130.mp4"
    other = send(services, kept.world, videos.film(tmp_path / "w.mp4", "mp4", videos.Scene(seconds=21, fps=5)), file_name=name)
    run_jobs()
    with services.database.transaction(SYSTEM) as session:
        sound = Kept(services, kept.world, footage.find(session, other, None))
    before = sound.until()
    store = type(services.buckets.evidence)
    real = store.retention

    def told(self: object, key: str, version_id: str) -> object:
        if key != kept.key:
            return real(self, key, version_id)  # type: ignore[arg-type]  # as called
        if isinstance(answer, Exception):
            raise answer
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(store, "retention", told)
        kept.end_class_on(kept.world.training_class.ends_on + timedelta(days=9))
        job_handlers(services)["extend-locks"]()
    assert sound.until() > before
    with services.database.transaction(SYSTEM) as session:
        lost = footage.find(session, kept.id, None)
        assert (lost.state, lost.reason) == (RecordingState.ALARM, why)


class Due:
    """A kept recording and a clock that is led to its day."""

    def __init__(self, kept: Kept, hands: Hands) -> None:
        self.kept, self.services, self.hands = kept, kept.services, hands

    def at(self, instant: datetime) -> RecordingState:
        self.hands.ahead = instant - datetime.now(UTC)
        job_handlers(self.services)["settle-retention"]()
        with self.services.database.transaction(SYSTEM) as session:
            return footage.find(session, self.kept.id, None).state

    def matter(self, name: str, *, on: bool) -> None:
        held = {"key": self.kept.key, "version_id": self.kept.version_id, "matter": name, "reason": "x"}
        port = EvidenceHolds(self.services.buckets.evidence)
        with self.services.database.transaction(SYSTEM) as session:
            (port.place if on else port.release)(session, **held, actor=SYSTEM_ACTOR, at=self.services.clock.now_at())

    def moves(self) -> list[tuple[str, str]]:
        with self.services.database.transaction(SYSTEM) as session:
            told = [(m.event, m.reason) for m in history.timeline(session, "recording", self.kept.id)]
        return told[[event for event, _ in told].index("confirm") + 1 :]


def test_a_recording_is_due_at_its_instant_unless_a_matter_holds_it(kept: Kept, hands: Hands) -> None:
    due, until = Due(kept, hands), kept.until()
    minute = timedelta(minutes=1)
    assert due.at(until - minute) is RecordingState.RETAINED
    due.matter("finding/1", on=True)
    due.matter("exit/2", on=True)
    assert due.at(until + minute) is RecordingState.RETAINED
    due.matter("finding/1", on=False)
    assert due.at(until + minute) is RecordingState.RETAINED, "one of two matters has ended"
    due.matter("exit/2", on=False)
    assert due.at(until + minute) is RecordingState.DUE
    assert due.at(until + 2 * minute) is RecordingState.DUE
    due.matter("finding/3", on=True)
    assert due.at(until + 2 * minute) is RecordingState.RETAINED
    assert due.moves() == [("fall-due", ""), ("hold", "held-by-a-matter")]


def test_a_class_that_turns_out_to_end_later_takes_back_what_was_due(kept: Kept, hands: Hands) -> None:
    due, until = Due(kept, hands), kept.until()
    assert due.at(until + timedelta(hours=1)) is RecordingState.DUE
    kept.end_class_on(kept.world.training_class.ends_on + timedelta(days=30))
    job_handlers(kept.services)["extend-locks"]()
    assert due.at(until + timedelta(hours=2)) is RecordingState.RETAINED
    assert kept.until() > until
    assert due.moves() == [("fall-due", ""), ("hold", "kept-longer")]


def test_what_is_due_is_still_read_back(kept: Kept, hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    due = Due(kept, hands)
    assert due.at(kept.until() + timedelta(days=1)) is RecordingState.DUE
    monkeypatch.setattr(type(kept.services.buckets.evidence), "retention", lambda *_: None)
    job_handlers(kept.services)["patrol"]()
    assert due.moves() == [("fall-due", ""), ("raise-alarm", "lock-missing-or-shortened")]


def test_the_sweep_takes_all_that_is_due_however_many(services: Services, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job goes on batch by batch; here a batch is one."""
    at = services.clock.now_at()
    copies = 3
    with services.database.transaction(SYSTEM) as session:
        source = footage.find(session, kept.id, None)
        for number in range(copies):
            stored = services.buckets.evidence.put(f"{source.institution_id}/copy-{number}", b"bytes", "video/mp4")
            held = retention.Held(source.institution_id, stored.key, stored.version_id, stored.size_bytes, bytes([number]) * 32)
            assert source.retain_until is not None
            locked = retention.keep(session, services.buckets.evidence, held, until=source.retain_until, actor=SYSTEM_ACTOR, at=at)
            session.add(
                Recording(
                    institution_id=source.institution_id,
                    upload_id=locked.id,
                    slot_id=source.slot_id,
                    camera_id=source.camera_id,
                    file_name="copy.mp4",
                    state=RecordingState.RETAINED,
                    object_key=stored.key,
                    version_id=stored.version_id,
                    size_bytes=stored.size_bytes,
                    sha256=held.sha256,
                    recorded_span=source.recorded_span,
                    retain_until=source.retain_until,
                )
            )
    before = kept.until()
    kept.end_class_on(kept.world.training_class.ends_on + timedelta(days=5))
    real = patrol.extend_locks
    monkeypatch.setattr(patrol, "extend_locks", lambda *args, **kwargs: real(*args, **kwargs, limit=1))
    job_handlers(services)["extend-locks"]()
    with services.database.transaction(SYSTEM) as session:
        untils = set(session.scalars(select(KeptVersion.retain_until)))
    assert untils == {before + timedelta(days=5)}
