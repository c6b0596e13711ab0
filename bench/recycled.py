"""Footage used again, at scale: a new hour asked for among up to ten million stored hours, by generated descriptors. R60, R72; F-06, F-13.

Three steps, measured apart and together: views by their keys (flat, all of memory), the recordings of a view by their signatures, and the full
comparison of the few that are left. Keys and signatures are random bits: a search over them costs what one over real ones costs; how well real
ones are found is measured by `python -m bench screening-recall`.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import psycopg

from api import migrate
from bench.results import Result
from storage.database.session import SYSTEM, Database, make_engine
from storage.engines.engines import Engines
from supervision.screening import motion, signatures
from supervision.screening.comparing import near_views
from supervision.screening.motion import Motion
from supervision.screening.recycled import RecycledRule, compare
from supervision.screening.view_keys import asked_keys, nearest

HOUR_S = 3600
RULE = RecycledRule(450, 4, 500, 6, 300)
VIEW_BITS = 72
COMPARED = 8
A_VIEW = 1_000  # hours of one camera that is not moved for most of a year
PG_VIEWS = (10_000, 100_000)


def measure(engines: Engines) -> list[Result]:
    """Seconds of one core; medians of three."""
    rng = np.random.default_rng(61)
    results: list[Result] = []
    hour = lesson(1)
    asked = asked_keys(hour.room)
    keys = rng.integers(0, 1 << 63, (10_000_000, 4), dtype=np.uint64) << np.uint64(1) | rng.integers(0, 2, (10_000_000, 4), dtype=np.uint64)
    for count in (100_000, 1_000_000, 10_000_000):
        stored = keys[:count].copy() if count < len(keys) else keys
        stored[count // 2] = asked[0]
        one = _median(lambda stored=stored: nearest(stored, asked[:1], VIEW_BITS, 64))  # type: ignore[misc]
        results.append(Result(f"one view key among {count:,}", one, "s of one core", None, "lower"))
    every = _median(lambda keys=keys: nearest(keys, asked, VIEW_BITS, 64))  # type: ignore[misc]
    results.append(Result("ten keys (mirrored, cropped) among 10,000,000", every, "s of one core", None, "lower"))
    del keys
    series = motion.residual(hour)
    own, _ = signatures.signatures(series)
    pointing = 0.0
    for hours in (110, A_VIEW, 11_000):
        windows = rng.integers(0, 1 << 63, hours * len(own), dtype=np.uint64) * np.uint64(2)
        windows[: len(own)] = own
        begins = np.arange(hours, dtype=np.int64) * len(own)
        seconds = _median(lambda w=windows, b=begins: signatures.pointed_at(series, w, b, COMPARED), turns=1)  # type: ignore[misc]
        pointing = seconds if hours == A_VIEW else pointing
        results.append(Result(f"an hour among {hours * len(own):,} windows of its view", seconds, "s of one core", None, "lower"))
    copy, honest = replace_room(lesson(1, first_s=0), hour), lesson(2)
    same = _median(lambda: compare(copy, hour, RULE, mirror=False), turns=1)
    other = _median(lambda: compare(hour, honest, RULE, mirror=False), turns=1)
    results += [
        Result("full comparison of an hour with its source", same, "s of one core", None, "lower"),
        Result("full comparison of an hour with an honest hour", other, "s of one core", None, "lower"),
    ]
    for views, seconds in _postgres(engines, hour):
        results.append(Result(f"views near an hour among {views:,} in PostgreSQL", seconds, "s", None, "lower"))
    results.append(Result("an hour among 10 M: its views by all ten keys, and what they point to", every + pointing, "s of one core", 1, "lower"))
    packed = len(motion.to_bytes(hour))
    results.append(Result("kept of an hour in the object store", packed / 1000, "kB", None, "lower"))
    results.append(Result("kept of an hour in the database", len(own) * 8 / 1000, "kB", None, "lower"))
    return results


def lesson(seed: int, *, first_s: float = 0) -> Motion:
    """An hour of drawn movement: twenty people who hold postures, sensor noise, one look in four seconds."""
    rng = np.random.default_rng([62, seed])
    moved = np.zeros((HOUR_S, 18, 32), np.float32)
    for _ in range(20):
        y, x = int(rng.integers(3, 14)), int(rng.integers(1, 30))
        changes = np.cumsum(rng.exponential(25, HOUR_S)).astype(int)
        held = np.zeros(HOUR_S, np.float32)
        for begin, level in zip(changes[changes < HOUR_S], rng.normal(0, 14, HOUR_S), strict=False):
            held[begin:] = level
        moved[:, y : y + 2, x : x + 2] += held[:, None, None]
    empty = np.random.default_rng([63, 1]).uniform(40, 210, (18, 32)).astype(np.float32)
    at = np.arange(0, HOUR_S - first_s, 4)
    fields = empty + moved[(at + first_s).astype(int)] + rng.normal(0, 0.2, (len(at), 18, 32))
    return Motion((at * 1000).astype(np.int64), fields.astype(np.float32), np.kron(empty, np.ones((10, 10))).astype(np.uint8))


def replace_room(copy: Motion, source: Motion) -> Motion:
    """A copy with other noise and a little less light."""
    noise = np.random.default_rng(64).normal(0, 0.4, copy.fields.shape)
    return replace(copy, fields=(copy.fields * 0.9 + noise).astype(np.float32), room=source.room)


def _postgres(engines: Engines, hour: Motion) -> list[tuple[int, float]]:
    rng = np.random.default_rng(65)
    found, written = [], 0
    assert engines.postgres is not None
    migrate.upgrade(engines.addresses.migration_database_url)
    database = Database(make_engine(engines.addresses.database_url))
    for views in PG_VIEWS:
        with psycopg.connect(engines.postgres.superuser_url("classproof"), autocommit=True) as admin, admin.cursor() as cursor:
            cursor.execute("insert into camera_view (made_at) select now() from generate_series(1, %s) returning id", (views - written,))
            ids = [row[0] for row in cursor.fetchall()]
            with cursor.copy("copy view_key (view_id, crop_permille, bits) from stdin") as copying:
                for view_id in ids:
                    bits = np.unpackbits(rng.integers(0, 256, (5, 32), dtype=np.uint8), axis=1)
                    for crop, row in zip((0, 25, 50, 75, 100), bits, strict=True):
                        copying.write_row((view_id, crop, "".join(map(str, row.tolist()))))
            cursor.execute("analyze view_key")
        written = views
        with database.transaction(SYSTEM) as session:
            found.append((views, _median(lambda s=session: near_views(s, hour.room, VIEW_BITS), clock=time.perf_counter)))  # type: ignore[misc]
    return found


def _median(act: Callable[[], object], turns: int = 3, clock: Callable[[], float] = time.process_time) -> float:
    taken = []
    for _ in range(turns):
        begun = clock()
        act()
        taken.append(clock() - begun)
    return statistics.median(taken)
