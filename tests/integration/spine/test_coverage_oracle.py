"""The database's coverage against the pure oracle, on random pieces."""

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psycopg
from psycopg.types.range import Range

from api.http.services import Services
from storage.database.session import SYSTEM
from storage.kernel.span import Span, intersect, union
from supervision.footage.coverage import coverage
from supervision.footage.rules import classify_holes
from tests import videos
from tests.factories.world import COVERAGE, make_world
from tests.integration.conftest import TestDatabase
from tests.integration.spine.test_upload_to_catalogue import send


def test_the_database_and_the_oracle_name_the_same_holes(
    services: Services, run_jobs: Callable[[], None], fresh_database: TestDatabase, tmp_path: Path
) -> None:
    with services.database.transaction(SYSTEM) as session:
        world = make_world(session, services.clock.now_at(), length=timedelta(minutes=20))
    recording_id = send(services, world, videos.film(tmp_path / "a.mp4", "mp4", videos.Scene(seconds=2, fps=5)))
    run_jobs()
    scheduled = Span(world.slot.span.lower, world.slot.span.upper)
    chance = random.Random(20261124)
    for _ in range(60):
        pieces = []
        for _ in range(chance.randint(0, 6)):
            start_s = chance.randint(-100, 1150)
            pieces.append(
                Span(scheduled.start_at + timedelta(seconds=start_s), scheduled.start_at + timedelta(seconds=start_s + chance.randint(1, 500)))
            )
        with psycopg.connect(fresh_database.superuser_url, autocommit=True) as behind:
            behind.execute("delete from recorded_span")
            for piece in pieces:
                behind.execute(
                    "insert into recorded_span (institution_id, recording_id, camera_id, span, media_start_ms) values (%s, %s, %s, %s, 0)",
                    (world.institution.id, recording_id, world.cameras[0].id, Range(piece.start_at, piece.end_at)),
                )
        with services.database.transaction(SYSTEM) as session:
            found = coverage(session, [world.slot.id], COVERAGE)[world.slot.id]
        holes = classify_holes(scheduled, pieces, COVERAGE)
        assert list(found.proven) == union(intersect([scheduled], pieces))
        assert list(found.joins) == [h.span for h in holes if h.kind == "join"]
        assert list(found.edges) == [h.span for h in holes if h.kind == "edge"]
        assert list(found.missing) == [h.span for h in holes if h.kind not in ("join", "edge")]
