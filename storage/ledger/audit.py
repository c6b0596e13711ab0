"""Read the whole log and name every difference; what `classproof fsck` runs. Streams, never stops at damage.

A damaged log is described, not raised: the auditor must get to the end. Memory does not grow with the log; of each kind at most
`MAX_NAMED` differences are named, the rest is counted. What each kind means: docs/design/ledger.md.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import merge
from typing import Any, Final

from sqlalchemy import Connection, CursorResult, Engine, RowMapping, text
from sqlalchemy.exc import DBAPIError

from storage.kernel.errors import DomainError
from storage.ledger.checkpoint import Checkpoint, open_checkpoint
from storage.ledger.entry_check import entry_differences
from storage.ledger.merkle import EMPTY_ROOT, leaf_hash
from storage.ledger.note import VerifierKey
from storage.ledger.tiles import TILE_BYTES, Accumulator, tile_root

MAX_NAMED: Final = 100
_ROWS_AT_ONCE: Final = 2_000
_TILES_AT_ONCE: Final = 100  # 8 KiB each

# instants as `canonical_json` spells them: also those that no calendar has ("infinity") come out as text and not as an error
_SPELLED: Final = r"""to_char({} at time zone 'UTC', 'YYYY-MM-DD"T"HH24\:MI\:SS.US"Z"')"""
_ENTRY_COLUMNS: Final = f"""
    e.id as entry, {_SPELLED.format("e.at")} as at, e.tenant_id, e.actor_kind, e.actor_id, e.actor_name, e.actor_role, e.action, e.subject, e.body,
    m.id as move, m.machine, m.subject_id, m.tenant_id as move_tenant, m.from_state, m.event, m.to_state, {_SPELLED.format("m.at")} as move_at,
    m.actor_kind as move_actor_kind, m.actor_id as move_actor_id, m.actor_name as move_actor_name, m.actor_role as move_actor_role,
    m.reason, m.clause
"""
_LEAVES: Final = f"""
    select l.idx, l.entry_id, l.leaf_hash, {_ENTRY_COLUMNS}
    from ledger_leaf l left join ledger_entry e on e.id = l.entry_id left join state_move m on m.entry_id = l.entry_id order by l.idx
"""  # noqa: S608 - constants only
_OUTSIDE: Final = f"""
    select p.entry_id as queued, e.at < :oldest as late, {_ENTRY_COLUMNS}
    from ledger_entry e left join ledger_pending p on p.entry_id = e.id left join state_move m on m.entry_id = e.id
    where not exists (select from ledger_leaf l where l.entry_id = e.id) order by e.id
"""  # noqa: S608 - constants only
_STRAYS: Final = """
    select 'move-without-entry' as kind, 'state_move/' || m.id as subject, 'names entry ' || m.entry_id as detail
    from state_move m where not exists (select from ledger_entry e where e.id = m.entry_id)
    union all
    select 'pending-without-entry', 'ledger_entry/' || p.entry_id, 'queued, but not there'
    from ledger_pending p where not exists (select from ledger_entry e where e.id = p.entry_id)
    union all
    select 'queued-twice', 'ledger_entry/' || p.entry_id, 'queued although it is leaf ' || l.idx
    from ledger_pending p join ledger_leaf l on l.entry_id = p.entry_id
"""
_LEAF_TILES: Final = """
    with should as (select idx >> 8 as idx, string_agg(leaf_hash, ''::bytea order by idx) as hashes from ledger_leaf group by 1),
         stored as (select idx, hashes from ledger_tile where level = 0)
    select coalesce(should.idx, stored.idx) as idx, should.idx is null as extra, stored.idx is null as missing
    from should full join stored on stored.idx = should.idx where should.hashes is distinct from stored.hashes order by 1
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """`kind` is a stable kebab-case word, `subject` says where (`ledger_leaf/17`), `detail` what was found."""

    kind: str
    subject: str
    detail: str


@dataclass(slots=True)
class _Report:
    named: list[Difference] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, kind: str, subject: str, detail: str) -> None:
        self.counts[kind] += 1
        if self.counts[kind] <= MAX_NAMED:
            self.named.append(Difference(kind, subject, detail))

    def all(self) -> list[Difference]:
        more = [Difference(k, "…", f"{n - MAX_NAMED} more of this kind") for k, n in self.counts.items() if n > MAX_NAMED]
        return self.named + more


@dataclass(frozen=True, slots=True)
class _Scope:
    connection: Connection
    report: _Report
    keys: Sequence[VerifierKey]
    origin: str
    now: datetime
    published: Sequence[tuple[int, bytes]]
    max_pending_s: int

    opened: list[CursorResult[Any]] = field(default_factory=list)  # Any: rows of every shape

    def rows(self, statement: str, at_once: int = _ROWS_AT_ONCE, **values: object) -> Iterator[RowMapping]:
        """Rows through a server-side cursor."""
        streaming = self.connection.execution_options(stream_results=True, yield_per=at_once)
        result = streaming.execute(text(statement), values)
        self.opened.append(result)
        return iter(result.mappings())

    def close(self) -> None:
        for result in self.opened:
            result.close()


def audit(
    engine: Engine,
    *,
    keys: Sequence[VerifierKey],
    origin: str,
    now: datetime,
    published: Iterable[str] = (),
    max_pending_s: int = 300,
) -> list[Difference]:
    """Compare entries, leaves, tiles, checkpoints and moves with each other and with `published`, the notes kept outside.

    Opens its own read-only transaction on `engine`, so that everything is seen at one instant; empty means that nothing differs.
    `max_pending_s` is how long an entry may wait for its place.
    """
    report = _Report()
    outside = sorted(_readable(published, keys, origin, report, "published"))
    for check in (_check_leaves, _check_outside, _check_strays, _check_leaf_tiles, _check_upper_tiles):
        try:
            with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection, connection.begin():
                connection.execute(text("select set_config('transaction_read_only', 'on', true), set_config('app.scope', 'system', true)"))
                with closing(_Scope(connection, report, keys, origin, now, outside, max_pending_s)) as scope:
                    check(scope)
        except DBAPIError as broken:
            report.add("unreadable", check.__name__.removeprefix("_check_"), str(broken.orig).strip())
    return report.all()


def audit_states(engine: Engine, models: Iterable[type[Any]]) -> list[Difference]:
    """Rows whose state is not the one their last move led to: somebody wrote the state past the ledger.

    `models` are mapped classes with `MACHINE`. Any: they belong to every stage.
    """
    report = _Report()
    for model in models:
        table = model.__tablename__
        statement = f"""
            select r.id, r.state, (select m.to_state from state_move m where m.subject_id = r.id and m.machine = :machine
                                   order by m.entry_id desc limit 1) as told from "{table}" r
        """  # noqa: S608 - the name comes from the mapping
        try:
            with engine.connect() as connection, connection.begin():
                connection.execute(text("select set_config('app.scope', 'system', true)"))
                streaming = connection.execution_options(stream_results=True, yield_per=_ROWS_AT_ONCE)
                wrong = text(f"select * from ({statement}) s where s.told is distinct from s.state")  # noqa: S608
                for row in streaming.execute(wrong, {"machine": model.MACHINE}):
                    report.add("state-differs", f"{model.MACHINE}/{row.id}", f"row says {row.state}, the ledger says {row.told}")
        except DBAPIError as broken:
            report.add("unreadable", table, str(broken.orig).strip())
    return report.all()


def _readable(notes: Iterable[str], keys: Sequence[VerifierKey], origin: str, report: _Report, where: str) -> Iterator[tuple[int, bytes]]:
    for number, note in enumerate(notes):
        try:
            head = open_checkpoint(note, keys, origin)
        except DomainError as refused:
            report.add("checkpoint-unsigned", f"{where}/{number}", str(refused))
        else:
            yield head.size, head.root


def _signed_heads(scope: _Scope) -> Iterator[tuple[int, bytes, str]]:
    for row in scope.rows("select size, note from ledger_checkpoint order by size"):
        subject = f"ledger_checkpoint/{row['size']}"
        try:
            head: Checkpoint = open_checkpoint(row["note"], scope.keys, scope.origin)
        except DomainError as refused:
            scope.report.add("checkpoint-unsigned", subject, str(refused))
            continue
        if head.size != row["size"]:
            scope.report.add("checkpoint-size-differs", subject, f"the note says {head.size}")
        yield row["size"], head.root, subject


def _check_leaves(scope: _Scope) -> None:
    """One pass over the leaves in order, next to the checkpoints in order."""
    outside = ((size, root, f"published/{size}") for size, root in scope.published)
    heads = _Heads(merge(_signed_heads(scope), outside, key=lambda head: head[0]), scope.report)
    tree = Accumulator()
    heads.compare(tree)
    expected = 0
    for row in scope.rows(_LEAVES):
        subject = f"ledger_leaf/{row['idx']}"
        if row["idx"] != expected:
            scope.report.add("leaf-gap", subject, f"expected leaf {expected}")
        expected = row["idx"] + 1
        if row["entry"] is None:
            scope.report.add("leaf-without-entry", subject, f"entry {row['entry_id']} is gone")
        else:
            if leaf_hash(row["body"]) != row["leaf_hash"]:
                scope.report.add("leaf-mismatch", subject, f"entry {row['entry']} is not what was logged")
            _check_entry(scope, row)
        tree.add(row["leaf_hash"])
        heads.compare(tree)
    heads.finish(tree)


class _Heads:
    """Checkpoints waiting for the tree to reach their size."""

    def __init__(self, heads: Iterator[tuple[int, bytes, str]], report: _Report) -> None:
        self._heads = heads
        self._report = report
        self._next = next(heads, None)
        self._largest = 0

    def compare(self, tree: Accumulator) -> None:
        while self._next is not None and self._next[0] <= tree.size:
            size, root, subject = self._next
            self._largest = size
            if root != (tree.root() if tree.size else EMPTY_ROOT):
                self._report.add("root-differs", subject, f"the first {size} leaves are not those that were signed")
            self._next = next(self._heads, None)

    def finish(self, tree: Accumulator) -> None:
        if self._largest < tree.size:
            self._report.add("leaf-unsigned", f"ledger_leaf/{self._largest}", f"{tree.size - self._largest} leaves under no checkpoint")
        while self._next is not None:
            size, _, subject = self._next
            self._report.add("log-too-short", subject, f"{size} leaves were signed, {tree.size} are here")
            self._next = next(self._heads, None)


def _check_outside(scope: _Scope) -> None:
    """Entries without a place in the tree: queued and young, or somebody hid them."""
    oldest = scope.now - timedelta(seconds=scope.max_pending_s)
    for row in scope.rows(_OUTSIDE, oldest=oldest):
        subject = f"ledger_entry/{row['entry']}"
        if row["queued"] is None:
            scope.report.add("entry-not-queued", subject, f"{row['action']} is neither in the tree nor waiting")
        elif row["late"]:
            scope.report.add("pending-too-long", subject, f"waiting since {row['at']}")
        _check_entry(scope, row)


def _check_entry(scope: _Scope, row: RowMapping) -> None:
    for kind, detail in entry_differences(row):
        scope.report.add(kind, f"ledger_entry/{row['entry']}", detail)


def _check_strays(scope: _Scope) -> None:
    for row in scope.rows(_STRAYS):
        scope.report.add(row["kind"], row["subject"], row["detail"])


def _check_leaf_tiles(scope: _Scope) -> None:
    for row in scope.rows(_LEAF_TILES):
        detail = "no leaves for it" if row["extra"] else "missing" if row["missing"] else "holds other hashes than the leaves"
        scope.report.add("tile-differs", f"ledger_tile/0/{row['idx']}", detail)


def _check_upper_tiles(scope: _Scope) -> None:
    """Every upper tile holds the roots of the full tiles below it. The leaf tiles were compared with the leaves."""
    top = scope.connection.execute(text("select coalesce(max(level), 0) from ledger_tile")).scalar_one()
    for level in range(1, top + 2):
        below = scope.rows("select hashes from ledger_tile where level = :level order by idx", _TILES_AT_ONCE, level=level - 1)
        stored = scope.rows("select idx, hashes from ledger_tile where level = :level order by idx", _TILES_AT_ONCE, level=level)
        should = _joined(tile_root(row["hashes"]) for row in below if len(row["hashes"]) == TILE_BYTES)
        _compare_tiles(scope.report, level, should, stored)


def _joined(roots: Iterator[bytes]) -> Iterator[bytes]:
    content: list[bytes] = []
    for root in roots:
        content.append(root)
        if len(content) * len(root) == TILE_BYTES:
            yield b"".join(content)
            content = []
    if content:
        yield b"".join(content)


def _compare_tiles(report: _Report, level: int, should: Iterator[bytes], stored: Iterator[RowMapping]) -> None:
    for idx, content in enumerate(should):
        found = next(stored, None)
        if found is None or found["idx"] != idx or found["hashes"] != content:
            report.add("tile-differs", f"ledger_tile/{level}/{idx}", "holds other hashes than the tiles below")
    for row in stored:
        report.add("tile-differs", f"ledger_tile/{level}/{row['idx']}", "no tiles below it")
