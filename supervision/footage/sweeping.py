"""Sweeps over uploads, each upload in its own transaction: one that the store refuses holds up no other. R72; domain.md 2.3.1."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from storage.database.session import SYSTEM, Database
from storage.kernel.actor import Actor
from storage.kernel.errors import DomainError
from storage.kernel.events import Events
from storage.objects.errors import StoreUnavailable
from storage.objects.port import ObjectStore
from storage.uploads import service as uploads
from storage.uploads.models import UploadState
from storage.uploads.rules import UploadRule
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
