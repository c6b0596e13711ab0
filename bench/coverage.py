"""The coverage query over one million slots, as an institution asks it: two weeks of one class, under row-level security."""

import random
import time
from uuid import UUID

import psycopg
from sqlalchemy import text

from api import migrate
from bench.results import Result
from storage.database.session import Database, Scope, make_engine
from storage.engines.engines import Engines
from supervision.footage.coverage import coverage
from tests.factories.world import COVERAGE

SLOTS = 1_000_000
CAMERAS = 1_000
CLASS_SLOTS = 28  # fourteen days, two cameras
QUERIES = 1_000

# foreign keys are not checked while loading: the lessons are of no interest here, the slots and spans are
LOAD = f"""
set session_replication_role = replica;
create temp table cam as select n, uuidv7() as id, ('00000000-0000-7000-8000-' || lpad((n % 100)::text, 12, '0'))::uuid as owner
    from generate_series(0, {CAMERAS - 1}) n;
insert into slot (institution_id, lesson_id, camera_id, natural_id, starts_at, span, due_at, state)
select c.owner, uuidv7(), c.id, 'bench/' || s, t, tstzrange(t, t + interval '2 hours'), t + interval '50 hours', 'covered'
from generate_series(0, {SLOTS - 1}) s join cam c on c.n = s % {CAMERAS}
cross join lateral (select timestamptz '2024-01-01 08:00+08' + (s / {CAMERAS}) * interval '8 hours' as t) at;
insert into recorded_span (institution_id, recording_id, camera_id, span, media_start_ms)
select institution_id, uuidv7(), camera_id, tstzrange(lower(span) + piece.first, lower(span) + piece.last), 0
from slot cross join (values (interval '30 s', interval '70 min'), (interval '70 min 5 s', interval '118 min')) as piece(first, last);
reset session_replication_role;
analyze slot; analyze recorded_span;
"""


def measure(engines: Engines) -> list[Result]:
    """p50 and p99 of the whole call, arithmetic and shaping included."""
    assert engines.postgres is not None
    migrate.upgrade(engines.addresses.migration_database_url)
    with psycopg.connect(engines.postgres.superuser_url("classproof"), autocommit=True) as admin:
        begun = time.perf_counter()
        admin.execute(LOAD)
        print(f"  loaded {SLOTS:,} slots and {2 * SLOTS:,} spans in {time.perf_counter() - begun:.0f} s")
    database = Database(make_engine(engines.addresses.database_url))
    rng = random.Random(7)
    times: list[float] = []
    with database.transaction(Scope("system")) as session:
        cameras = [
            (row.camera_id, row.institution_id)
            for row in session.execute(text("select distinct camera_id, institution_id from slot where natural_id like 'bench/%'"))
        ]
    for _ in range(QUERIES):
        camera, owner = rng.choice(cameras)
        with database.transaction(Scope("institution", UUID(str(owner)))) as session:
            ids = session.scalars(
                text("select id from slot where camera_id = :c order by starts_at offset :o limit :n"),
                {"c": camera, "o": rng.randrange(SLOTS // CAMERAS - CLASS_SLOTS), "n": CLASS_SLOTS},
            ).all()
            begun = time.perf_counter()
            found = coverage(session, ids, COVERAGE)
            times.append((time.perf_counter() - begun) * 1000)
            assert len(found) == CLASS_SLOTS
            assert all(abs(c.proven_s + c.missing_s + 5 + 30 - c.scheduled_s) < 1 for c in found.values())
    times.sort()
    database.engine.dispose()
    return [
        Result("coverage of 28 slots among 1 M, p50", times[len(times) // 2], "ms", None, "lower"),
        Result("coverage of 28 slots among 1 M, p99", times[len(times) * 99 // 100], "ms", 20, "lower"),
    ]
