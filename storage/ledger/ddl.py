"""What the database itself guarantees about the log, as statements for the migration that creates its tables (ADR 0030).

Run as the schema's owner, after the tables of `models.TABLES` exist, in this order. Afterwards the application's role can add to the
log and can change or remove nothing; the owner is refused by triggers; a superuser can do what he likes and is found by the audit.
No statement contains a percent sign or a bind marker, so every driver passes them on unchanged.
"""

from typing import Final

APP_ROLE: Final = "classproof_app"
SEQUENCER_LOCK: Final = 0x636C6564  # "cled": advisory lock that serialises sequencing

UNCHANGEABLE: Final = ("ledger_entry", "ledger_leaf", "ledger_checkpoint", "state_move")

_LOCK: Final = f"""
create or replace function ledger_lock() returns void language sql volatile set search_path = public, pg_temp as $$
    select pg_advisory_xact_lock({SEQUENCER_LOCK})
$$
"""

_QUEUE: Final = """
create or replace function ledger_queue() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into ledger_pending (entry_id) select id from added;
    return null;
end $$
"""

_REFUSE: Final = """
create or replace function ledger_refuse() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
    raise exception using errcode = 'insufficient_privilege', message = tg_table_name || ' is append-only: ' || lower(tg_op) || ' refused';
end $$
"""

_GROW_TILE: Final = """
create or replace function ledger_grow_tile() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
    if (new.level, new.idx) <> (old.level, old.idx)
       or octet_length(new.hashes) <= octet_length(old.hashes)
       or substring(new.hashes from 1 for octet_length(old.hashes)) <> old.hashes then
        raise exception using errcode = 'insufficient_privilege', message = 'ledger_tile only grows';
    end if;
    return new;
end $$
"""

_NEXT_CHECKPOINT: Final = """
create or replace function ledger_next_checkpoint() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if new.size <> (select coalesce(max(idx) + 1, 0) from ledger_leaf)
       or new.size <= (select coalesce(max(size), 0) from ledger_checkpoint) then
        raise exception using errcode = 'check_violation', message = 'a checkpoint covers every leaf and more than the one before it';
    end if;
    return new;
end $$
"""

# Every entry is seen, whatever the caller's scope: row-level security binds the owner too, and a scope may not be put into a function's
# settings without a superuser's grant, so it is changed and put back. The hash is taken here, in the database, of the body as stored:
# no process can give an entry a leaf that is not its own.
# Statistics of a queue are always wrong; without these settings and the fence `offset 0` the planner reads the whole log to place one entry.
_TAKE: Final = """
create or replace function ledger_take(batch integer) returns table (idx bigint, entry_id bigint, leaf_hash bytea)
language plpgsql security definer set search_path = public, pg_temp
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
#variable_conflict use_column
declare
    first_idx bigint;
    ids bigint[];
    scope text := coalesce(current_setting('app.scope', true), '');
begin
    perform ledger_lock();
    perform set_config('app.scope', 'system', true);
    select array_agg(due.entry_id order by due.entry_id) into ids
    from (
        select p.entry_id from ledger_pending p
        cross join lateral (select from ledger_entry e where e.id = p.entry_id offset 0) found
        order by p.entry_id limit batch
    ) due;
    delete from ledger_pending where entry_id = any (ids);
    select coalesce(max(l.idx) + 1, 0) into first_idx from ledger_leaf l;
    return query
    with placed as (
        insert into ledger_leaf (idx, entry_id, leaf_hash)
        select first_idx + due.place - 1, e.id, sha256(decode('00', 'hex') || e.body)
        from unnest(ids) with ordinality as due (id, place) join ledger_entry e on e.id = due.id
        returning idx, entry_id, leaf_hash
    )
    select placed.idx, placed.entry_id, placed.leaf_hash from placed order by placed.idx;
    perform set_config('app.scope', scope, true);
end $$
"""

_PUT_TILES: Final = """
create or replace function ledger_put_tiles(levels smallint[], idxs bigint[], contents bytea[]) returns void
language sql security definer set search_path = public, pg_temp as $$
    insert into ledger_tile (level, idx, hashes)
    select * from unnest(levels, idxs, contents)
    on conflict (level, idx) do update set hashes = excluded.hashes where ledger_tile.hashes <> excluded.hashes
$$
"""


def _always(table: str, trigger: str, definition: str) -> list[str]:
    """A trigger that also fires under session_replication_role = replica."""
    return [f"create trigger {trigger} {definition}", f"alter table {table} enable always trigger {trigger}"]


def _triggers() -> list[str]:
    made: list[str] = []
    made += _always(
        "ledger_entry",
        "ledger_queue",
        "after insert on ledger_entry referencing new table as added for each statement execute function ledger_queue()",
    )
    for table in UNCHANGEABLE:
        made += _always(table, "ledger_refuse", f"before update or delete or truncate on {table} for each statement execute function ledger_refuse()")
    made += _always("ledger_tile", "ledger_refuse", "before delete or truncate on ledger_tile for each statement execute function ledger_refuse()")
    made += _always("ledger_tile", "ledger_grow_tile", "before update on ledger_tile for each row execute function ledger_grow_tile()")
    made += _always(
        "ledger_checkpoint",
        "ledger_next_checkpoint",
        "before insert on ledger_checkpoint for each row execute function ledger_next_checkpoint()",
    )
    return made


_ALL_TABLES: Final = "ledger_entry, ledger_pending, ledger_leaf, ledger_tile, ledger_checkpoint, state_move"
_INTERNAL: Final = "ledger_lock(), ledger_take(integer), ledger_put_tiles(smallint[], bigint[], bytea[])"
_TRIGGER_FUNCTIONS: Final = "ledger_queue(), ledger_refuse(), ledger_grow_tile(), ledger_next_checkpoint()"

# the queue is emptied all day long: with the default thresholds a batch of one costs 100 ms instead of 3 after a million entries
_EAGER_VACUUM: Final = ", ".join(
    f"autovacuum_{setting}"
    for setting in (
        "vacuum_scale_factor = 0",
        "vacuum_threshold = 1000",
        "vacuum_insert_threshold = 1000",
        "analyze_scale_factor = 0",
        "analyze_threshold = 1000",
    )
)

STATEMENTS: Final[tuple[str, ...]] = (
    *(text.strip() for text in (_LOCK, _QUEUE, _REFUSE, _GROW_TILE, _NEXT_CHECKPOINT, _TAKE, _PUT_TILES)),
    *_triggers(),
    f"revoke all on {_ALL_TABLES} from public, {APP_ROLE}",
    f"grant select on {_ALL_TABLES} to {APP_ROLE}",
    f"grant insert on ledger_entry, state_move, ledger_checkpoint to {APP_ROLE}",
    f"revoke all on function {_INTERNAL}, {_TRIGGER_FUNCTIONS} from public",
    f"grant execute on function {_INTERNAL} to {APP_ROLE}",
    f"alter table ledger_pending set ({_EAGER_VACUUM})",
    "alter table ledger_tile set (fillfactor = 50)",
)
