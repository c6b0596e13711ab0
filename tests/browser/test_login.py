"""The door as a person meets it."""

import pyotp
import pytest
from playwright.sync_api import Page, expect

from api.auth.roles import Role
from tests.browser.conftest import People, look, violations
from tests.factories.world import World
from tests.people import PASSWORD, account_of
from tests.site_fixtures import Hands

pytestmark = pytest.mark.browser


def enter(page: Page, name: str, password: str) -> None:
    page.locator("[name=name]").fill(name)
    page.locator("[name=password]").fill(password)
    page.locator("main form .primary").click()


def test_a_wrong_password_is_told_and_the_right_one_opens_the_coverage(people: People, world: World) -> None:
    people.expected.add(401)
    account = account_of(people.site.services, Role.INSTITUTION_OPERATOR, world.institution.id)
    page = people.stranger()
    page.goto("/coverage")
    enter(page, account.login_name, "not the password at all")
    expect(page.get_by_role("alert")).to_be_visible()
    enter(page, account.login_name, PASSWORD)
    expect(page.get_by_role("heading", level=1, name="Coverage")).to_be_visible()
    assert page.url.startswith(f"{people.site.url}/coverage")


def test_an_officer_links_a_code_device_and_is_in(people: People) -> None:
    account = account_of(people.site.services, Role.BUREAU_OFFICER)
    page = people.stranger()
    page.goto("/login")
    enter(page, account.login_name, PASSWORD)
    secret = page.locator("code").inner_text().replace(" ", "")
    page.locator("[name=code]").fill(pyotp.TOTP(secret).at(people.site.services.clock.now_at()))
    page.get_by_role("button", name="Link").click()
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()


def test_a_wrong_code_is_told_a_used_one_too_and_the_next_one_opens(people: People, hands: Hands) -> None:
    people.expected.add(401)
    account = account_of(people.site.services, Role.LEGAL_OFFICER)
    page = people.stranger()
    page.goto("/login")
    enter(page, account.login_name, PASSWORD)
    secret = page.locator("code").inner_text().replace(" ", "")
    look_on(page, "link-a-device")
    used = pyotp.TOTP(secret).at(people.site.services.clock.now_at())
    send_code(page, used)
    expect(page.locator(".viewer")).to_be_visible()
    again = people.stranger()
    again.goto("/login")
    enter(again, account.login_name, PASSWORD)
    for wrong in ("000000" if used != "000000" else "111111", used):
        send_code(again, wrong)
        expect(again.get_by_role("alert")).to_be_visible()
        expect(again.locator("[name=code]")).to_be_visible()
    look_on(again, "wrong-code")
    hands.forward(seconds=31)
    send_code(again, pyotp.TOTP(secret).at(people.site.services.clock.now_at()))
    expect(again.locator(".viewer")).to_be_visible()


def send_code(page: Page, code: str) -> None:
    page.locator("[name=code]").fill(code)
    page.locator("main form .primary").click()


def look_on(page: Page, name: str) -> None:
    """A page that stands only after what was just done: both widths without asking for it again."""
    for width_px in (1440, 390):
        page.set_viewport_size({"width": width_px, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width_px, name
    assert not (found := violations(page)), (name, found)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pages_of_ones_own_account_are_accessible(people: People, world: World, language: str) -> None:
    account = account_of(people.site.services, Role.INSTITUTION_HEAD, world.institution.id)
    page = people.stranger(language)
    page.goto("/login")
    enter(page, account.login_name, PASSWORD)
    expect(page.locator(".viewer")).to_be_visible()
    for path in ("/account/password", "/account/code"):
        look(page, path, f"{path[9:]}-{language}")
    page.locator("[action='/account/code/start'] button").click()
    expect(page.locator("figure.qr svg")).to_be_visible()
    look_on(page, f"enrol-{language}")
    page.locator("main label").first.evaluate("(label) => label.remove()")
    assert "label" in {rule for rule, *_ in violations(page)}  # axe does see what is wrong


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_door_is_accessible(people: People, language: str) -> None:
    look(people.stranger(language), "/login", f"login-{language}")
