"""The figures of the policy on a screen and on a phone, in both languages. R20."""

import pytest
from playwright.sync_api import expect

from api.auth.roles import Role
from tests.browser.conftest import People, look

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_inspector_finds_a_figure_by_its_words_and_another_day(people: People, language: str) -> None:
    page = people.signed_in(Role.INSPECTOR)
    people.speak(page, language)
    look(page, "/policy", f"policy-{language}")
    page.locator("#list-q").fill("R73")
    page.locator("#policy-on").fill("2023-05-04")
    page.locator(".list-search button").click()
    expect(page.locator("#retention_years")).to_contain_text("尚未生效" if language == "zh" else "not yet in force")
    page.locator("#policy-on").fill("2023-05-05")
    page.locator(".list-search button").click()
    expect(page.locator("#retention_years .num")).to_contain_text("2")
