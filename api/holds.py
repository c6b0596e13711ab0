"""The port by which a finding holds the footage it rests on."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.kernel.errors import NotFound
from storage.objects.port import ObjectStore
from storage.retention import service as retention
from storage.retention.models import KeptVersion


@dataclass(frozen=True, slots=True)
class EvidenceHolds:
    """`supervision.findings.holds.Holds` over retention."""

    store: ObjectStore

    def place(self, session: Session, *, key: str, version_id: str, matter: str, reason: str, actor: Actor, at: datetime) -> None:
        """Hold an object version for a matter. Raises: NotFound — the version is not kept."""
        retention.place_hold(session, self.store, self._kept(session, key, version_id), matter=matter, reason=reason, actor=actor, at=at)

    def release(self, session: Session, *, key: str, version_id: str, matter: str, reason: str, actor: Actor, at: datetime) -> None:
        """End one matter's hold."""
        retention.release_hold(session, self.store, self._kept(session, key, version_id), matter=matter, reason=reason, actor=actor, at=at)

    @staticmethod
    def _kept(session: Session, key: str, version_id: str) -> KeptVersion:
        kept = retention.kept_version(session, key, version_id)
        if kept is None:
            raise NotFound(what="kept-version", id=f"{key}@{version_id}")
        return kept
