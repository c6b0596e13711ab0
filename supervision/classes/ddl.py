"""What the database refuses whatever a program forgot: tasks of a barred institution, and a status that no decision made. R43, R47."""

from typing import Final

_TASKS: Final = """
create or replace function taskable_guard() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare found text;
begin
    if tg_op = 'UPDATE' and tg_table_name = 'training_agreement' and new.institution_id = old.institution_id
       and (to_jsonb(new) ->> 'task_persons')::int <= (to_jsonb(old) ->> 'task_persons')::int then
        return new;
    end if;
    select decision_number into found from directory_exclusion
        where institution_id = new.institution_id and lifted_on is null and (bar = 'excluded' or tg_table_name = 'training_agreement') limit 1;
    if found is not null then
        raise exception using errcode = 'check_violation', message = 'barred by decision ' || found;
    end if;
    return new;
end $$
"""
_STANDING: Final = """
create or replace function standing_guard() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    if (new.status = 'excluded') <> exists (
        select from directory_exclusion where institution_id = new.id and bar = 'excluded' and lifted_on is null) then
        raise exception using errcode = 'check_violation', message = 'excluded is what a decision in force says, no more and no less';
    end if;
    return new;
end $$
"""
_BAR: Final = """
create or replace function exclusion_guard() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
    if coalesce(current_setting('app.scope', true), '') not in ('bureau', 'system') then
        raise exception using errcode = 'insufficient_privilege', message = 'a bar is the bureau''s';
    end if;
    if tg_op = 'UPDATE' and ((new.institution_id, new.case_code, new.bar, new.ground, new.decision_number, new.signed_by, new.from_on)
        is distinct from (old.institution_id, old.case_code, old.bar, old.ground, old.decision_number, old.signed_by, old.from_on)
        or new.until_on > old.until_on or (old.lifted_on is not null and new.lifted_on is distinct from old.lifted_on)
        or (old.published_at is not null and new.published_at is distinct from old.published_at)) then
        raise exception using errcode = 'check_violation', message = 'a bar is shortened, published or lifted, nothing else';
    end if;
    return new;
end $$
"""

STATEMENTS: Final = (
    _TASKS.strip(),
    _STANDING.strip(),
    _BAR.strip(),
    (
        "create trigger taskable_guard before insert or update of task_persons, institution_id on training_agreement"
        " for each row execute function taskable_guard()"
    ),
    "create trigger taskable_guard before insert on training_class for each row execute function taskable_guard()",
    "create trigger standing_guard before insert or update of status on institution for each row execute function standing_guard()",
    "create trigger exclusion_guard before insert or update on directory_exclusion for each row execute function exclusion_guard()",
)
