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


def test_a_figure_of_the_machine_is_tried_on_held_out_recordings_before_anybody_decides(people: People) -> None:
    page = people.signed_in(Role.BUREAU_OFFICER)
    page.goto("/machine")
    page.get_by_role("link", name="What would another figure do?").click()
    page.get_by_label("Figure", exact=True).select_option("screening_black_s")
    page.get_by_label("Value to be tried").fill("many")
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_text("Write a whole number from 0 to 1,000,000.")).to_be_visible()
    expect(page.get_by_label("Figure", exact=True)).to_have_value("screening_black_s")
    page.get_by_label("Value to be tried").fill("400")
    page.get_by_role("button", name="Try it").click()
    row = page.get_by_role("row", name="Black picture")
    expect(row.get_by_text("changes")).to_be_visible()
    expect(row.locator(".figures").nth(2)).to_contain_text("0/")
    expect(page.get_by_role("row", name="Out of focus").get_by_text("changes")).to_have_count(0)
    path = page.url.removeprefix(people.site.url)
    for language in ("zh", "en"):
        page.context.add_cookies([{"name": "lang", "value": language, "url": people.site.url}])
        look(page, path, f"machine-figures-{language}")
    look(page, "/policy?q=screening", "policy-expected-errors-en")
    expect(page.locator("#screening_frozen_s")).to_contain_text("Expected error of “Frozen picture”: finds")
    look(page, "/policy?q=loop_", "policy-expected-errors-loops-en")
    expect(page.locator("#loop_closer_evidence")).to_contain_text("of the kind it finds worst")
    page.goto("/policy?q=screening_usual")
    expect(page.locator("#screening_usual_least")).to_contain_text("of honest lessons falsely")
    assert people.signed_in(Role.INSPECTOR).request.get("/machine/figures").status == 403  # whoever looks blind is not led


def test_the_figures_stand_by_subject_and_one_subject_alone(people: People) -> None:
    page = people.signed_in(Role.AUDITOR)
    page.goto("/policy")
    page.get_by_role("navigation", name="Subject").get_by_role("link", name="Keeping").click()
    expect(page.get_by_role("columnheader", name="Keeping")).to_be_in_viewport()
    page.locator("#policy-subject").select_option("retention")
    page.locator(".list-search button").click()
    expect(page.locator("#retention_years")).to_be_visible()
    expect(page.locator("#screening_black_s")).to_have_count(0)
