"""What only a phone shows. UI.md."""

import pytest
from playwright.sync_api import expect

from api.auth.roles import Role
from tests.browser.conftest import NARROW_PX, People

pytestmark = pytest.mark.browser


def test_the_open_stage_is_in_the_picture_however_many_there_are(people: People) -> None:
    page = people.signed_in(Role.AUDITOR)
    page.set_viewport_size({"width": NARROW_PX, "height": 844})
    for path in ("/dashboard", "/accounts", "/exit"):
        page.goto(path)
        expect(page.locator(".stages [aria-current]")).to_be_in_viewport(ratio=0.95)  # rounding
