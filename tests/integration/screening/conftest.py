"""A recording of an institution, sent and verified like any other, with defects in known places."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from api.http.services import Services
from storage.database.session import SYSTEM
from tests.factories.world import World, make_world
from tests.integration.spine.test_upload_to_catalogue import send
from tests.screened import Part, film


@pytest.fixture
def screening_lane() -> bool:
    return True


DEFECTS: tuple[Part, ...] = ((60, "busy"), (60, "black"), (40, "busy"), (80, "frozen"), (60, "busy"))
Filmed = Callable[..., UUID]


@pytest.fixture
def world(services: Services) -> World:
    with services.database.transaction(SYSTEM) as session:
        return make_world(session, services.clock.now_at(), lessons=3, cameras=2)


@pytest.fixture
def filmed(services: Services, world: World, tmp_path: Path, run_jobs: Callable[[], None]) -> Filmed:
    """Send a film of these parts as the recording of a lesson; `screened=False` stops before anything is screened."""

    def make(parts: tuple[Part, ...] = DEFECTS, *, lesson: int = 0, screened: bool = True, **how: object) -> UUID:
        path = film(tmp_path / f"lesson-{lesson}.mp4", parts, **how)  # type: ignore[arg-type]
        recording_id = send(services, world, path, file_name=world.file_name(lesson=lesson))
        if screened:
            run_jobs()
        return recording_id

    return make
