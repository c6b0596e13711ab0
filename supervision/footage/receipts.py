"""The signed receipt of a catalogued recording: what the institution keeps to prove that it did upload. G7; R72, R73.

The signed bytes are canonical JSON; anybody with the public key checks them without us. The ledger entry it names can be proven to be in
the log once a checkpoint covers it (proof to download).
"""

import base64
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import ForeignKey, LargeBinary, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.base import Base
from storage.kernel.canonical import canonical_json
from storage.ledger import history
from supervision.footage.errors import NotVerifiedYet
from supervision.footage.lifecycle import RecordingEvent
from supervision.footage.models import Recording, Slot
from supervision.institutions.models import Institution

RECEIPT_FORMAT = "classproof-receipt@v1"


class Receipt(Base):
    """`body` is exactly what was signed."""

    __tablename__ = "receipt"
    TENANT: ClassVar[str | None] = "institution_id"

    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recording.id"), primary_key=True)
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    number: Mapped[str] = mapped_column(unique=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    ledger_entry_id: Mapped[int]
    issued_at: Mapped[datetime]


def described(session: Session, recording: Recording) -> dict[str, Any]:  # Any: JSON
    """What every signed paper says of a recording: whose it is, of what, its bytes and how long they are kept."""
    institution = session.get_one(Institution, recording.institution_id)
    slot = session.get(Slot, recording.slot_id) if recording.slot_id else None
    return {
        "institution": {"code": institution.code, "name": institution.name},
        "recording": recording.id,
        "file_name": recording.file_name,
        "slot": slot.natural_id if slot else None,
        "starts_at": recording.declared_start_at,
        "duration_ms": (recording.media or {}).get("duration_ms"),
        "size_bytes": recording.size_bytes,
        "sha256": recording.sha256.hex() if recording.sha256 else "",
        "object_key": recording.object_key,
        "version_id": recording.version_id,
        "retain_until": recording.retain_until,
    }


def issue(session: Session, recording: Recording, key: Ed25519PrivateKey, *, at: datetime) -> Receipt:
    """The receipt of a catalogued recording; issued once, later calls answer the same. Raises: NotVerifiedYet — it is not catalogued."""
    known = session.get(Receipt, recording.id)
    if known is not None:
        return known
    entry = next((m for m in history.timeline(session, "recording", recording.id) if m.event == RecordingEvent.CATALOGUE), None)
    if entry is None:
        raise NotVerifiedYet(state=recording.state.value)
    number = f"R{at:%Y%m%d}-{str(recording.id)[-12:].upper()}"
    media: dict[str, Any] = recording.media or {}  # Any: MediaFacts as JSON
    body = canonical_json(
        {
            "format": RECEIPT_FORMAT,
            "number": number,
            **described(session, recording),
            "held_ms": media.get("held_ms"),
            "ledger_entry": entry.entry_id,
            "issued_at": at,
            "public_key": base64.b64encode(key.public_key().public_bytes_raw()).decode(),
        }
    )
    row = Receipt(
        recording_id=recording.id,
        institution_id=recording.institution_id,
        number=number,
        body=body,
        signature=key.sign(body),
        ledger_entry_id=entry.entry_id,
        issued_at=at,
    )
    session.add(row)
    session.flush()
    return row


def of_recording(session: Session, recording_id: UUID) -> Receipt | None:
    """The receipt of a recording, once issued."""
    return session.scalars(select(Receipt).where(Receipt.recording_id == recording_id)).one_or_none()


def verify(body: bytes, signature: bytes, public_key: Ed25519PublicKey) -> bool:
    """Whether a receipt was signed by this key, unchanged."""
    try:
        public_key.verify(signature, body)
    except InvalidSignature:
        return False
    return True
