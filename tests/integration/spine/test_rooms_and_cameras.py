"""Where nothing films, nothing would be missing: no lesson goes into a room without a camera, and one that comes later is expected to film. R71."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api.auth.identify import cookie_name
from api.auth.origin import HEADER
from api.auth.roles import Role
from api.http.services import Services
from storage.database.session import SYSTEM
from storage.kernel.actor import SYSTEM_ACTOR
from storage.kernel.clock import BUREAU_ZONE
from supervision.classes import service as classes
from supervision.classes.errors import RoomWithoutCamera
from supervision.classes.models import Lesson
from supervision.footage.models import Slot
from supervision.institutions.models import Camera
from tests.factories.world import World, make_world
from tests.integration.auth.conftest import form_token_of
from tests.people import account_of, token_of
from tests.site_fixtures import Site

NOW = datetime(2026, 11, 24, 12, tzinfo=BUREAU_ZONE)


def test_no_lesson_is_filed_into_a_room_where_nothing_films(session: Session) -> None:
    world = make_world(session, NOW, ends_in_days=3)
    start = NOW + timedelta(days=1)
    line = classes.PlannedLesson(start.date(), 1, start, start + timedelta(hours=1), world.room.code, "孙三")

    def file() -> list[Lesson]:
        return classes.file_timetable(session, world.institution, world.training_class, [line], actor=SYSTEM_ACTOR, at=NOW)

    session.execute(update(Camera).where(Camera.room_id == world.room.id).values(active=False))
    with pytest.raises(RoomWithoutCamera, match=world.room.code):
        file()
    session.execute(update(Camera).where(Camera.room_id == world.room.id).values(active=True))
    assert len(file()) == 1


def by_api(site: Site, client: httpx.Client, world: World, code: str) -> None:
    token = form_token_of(client.get(f"/registry/{world.institution.id}").text)
    body = {"room": world.room.code, "code": code, "name": "后机位"}
    answer = client.post(f"/api/v1/institutions/{world.institution.id}/cameras", json=body, headers={"Origin": site.url, HEADER: token})
    assert answer.status_code == 201, answer.text


def by_page(site: Site, client: httpx.Client, world: World, code: str) -> None:
    page = f"/registry/{world.institution.id}"
    form = {"room": world.room.code, "code": code, "name": "后机位", "csrf_token": form_token_of(client.get(page).text)}
    answer = client.post(f"{page}/cameras", data=form, headers={"Origin": site.url})
    assert answer.status_code == 303, answer.text


@pytest.mark.parametrize("add", [by_api, by_page])
def test_a_camera_that_comes_later_is_expected_to_film_what_has_not_begun_and_nothing_else(
    site: Site, add: Callable[[Site, httpx.Client, World, str], None]
) -> None:
    services = site.services
    with services.database.transaction(SYSTEM) as session:
        world = make_world(session, services.clock.now_at(), ends_in_days=3)
        start = services.clock.now_at().astimezone(BUREAU_ZONE) + timedelta(days=1)
        line = classes.PlannedLesson(start.date(), 1, start, start + timedelta(minutes=30), world.room.code, "孙三")
        at = services.clock.now_at()
        (coming,) = classes.file_timetable(session, world.institution, world.training_class, [line], actor=SYSTEM_ACTOR, at=at)
    account = account_of(services, Role.BUREAU_OFFICER)
    code = f"{world.room.code}-C9"
    with httpx.Client(base_url=site.url, cookies={cookie_name(services.settings): token_of(services, account.id)}) as client:
        add(site, client, world, code)
    assert expected_of(services, code) == [coming.id]


def expected_of(services: Services, code: str) -> list[UUID]:
    with services.database.transaction(SYSTEM) as session:
        query = select(Slot.lesson_id).join(Camera, Camera.id == Slot.camera_id).where(Camera.code == code)
        return list(session.scalars(query))
