"""Pages whose scripts come late: what somebody presses meanwhile is not lost."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from api.auth.roles import Role
from api.wiring import job_handlers
from storage.database.session import SYSTEM
from tests.browser.conftest import People
from tests.factories.world import World
from tests.integration.sampling.stage import Stage
from tests.integration.site.test_own_copies import keep

pytestmark = pytest.mark.browser


def late(page: Page, script: str) -> list[Route]:
    """The script is held until the route is continued."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(rf"/static/js/{script}\.js"), hold)
    return held


def test_a_press_before_the_script_has_come_is_made_once_it_is_there(people: People) -> None:
    services = people.site.services
    with services.database.transaction(SYSTEM) as session:
        stage = Stage(session, now=services.clock.now_at())
        stage.world(3)
        code = stage.freeze(stage.plan().code).code
    page = people.signed_in(Role.BUREAU_OFFICER)
    held = late(page, "draws")
    page.goto(f"/draws/{code}", wait_until="commit")
    page.get_by_label("Name of the party").fill("监督股")
    page.get_by_role("button", name="Make my value").click()
    expect(page.locator("[data-value]")).to_be_hidden()
    assert len(held) == 1
    held[0].continue_()  # the line is there again
    expect(page.locator("[data-value]")).to_have_text(re.compile("^[0-9a-f]{64}$"))
    expect(page.get_by_role("button", name="I have kept it: commit")).to_be_enabled()


def test_a_copy_picked_before_the_script_has_come_is_read_once_it_is_there(people: People, world: World, tmp_path: Path) -> None:
    data = os.urandom(50_000)
    keep(people.site, world, data)
    job_handlers(people.site.services)["check-copies"]()
    own = tmp_path / "own.mp4"
    own.write_bytes(data)
    head = people.signed_in(Role.INSTITUTION_HEAD, world.institution.id)
    held = late(head, "copies")
    head.goto("/copies", wait_until="commit")
    head.get_by_label("Your own copy of this file").set_input_files(own)
    expect(head.get_by_label("Answer (SHA-256)")).to_have_value("")
    assert len(held) == 1
    held[0].continue_()
    expect(head.get_by_label("Answer (SHA-256)")).to_have_value(re.compile("^[0-9a-f]{64}$"))


def test_recordings_picked_before_the_script_has_come_are_listed_once_it_is_there(people: People, world: World, tmp_path: Path) -> None:
    recording = tmp_path / "lesson.mp4"
    recording.write_bytes(os.urandom(50_000))
    clerk = people.signed_in(Role.INSTITUTION_OPERATOR, world.institution.id)
    held = late(clerk, "upload")
    clerk.goto("/upload", wait_until="commit")
    clerk.locator("[data-part=files]").set_input_files(recording)
    assert len(held) == 1
    held[0].continue_()
    expect(clerk.get_by_text("lesson.mp4")).to_be_visible()
    assert clerk.locator("[data-part=files]").input_value() == ""  # the same file can be picked again
