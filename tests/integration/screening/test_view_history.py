"""A camera without an approved view is held against what it showed before; people's word and an approval change what is known. F-09, F-12; R60."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import cv2
import pytest
from sqlalchemy import func, select

from api.auth.roles import Role
from api.http.services import Services
from api.wiring import bench, screener
from storage.database.session import PUBLIC, SYSTEM, Scope
from storage.kernel.actor import Actor
from supervision.footage.verification import verify
from supervision.screening import leads
from supervision.screening.looks import Code
from supervision.screening.screening_models import RunState, ScreeningLead
from supervision.screening.service import Screener, screen
from supervision.screening.signals.view_unusual import CODES
from supervision.screening.view_history_models import FirstLook
from tests.factories.world import World, make_world
from tests.integration.screening.test_leads import page
from tests.integration.spine.test_upload_to_catalogue import send
from tests.screened import film, room
from tests.site_fixtures import serving

OFFICER = Actor(kind="account", name="李四", role="bureau-officer")
Shown = Callable[[str], list[ScreeningLead]]


@pytest.fixture
def world(services: Services) -> World:
    with services.database.transaction(SYSTEM) as session:
        return make_world(session, services.clock.now_at(), lessons=9, cameras=1)


def test_a_camera_turned_before_the_lesson_is_told_until_it_is_put_back_or_somebody_knows_why(
    services: Services, world: World, tmp_path: Path
) -> None:
    tool = screener(services)
    sent: list[UUID] = []

    def shown(kind: str, how: Screener = tool) -> list[ScreeningLead]:
        path = film(tmp_path / f"{len(sent)}.mp4", ((12, kind),), fps=2, seed=1)
        sent.append(send(services, world, path, file_name=world.file_name(lesson=len(sent))))
        verify(bench(services), sent[-1])
        assert screen(how, sent[-1]) is RunState.DONE
        with services.database.transaction(SYSTEM) as session:
            found = select(ScreeningLead).where(ScreeningLead.recording_id == sent[-1], ScreeningLead.code.in_(CODES))
            return list(session.scalars(found))

    assert [shown("busy") for _ in range(3)] == [[], [], []]
    (turned,) = shown("moved")
    assert (turned.code, turned.technical, turned.clause, turned.from_ms) == (Code.TURNED_SINCE, True, "R71, F-09", 0)
    assert turned.figure == pytest.approx(75, abs=5)  # 48 of 640 pixels
    assert turned.still_key is not None
    assert shown("busy") == []  # put back
    (again,) = shown("moved")  # what was told is not what the camera usually shows
    (other,) = shown("elsewhere")
    assert (other.code, other.technical) == (Code.UNUSUAL_VIEW, False)
    with services.database.transaction(SYSTEM) as session:
        leads.judge(session, again.id, real=False, note="new shelf, camera moved with our knowledge", actor=OFFICER, at=services.clock.now_at())
    assert shown("moved") == []
    mine = Scope("institution", world.institution.id)
    for scope, looks in ((SYSTEM, 8), (mine, 0), (PUBLIC, 0)):
        with services.database.transaction(scope) as session:
            assert session.scalar(select(func.count()).select_from(FirstLook)) == looks
    with serving(services) as site:
        assert "该机位没有核定画面" in page(site, Role.BUREAU_OFFICER, f"/leads/{turned.id}").text
        own = page(site, Role.INSTITUTION_OPERATOR, f"/recordings/{sent[3]}", world.institution.id).text
        assert "机位与以往课次相比已移动" in own
    done, jpeg = cv2.imencode(".jpg", room(1, person=300))
    assert done
    approved = replace(tool, reference=lambda _session, _camera: jpeg.tobytes())
    assert shown("busy", approved) == []
    with services.database.transaction(SYSTEM) as session:
        assert session.scalar(select(func.count()).select_from(FirstLook)) == 0  # an approved view begins anew
