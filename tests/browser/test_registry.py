"""An officer enters an institution with all that belongs to it, and a clerk's roster comes in whole or not at all."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from api.auth.roles import Role
from tests.browser.conftest import People, look
from tests.factories.world import World

pytestmark = pytest.mark.browser
GOOD = "姓名,身份证号\n王小明,11010519491231002X\n"
BAD = "姓名,身份证号\n,11010519491231002X\n李四,123\n"


def add(page: Page, what: str, **fields: str) -> None:
    page.locator(f'[data-opens="add-{what}"]').click()
    dialog = page.locator(f"#add-{what}")
    for name, value in fields.items():
        field = dialog.locator(f"[name={name}]")
        if field.evaluate("e => e.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(f"#add-{what}")).to_be_hidden()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_an_institution_is_entered_with_all_that_belongs_to_it(people: People) -> None:
    page = people.signed_in(Role.BUREAU_OFFICER)
    page.goto("/registry")
    page.get_by_role("button", name="Enter an institution").click()
    dialog = page.locator("#enter")
    for name, value in {"code": "GX777", "name": "山城技能学校", "principal": "赵一", "legal_representative": "钱二"}.items():
        dialog.locator(f"[name={name}]").fill(value)
    dialog.get_by_role("button", name="Enter", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="山城技能学校")).to_be_visible()
    today = date.today()  # noqa: DTZ011 — days in a form, a month on both sides
    first, last = (today - timedelta(days=30)).isoformat(), (today + timedelta(days=300)).isoformat()
    add(page, "qualifications", title="办学许可证", number="N-1", issued_by="古县人社局", valid_from=first, valid_until=last)
    add(page, "teaching-points", code="GX777-P1", name="城关", address="古县城关")
    add(page, "rooms", teaching_point="GX777-P1", code="GX777-A1", name="一号教室", capacity="40")
    add(page, "cameras", room="GX777-A1", code="GX777-A1-C1", name="机位1")
    add(page, "agreements", number="GX777-001", year=str(today.year), task_persons="50", signed_on=first, valid_from=first, valid_until=last)
    add(page, "classes", agreement="GX777-001", code="GX777-K1", trade="中式面点师", starts_on=today.isoformat(), ends_on=last)
    expect(page.get_by_role("link", name="GX777-K1")).to_be_visible()
    expect(page.get_by_role("cell", name="GX777-A1-C1")).to_be_visible()


def test_a_roster_shows_every_bad_row_and_then_comes_in(people: People, world: World, tmp_path: Path) -> None:
    people.expected.add(422)
    page = people.signed_in(Role.BUREAU_OFFICER)
    page.goto(f"/classes/{world.training_class.code}")
    sheet = tmp_path / "roster.csv"
    sheet.write_text(BAD, encoding="utf-8-sig")
    page.locator("#sheet").set_input_files(sheet)
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("table", name="Bad rows")).to_be_visible()
    expect(page.get_by_role("table", name="Bad rows").get_by_role("row")).to_have_count(3)
    sheet.write_text(GOOD, encoding="utf-8-sig")
    page.locator("#sheet").set_input_files(sheet)
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("Roster imported.")).to_be_visible()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_registry_is_accessible(people: People, world: World, language: str) -> None:
    page = people.signed_in(Role.BUREAU_OFFICER, language=language)
    for name, path in {"registry": "/registry", "institution": f"/registry/{world.institution.id}", "bureau-coverage": "/coverage"}.items():
        look(page, path, f"{name}-{language}")
