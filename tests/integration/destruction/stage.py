"""A recording whose lock is over in a moment, in the real store: what the destruction of it is tried on. R73; domain.md 2.3.1."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from api import destroying
from api.auth.models import Account
from api.auth.roles import Role
from api.fsck import run_fsck
from api.http.services import Services
from api.policy import Policy
from api.wiring import bench, job_handlers
from storage.database.session import BUREAU, SYSTEM
from storage.kernel.actor import Actor
from storage.ledger import history
from storage.ledger.models import LedgerEntry
from storage.objects.port import VersionFacts
from storage.retention import service as retention
from storage.retention.models import KeptVersion
from storage.retention.rules import RetentionRule
from supervision.footage import destruction, verification
from supervision.footage import service as footage
from supervision.footage.destroying import destroy
from supervision.footage.destruction_lifecycle import DestructionState
from supervision.footage.destruction_models import Destruction
from supervision.footage.lifecycle import RecordingState
from supervision.footage.models import Recording
from tests import videos
from tests.factories.world import World, make_world
from tests.integration.spine.test_upload_to_catalogue import send
from tests.people import account_of

REASON = "保存期满，无事项需要保全"
MOMENT = timedelta(seconds=2)


def short_locks(patch: pytest.MonkeyPatch) -> None:
    """Locks that are over in a moment, of classes whose term ended yesterday: the store keeps them as it keeps those of two years."""
    patch.setattr(verification, "retain_until", lambda *_, **__: (datetime.now(UTC) + MOMENT).replace(microsecond=0) + timedelta(seconds=1))
    real = Policy.read

    def read(self: Policy, rule: type, on: Any) -> object:  # Any: a day
        return RetentionRule(0, "next-day") if rule is RetentionRule else real(self, rule, on)

    patch.setattr(Policy, "read", read)


def actor_of(account: Account) -> Actor:
    return Actor(kind="account", name=account.login_name, role=account.role.value, id=account.id)


@dataclass
class Due:
    """One recording that is due, an officer who proposes and a leader who decides."""

    services: Services
    world: World
    recording_id: UUID
    officer: Account
    leader: Account
    run_jobs: Callable[[], None]
    killed: list[str] = field(default_factory=list)

    @property
    def row(self) -> Recording:
        with self.services.database.transaction(SYSTEM) as session:
            return footage.find(session, self.recording_id, None)

    @property
    def kept(self) -> KeptVersion:
        with self.services.database.transaction(SYSTEM) as session:
            found = retention.kept_version(session, self.row.object_key, self.row.version_id or "")
            assert found is not None
            return found

    def proposal(self) -> Destruction:
        """The newest one."""
        with self.services.database.transaction(SYSTEM) as session:
            rows = session.scalars(select(Destruction).where(Destruction.recording_id == self.recording_id).order_by(Destruction.id.desc()))
            return rows.first() or pytest.fail("nothing was proposed")

    def stored(self) -> list[VersionFacts]:
        return [v for v in self.services.buckets.evidence.list_versions(self.row.object_key) if v.key == self.row.object_key]

    def propose(self, by: Account | None = None) -> Destruction:
        with self.services.database.transaction(BUREAU) as session:
            return destruction.propose(
                session,
                self.services.buckets.evidence,
                [self.recording_id],
                reason=REASON,
                rule=destroying.rule(self.services),
                ports=destroying.ports(self.services),
                actor=actor_of(by or self.officer),
                clock=self.services.clock,
            )[0]

    def approve(self, by: Account | None = None) -> Destruction:
        with self.services.database.transaction(BUREAU) as session:
            return destruction.approve(
                session,
                self.services.buckets.evidence,
                self.proposal().id,
                note="同意",
                rule=destroying.rule(self.services),
                ports=destroying.ports(self.services),
                actor=actor_of(by or self.leader),
                clock=self.services.clock,
                events=self.services.events,
            )

    def act(self) -> DestructionState | None:
        """The job, at once and in this process."""
        return destroy(bench(self.services), destroying.ports(self.services), self.proposal().id)

    def settle(self) -> None:
        job_handlers(self.services)["settle-retention"]()
        job_handlers(self.services)["settle-destructions"]()

    def events(self) -> list[str]:
        with self.services.database.transaction(SYSTEM) as session:
            return [m.event for m in history.timeline(session, "recording", self.recording_id)]

    def steps(self) -> list[tuple[str, str]]:
        with self.services.database.transaction(SYSTEM) as session:
            return [(m.event, m.reason) for m in history.timeline(session, "destruction", self.proposal().id)]

    def entries(self, action: str) -> Sequence[LedgerEntry]:
        with self.services.database.transaction(SYSTEM) as session:
            return session.scalars(select(LedgerEntry).where(LedgerEntry.action == action).order_by(LedgerEntry.id)).all()

    def differences(self) -> set[str]:
        row = self.row
        return {d.kind for d in run_fsck(self.services, deep=True) if str(row.id) in d.subject or row.object_key in d.subject}

    def viewing(self, prefix: str = "") -> list[str]:
        return [v.key for v in self.services.buckets.viewing.list_versions(f"{self.row.institution_id}/{prefix}")]


def make_due(services: Services, run_jobs: Callable[[], None], folder: Path, *, seconds: int = 20) -> Due:
    """Footage of so many seconds: sent, checked, locked for a moment, the moment over, due. `short_locks` must be in force."""
    with services.database.transaction(SYSTEM) as session:
        world = make_world(session, services.clock.now_at())
    sent = send(services, world, videos.film(folder / f"{world.institution.code}.mp4", "mp4", videos.Scene(seconds=seconds, fps=5)))
    run_jobs()
    made = Due(services, world, sent, account_of(services, Role.BUREAU_OFFICER), account_of(services, Role.BUREAU_LEADER), run_jobs)
    assert made.row.state is RecordingState.RETAINED
    wait_past(made.kept.retain_until)
    made.settle()
    assert made.row.state is RecordingState.DUE
    return made


def wait_past(until: datetime) -> None:
    while (left := (until - datetime.now(UTC)).total_seconds()) > -0.2:
        time.sleep(max(left, 0) + 0.3)
