"""`classproof fsck`: do rows, objects, locks, hashes and ledger say the same? Names each difference, repairs nothing. Invariants 1–5."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from api import log_keeper
from api.fsck_destroyed import destroyed
from api.http.services import Services
from compliance.rating import replay
from compliance.rating.models import CreditItem, Rating
from storage.database.session import SYSTEM
from storage.ledger import audit
from storage.ledger.audit import Difference
from storage.ledger.publish import published_checkpoints
from storage.objects.errors import ObjectMissing, StoreUnavailable
from storage.objects.hashing import sha256_of
from storage.objects.port import ObjectStore
from storage.retention.models import KeptVersion, LegalHold
from storage.uploads.models import UploadSession, UploadState
from supervision.findings.models import Finding
from supervision.footage import receipts
from supervision.footage.destruction_lifecycle import DestructionState
from supervision.footage.destruction_models import Destruction
from supervision.footage.lifecycle import CATALOGUED_STATES, RecordingState
from supervision.footage.models import GapExplanation, RecordedSpan, Recording, Slot
from supervision.footage.receipts import Receipt
from supervision.sampling.models import DrawRound
from supervision.spotchecks.models import ReviewAssignment
from supervision.visits.models import Visit, VisitPhoto

BATCH = 500
RECEIPT_DUE: Final = timedelta(hours=1)  # its job waits at most for a worker
PROMISED: Final = (*CATALOGUED_STATES, RecordingState.ALARM)  # an alarm says what is wrong, it does not make it right
ON_THE_WAY: Final = (RecordingState.RECEIVED, RecordingState.QUARANTINED, RecordingState.VERIFIED)  # acknowledged, not catalogued yet
STATEFUL = (Recording, Slot, GapExplanation, Destruction, DrawRound, ReviewAssignment, Visit, Finding, Rating, CreditItem)


def run_fsck(services: Services, *, deep: bool = False) -> Sequence[Difference]:
    """All differences. `deep` reads and hashes every stored byte; without it presence, size and lock are compared."""
    found: list[Difference] = []
    with services.database.transaction(SYSTEM) as session:
        found += _recordings(session, services.buckets.evidence, deep=deep)
        found += _acknowledged(session, services.buckets.evidence)
        found += _kept_missing(session)
        found += _kept(session, services.buckets.evidence)
        found += _receipts(session, services.secrets.receipt_key().public_key(), services.clock.now_at())
        found += destroyed(session, services.buckets.evidence, services.secrets.receipt_key().public_key(), services.clock.now_at())
        found += _strangers(session, services.buckets.evidence)
        found += _spans(session)
        found += _photos(session, services.buckets.evidence, deep=deep)
        found += _ratings(session)
    found += audit.audit(
        services.database.engine,
        keys=[log_keeper.verifier(services)],
        origin=log_keeper.origin(services),
        now=services.clock.now_at(),
        published=published_checkpoints(services.buckets.ledger),
    )
    found += audit.audit_states(services.database.engine, STATEFUL)
    return found


def _recordings(session: Session, store: ObjectStore, *, deep: bool) -> Iterator[Difference]:
    begun = exists().where(Destruction.recording_id == Recording.id, Destruction.state == DestructionState.DESTROYING)  # see `destroyed`
    query = select(Recording).where(Recording.state.in_(PROMISED), ~begun).order_by(Recording.id).execution_options(yield_per=BATCH)
    for row in session.scalars(query):
        subject = f"recording/{row.id}"
        if row.version_id is None or row.sha256 is None or row.retain_until is None:
            yield Difference("catalogue-incomplete", subject, "a catalogued recording lacks version, hash or lock")
            continue
        facts = store.stat(row.object_key, row.version_id)
        if facts is None:
            yield Difference("version-missing", subject, f"{row.object_key}@{row.version_id} is not in the store")
            continue
        if facts.size_bytes != row.size_bytes:
            yield Difference("size-differs", subject, f"row {row.size_bytes}, store {facts.size_bytes}")
        if facts.retention is None or facts.retention.mode != "COMPLIANCE":
            yield Difference("lock-missing", subject, f"store says {facts.retention}")
        elif facts.retention.until < row.retain_until:
            yield Difference("lock-shorter", subject, f"row {row.retain_until.isoformat()}, store {facts.retention.until.isoformat()}")
        if deep:
            yield from _bytes_differ(store, row, subject)


def _acknowledged(session: Session, store: ObjectStore) -> Iterator[Difference]:
    """What an institution was told has arrived and is not locked yet, or refused and not discarded yet: it must be there all the same."""
    original = exists().where(UploadSession.id == Recording.upload_id, UploadSession.state == UploadState.RECEIVED)
    promised = Recording.state.in_(ON_THE_WAY) | ((Recording.state == RecordingState.REJECTED) & original)
    for row in session.scalars(select(Recording).where(promised).order_by(Recording.id).execution_options(yield_per=BATCH)):
        facts = store.stat(row.object_key, row.version_id) if row.version_id else None
        if facts is None:
            yield Difference("version-missing", f"recording/{row.id}", f"{row.object_key}@{row.version_id} was received and is not in the store")
        elif facts.size_bytes != row.size_bytes:
            yield Difference("size-differs", f"recording/{row.id}", f"row {row.size_bytes}, store {facts.size_bytes}")


def _bytes_differ(store: ObjectStore, row: Recording | VisitPhoto, subject: str) -> Iterator[Difference]:
    try:
        found = sha256_of(store, row.object_key, row.version_id or "")
    except (ObjectMissing, StoreUnavailable) as error:
        yield Difference("bytes-unreadable", subject, str(error))
        return
    if found != row.sha256:
        yield Difference("hash-differs", subject, f"row {row.sha256.hex() if row.sha256 else ''}, store {found.hex()}")


def _kept_missing(session: Session) -> Iterator[Difference]:
    """A catalogued recording that retention does not know: neither patrolled nor counted."""
    known = exists().where(
        KeptVersion.object_key == Recording.object_key, KeptVersion.version_id == Recording.version_id, KeptVersion.destroyed_at.is_(None)
    )
    for recording_id in session.scalars(select(Recording.id).where(Recording.state.in_(PROMISED), ~known).order_by(Recording.id)):
        yield Difference("kept-missing", f"recording/{recording_id}", "catalogued, but no kept version says so")


def _receipts(session: Session, key: Ed25519PublicKey, now: datetime) -> Iterator[Difference]:
    """What institutions hold in their hands: signed by us, about the row that we hold, and there at all."""
    query = select(Receipt, Recording).join(Recording, Recording.id == Receipt.recording_id).order_by(Receipt.recording_id)
    for receipt, row in session.execute(query.execution_options(yield_per=BATCH)):
        subject = f"receipt/{receipt.number}"
        if not receipts.verify(receipt.body, receipt.signature, key):
            yield Difference("receipt-unsigned", subject, "the signature is not ours or the text was changed")
            continue
        told = json.loads(receipt.body)
        differing = [name for name, value in _told_by_row(receipt, row).items() if told.get(name) != value]
        if differing:
            yield Difference("receipt-differs", subject, f"receipt and row do not say the same of: {', '.join(differing)}")
    issued = exists().where(Receipt.recording_id == Recording.id)
    late = select(Recording.id).where(Recording.state == RecordingState.RETAINED, Recording.lock_read_back_at < now - RECEIPT_DUE, ~issued)
    for recording_id in session.scalars(late.order_by(Recording.id)):
        yield Difference("receipt-missing", f"recording/{recording_id}", "retained, but the institution was given no receipt")


def _told_by_row(receipt: Receipt, row: Recording) -> dict[str, object]:
    return {
        "number": receipt.number,
        "recording": str(row.id),
        "sha256": row.sha256.hex() if row.sha256 else "",
        "object_key": row.object_key,
        "version_id": row.version_id,
        "size_bytes": row.size_bytes,
        "ledger_entry": receipt.ledger_entry_id,
    }


def _kept(session: Session, store: ObjectStore) -> Iterator[Difference]:
    """Retention rows against recordings, holds and tombstones."""
    is_held = exists().where(LegalHold.kept_version_id == KeptVersion.id, LegalHold.released_at.is_(None))
    of_photo = exists().where(VisitPhoto.object_key == KeptVersion.object_key, VisitPhoto.version_id == KeptVersion.version_id)
    query = (
        select(KeptVersion, Recording.sha256, Recording.retain_until, Recording.id.is_(None), is_held)
        .outerjoin(Recording, (Recording.object_key == KeptVersion.object_key) & Recording.version_id.is_not(None))
        .where(~of_photo)
        .order_by(KeptVersion.id)
    )
    for row, sha256, promised, ownerless, held in session.execute(query.execution_options(yield_per=BATCH)):
        subject = f"object/{row.object_key}@{row.version_id}"
        if ownerless:
            yield Difference("kept-without-recording", subject, "a locked version belongs to no recording")
        elif sha256 != row.sha256:
            yield Difference("hash-rows-differ", subject, "recording and retention row name different hashes")
        elif promised != row.retain_until:
            yield Difference("days-differ", subject, f"recording {promised}, retention row {row.retain_until}")
        facts = store.stat(row.object_key, row.version_id)
        if row.destroyed_at is not None and facts is not None:
            yield Difference("destroyed-but-there", subject, "the tombstone says destroyed, the store still has it")
        if row.destroyed_at is None and facts is not None:
            if held and not facts.legal_hold:
                yield Difference("hold-missing", subject, "matters hold it, the store does not")
            if facts.legal_hold and not held:
                yield Difference("hold-without-matter", subject, "the store holds it, no matter does")


def _strangers(session: Session, store: ObjectStore) -> Iterator[Difference]:
    """Versions in the evidence bucket that no row knows, and delete markers, which nobody here makes.

    A version under an upload that is still open is the instant between joining and saying so; the client or the sweeper adopts it.
    """
    rows = session.execute(select(UploadSession.object_key, UploadSession.version_id, UploadSession.state)).all()
    known = {(key, version_id) for key, version_id, state in rows if state is UploadState.RECEIVED}  # of the others nothing is left
    known |= {(key, version_id) for key, version_id in session.execute(select(VisitPhoto.object_key, VisitPhoto.version_id))}
    still_open = {key for key, _, state in rows if state is UploadState.OPEN}
    keys = {key for key, _, _ in rows}
    for version in store.iter_versions():
        subject = f"object/{version.key}@{version.version_id}"
        if version.is_delete_marker:
            yield Difference("delete-marker", f"object/{version.key}", "somebody hid an object")
        elif (version.key, version.version_id) not in known and version.key not in still_open:
            yield Difference("extra-version" if version.key in keys else "stranger-object", subject, "no upload session knows this version")


def _photos(session: Session, store: ObjectStore, *, deep: bool) -> Iterator[Difference]:
    """Photos of visits: there, of their size, kept, locked, held while a matter is open; with `deep` of their hash."""
    is_held = exists().where(LegalHold.kept_version_id == KeptVersion.id, LegalHold.released_at.is_(None))
    query = (
        select(VisitPhoto, KeptVersion.id.is_(None), KeptVersion.sha256, is_held)
        .outerjoin(KeptVersion, (KeptVersion.object_key == VisitPhoto.object_key) & (KeptVersion.version_id == VisitPhoto.version_id))
        .order_by(VisitPhoto.id)
    )
    for row, unkept, kept_sha256, held in session.execute(query.execution_options(yield_per=BATCH)):
        subject = f"visit-photo/{row.id}"
        if unkept:
            yield Difference("kept-missing", subject, "handed in, but no kept version says so")
        elif kept_sha256 != row.sha256:
            yield Difference("hash-rows-differ", subject, "photo and retention row name different hashes")
        facts = store.stat(row.object_key, row.version_id)
        if facts is None:
            yield Difference("version-missing", subject, f"{row.object_key}@{row.version_id} is not in the store")
            continue
        if facts.size_bytes != row.size_bytes:
            yield Difference("size-differs", subject, f"row {row.size_bytes}, store {facts.size_bytes}")
        if facts.retention is None or facts.retention.mode != "COMPLIANCE" or facts.retention.until < row.retain_until:
            yield Difference("lock-shorter", subject, f"row {row.retain_until.isoformat()}, store {facts.retention}")
        if facts.legal_hold != held:
            yield Difference("hold-missing" if held else "hold-without-matter", subject, "store and matters do not say the same")
        if deep:
            yield from _bytes_differ(store, row, subject)


def _ratings(session: Session) -> Iterator[Difference]:
    """Every rating comes out of its frozen inputs again, and the ledger names their hash."""
    for replayed in replay.replay_all(session):
        if replayed.why:
            yield Difference("rating-differs", f"rating/{replayed.code}", replayed.why)


def _spans(session: Session) -> Iterator[Difference]:
    """Proven time without a catalogued recording under it is a lie of the worst kind."""
    query = (
        select(RecordedSpan.recording_id)
        .join(Recording, Recording.id == RecordedSpan.recording_id)
        .where(Recording.state.not_in((*PROMISED, RecordingState.DESTROYED)))  # it was proven when it was there
        .distinct()
    )
    for recording_id in session.scalars(query):
        yield Difference("proof-without-recording", f"recording/{recording_id}", "spans are proven by a recording that is not catalogued")
