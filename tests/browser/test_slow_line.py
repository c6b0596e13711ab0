"""Pages whose scripts come late: what somebody presses meanwhile is not lost."""

import re

import pytest
from playwright.sync_api import Route, expect

from api.auth.roles import Role
from storage.database.session import SYSTEM
from tests.browser.conftest import People
from tests.integration.sampling.stage import Stage

pytestmark = pytest.mark.browser


def test_a_press_before_the_script_has_come_is_made_once_it_is_there(people: People) -> None:
    services = people.site.services
    with services.database.transaction(SYSTEM) as session:
        stage = Stage(session, now=services.clock.now_at())
        stage.world(3)
        code = stage.freeze(stage.plan().code).code
    page = people.signed_in(Role.BUREAU_OFFICER)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(r"/static/js/draws\.js"), hold)
    page.goto(f"/draws/{code}", wait_until="commit")
    page.get_by_label("Name of the party").fill("监督股")
    page.get_by_role("button", name="Make my value").click()
    expect(page.locator("[data-value]")).to_be_hidden()
    assert len(held) == 1
    held[0].continue_()  # the line is there again
    expect(page.locator("[data-value]")).to_have_text(re.compile("^[0-9a-f]{64}$"))
    expect(page.get_by_role("button", name="I have kept it: commit")).to_be_enabled()
