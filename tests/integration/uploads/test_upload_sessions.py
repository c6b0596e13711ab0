"""Opening, completing, expiring and sweeping uploads, one after the other and all at once, on the real store. R72."""

import hashlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

import httpx
import psycopg
import pytest
from sqlalchemy import select

from api.http.services import Services
from api.wiring import job_handlers
from storage.database.session import SYSTEM, Scope
from storage.kernel.actor import SYSTEM_ACTOR
from storage.kernel.errors import Conflict, DomainError
from storage.ledger import history
from storage.objects.errors import StoreRefused, StoreUnavailable, UploadGone
from storage.retention import service as retention
from storage.retention.models import KeptVersion
from storage.uploads import service as uploads
from storage.uploads.errors import QuotaExceeded, TooManyUploads, UploadClosed, UploadIncomplete
from storage.uploads.models import UploadSession, UploadState
from storage.uploads.rules import GIB, MIB, TIB, UploadRule
from supervision.footage import service as footage
from supervision.footage.lifecycle import RecordingState
from supervision.footage.service import Choice
from tests.factories.world import COVERAGE, World, make_world
from tests.integration.conftest import TestDatabase
from tests.site_fixtures import Hands

RULE = UploadRule(max_file_gib=4096, max_open_uploads=50, quota_tib=3, open_upload_days=7)
DATA = bytes(range(256)) * 4 * 1024 * 6  # 6 MiB: two parts
THREADS = 4
T = TypeVar("T")


@dataclass(frozen=True)
class Desk:
    """What an institution's clients do, each call one transaction."""

    services: Services
    world: World

    @property
    def tenant(self) -> UUID:
        return self.world.institution.id

    @property
    def scope(self) -> Scope:
        return Scope("institution", self.tenant)

    def wanted(self, name: str = "a.mp4", size_bytes: int = len(DATA)) -> uploads.Wanted:
        return uploads.Wanted(self.tenant, name, size_bytes, fingerprint="f", part_bytes=5 * MIB)

    def open(self, wanted: uploads.Wanted | None = None, rule: UploadRule = RULE) -> tuple[UUID, bool]:
        with self.services.database.transaction(self.scope) as session:
            upload, _, is_new = footage.announce(
                session,
                self.services.buckets.evidence,
                wanted or self.wanted(),
                Choice(),
                rules=(rule, COVERAGE),
                actor=SYSTEM_ACTOR,
                at=self.services.clock.now_at(),
            )
            return upload.id, is_new

    def sign(self, upload_id: UUID, numbers: Sequence[int] = (1, 2)) -> dict[int, tuple[str, dict[str, str], bytes]]:
        with self.services.database.transaction(self.scope) as session:
            row = uploads.find(session, upload_id, self.tenant)
            pieces = {n: DATA[(n - 1) * row.part_bytes : n * row.part_bytes] for n in numbers}
            digests = {n: hashlib.sha256(piece).digest() for n, piece in pieces.items()}
            signed = uploads.sign_parts(session, self.services.buckets.evidence, row, digests, at=self.services.clock.now_at())
        return {n: (request.url, request.headers, pieces[n]) for n, request in signed}

    def put(self, upload_id: UUID, numbers: Sequence[int] = (1, 2)) -> None:
        for url, headers, piece in self.sign(upload_id, numbers).values():
            assert httpx.put(url, content=piece, headers=headers).status_code == 200

    def complete(self, upload_id: UUID) -> UUID:
        with self.services.database.transaction(self.scope) as session:
            row = uploads.find(session, upload_id, self.tenant, lock=True)
            recording = footage.recording_of_upload(session, upload_id, self.tenant)
            now = self.services.clock.now_at()
            footage.receive(session, self.services.buckets.evidence, row, recording, actor=SYSTEM_ACTOR, at=now, events=self.services.events)
            return recording.id

    def sessions(self) -> list[UploadSession]:
        with self.services.database.transaction(SYSTEM) as session:
            return list(session.scalars(select(UploadSession).where(UploadSession.tenant_id == self.tenant).order_by(UploadSession.id)))

    def under_way(self) -> list[str]:
        """Ids of the multipart uploads that the store knows of this institution."""
        return [m.upload_id for m in self.services.buckets.evidence.list_multiparts(f"{self.tenant}/")]


@pytest.fixture
def desk(services: Services) -> Desk:
    with services.database.transaction(SYSTEM) as session:
        return Desk(services, make_world(session, services.clock.now_at()))


def all_at_once(act: Callable[[int], T], count: int = THREADS) -> list[T | DomainError]:
    """`act(0..count-1)` in threads that start together; refusals are answers."""
    together = threading.Barrier(count, timeout=30)

    def one(number: int) -> T | DomainError:
        together.wait()
        try:
            return act(number)
        except DomainError as refused:
            return refused

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_one_file_opened_by_several_at_once_is_one_row_and_one_multipart_upload(desk: Desk) -> None:
    opened = all_at_once(lambda _: desk.open())
    assert len({upload_id for upload_id, _ in opened}) == 1  # type: ignore[misc]  # a refusal would not unpack
    assert sorted(is_new for _, is_new in opened) == [False] * (THREADS - 1) + [True]  # type: ignore[misc]
    (row,) = desk.sessions()
    assert desk.under_way() == [row.store_upload_id]
    with desk.services.database.transaction(SYSTEM) as session:
        recording = footage.recording_of_upload(session, row.id, desk.tenant)
        assert [m.event for m in history.timeline(session, "recording", recording.id)] == ["announce"]


def test_the_same_key_for_a_file_of_another_size_is_refused(desk: Desk) -> None:
    first = replace(desk.wanted(), idempotency_key="k")
    upload_id, _ = desk.open(first)
    with pytest.raises(Conflict):
        desk.open(replace(first, size_bytes=len(DATA) + 1))
    assert desk.open(replace(first, file_name="renamed.mp4")) == (upload_id, False)
    assert len(desk.sessions()) == len(desk.under_way()) == 1


def test_completing_twice_and_by_several_at_once_makes_one_version_and_one_job(desk: Desk, fresh_database: TestDatabase) -> None:
    upload_id, _ = desk.open()
    desk.put(upload_id, (1,))
    with pytest.raises(UploadIncomplete) as refused:
        desk.complete(upload_id)
    assert refused.value.facts == {"missing": [2], "wrong_size": []}
    desk.put(upload_id, (2,))
    answers = all_at_once(lambda _: desk.complete(upload_id))
    answers.append(desk.complete(upload_id))
    (recording_id,) = set(answers)
    (row,) = desk.sessions()
    assert row.state is UploadState.RECEIVED
    versions = desk.services.buckets.evidence.list_versions(row.object_key)
    assert [(v.version_id, v.size_bytes) for v in versions] == [(row.version_id, len(DATA))]
    assert b"".join(desk.services.buckets.evidence.stream(row.object_key, row.version_id or "")) == DATA
    assert isinstance(recording_id, UUID)
    with desk.services.database.transaction(SYSTEM) as session:
        assert [m.event for m in history.timeline(session, "recording", recording_id)] == ["announce", "receive"]
    with psycopg.connect(fresh_database.superuser_url) as connection:
        jobs = connection.execute("select task_name, args->>'recording_id' from procrastinate_jobs").fetchall()
    assert jobs == [("verify-recording", str(recording_id))]


def test_the_orphan_sweep_aborts_what_no_session_knows_and_nothing_else(desk: Desk) -> None:
    store = desk.services.buckets.evidence
    upload_id, _ = desk.open()
    desk.put(upload_id, (1,))
    orphan_key = f"{desk.tenant}/orphan"
    orphan = store.create_multipart(orphan_key, "video/mp4")

    def sweep(at: datetime) -> None:
        with desk.services.database.transaction(SYSTEM) as session:
            uploads.sweep_orphans(session, store, at=at)

    sweep(desk.services.clock.now_at())
    assert orphan in desk.under_way(), "an upload of this minute may be one whose row is not committed yet"
    sweep(desk.services.clock.now_at() + timedelta(days=2))
    (row,) = desk.sessions()
    assert desk.under_way() == [row.store_upload_id]
    with pytest.raises(UploadGone):
        store.list_parts(orphan_key, orphan)
    desk.put(upload_id, (2,))
    desk.complete(upload_id)


def test_an_upload_expires_seven_days_after_its_last_sign_of_life(desk: Desk, hands: Hands) -> None:
    expire = job_handlers(desk.services)["expire-uploads"]
    upload_id, _ = desk.open()
    address = desk.sign(upload_id)[1]
    hands.forward(days=6.9)
    desk.sign(upload_id, (1,))
    hands.forward(days=6.9)
    expire()
    assert desk.sessions()[0].state is UploadState.OPEN
    hands.forward(days=0.2)
    expire()
    (row,) = desk.sessions()
    assert row.state is UploadState.EXPIRED
    assert desk.under_way() == []
    assert httpx.put(address[0], content=address[2], headers=address[1]).status_code == 404
    for late in (desk.complete, desk.sign):
        with pytest.raises(UploadClosed):
            late(upload_id)
    with desk.services.database.transaction(SYSTEM) as session:
        recording = footage.recording_of_upload(session, upload_id, desk.tenant)
        assert recording.state is RecordingState.ABANDONED
        assert history.timeline(session, "recording", recording.id)[-1].reason == "no-activity"
    again, is_new = desk.open()
    assert is_new
    assert again != upload_id


REFUSALS = {
    "refused": StoreRefused(act="abort", why="AccessDenied"),
    "unanswered": StoreUnavailable(act="list-parts", why="InternalError"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_one_upload_that_the_store_refuses_holds_up_no_other(desk: Desk, hands: Hands, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    expire = job_handlers(desk.services)["expire-uploads"]
    ids = [desk.open(desk.wanted(f"{n}.mp4"))[0] for n in range(3)]
    hands.forward(days=7.1)
    sick = next(row.object_key for row in desk.sessions() if row.id == ids[0])  # the one whose turn comes first
    with monkeypatch.context() as patch:
        break_off(patch, desk, REFUSALS[case], lambda key: key == sick)
        with pytest.raises(type(REFUSALS[case])):  # the job fails and is seen, after the others had their turn
            expire()
    states = {row.id: row.state for row in desk.sessions()}
    assert states == {ids[0]: UploadState.OPEN, ids[1]: UploadState.EXPIRED, ids[2]: UploadState.EXPIRED}
    expire()
    assert {row.state for row in desk.sessions()} == {UploadState.EXPIRED}
    assert desk.under_way() == []


def test_a_store_that_is_away_is_not_asked_for_every_upload(desk: Desk, hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(6):
        desk.open(desk.wanted(f"{n}.mp4"))
    hands.forward(days=7.1)
    with monkeypatch.context() as patch:
        asked = break_off(patch, desk, REFUSALS["unanswered"], lambda _: True)
        with pytest.raises(StoreUnavailable):
            job_handlers(desk.services)["expire-uploads"]()
    assert len(asked) == 3
    assert {row.state for row in desk.sessions()} == {UploadState.OPEN}


def break_off(patch: pytest.MonkeyPatch, desk: Desk, refusal: Exception, about: Callable[[str], bool]) -> list[str]:
    """The store answers every question about the parts of these uploads with a refusal. Returns the keys as they are asked for."""
    store, asked = type(desk.services.buckets.evidence), []
    real = store.list_parts

    def told(self: object, key: str, upload_id: str) -> object:
        if not about(key):
            return real(self, key, upload_id)  # type: ignore[arg-type]  # the adapter itself
        asked.append(key)
        raise refusal

    patch.setattr(store, "list_parts", told)
    return asked


def test_the_last_upload_within_the_limit_is_opened_and_the_next_one_refused_even_at_once(desk: Desk) -> None:
    rule = replace(RULE, max_open_uploads=2)
    answers = all_at_once(lambda n: desk.open(desk.wanted(f"{n}.mp4"), rule))
    assert sorted(type(a).__name__ for a in answers) == ["TooManyUploads"] * (THREADS - 2) + ["tuple"] * 2
    assert len(desk.under_way()) == 2
    with pytest.raises(TooManyUploads):
        desk.open(desk.wanted("next.mp4"), rule)
    known = desk.sessions()[0]
    assert desk.open(desk.wanted(known.file_name), rule) == (known.id, False), "going on with an open one is always possible"


def test_the_quota_counts_every_byte_that_the_store_holds_or_expects(desk: Desk, services: Services) -> None:
    rule = replace(RULE, quota_tib=1)
    received, _ = desk.open()
    desk.put(received)
    desk.complete(received)  # neither catalogued nor refused yet: it takes room all the same
    with pytest.raises(QuotaExceeded) as refused:
        desk.open(desk.wanted("large.mp4", TIB - len(DATA) + 1), rule)
    assert refused.value.facts == {"used_bytes": len(DATA), "limit_bytes": TIB, "size_bytes": TIB - len(DATA) + 1}
    answers = all_at_once(lambda n: desk.open(desk.wanted(f"{n}.mp4", 400 * GIB), rule))
    assert sorted(type(a).__name__ for a in answers) == ["QuotaExceeded"] * 2 + ["tuple"] * 2
    rest = TIB - 800 * GIB - len(DATA)
    with pytest.raises(QuotaExceeded):
        desk.open(desk.wanted("rest.mp4", rest + 1), rule)
    desk.open(desk.wanted("rest.mp4", rest), rule)
    with pytest.raises(QuotaExceeded):
        desk.open(desk.wanted("byte.mp4", 1), rule)

    row, now = desk.sessions()[0], services.clock.now_at()
    assert row.version_id is not None
    with services.database.transaction(SYSTEM) as session:
        until = now + timedelta(seconds=1)
        held = retention.Held(desk.tenant, row.object_key, row.version_id, row.size_bytes, hashlib.sha256(DATA).digest())
        retention.keep(session, services.buckets.evidence, held, until=until, actor=SYSTEM_ACTOR, at=now)
    with pytest.raises(QuotaExceeded):
        desk.open(desk.wanted("byte.mp4", 1), rule)
    with services.database.transaction(SYSTEM) as session:
        session.scalars(select(KeptVersion).where(KeptVersion.object_key == row.object_key)).one().destroyed_at = now
    desk.open(desk.wanted("byte.mp4", len(DATA)), rule)  # what was destroyed gives its room back, to the byte
    with pytest.raises(QuotaExceeded):
        desk.open(desk.wanted("two.mp4", 1), rule)
