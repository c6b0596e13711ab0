"""What the database refuses about exit cases whoever asks: an effect without due process. PRODUCT.md, invariant 6; domain.md 2.3.5."""

from typing import Final

_CASE: Final = """
create or replace function exit_case_guard() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare told case_paper;
begin
    if coalesce(current_setting('app.scope', true), '') = 'institution' and
       (tg_op = 'INSERT' or new.state not in ('stated', 'hearing-requested', 'readmission-applied')) then
        raise exception using errcode = 'insufficient_privilege', message = 'the institution states, asks for a hearing, applies; nothing else';
    end if;
    if tg_op = 'UPDATE' then
        if (new.code, new.institution_id, new.trigger, new.year, new.detected_at, new.detected_by_id, new.numerator, new.denominator)
           is distinct from (old.code, old.institution_id, old.trigger, old.year, old.detected_at, old.detected_by_id, old.numerator, old.denominator)
        then
            raise exception using errcode = 'check_violation', message = 'what a case was opened for does not change';
        end if;
        if old.noticed_at is not null and (new.noticed_at, new.notice_paper_id, new.statement_until_at, new.hearing_until_at, new.intended_effect,
            new.intended_months, new.investigator_id, new.legal_officer_id) is distinct from (old.noticed_at, old.notice_paper_id,
            old.statement_until_at, old.hearing_until_at, old.intended_effect, old.intended_months, old.investigator_id, old.legal_officer_id) then
            raise exception using errcode = 'check_violation', message = 'what the notice told does not change';
        end if;
        if old.decided_at is not null and (new.decided_at, new.decided_by_id, new.decision_paper_id, new.effect)
            is distinct from (old.decided_at, old.decided_by_id, old.decision_paper_id, old.effect) then
            raise exception using errcode = 'check_violation', message = 'a decision does not change';
        end if;
    end if;
    if new.noticed_at is not null then
        select * into told from case_paper where id = new.notice_paper_id and case_id = new.id and kind = 'notice' and not internal;
        if not found or told.at <> new.noticed_at
           or (told.content ->> 'statement_until')::timestamptz is distinct from new.statement_until_at
           or (told.content ->> 'hearing_until')::timestamptz is distinct from new.hearing_until_at then
            raise exception using errcode = 'check_violation', message = 'no notice of this case gives these days';
        end if;
    end if;
    if new.decided_at is not null then
        select * into told from case_paper where id = new.decision_paper_id and case_id = new.id and kind = 'decision' and not internal;
        if not found or told.at <> new.decided_at or told.author_id is distinct from new.decided_by_id or told.author_role <> 'bureau-leader'
           or told.content ->> 'effect' is distinct from new.effect::text then
            raise exception using errcode = 'check_violation', message = 'no decision of this case is signed by this leader';
        end if;
    end if;
    if new.served_at is not null and not exists (
        select from case_paper where id = new.service_paper_id and case_id = new.id and kind = 'service' and at = new.served_at) then
        raise exception using errcode = 'check_violation', message = 'no proof of service';
    end if;
    return new;
end $$
"""
_BAR: Final = """
create or replace function bar_needs_case() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare held exit_case;
begin
    select * into held from exit_case where code = new.case_code and institution_id = new.institution_id;
    if not found or held.state not in ('served', 'in-force') or held.served_at is null
       or held.effect::text <> (case new.bar when 'excluded' then 'exclude' else 'restrict' end)
       or (held.from_on, held.until_on) is distinct from (new.from_on, new.until_on)
       or not exists (select from case_paper where id = held.decision_paper_id and number = new.decision_number) then
        raise exception using errcode = 'check_violation', message = 'a bar needs the served decision of an exit case';
    end if;
    return new;
end $$
"""

STATEMENTS: Final = (
    _CASE.strip(),
    _BAR.strip(),
    "create trigger exit_case_guard before insert or update on exit_case for each row execute function exit_case_guard()",
    "create trigger bar_needs_case before insert on directory_exclusion for each row execute function bar_needs_case()",
)
