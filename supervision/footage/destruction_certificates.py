"""The signed certificate of a destruction (销毁证明): what was there, who agreed, what was deleted, how its absence was seen. G4; R73.

Like the receipt: the signed bytes are canonical JSON, anybody with the public key checks them without us. The recording's own ledger entry of the
destruction names the certificate's SHA-256, so that an inclusion proof of that entry commits to the certificate.
"""

import base64
import hashlib
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.kernel.canonical import canonical_json
from supervision.footage import receipts
from supervision.footage.destruction_lifecycle import DestructionState
from supervision.footage.destruction_models import Destruction
from supervision.footage.models import Recording

CERTIFICATE_FORMAT: Final = "classproof-destruction@v1"


def issue(session: Session, row: Destruction, recording: Recording, key: Ed25519PrivateKey, *, names: tuple[str, str], at: datetime) -> None:
    """Sign what was done and write it into `row`. `names`: who proposed, who approved. The caller has seen that nothing is left."""
    receipt = receipts.of_recording(session, recording.id)
    media: dict[str, Any] = recording.media or {}  # Any: MediaFacts as JSON
    number = f"D{at:%Y%m%d}-{str(recording.id)[-12:].upper()}"
    body = canonical_json(
        {
            "format": CERTIFICATE_FORMAT,
            "number": number,
            **receipts.described(session, recording),
            "remarks": list(media.get("remarks", ())),
            "packet_hash": recording.packet_hash.hex() if recording.packet_hash else "",
            "receipt": receipt.number if receipt else None,
            "reason": row.reason,
            "proposed": {"by": row.proposer_name, "name": names[0], "role": row.proposer_role, "at": row.proposed_at},
            "approved": {"by": row.approver_name, "name": names[1], "role": row.approver_role, "at": row.approved_at, "note": row.note},
            "begun_at": row.begun_at,
            "ledger_entry": row.begun_entry_id,
            "versions": row.versions,
            "derived": row.derived,
            "absence": {"versions_not_found": True, "listed": 0, "read_back_at": at},
            "destroyed_at": at,
            "public_key": base64.b64encode(key.public_key().public_bytes_raw()).decode(),
        }
    )
    row.destroyed_at, row.certificate_number, row.certificate, row.signature = at, number, body, key.sign(body)


def digest(row: Destruction) -> str:
    """SHA-256 of the signed bytes, hexadecimal; empty before there are any."""
    return hashlib.sha256(row.certificate).hexdigest() if row.certificate else ""


def of_recording(session: Session, recording_id: UUID) -> Destruction | None:
    """The destruction that was carried out, with its certificate."""
    done = Destruction.state == DestructionState.DESTROYED
    return session.scalars(select(Destruction).where(Destruction.recording_id == recording_id, done)).one_or_none()
