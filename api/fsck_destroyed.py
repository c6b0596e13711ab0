"""The part of `classproof fsck` that knows tombstones: destroyed and absent is sound, anything else is a difference by name. R73; G4."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from storage.clips.models import Clip, ClipState, SpriteSheets
from storage.ledger.audit import Difference
from storage.ledger.models import LedgerEntry
from storage.objects.port import ObjectStore
from storage.retention.models import KeptVersion
from supervision.footage import receipts
from supervision.footage.destruction_lifecycle import DestructionState
from supervision.footage.destruction_models import Destruction
from supervision.footage.lifecycle import RecordingState
from supervision.footage.models import Recording

BATCH: Final = 500
UNFINISHED_AFTER: Final = timedelta(hours=1)  # the job is taken up within minutes


def destroyed(session: Session, store: ObjectStore, key: Ed25519PublicKey, now: datetime) -> Iterator[Difference]:
    """Destroyed recordings against tombstones, certificates, copies and the store; deletions that began and do not end."""
    query = (
        select(Recording, KeptVersion, Destruction)
        .outerjoin(KeptVersion, and_(KeptVersion.object_key == Recording.object_key, KeptVersion.version_id == Recording.version_id))
        .outerjoin(Destruction, and_(Destruction.recording_id == Recording.id, Destruction.state == DestructionState.DESTROYED))
        .where(Recording.state == RecordingState.DESTROYED)
        .order_by(Recording.id)
    )
    for row, kept, done in session.execute(query.execution_options(yield_per=BATCH)):
        subject = f"recording/{row.id}"
        if kept is None or kept.destroyed_at is None:
            yield Difference("tombstone-missing", subject, "destroyed, but no kept version says so")
            if row.version_id and store.stat(row.object_key, row.version_id) is not None:
                yield Difference("destroyed-but-there", subject, "the catalogue says destroyed, the store still has it")
        yield from _certificate(session, row, done, key, subject)
    for kind in (Clip, SpriteSheets):
        left = (
            select(kind.id, kind.recording_id)
            .join(Recording, Recording.id == kind.recording_id)
            .where(Recording.state == RecordingState.DESTROYED, kind.state.not_in((ClipState.DELETED, ClipState.FAILED)))
        )
        for copy_id, recording_id in session.execute(left):
            yield Difference("copy-of-destroyed", f"recording/{recording_id}", f"{kind.__tablename__} {copy_id} shows what was destroyed")
    stuck = select(Destruction).where(Destruction.state == DestructionState.DESTROYING, Destruction.begun_at < now - UNFINISHED_AFTER)
    for one in session.scalars(stuck.order_by(Destruction.id)):
        yield Difference("destruction-unfinished", f"recording/{one.recording_id}", f"deletion began {one.begun_at} and is not ended: see its job")


def _certificate(session: Session, row: Recording, done: Destruction | None, key: Ed25519PublicKey, subject: str) -> Iterator[Difference]:
    if done is None or done.certificate is None or done.signature is None:
        yield Difference("certificate-missing", subject, "destroyed, but no certificate says by whom and how")
        return
    if not receipts.verify(done.certificate, done.signature, key):
        yield Difference("certificate-unsigned", subject, "the signature is not ours or the text was changed")
        return
    told = json.loads(done.certificate)
    wanted = {
        "number": done.certificate_number,
        "recording": str(row.id),
        "sha256": row.sha256.hex() if row.sha256 else "",
        "object_key": row.object_key,
        "version_id": row.version_id,
        "size_bytes": row.size_bytes,
        "ledger_entry": done.begun_entry_id,
    }
    differing = [name for name, value in wanted.items() if told.get(name) != value]
    if told["proposed"]["by"] != done.proposer_name or told["approved"]["by"] != done.approver_name:
        differing.append("people")
    if session.get(LedgerEntry, done.begun_entry_id or 0) is None:
        differing.append("ledger")
    if differing:
        yield Difference("certificate-differs", subject, f"certificate and rows do not say the same of: {', '.join(differing)}")
