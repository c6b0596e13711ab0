"""Sweeps over uploads, each upload in its own transaction: one that the store refuses holds up no other. R72; domain.md 2.3.1."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session

from storage.database.session import SYSTEM, Database
from storage.kernel.actor import Actor
from storage.kernel.errors import DomainError
from storage.kernel.events import Events
from storage.ledger import history
from storage.ledger.models import StateMove
from storage.objects.errors import StoreUnavailable
from storage.objects.port import ObjectStore
from storage.retention.models import KeptVersion
from storage.uploads import service as uploads
from storage.uploads.models import UploadSession, UploadState
from storage.uploads.rules import UploadRule
from supervision.footage.lifecycle import RECORDING_MOVES, RecordingEvent, RecordingState
from supervision.footage.models import Recording
from supervision.footage.service import abandon, receive, recording_of_upload

log = logging.getLogger(__name__)
AWAY: Final = 3  # so many unanswered one after the other: the store is away, not an object broken


def expire_idle(database: Database, store: ObjectStore, rule: UploadRule, *, actor: Actor, at: datetime, events: Events) -> int:
    """Expire uploads without activity. Returns how many.

    An upload whose parts were joined just before a crash is received, not thrown away: its bytes are all in the store.
    Raises: after all others, the first refusal of the store; StoreUnavailable — at once when it answers nothing.
    """
    before = at - timedelta(days=rule.open_upload_days)

    def expire(upload_id: UUID) -> bool:
        with database.transaction(SYSTEM) as session:
            upload = uploads.lock_idle(session, upload_id, before=before)
            if upload is None:
                return False
            recording = recording_of_upload(session, upload.id, None)
            if uploads.was_joined(store, upload):
                receive(session, store, upload, recording, actor=actor, at=at, events=events)
            else:
                abandon(session, store, upload, recording, state=UploadState.EXPIRED, reason="no-activity", actor=actor, at=at)
            return True

    with database.transaction(SYSTEM) as session:
        idle = uploads.idle_uploads(session, before=before)
    return _each(idle, expire)


def discard_refused(
    database: Database,
    stores: tuple[ObjectStore, ObjectStore],
    kept_until: Callable[[datetime], datetime],
    in_dispute: Callable[[Session, UUID], bool],
    *,
    actor: Actor,
    at: datetime,
) -> int:
    """Delete originals of refused recordings past their days: every version by its id. The row stays, with reason, hash and size. Returns how many.

    `stores`: evidence, and what is kept beside it. `kept_until`: by the figure in force on the day of the refusal, which is what the institution was
    told. `in_dispute`: whether any matter names the recording. Nothing goes that another recording shares, that retention knows or that the store
    keeps. Raises: as `expire_idle`.
    """
    evidence, beside = stores

    def discard(recording_id: UUID) -> bool:
        with database.transaction(SYSTEM) as session:
            recording = session.scalars(select(Recording).where(Recording.id == recording_id).with_for_update()).one()
            upload = uploads.find(session, recording.upload_id, None, lock=True)
            if recording.state is not RecordingState.REJECTED or upload.state is not UploadState.RECEIVED:
                return False  # another sweeper was quicker
            why = "in-dispute" if in_dispute(session, recording.id) else _kept_for(session, evidence, recording, upload)
            if why:
                log.warning("the original of recording/%s stays: %s", recording.id, why)
                return False
            gone = uploads.discard_original(evidence, upload, at=at)
            for packets in beside.list_versions(f"{recording.object_key}.packets"):
                beside.delete_version(packets.key, packets.version_id)
            facts = {
                "days_over": True,
                "object_key": recording.object_key,
                "versions": gone,
                "size_bytes": recording.size_bytes,
                "sha256": recording.sha256.hex() if recording.sha256 else "",
            }
            history.move(session, recording, RECORDING_MOVES, RecordingEvent.DISCARD, actor=actor, at=at, reason="days-for-dispute-over", facts=facts)
            return True

    with database.transaction(SYSTEM) as session:
        refused = session.execute(_refused_originals()).all()
    return _each([row.id for row in refused if kept_until(row.refused_at) <= at], discard)


def _refused_originals() -> Select[UUID, datetime]:
    """Refused recordings whose original is in the store, with the instant of the refusal."""
    return (
        select(Recording.id, func.max(StateMove.at).label("refused_at"))
        .join(UploadSession, UploadSession.id == Recording.upload_id)
        .join(StateMove, (StateMove.subject_id == Recording.id) & (StateMove.machine == Recording.MACHINE))
        .where(
            Recording.state == RecordingState.REJECTED, UploadSession.state == UploadState.RECEIVED, StateMove.event == RecordingEvent.REJECT.value
        )
        .group_by(Recording.id)
        .order_by(Recording.id)
    )


def _kept_for(session: Session, store: ObjectStore, recording: Recording, upload: UploadSession) -> str:
    """Why an original stays although its days are over; the empty string when nothing speaks for it."""
    same_key = Recording.object_key == recording.object_key
    if session.scalar(select(exists().where(same_key, Recording.id != recording.id))):
        return "shared"
    if session.scalar(select(exists().where(KeptVersion.object_key == recording.object_key))):
        return "kept-by-retention"
    return "locked-in-the-store" if uploads.is_locked(store, upload) else ""


def _each(ids: Iterable[UUID], act: Callable[[UUID], bool]) -> int:
    """`act` on every one, whatever happens to another; how many did something. Raises: the first refusal, when all have had their turn."""
    done, unanswered = 0, 0
    first: DomainError | None = None
    for one in ids:
        try:
            done += act(one)
            unanswered = 0
        except DomainError as refused:
            log.warning("sweep: %s: %s", one, refused)
            first = first or refused
            unanswered = unanswered + 1 if isinstance(refused, StoreUnavailable) else 0
            if unanswered == AWAY:
                break
    if first is not None:
        raise first
    return done
