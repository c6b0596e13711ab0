"""What the database itself refuses of payments, as statements for the first migration: unapproved claims, more than was decided. R87."""

from typing import Final

_WITHIN: Final = """
create or replace function subsidy_payment_within() returns trigger
language plpgsql set search_path = public, pg_temp as $$
declare decided int; standing text; paid bigint;
begin
    select approved_yuan, state into decided, standing from subsidy_claim where id = new.claim_id for update;
    if standing is distinct from 'approved' or decided is null then
        raise exception using errcode = 'check_violation', message = 'nothing is paid on a claim that is not approved';
    end if;
    select coalesce(sum(amount_yuan), 0) into paid from subsidy_payment where claim_id = new.claim_id;
    if paid + new.amount_yuan > decided then
        raise exception using errcode = 'check_violation', message = 'more than was decided';
    end if;
    return new;
end $$
"""

STATEMENTS: Final = (
    _WITHIN,
    "drop trigger if exists subsidy_payment_within on subsidy_payment",
    "create trigger subsidy_payment_within before insert on subsidy_payment for each row execute function subsidy_payment_within()",
)
