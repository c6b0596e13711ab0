"""Another day's clock is told to the bureau and to its own institution; what was learned of the camera is discarded by name. F-11, F-19."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import expect

from api.auth.roles import Role
from api.http.services import Services
from storage.database.session import SYSTEM
from storage.kernel.clock import BUREAU_ZONE
from tests.browser.conftest import People, in_both
from tests.factories.world import World, make_world
from tests.integration.spine.test_upload_to_catalogue import send
from tests.screened import film


@pytest.fixture
def screening_lane() -> bool:
    return True


@pytest.fixture
def recording(services: Services, work: Callable[[], None], tmp_path: Path) -> tuple[World, UUID]:
    with services.database.transaction(SYSTEM) as session:
        world = make_world(session, services.clock.now_at())
    begins = world.lessons[0].starts_at.astimezone(BUREAU_ZONE) - timedelta(days=3)
    path = film(tmp_path / "lesson.mp4", ((120, "busy"),), clock=lambda at: f"{begins + timedelta(seconds=at):%Y-%m-%d %H:%M:%S}")
    recording_id = send(services, world, path, file_name=world.file_name())
    work()
    return world, recording_id


def test_a_clock_of_another_day_is_told_and_what_was_learned_discarded(people: People, recording: tuple[World, UUID]) -> None:
    world, recording_id = recording
    page = people.signed_in(Role.BUREAU_OFFICER)
    page.goto(f"/leads?kind=clock-other-time&institution={world.institution.code}")
    page.get_by_role("link", name="Clock in the picture says another time").click()
    expect(page.get_by_text("the picture alone cannot tell which")).to_be_visible()
    expect(page.get_by_text("The clock was read at 40 of 40 instants.")).to_be_visible()
    in_both(page, people, page.url.removeprefix(people.site.url), "clock-lead")
    page.reload()
    page.get_by_role("main").get_by_role("link", name="Clocks in the picture").click()
    row = page.get_by_role("row").filter(has_text=world.cameras[0].code)
    expect(row).to_contain_text("YYYY-MM-DD hh:mm:ss")
    in_both(page, people, "/leads/clocks", "clocks")
    page.goto("/leads/clocks")
    row.get_by_text("Discard what was learned").click()
    people.expected.add(422)
    row.get_by_role("button", name="Discard and learn again").click()
    expect(page.get_by_role("alert")).to_contain_text("Say why")  # and the form stands open as it was sent
    row.get_by_label("Why it is discarded").fill("The recorder was replaced.")
    row.get_by_role("button", name="Discard and learn again").click()
    expect(row).to_contain_text("The recorder was replaced.")
    in_both(page, people, "/leads/clocks", "clocks-discarded")
    own = people.signed_in(Role.INSTITUTION_HEAD, world.institution.id)
    own.goto(f"/recordings/{recording_id}")
    expect(own.get_by_text("the picture alone cannot tell which")).to_be_visible()
    in_both(own, people, f"/recordings/{recording_id}", "clock-own")
