"""The same footage sent twice is reported, remuxed or not, to the bureau with all facts and to the sender with none of anybody else's. F-05, F-06."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from api.auth.identify import cookie_name
from api.auth.roles import Role
from api.http.services import Services
from api.wiring import bench
from storage.database.session import SYSTEM, Scope
from supervision.footage import queries, verification
from supervision.footage import service as footage
from supervision.footage.lifecycle import RecordingState
from supervision.footage.models import DuplicateLink
from supervision.footage.verification import verify
from tests import videos
from tests.factories.world import World, make_world
from tests.integration.spine.test_upload_to_catalogue import send
from tests.people import account_of, token_of
from tests.site_fixtures import Site, serving

SCENE = videos.Scene(seconds=6, fps=10)
SAME_BYTES, SAME_PACKETS = "same-bytes-as-earlier", "same-packets-as-earlier"


@pytest.fixture
def worlds(services: Services) -> tuple[World, World]:
    now = services.clock.now_at()
    with services.database.transaction(SYSTEM) as session:
        return make_world(session, now, lessons=4, name="鑫诚职业培训学校"), make_world(session, now, lessons=3, name="博远职业培训学校")


def remarks(services: Services, recording_id: UUID) -> set[str]:
    with services.database.transaction(SYSTEM) as session:
        row = footage.find(session, recording_id, None)
        assert row.state in (RecordingState.VERIFIED, RecordingState.RETAINED)
        return {r for r in (row.media or {})["remarks"] if r.startswith("same-")}


def ask(site: Site, role: Role, institution_id: UUID | None, path: str) -> str:
    account = account_of(site.services, role, institution_id)
    cookies = {cookie_name(site.services.settings): token_of(site.services, account.id)}
    answer = httpx.get(site.url + path, cookies=cookies)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_repetition_is_reported_and_tells_the_sender_nothing_of_the_other_institution(
    services: Services, worlds: tuple[World, World], run_jobs: Callable[[], None], tmp_path: Path
) -> None:
    mine, theirs = worlds
    original = videos.film(tmp_path / "original.mp4", "mp4", SCENE)
    first = send(services, mine, original, file_name=mine.file_name(lesson=0))
    run_jobs()
    sent = {
        "again": (mine, original, 1, SAME_BYTES),
        "remuxed": (mine, videos.film(tmp_path / "a.mkv", "mkv", SCENE), 2, SAME_PACKETS),
        "copied": (theirs, original, 0, SAME_BYTES),
        "copied-remuxed": (theirs, videos.film(tmp_path / "b.ts", "ts", SCENE), 1, SAME_PACKETS),
        "own": (theirs, videos.film(tmp_path / "c.mp4", "mp4", videos.Scene(seconds=6, fps=10, seed=2)), 2, None),
    }
    ids = {}
    for name, (world, path, lesson, _) in sent.items():
        ids[name] = send(services, world, path, file_name=world.file_name(lesson=lesson, suffix=path.suffix[1:]))
        run_jobs()
    assert remarks(services, first) == set()
    for name, (_, _, _, kind) in sent.items():
        assert (kind is None) == (remarks(services, ids[name]) == set()), name
        assert kind is None or kind in remarks(services, ids[name])
        with services.database.transaction(SYSTEM) as session:
            told = {(twin.recording_id, twin.kind) for twin in queries.twins(session, ids[name])}
            assert kind is None or (first, kind) in told
    secrets = (mine.institution.name, mine.institution.code, str(mine.institution.id), str(first), mine.slot.natural_id)
    with serving(services) as site:
        for name in ("copied", "copied-remuxed"):
            for path in (f"/api/v1/recordings/{ids[name]}", f"/recordings/{ids[name]}"):
                seen = ask(site, Role.INSTITUTION_OPERATOR, theirs.institution.id, path)
                assert [s for s in secrets if s in seen] == []
            for path in (f"/api/v1/recordings/{ids[name]}", f"/recordings/{ids[name]}"):
                seen = ask(site, Role.BUREAU_OFFICER, None, path)
                assert mine.institution.name in seen
                assert str(first) in seen
                assert str(first) not in ask(site, Role.INSPECTOR, None, path)  # a lead waits for their own verdict (G17)
    with services.database.transaction(Scope("institution", theirs.institution.id)) as session:
        assert session.scalars(select(DuplicateLink)).all() == []
        assert queries.twins(session, ids["copied"]) == []


def test_an_upload_opened_early_and_finished_late_is_still_reported(
    services: Services, worlds: tuple[World, World], run_jobs: Callable[[], None], tmp_path: Path
) -> None:
    mine, theirs = worlds
    path = videos.film(tmp_path / "original.mp4", "mp4", SCENE)
    early = send(services, theirs, path, finish=False)
    honest = send(services, mine, path)
    run_jobs()
    assert remarks(services, honest) == set()
    assert early < honest
    assert send(services, theirs, path) == early
    run_jobs()
    assert remarks(services, early) == {SAME_BYTES}


def test_of_two_copies_measured_at_the_same_moment_one_reports(
    services: Services, worlds: tuple[World, World], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = videos.film(tmp_path / "original.mp4", "mp4", SCENE)
    ids = [send(services, world, path) for world in worlds]
    both, measure = threading.Barrier(2, timeout=30), verification.measure

    def measure_together(*args: object) -> object:
        measured = measure(*args)  # type: ignore[arg-type]  # as called
        both.wait()
        return measured

    monkeypatch.setattr(verification, "measure", measure_together)
    tools = bench(services)
    with ThreadPoolExecutor(2) as pool:
        assert set(pool.map(lambda i: verify(tools, i), ids)) == {RecordingState.VERIFIED}
    assert sorted(len(remarks(services, i)) for i in ids) == [0, 1]
