"""Any past rating again, bit for bit, from its frozen inputs; their hash must stand in the ledger. R62; domain.md 2.3.4."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from compliance.rating import inputs
from compliance.rating.errors import NotReproduced
from compliance.rating.models import Rating, RatingInputs
from compliance.rating.rules import Grade, Reason
from storage.ledger.models import LedgerEntry

_BATCH = 500
HASHED_BY = ("rating.freeze", "rating.answer")  # ledger actions that name the hash of inputs


@dataclass(frozen=True, slots=True)
class Replayed:
    """One rating computed again. `why` is empty when everything agrees."""

    code: str
    score: int
    tier: str
    why: str


def stored_grade(row: Rating) -> Grade:
    """The result as it is stored."""
    reasons = tuple(Reason(**(told | {"evidence": tuple(told["evidence"])})) for told in row.reasons)
    return Grade(row.score or 0, row.tier.value if row.tier else "", reasons)


def replay(row: Rating, stored: RatingInputs | None, hashes_in_ledger: set[str]) -> Replayed:
    """Compute once more and compare: bytes with hash, hash with ledger, result with row."""
    if stored is None or row.inputs_sha256 is None:
        return Replayed(row.code, 0, "", "the frozen inputs are missing")
    digest = inputs.digest(stored.canonical)
    if digest != stored.sha256 or digest != row.inputs_sha256:
        return Replayed(row.code, 0, "", "the frozen inputs do not hash to what the rating says")
    if digest.hex() not in hashes_in_ledger:
        return Replayed(row.code, 0, "", "no line of the ledger names the hash of the frozen inputs")
    frozen = inputs.read(stored.canonical)
    grade = frozen.grade()
    if frozen.canonical() != stored.canonical:
        return Replayed(row.code, grade.score, grade.tier, "the frozen inputs are not canonical")
    if inputs.result_digest(grade) != row.result_sha256 or grade != stored_grade(row):
        return Replayed(row.code, grade.score, grade.tier, f"row says {row.score} {row.tier}, inputs give {grade.score} {grade.tier}")
    return Replayed(row.code, grade.score, grade.tier, "")


def demand(session: Session, row: Rating) -> None:
    """Raises: NotReproduced."""
    stored = session.scalars(select(RatingInputs).where(RatingInputs.rating_id == row.id, RatingInputs.sha256 == row.inputs_sha256)).one_or_none()
    found = replay(row, stored, _hashes(session, [row])[row.code])
    if found.why:
        raise NotReproduced(rating=row.code, why=found.why)


def replay_all(session: Session, *, code: str = "") -> Iterator[Replayed]:
    """Every rating that has a result, by code, in batches; with `code` only that one."""
    after = ""
    while True:
        wanted = select(Rating).where(Rating.score.is_not(None), Rating.code > after)
        if code:
            wanted = wanted.where(Rating.code == code)
        rows = session.scalars(wanted.order_by(Rating.code).limit(_BATCH)).all()
        if not rows:
            return
        # asked for by key: joined, the whole table of inputs would be read for every batch
        stored = session.scalars(select(RatingInputs).where(RatingInputs.rating_id.in_([row.id for row in rows])))
        by_hash = {(one.rating_id, one.sha256): one for one in stored}
        hashes = _hashes(session, rows)
        for row in rows:
            yield replay(row, by_hash.get((row.id, row.inputs_sha256 or b"")), hashes[row.code])
        after = rows[-1].code
        session.expunge_all()


def _hashes(session: Session, rows: Sequence[Rating]) -> dict[str, set[str]]:
    """Code → hashes of inputs that the ledger names for it."""
    codes = {f"rating/{row.id}": row.code for row in rows}
    found: dict[str, set[str]] = {row.code: set() for row in rows}
    entries = select(LedgerEntry.subject, LedgerEntry.body).where(LedgerEntry.subject.in_(list(codes)), LedgerEntry.action.in_(HASHED_BY))
    for subject, body in session.execute(entries):
        named = json.loads(body)["facts"]["facts"].get("inputs_sha256")
        if named:
            found[codes[subject]].add(named)
    return found
