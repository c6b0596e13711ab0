"""Give committed entries their place in the tree and sign the result. One transaction, one sequencer at a time.

The signer trusts neither the database nor itself: what it signs must extend the last checkpoint in the database and the last one
outside of it (`Anchor`), or it signs nothing.
"""

from collections.abc import Callable, Sequence
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from storage.kernel.clock import Clock
from storage.ledger.checkpoint import Checkpoint, sign_checkpoint
from storage.ledger.errors import LedgerForked, LedgerRolledBack
from storage.ledger.merkle import Nodes, consistency_path, root, verify_consistency
from storage.ledger.models import LedgerCheckpoint, LedgerPending
from storage.ledger.note import VerifierKey, verifier_key
from storage.ledger.stored import last_checkpoint, stored_nodes
from storage.ledger.tiles import MissingNode, TileKey, extend

DEFAULT_BATCH: Final = 20_000

# answers the newest checkpoint that is kept where the database cannot reach it, or None when there is none yet
Anchor = Callable[[], Checkpoint | None]


def sequence(
    session: Session,
    *,
    key: Ed25519PrivateKey,
    origin: str,
    clock: Clock,
    limit: int = DEFAULT_BATCH,
    anchor: Anchor | None = None,
    retired: Sequence[VerifierKey] = (),
) -> Checkpoint | None:
    """Move up to `limit` pending entries, in id order, into the tree and sign the new head; None when nothing was pending.

    `retired` are keys that signed earlier checkpoints. The caller commits; before that nothing is visible and a kill leaves no trace.
    Raises: LedgerForked — tree and last checkpoint do not agree; LedgerRolledBack — `anchor` knows a longer log;
    MalformedNote, UnknownSignature — the last checkpoint was not signed by a known key.
    """
    if session.scalar(select(LedgerPending.entry_id).order_by(LedgerPending.entry_id).limit(1)) is None:
        return None
    session.execute(text("select ledger_lock()"))
    keys = (verifier_key(origin, key), *retired)
    last = last_checkpoint(session, keys, origin)
    old_size = last.size if last else 0
    leaves = session.execute(text("select idx, leaf_hash from ledger_take(:batch)"), {"batch": limit}).all()
    if not leaves:
        return None
    if leaves[0].idx != old_size:
        raise LedgerForked(size=old_size, why=f"the next leaf is {leaves[0].idx}")

    nodes = stored_nodes(session)
    size = old_size + len(leaves)
    try:
        changed = extend(nodes, old_size, [leaf.leaf_hash for leaf in leaves])
        head = root(nodes, size)
        if last is not None:
            demand_extension(nodes, last, size, head)
        published = anchor() if anchor else None
        if published is not None:
            if published.size > old_size:
                raise LedgerRolledBack(size=old_size, published_size=published.size)
            demand_extension(nodes, published, size, head)
    except MissingNode as missing:
        raise LedgerForked(size=old_size, why=str(missing)) from missing

    _put_tiles(session, changed)
    signed = sign_checkpoint(origin, size, head, key)
    session.add(LedgerCheckpoint(size=size, note=signed.note, at=clock.now_at()))
    session.flush()
    return signed


def demand_extension(nodes: Nodes, old: Checkpoint, size: int, head: bytes) -> None:
    """Refuse a tree of `size` leaves with root `head` that does not begin with the tree of `old`.

    Raises: LedgerForked; MissingNode — the tree has holes.
    """
    if not verify_consistency(old.size, size, old.root, head, consistency_path(nodes, old.size, size)):
        raise LedgerForked(size=old.size, why="the tree is not the one that was signed")


def _put_tiles(session: Session, changed: dict[TileKey, bytes]) -> None:
    session.execute(
        text("select ledger_put_tiles(cast(:levels as smallint[]), cast(:idxs as bigint[]), cast(:contents as bytea[]))"),
        {"levels": [level for level, _ in changed], "idxs": [idx for _, idx in changed], "contents": list(changed.values())},
    )
