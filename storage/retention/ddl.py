"""What the database refuses about retention, whoever asks: a lock never goes back and a tombstone never comes off. R73, I3."""

from typing import Final

_GUARD: Final = """
create or replace function kept_version_guard() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    if tg_op = 'DELETE' then
        raise exception using errcode = 'insufficient_privilege', message = 'kept_version is never deleted: a destroyed version leaves a tombstone';
    end if;
    if new.retain_until < old.retain_until then
        raise exception using errcode = 'check_violation', message = 'retain_until is never shortened';
    end if;
    if (new.object_key, new.version_id, new.sha256, new.size_bytes, new.tenant_id)
       is distinct from (old.object_key, old.version_id, old.sha256, old.size_bytes, old.tenant_id) then
        raise exception using errcode = 'check_violation', message = 'what a kept version is does not change';
    end if;
    if old.destroyed_at is not null and new.destroyed_at is distinct from old.destroyed_at then
        raise exception using errcode = 'check_violation', message = 'a tombstone stays';
    end if;
    return new;
end $$
"""

STATEMENTS: Final = (
    _GUARD.strip(),
    "create trigger kept_version_guard before update or delete on kept_version for each row execute function kept_version_guard()",
)
