"""Ask an institution for a stretch of its own copy, and hold the answer beside the locked bytes. R73; Q3, F-14, G14."""

import secrets
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.kernel.clock import Clock
from storage.ledger import service as ledger
from storage.objects.port import ObjectStore
from supervision.footage.copy_models import CopyCheck
from supervision.footage.copy_rules import NONCE_BYTES, CopyRule, due_at, is_owed, right_answer, stretch
from supervision.footage.errors import CopyCheckNotFound, CopyCheckOver, MalformedAnswer
from supervision.footage.lifecycle import RecordingState
from supervision.footage.models import Recording
from supervision.footage.service import require_footage

HELD: Final = (RecordingState.CATALOGUED, RecordingState.RETAINED)
MOST: Final = 100_000  # recordings of an institution that a check is drawn from
DIGEST_DIGITS: Final = 64


def ask(session: Session, institution_id: UUID, rule: CopyRule, *, actor: Actor, clock: Clock) -> CopyCheck | None:
    """Ask for one recording, drawn by chance from those that must still be kept; None when it is too early or nothing is kept."""
    now = clock.now_at()
    last = session.scalar(select(func.max(CopyCheck.asked_at)).where(CopyCheck.institution_id == institution_id))
    if not is_owed(last, now, rule):
        return None
    ids = session.scalars(
        select(Recording.id)
        .where(Recording.institution_id == institution_id, Recording.state.in_(HELD), Recording.retain_until > now, Recording.size_bytes > 0)
        .order_by(Recording.id)
        .limit(MOST)
    ).all()
    if not ids:
        return None
    recording = session.get_one(Recording, secrets.choice(ids))
    offset, length = stretch(recording.size_bytes, secrets.randbits(128), rule)
    row = CopyCheck(
        institution_id=institution_id,
        recording_id=recording.id,
        asked_at=now,
        asked_by=actor.name,
        due_at=due_at(now, rule),
        offset_bytes=offset,
        length_bytes=length,
        nonce=secrets.token_bytes(NONCE_BYTES),
    )
    session.add(row)
    session.flush()
    facts = {"check": row.id, "offset_bytes": offset, "length_bytes": length, "nonce": row.nonce.hex(), "due_at": row.due_at}
    ledger.append(session, actor=actor, at=now, action="copy.asked", subject=f"recording/{recording.id}", tenant=institution_id, body=facts)
    return row


def answer(session: Session, store: ObjectStore, check_id: UUID, given: str, *, institution_id: UUID, actor: Actor, clock: Clock) -> CopyCheck:
    """Take the one answer of an institution; whether it is right is read from the locked bytes at this moment.

    Raises: CopyCheckNotFound; CopyCheckOver — answered already, or its hours are over; MalformedAnswer — not 64 hexadecimal digits.
    """
    now = clock.now_at()
    row = session.scalars(
        select(CopyCheck).where(CopyCheck.id == check_id, CopyCheck.institution_id == institution_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise CopyCheckNotFound(id=str(check_id))
    if row.answered_at is not None or now >= row.due_at:
        raise CopyCheckOver(until=row.due_at)
    digest = _digest(given)
    recording = session.get_one(Recording, row.recording_id)
    require_footage(recording)
    data = store.read_range(recording.object_key, recording.version_id or "", row.offset_bytes, row.offset_bytes + row.length_bytes)
    row.answered_at, row.answered_by, row.answer, row.matches = now, actor.name, digest, digest == right_answer(row.nonce, data)
    session.flush()
    facts = {"check": row.id, "answer": digest.hex(), "matches": row.matches}
    ledger.append(session, actor=actor, at=now, action="copy.answered", subject=f"recording/{recording.id}", tenant=institution_id, body=facts)
    return row


def checks(*, institution_id: UUID | None = None) -> Select[CopyCheck]:
    """Checks of an institution, or of all."""
    query = select(CopyCheck)
    return query if institution_id is None else query.where(CopyCheck.institution_id == institution_id)


def file_names(session: Session, rows: Sequence[CopyCheck]) -> dict[UUID, str]:
    """Recording id → name of its file, as it was sent."""
    found = session.execute(select(Recording.id, Recording.file_name).where(Recording.id.in_([row.recording_id for row in rows])))
    return {ident: name for ident, name in found}  # noqa: C416 - Row is not a pair for mypy


def _digest(given: str) -> bytes:
    text = "".join(given.split()).lower()
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(text) != DIGEST_DIGITS or not found:
        raise MalformedAnswer(errors=[{"where": "answer", "code": "string_pattern_mismatch" if text else "missing", "value": None}])
    return found
