"""Proofs to take away: that an entry is in the log, that a later log still holds the earlier one. Checked offline by `verify_offline.py`."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.kernel.errors import NotFound
from storage.ledger.checkpoint import write_consistency, write_proof
from storage.ledger.errors import NoSuchTree, NotYetSequenced
from storage.ledger.merkle import consistency_path, inclusion_path
from storage.ledger.models import LedgerCheckpoint, LedgerEntry, LedgerLeaf
from storage.ledger.stored import stored_nodes
from storage.ledger.tiles import MissingNode


def entry_body(session: Session, entry_id: int) -> bytes:
    """The bytes that the leaf commits to, to be downloaded as `<id>.json`. Raises: NotFound — no such entry in the caller's scope."""
    body = session.scalars(select(LedgerEntry.body).where(LedgerEntry.id == entry_id)).one_or_none()
    if body is None:
        raise NotFound(kind="ledger-entry", id=str(entry_id))
    return body


def inclusion(session: Session, entry_id: int) -> str:
    """`<id>.tlog-proof`: the path from the entry to the first checkpoint that covers it, so the text never changes.

    Raises: NotFound — no such entry in the caller's scope; NotYetSequenced — a few seconds too early; NoSuchTree — tiles are damaged.
    """
    entry_body(session, entry_id)
    index = session.scalars(select(LedgerLeaf.idx).where(LedgerLeaf.entry_id == entry_id)).one_or_none()
    if index is None:
        raise NotYetSequenced(entry=entry_id)
    head = session.execute(
        select(LedgerCheckpoint.size, LedgerCheckpoint.note).where(LedgerCheckpoint.size > index).order_by(LedgerCheckpoint.size).limit(1)
    ).one_or_none()
    if head is None:
        raise NotYetSequenced(entry=entry_id)
    try:
        return write_proof(index, inclusion_path(stored_nodes(session), index, head.size), head.note)
    except MissingNode as missing:
        raise NoSuchTree(size=head.size) from missing


def consistency(session: Session, old: int, new: int) -> str:
    """Proof that the checkpoint of `new` leaves extends the one of `old`; both sizes are sizes of signed checkpoints.

    Raises: NoSuchTree — one of them was never signed, or tiles are damaged.
    """
    notes = {
        row.size: row.note
        for row in session.execute(select(LedgerCheckpoint.size, LedgerCheckpoint.note).where(LedgerCheckpoint.size.in_((old, new))))
    }
    for size in (old, new):
        if size not in notes:
            raise NoSuchTree(size=size)
    if old > new:
        raise NoSuchTree(size=new)
    try:
        return write_consistency(old, consistency_path(stored_nodes(session), old, new), notes[new])
    except MissingNode as missing:
        raise NoSuchTree(size=new) from missing
