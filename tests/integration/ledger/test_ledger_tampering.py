"""What somebody with full power over the database can do to the log, and what names it afterwards."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, text

from storage.database.session import SYSTEM
from storage.ledger import merkle
from storage.ledger.audit import MAX_NAMED, Difference, audit
from storage.ledger.checkpoint import sign_checkpoint
from storage.ledger.note import verifier_key
from storage.ledger.tiles import TileNodes, extend
from tests.integration.ledger.conftest import LedgerDatabase
from tests.integration.ledger.test_ledger_log import AT, ORIGIN, fill, make_case, run

GUARDED = ("ledger_entry", "ledger_leaf", "ledger_checkpoint", "ledger_tile", "state_move")
BODY = "convert_to(replace(convert_from(body, 'UTF8'), '\"number\":7', '\"number\":70'), 'UTF8')"


@pytest.fixture
def history(ledger_db: LedgerDatabase, log_key: Ed25519PrivateKey) -> tuple[LedgerDatabase, list[str]]:
    """400 entries under three checkpoints, whose notes are also kept elsewhere."""
    make_case(ledger_db)
    kept = []
    for count in (149, 150, 100):
        fill(ledger_db, count)
        head = run(ledger_db, log_key)
        assert head is not None
        kept.append(head.note)
    assert _audit(ledger_db, log_key, kept) == []
    return ledger_db, kept


def _audit(db: LedgerDatabase, key: Ed25519PrivateKey, published: list[str]) -> list[Difference]:
    return audit(db.app.engine, keys=[verifier_key(ORIGIN, key)], origin=ORIGIN, now=AT, published=published)


def tamper(db: LedgerDatabase, *statements: str, then: Callable[[Connection], None] | None = None) -> None:
    """As superuser, with triggers and foreign keys off, as one who means it would."""
    with db.superuser.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))
        for table in GUARDED:
            connection.execute(text(f"alter table {table} disable trigger user"))
        for statement in statements:
            connection.exec_driver_sql(statement)
        if then is not None:
            then(connection)
        for table in GUARDED:  # traces removed: from here on the database works as if nothing had been
            connection.execute(text(f"alter table if exists {table} enable trigger user"))


def rebuild(connection: Connection, key: Ed25519PrivateKey) -> None:
    """Make leaves, tiles and checkpoints anew from the entries as they are, and sign with `key`."""
    sizes = [size for (size,) in connection.execute(text("select size from ledger_checkpoint order by size"))]
    for table in ("ledger_leaf", "ledger_tile", "ledger_checkpoint"):
        connection.execute(text(f"delete from {table}"))
    connection.execute(
        text(
            "insert into ledger_leaf"
            " select row_number() over (order by id) - 1, id, sha256(decode('00', 'hex') || body) from ledger_entry order by id"
        )
    )
    hashes = [bytes(h) for (h,) in connection.execute(text("select leaf_hash from ledger_leaf order by idx"))]
    tiles = extend(TileNodes(lambda _level, _index: None), 0, hashes)
    connection.execute(
        text("insert into ledger_tile values (:level, :idx, :hashes)"), [{"level": lv, "idx": i, "hashes": h} for (lv, i), h in tiles.items()]
    )
    connection.execute(text("alter table ledger_checkpoint disable trigger user"))
    for size in {min(size, len(hashes)) for size in sizes}:
        note = sign_checkpoint(ORIGIN, size, merkle.root(hashes[:size]), key).note
        connection.execute(text("insert into ledger_checkpoint values (:size, :note, now())"), {"size": size, "note": note})


RELEAF = "update ledger_leaf l set leaf_hash = sha256(decode('00', 'hex') || e.body) from ledger_entry e where e.id = l.entry_id"
BACKDATED = (
    "insert into ledger_entry (at, actor_kind, actor_name, actor_role, action, subject, body)"
    " select at - interval '1 year', actor_kind, actor_name, actor_role, action, subject, body from ledger_entry where id = 5"
)
TAMPERINGS = {
    "1 a body is edited": ([f"update ledger_entry set body = {BODY}"], "leaf-mismatch"),
    "2 a body and its leaf are edited": ([f"update ledger_entry set body = {BODY}", RELEAF], "root-differs"),
    "3 a row is deleted": (["delete from ledger_entry where id = 60"], "leaf-without-entry"),
    "4 a row is deleted and the rest renumbered": (
        [
            "delete from ledger_entry where id = 60",
            "delete from ledger_leaf where entry_id = 60",
            "update ledger_leaf set idx = idx + 1000 where entry_id > 60",
            "update ledger_leaf set idx = idx - 1001 where idx > 1000",
        ],
        "root-differs",
    ),
    "5 the tail is cut off": (["delete from ledger_entry where id > 350", "delete from ledger_leaf where entry_id > 350"], "log-too-short"),
    "6 a back-dated entry is slipped past the queue": ([BACKDATED, "delete from ledger_pending"], "entry-not-queued"),
    "two entries have changed places": (
        [
            "update ledger_leaf set idx = 99999 where idx = 5",
            "update ledger_leaf set idx = 5 where idx = 6",
            "update ledger_leaf set idx = 6 where idx = 99999",
        ],
        "root-differs",
    ),
    "a tile is edited": (["update ledger_tile set hashes = overlay(hashes placing decode('00', 'hex') from 1) where level = 0"], "tile-differs"),
    "an upper tile is edited": (
        ["update ledger_tile set hashes = overlay(hashes placing decode('00', 'hex') from 1) where level = 1"],
        "tile-differs",
    ),
    "a tile is removed": (["delete from ledger_tile where idx = 1"], "tile-differs"),
    "a tile is made up": (["insert into ledger_tile values (2, 0, decode(repeat('00', 32), 'hex'))"], "tile-differs"),
    "columns say another actor than the body": (["update ledger_entry set actor_name = 'nobody' where id = 9"], "columns-differ"),
    "a history row says another state": (["update state_move set to_state = 'closed'"], "move-differs"),
    "a history row is removed": (["delete from state_move"], "move-missing"),
    "a history row names no entry": (["update state_move set entry_id = 9999"], "move-without-entry"),
    "the last checkpoint is removed": (["delete from ledger_checkpoint where size = 400"], "leaf-unsigned"),
    "a checkpoint is made up": (["update ledger_checkpoint set note = 'x' where size = 400"], "checkpoint-unsigned"),
    "a checkpoint is moved": (["update ledger_checkpoint set size = 399 where size = 400"], "checkpoint-size-differs"),
    "a body is no JSON": (["update ledger_entry set body = decode('ff', 'hex') where id = 9", RELEAF], "body-unreadable"),
    "a body is deep": (["update ledger_entry set body = convert_to(repeat('[', 100000), 'UTF8') where id = 9", RELEAF], "body-unreadable"),
    "a queued entry is gone": (["insert into ledger_pending values (9999)"], "pending-without-entry"),
    "a logged entry is queued again": (["insert into ledger_pending values (9)"], "queued-twice"),
    "a leaf is gone": (["delete from ledger_leaf where idx = 17"], "leaf-gap"),
    "an instant that no calendar has": (["update ledger_entry set at = 'infinity' where id = 9"], "columns-differ"),
    "a table is gone": (["drop table ledger_tile"], "unreadable"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_named_by_the_database_alone(history: tuple[LedgerDatabase, list[str]], log_key: Ed25519PrivateKey, name: str) -> None:
    db, _ = history
    statements, kind = TAMPERINGS[name]
    tamper(db, *statements)
    assert kind in {d.kind for d in _audit(db, log_key, [])}


def test_7_a_log_rewritten_and_signed_with_another_key_is_named(history: tuple[LedgerDatabase, list[str]], log_key: Ed25519PrivateKey) -> None:
    db, kept = history
    thief = Ed25519PrivateKey.from_private_bytes(b"\x09" * 32)
    tamper(db, f"update ledger_entry set body = {BODY}", then=lambda c: rebuild(c, thief))
    assert {d.kind for d in _audit(db, log_key, [])} == {"checkpoint-unsigned", "leaf-unsigned"}
    assert "root-differs" in {d.kind for d in _audit(db, log_key, kept)}


def test_8_a_log_rewritten_with_the_stolen_key_is_named_by_the_checkpoints_kept_outside(
    history: tuple[LedgerDatabase, list[str]], log_key: Ed25519PrivateKey
) -> None:
    db, kept = history
    tamper(db, f"update ledger_entry set body = {BODY}", then=lambda c: rebuild(c, log_key))
    found = _audit(db, log_key, kept)
    assert {(d.kind, d.subject) for d in found} == {("root-differs", f"published/{size}") for size in (150, 300, 400)}


def test_9_an_old_backup_in_the_place_of_the_database_is_named_by_the_checkpoints_kept_outside(
    history: tuple[LedgerDatabase, list[str]], log_key: Ed25519PrivateKey
) -> None:
    db, kept = history
    tamper(db, "delete from ledger_entry where id > 300", "delete from ledger_checkpoint where size > 300", then=lambda c: rebuild(c, log_key))
    assert {(d.kind, d.subject) for d in _audit(db, log_key, kept)} == {("log-too-short", "published/400")}


def test_without_the_outside_copies_a_rewrite_with_the_stolen_key_stays_hidden(
    history: tuple[LedgerDatabase, list[str]], log_key: Ed25519PrivateKey
) -> None:
    """The limit of the design, stated: this is why checkpoints leave the machine."""
    db, _ = history
    tamper(db, f"update ledger_entry set body = {BODY}", then=lambda c: rebuild(c, log_key))
    assert _audit(db, log_key, []) == []


def test_differences_without_end_are_counted_not_kept(history: tuple[LedgerDatabase, list[str]], log_key: Ed25519PrivateKey) -> None:
    db, kept = history
    tamper(db, "update ledger_entry set actor_name = 'nobody'")
    found = [d for d in _audit(db, log_key, kept) if d.kind == "columns-differ"]
    assert len(found) == MAX_NAMED + 1
    assert found[-1].detail == "300 more of this kind"


def test_the_audit_sees_one_instant_while_others_write(history: tuple[LedgerDatabase, list[str]], log_key: Ed25519PrivateKey) -> None:
    db, kept = history
    with db.app.transaction(SYSTEM) as session:
        session.execute(text("select ledger_lock()"))
        assert _audit(db, log_key, kept) == []
