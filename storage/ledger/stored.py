"""The log as the database holds it: its tiles as a tree, its checkpoints."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.ledger.checkpoint import Checkpoint, open_checkpoint
from storage.ledger.models import LedgerCheckpoint, LedgerTile
from storage.ledger.note import VerifierKey
from storage.ledger.tiles import TileNodes


def stored_nodes(session: Session) -> TileNodes:
    """The tree, read tile by tile as it is walked (at most a handful of tiles for a proof)."""

    def read(level: int, index: int) -> bytes | None:
        return session.scalars(select(LedgerTile.hashes).where(LedgerTile.level == level, LedgerTile.idx == index)).one_or_none()

    return TileNodes(read)


def last_checkpoint(session: Session, keys: Iterable[VerifierKey], origin: str) -> Checkpoint | None:
    """The newest signed head in the database. Raises: MalformedNote, UnknownSignature."""
    note = session.scalars(select(LedgerCheckpoint.note).order_by(LedgerCheckpoint.size.desc()).limit(1)).one_or_none()
    return None if note is None else open_checkpoint(note, keys, origin)
