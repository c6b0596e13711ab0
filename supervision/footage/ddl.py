"""SQL of the coverage ledger, executed by the first migration. R71.

Coverage is computed in the database with multiranges, from measured media only. Functions are `security invoker`: row-level security
applies to whoever asks. The bounds of a slot are worked out first and materialised: under a policy only comparisons of plain columns may
use an index (docs/decisions/0006).
"""

from typing import Final

from supervision.footage import destruction_ddl

SLOT_COVERAGE: Final = """
create or replace function slot_coverage(ids uuid[], join_s int, edge_s int)
returns table (
    slot_id uuid, span tstzrange, proven tstzmultirange, explained tstzmultirange, missing tstzmultirange,
    joins tstzmultirange, edges tstzmultirange, overlap_s numeric
) language sql stable as $$
    with wanted as materialized (
        select s.id, s.span, s.camera_id, lower(s.span) - interval '6 hours' as since, upper(s.span) as till from slot s where s.id = any(ids)
    ), piece as materialized (
        select w.id, w.span,
               coalesce(range_agg(w.span * r.span) filter (where r.span is not null), '{}'::tstzmultirange) as proven,
               coalesce(sum(extract(epoch from upper(w.span * r.span) - lower(w.span * r.span))), 0) as raw_s
        from wanted w left join recorded_span r
            on r.camera_id = w.camera_id and r.starts_at < w.till and r.starts_at > w.since and r.span && w.span
        group by w.id, w.span
    ), hole as (
        select p.id, p.span, g.gap,
               lower(g.gap) = lower(p.span) as at_start, upper(g.gap) = upper(p.span) as at_end,
               extract(epoch from upper(g.gap) - lower(g.gap)) as gap_s
        from piece p cross join lateral unnest(tstzmultirange(p.span) - p.proven) as g(gap)
    ), sorted_hole as (
        select id, gap, case
            when at_start and at_end then 'gap'
            when at_start or at_end then case when gap_s <= edge_s then 'edge' else 'gap' end
            when gap_s <= join_s then 'join' else 'gap' end as kind
        from hole
    ), holes as (
        select id,
               coalesce(range_agg(gap) filter (where kind = 'gap'), '{}'::tstzmultirange) as gaps,
               coalesce(range_agg(gap) filter (where kind = 'join'), '{}'::tstzmultirange) as joins,
               coalesce(range_agg(gap) filter (where kind = 'edge'), '{}'::tstzmultirange) as edges
        from sorted_hole group by id
    ), told as (
        select e.slot_id, range_agg(e.span) as spans from gap_explanation e
        where e.slot_id = any(ids) and e.state = 'accepted' group by e.slot_id
    )
    select p.id, p.span, p.proven,
           coalesce(h.gaps * t.spans, '{}'::tstzmultirange),
           coalesce(h.gaps, '{}'::tstzmultirange) - coalesce(t.spans, '{}'::tstzmultirange),
           coalesce(h.joins, '{}'::tstzmultirange), coalesce(h.edges, '{}'::tstzmultirange),
           greatest(p.raw_s - seconds_of(p.proven), 0)
    from piece p left join holes h on h.id = p.id left join told t on t.slot_id = p.id
$$
"""

SECONDS_OF: Final = """
create or replace function seconds_of(spans tstzmultirange) returns numeric language sql immutable strict as $$
    select coalesce(sum(extract(epoch from upper(r) - lower(r))), 0) from unnest(spans) as u(r)
$$
"""

STATEMENTS: Final = (SECONDS_OF, SLOT_COVERAGE, *destruction_ddl.STATEMENTS)
