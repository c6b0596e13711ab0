"""What the database refuses about findings whoever asks: a consequence without due process. PRODUCT.md, invariant 6; domain.md 2.3.2.

The time after which a result may be published is the service's to judge: the database knows no clock but its own.
"""

from typing import Final

from supervision.findings.lifecycle import ENDED, INSTITUTION_SEES
from supervision.findings.models import PaperKind

_TOLD: Final = ", ".join(repr(state.value) for state in INSTITUTION_SEES)
_ENDED: Final = ", ".join(sorted(repr(state.value) for state in ENDED))


def _paper(kind: PaperKind, more: str = "") -> str:
    return f"exists (select from finding_paper p where p.finding_id = new.id and p.kind = '{kind.value}' and p.author_name <> ''{more})"


_ORDERED_IN_TIME: Final = (
    " and p.at >= (select max((n.content ->> 'object_until')::timestamptz) from finding_paper n where n.finding_id = new.id and n.kind = 'notice')"
)
_GUARD: Final = f"""
create or replace function finding_guard() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare wrong text;
begin
    if tg_op = 'INSERT' then
        if new.state <> 'recorded' then
            raise exception using errcode = 'check_violation', message = 'a finding begins with what somebody saw';
        end if;
        return new;
    end if;
    if coalesce(current_setting('app.scope', true), '') = 'institution' and new.state not in ('replied', 'objected', 'under-review') then
        raise exception using errcode = 'insufficient_privilege', message = 'the institution explains, objects, asks for a review; nothing else';
    end if;
    if (new.code, new.institution_id, new.lesson_id, new.assignment_id, new.recording_id, new.start_ms, new.end_ms, new.span, new.footage_sha256,
        new.visit_id, new.visit_item, new.record_sha256, new.defect, new.clause, new.severity, new.recorded_at, new.recorded_by_id)
       is distinct from (old.code, old.institution_id, old.lesson_id, old.assignment_id, old.recording_id, old.start_ms, old.end_ms, old.span,
        old.footage_sha256, old.visit_id, old.visit_item, old.record_sha256, old.defect, old.clause, old.severity, old.recorded_at,
        old.recorded_by_id)
    then
        raise exception using errcode = 'check_violation', message = 'what a finding says does not change';
    end if;
    if new.state = old.state then
        return new;
    end if;
    wrong := case
        when old.state in ({_ENDED}) then 'a finding that ended stays as it ended'
        when new.state in ({_TOLD}) and not ({_paper(PaperKind.NOTICE)}) then 'no notice of this finding was served'
        when new.state in ({_TOLD}) and (new.decided_by_id is null or new.decided_by_id = new.recorded_by_id)
            then 'nobody else confirmed this finding'
        when new.state = 'rectifying' and not ({_paper(PaperKind.RECTIFICATION_ORDER, _ORDERED_IN_TIME)})
            and not ({_paper(PaperKind.ANSWER, " and p.content ->> 'upheld' = 'false'")})
            then 'rectification is ordered after the days to object, or in answer to the objection'
        when new.state = 'verified-rectified' and not ({_paper(PaperKind.RECTIFICATION_REPORT)}) then 'nothing was reported that could be verified'
        when new.state in ('closed', 'published') and not ({_paper(PaperKind.CLOSING)}) then 'no closing letter of this finding was served'
        when new.state = 'published' and old.state <> 'closed' then 'only a closed finding is published'
        when new.state = 'escalated' and not exists (
            select from exit_case c where c.code = new.exit_case and c.institution_id = new.institution_id) then 'no exit case of this institution'
    end;
    if wrong is not null then
        raise exception using errcode = 'check_violation', message = wrong;
    end if;
    return new;
end $$
"""

STATEMENTS: Final = (
    _GUARD.strip(),
    "create trigger finding_guard before insert or update on finding for each row execute function finding_guard()",
)
