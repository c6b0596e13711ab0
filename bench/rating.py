"""Every rating of 10 000 institutions again, from one million frozen events in the database; and a tenth of it, to see that it is linear."""

import random
import time
from datetime import date

import psycopg

from api import migrate
from bench.results import Result
from compliance.policy.book import Book
from compliance.rating import inputs, replay
from compliance.rating.rules import Event, Kind, RatingRule
from storage.database.session import SYSTEM, Database, make_engine
from storage.engines.engines import Engines
from storage.kernel.canonical import canonical_json

INSTITUTIONS = 10_000
EVENTS_EACH = 100
AS_OF = date(2026, 12, 31)
_SEVERITIES = ("minor", "general", "serious")

# foreign keys and row policies are of no interest here: the rows are what the replay reads
INSERT_RATING = """insert into rating (id, code, institution_id, year, revision, state, as_of, inputs_sha256, score, tier, reasons, result_sha256,
    opened_at, decided_by, document) values (%s, %s, uuidv7(), 2026, 0, 'scored', %s, %s, %s, %s, %s, %s, now(), '', '')"""
INSERT_INPUTS = "insert into rating_inputs (rating_id, institution_id, canonical, sha256, frozen_at) values (%s, uuidv7(), %s, %s, now())"
INSERT_ENTRY = """insert into ledger_entry (at, tenant_id, actor_kind, actor_id, actor_name, actor_role, action, subject, body)
    values (now(), null, 'system', null, 'bench', 'system', 'rating.freeze', %s, %s)"""


def _events(rng: random.Random, count: int) -> tuple[Event, ...]:
    made = [Event(Kind.COVERAGE, AS_OF, "coverage/2026", value=rng.randrange(900, 1001), of=1000)]
    for number in range(count - 1):
        kind = rng.choice((Kind.FINDING, Kind.EXPLANATION, Kind.RECTIFICATION))
        on = date(2026, rng.randrange(1, 13), rng.randrange(1, 29))
        grade = rng.choice(_SEVERITIES) if kind is Kind.FINDING else "accepted" if kind is Kind.EXPLANATION else rng.choice(("on-time", "late"))
        made.append(Event(kind, on, f"F2026-{number:04d}", grade, settled=rng.random() < 0.7))
    return tuple(made)


def _load(admin: psycopg.Connection[tuple[object, ...]], prefix: str, institutions: int, rule: RatingRule) -> None:
    rng = random.Random(institutions)
    with admin.transaction(), admin.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        for number in range(institutions):
            frozen = inputs.Inputs(f"B{number:05d}", 2026, AS_OF, rule, _events(rng, EVENTS_EACH))
            canonical, grade = frozen.canonical(), frozen.grade()
            digest = inputs.digest(canonical)
            (row_id,) = cursor.execute("select uuidv7()").fetchone() or (None,)
            reasons = canonical_json([reason.plain() for reason in grade.reasons]).decode()
            cursor.execute(
                INSERT_RATING,
                (row_id, f"{prefix}{number:05d}", AS_OF, digest, grade.score, grade.tier, reasons, inputs.result_digest(grade)),
            )
            cursor.execute(INSERT_INPUTS, (row_id, canonical, digest))
            body = canonical_json({"facts": {"facts": {"inputs_sha256": digest.hex()}}})
            cursor.execute(INSERT_ENTRY, (f"rating/{row_id}", body))


def _replayed(database: Database, institutions: int) -> tuple[float, float]:
    """(wall, CPU of this process) in seconds."""
    with database.transaction(SYSTEM) as session:
        wall, cpu = time.perf_counter(), time.process_time()
        found = list(replay.replay_all(session))
        spent = time.perf_counter() - wall, time.process_time() - cpu
    assert len(found) == institutions
    assert not [one for one in found if one.why], next(one.why for one in found if one.why)
    return spent


def measure(engines: Engines) -> list[Result]:
    """One process: reading, hashing, comparing with the ledger, computing, comparing with the row. Linear is told by CPU time."""
    assert engines.postgres is not None
    migrate.upgrade(engines.addresses.migration_database_url)
    rule = Book.load().read(RatingRule, on=AS_OF)
    database = Database(make_engine(engines.addresses.database_url))
    spent: dict[int, tuple[float, float]] = {}
    with psycopg.connect(engines.postgres.superuser_url("classproof"), autocommit=True) as admin:
        for count in (INSTITUTIONS // 10, INSTITUTIONS):
            admin.execute("truncate rating, rating_inputs cascade")
            begun = time.perf_counter()
            _load(admin, "B", count, rule)
            admin.execute("analyze rating; analyze rating_inputs; analyze ledger_entry")
            print(f"  loaded {count:,} ratings with {count * EVENTS_EACH:,} events in {time.perf_counter() - begun:.0f} s")
            spent[count] = min(_replayed(database, count) for _ in range(2))
        admin.execute("truncate rating, rating_inputs cascade")
    database.engine.dispose()
    return [
        Result("all ratings of 10 000 institutions, 1 M events", spent[INSTITUTIONS][0], "s", 60, "lower"),
        Result("ratings: CPU of ten times the events", spent[INSTITUTIONS][1] / spent[INSTITUTIONS // 10][1], "x", 11, "lower"),
    ]
