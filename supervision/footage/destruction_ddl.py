"""What the database refuses about destructions, whoever asks: one person's destruction, a changed certificate, a row that disappears. R73; 2.3.1."""

from typing import Final

from supervision.footage.destruction_lifecycle import DESTRUCTION_MOVES, DestructionState

_MOVES: Final = ", ".join(sorted({f"('{state.value}', '{move.to.value}')" for (state, _), move in DESTRUCTION_MOVES.items()}))
_ENDED: Final = ", ".join(sorted(repr(s.value) for s in frozenset(DestructionState) - {state for state, _ in DESTRUCTION_MOVES}))

_GUARD: Final = f"""
create or replace function destruction_guard() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    if tg_op = 'DELETE' then
        raise exception using errcode = 'insufficient_privilege', message = 'a destruction is never deleted: its certificate stays';
    end if;
    if coalesce(current_setting('app.scope', true), '') = 'institution' then
        raise exception using errcode = 'insufficient_privilege', message = 'an institution reads the certificate; nothing else';
    end if;
    if tg_op = 'INSERT' then
        if new.state <> 'proposed' or new.approver_account_id is not null then
            raise exception using errcode = 'check_violation', message = 'a destruction begins with a proposal';
        end if;
        return new;
    end if;
    if old.state in ({_ENDED}) then
        raise exception using errcode = 'check_violation', message = 'a destruction that ended stays as it ended';
    end if;
    if new.state <> old.state and (old.state, new.state) not in ({_MOVES}) then
        raise exception using errcode = 'check_violation', message = 'a destruction has no such step';
    end if;
    if (new.institution_id, new.recording_id, new.batch_id, new.reason, new.proposer_account_id, new.proposer_name, new.proposed_at)
       is distinct from (old.institution_id, old.recording_id, old.batch_id, old.reason, old.proposer_account_id, old.proposer_name, old.proposed_at)
       or (old.state <> 'proposed' and (new.approver_account_id, new.approver_name, new.approved_at)
       is distinct from (old.approver_account_id, old.approver_name, old.approved_at)) then
        raise exception using errcode = 'check_violation', message = 'who proposed and who approved does not change';
    end if;
    return new;
end $$
"""
# the catalogue never calls a recording destroyed that two people did not agree on, nor takes that back
_RECORDING_GUARD: Final = """
create or replace function recording_destroyed_guard() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    if old.state = 'destroyed' and new.state <> 'destroyed' then
        raise exception using errcode = 'check_violation', message = 'a destroyed recording stays destroyed';
    end if;
    if new.state = 'destroyed' and old.state <> 'destroyed' and not exists (
        select from destruction d where d.recording_id = new.id and d.state = 'destroying' and d.approver_account_id <> d.proposer_account_id
        and d.certificate is not null
    ) then
        raise exception using errcode = 'check_violation', message = 'two people agree, and a certificate is signed, before a recording is destroyed';
    end if;
    return new;
end $$
"""

STATEMENTS: Final = (
    _GUARD.strip(),
    "create trigger destruction_guard before insert or update or delete on destruction for each row execute function destruction_guard()",
    _RECORDING_GUARD.strip(),
    "create trigger recording_destroyed_guard before update of state on recording for each row execute function recording_destroyed_guard()",
)
