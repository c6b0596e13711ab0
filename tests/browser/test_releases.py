"""An H.265 recording plays through its blurred copy; its original is opened for one person after another has agreed. 2.3.2."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from api.auth.roles import Role
from api.http.services import Services
from tests.browser.conftest import People, in_both
from tests.browser.review_stage import drawn_assignment, inspector_of
from tests.site_fixtures import Hands


def plays(page: Page, position: str) -> None:
    page.locator('[data-act="toggle"]').click()
    expect(page.locator('[data-part="position"]')).not_to_have_text(position)
    page.locator('[data-act="toggle"]').click()
    assert page.locator("video").first.evaluate("v => v.videoWidth") > 0, "no picture was decoded"


def test_an_h265_lesson_is_reviewed_in_its_copy_and_its_original_needs_somebody_elses_yes(
    services: Services, hands: Hands, work: Callable[[], None], people: People, tmp_path: Path
) -> None:
    page, officer = people.signed_in(Role.INSPECTOR), people.signed_in(Role.BUREAU_OFFICER)
    assignment = drawn_assignment(services, hands, work, inspector_of(services, people, page), tmp_path, codec="hevc")
    page.goto(f"/review/{assignment}")
    page.locator("[action$='/start'] button").click()
    expect(page.locator("[data-camera].large video")).to_have_attribute("data-zero-ms", re.compile(r"\d+"))
    plays(page, "00:00:00.000")
    page.get_by_role("link", name="Ask for the original").click()
    in_both(page, people, page.url.removeprefix(people.site.url), "release-ask")
    page.reload()
    page.get_by_label("To", exact=True).fill("00:00:20")
    page.get_by_label("Why the blurred copy is not enough").fill("The badge of the teacher cannot be read.")
    page.get_by_role("button", name="Ask for the original").click()
    expect(page.get_by_text("Nobody has decided yet.")).to_be_visible()
    in_both(officer, people, "/releases", "releases-waiting")
    officer.get_by_role("button", name="Approve", exact=True).click()
    in_both(officer, people, "/releases", "releases-decided")
    work()
    page.reload()
    page.get_by_role("button", name="Open the original").click()
    expect(page.get_by_role("region", name="Original, unblurred")).to_be_visible()
    plays(page, "00:00:00.000")
