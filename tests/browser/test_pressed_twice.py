"""A button pressed twice does what it does once, and works again after the Back button. UI.md."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from api.auth.roles import Role
from storage.database.session import SYSTEM
from storage.kernel.clock import BUREAU_ZONE
from supervision.sampling.models import DrawRound
from tests.browser.conftest import People

pytestmark = pytest.mark.browser


def planned(page: Page, people: People, title: str) -> None:
    now = people.site.services.clock.now_at().astimezone(BUREAU_ZONE)
    page.get_by_role("button", name="Plan a round").click()
    page.get_by_label("Title", exact=True).fill(title)
    page.get_by_label("First day of the lessons").fill(f"{now - timedelta(days=5):%Y-%m-%d}")
    page.get_by_label("Last day of the lessons").fill(f"{now:%Y-%m-%d}")
    page.get_by_label("Public value that will be awaited").fill("Closing value of the index")
    page.get_by_label("When it becomes known").fill(f"{now + timedelta(minutes=20):%Y-%m-%dT%H:%M}")


def rounds(people: People, title: str) -> int:
    with people.site.services.database.transaction(SYSTEM) as session:
        return session.scalar(select(func.count()).where(DrawRound.title == title)) or 0


def test_a_button_pressed_twice_acts_once_and_the_form_works_again_after_going_back(people: People) -> None:
    page = people.signed_in(Role.BUREAU_OFFICER)
    page.goto("/draws")
    planned(page, people, "pressed twice")
    line = page.context.new_cdp_session(page)  # the first press has reached the server, its answer is on the way
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", {"offline": False, "latency": 700, "downloadThroughput": -1, "uploadThroughput": -1})
    page.get_by_role("button", name="Announce the round").evaluate("button => { button.click(); setTimeout(() => button.click(), 300) }")
    expect(page.get_by_role("heading", level=1)).to_contain_text("pressed twice", timeout=20_000)
    assert rounds(people, "pressed twice") == 1
    line.detach()
    page.go_back()
    planned(page, people, "after going back")
    page.get_by_role("button", name="Announce the round").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("after going back")
    assert rounds(people, "after going back") == 1
