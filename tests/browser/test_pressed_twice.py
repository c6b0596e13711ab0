"""A button pressed twice does what it does once, and what was sent after the session ended is not typed twice. UI.md: errors keep what was typed."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from api.auth.models import Account
from api.auth.roles import Role
from api.auth.sessions import end_all
from storage.database.session import SYSTEM
from storage.kernel.clock import BUREAU_ZONE
from supervision.sampling.models import DrawRound
from tests.browser.conftest import People
from tests.factories.world import World
from tests.people import PASSWORD

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


def test_a_form_sent_after_the_session_ended_is_filled_again_after_sign_in(people: People, world: World) -> None:
    page = people.signed_in(Role.INSTITUTION_OPERATOR, world.institution.id)
    page.goto(f"/slots/{world.slot.id}")
    page.get_by_label("What happened").fill("停电，供电所通知第12号")
    page.get_by_label("Cause").select_option("camera-fault")
    with people.site.services.database.transaction(SYSTEM) as session:
        login = session.get_one(Account, people.accounts[page.context]).login_name
        end_all(session, people.accounts[page.context], at=people.site.services.clock.now_at())
    page.get_by_role("button", name="Submit the explanation").click()
    expect(page.get_by_text("Your session had ended: nothing was sent.")).to_be_visible()
    page.locator("[name=name]").fill(login)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main form .primary").click()
    expect(page.get_by_text("This is what you had typed")).to_be_visible()
    expect(page.get_by_label("What happened")).to_have_value("停电，供电所通知第12号")
    expect(page.get_by_label("Cause")).to_have_value("camera-fault")
    page.reload()
    expect(page.get_by_label("What happened")).to_have_value("")  # kept for one opening only
    page.get_by_label("What happened").fill("停电，供电所通知第12号")
    page.get_by_role("button", name="Submit the explanation").click()
    expect(page.get_by_text("waiting for the bureau")).to_be_visible()
