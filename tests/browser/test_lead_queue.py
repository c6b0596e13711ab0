"""A thousand leads worked through by keyboard, one named verdict at a time; folded, narrowed and disputed, wide and on a phone. R60, R72; UI.md."""

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from api.auth.roles import Role
from api.http.services import Services
from storage.database.session import SYSTEM
from supervision.screening.screening_models import LeadVerdict, ScreeningLead
from tests.browser.conftest import People, in_both
from tests.factories.screened_county import fill

ADDRESS = "/leads?kind=technical&judged=no&strength=300"


@pytest.fixture
def county(services: Services) -> Services:
    with services.database.transaction(SYSTEM) as session:
        fill(session, services.clock.now_at(), institutions=200, leads=1000)
    return services


def test_the_queue_is_walked_by_keyboard_and_only_a_button_judges(people: People, county: Services) -> None:
    page = people.signed_in(Role.BUREAU_OFFICER)
    page.goto(ADDRESS)
    page.get_by_role("table").get_by_role("link").first.click()
    page.wait_for_url(re.compile(r"/leads/[0-9a-f-]{36}"))
    first = page.url
    page.keyboard.press("p")  # nothing is before the first
    page.keyboard.press("n")
    expect(page).not_to_have_url(first)
    page.wait_for_url(re.compile(r"judged=no"))
    second = page.url
    page.keyboard.press("p")
    expect(page).to_have_url(first)
    page.get_by_label("What did you see?").press_sequentially("napkin on the lens")  # an n within a text goes nowhere
    expect(page.get_by_label("What did you see?")).to_have_value("napkin on the lens")
    for key in ("y", "r", "Enter"):
        page.get_by_role("heading", level=1).press(key)
    with county.database.transaction(SYSTEM) as session:
        assert session.scalar(select(LeadVerdict.id).where(LeadVerdict.note.contains("napkin"))) is None
    page.get_by_role("button", name="It is real").click()
    expect(page.get_by_role("region", name="Verdicts")).to_contain_text("napkin on the lens")
    expect(page).to_have_url(f"{first}#said")  # one sees what was saved, and is still in the queue
    page.keyboard.press("n")
    expect(page).to_have_url(second)
    page.locator("p.back a").click()
    expect(page.get_by_label("Verdict")).to_have_value("no")
    expect(page.get_by_label("Strength")).to_have_value("300")


def test_many_leads_of_one_recording_are_one_row_that_opens(people: People, county: Services) -> None:
    page = people.signed_in(Role.BUREAU_OFFICER)
    in_both(page, people, "/leads", "leads-many")
    in_both(page, people, f"{ADDRESS}&order=found", "leads-narrowed")
    page.goto("/leads")
    while not page.get_by_role("link", name="and 49 further leads of this recording").count():
        page.get_by_role("link", name="Next page").click()
    page.get_by_role("link", name="and 49 further leads of this recording").first.click()
    expect(page.get_by_text("Only the leads of one recording:")).to_be_visible()
    expect(page.get_by_role("table").get_by_role("row")).to_have_count(51)
    in_both(page, people, page.url.removeprefix(people.site.url), "leads-of-one")
    page.reload()
    page.get_by_label("Strength").select_option("600")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("Only the leads of one recording:")).to_be_visible()  # narrowing stays with the recording
    page.get_by_role("link", name="show all recordings").click()
    expect(page.get_by_label("Strength")).to_have_value("600")


def test_two_people_who_disagree_are_told_on_the_lead_in_the_list_and_in_the_precision(people: People, county: Services) -> None:
    with county.database.transaction(SYSTEM) as session:
        lead = session.scalars(
            select(ScreeningLead).where(ScreeningLead.id.not_in(select(LeadVerdict.lead_id)), ScreeningLead.technical).limit(1)
        ).one()
        address, kind = f"/leads/{lead.id}", lead.code.value
    one, other = people.signed_in(Role.BUREAU_OFFICER), people.signed_in(Role.BUREAU_LEADER)
    one.goto(address)
    one.get_by_role("button", name="It is real").click()
    expect(one.get_by_role("region", name="Verdicts")).to_contain_text("real")
    other.goto(address)
    other.get_by_label("What did you see?").fill("The lights were out for a film.")
    other.get_by_role("button", name="It is not real").click()
    expect(other.get_by_text("People disagree.")).to_be_visible()
    one.goto(address)
    one.get_by_label("What did you see?").fill("Seen again: the lens cap.")
    one.get_by_role("button", name="It is real").click()
    expect(one.get_by_text("(changed since)")).to_have_count(1)
    in_both(one, people, f"{address}?kind={kind}&judged=disputed", "lead-disputed")
    in_both(one, people, f"/leads?kind={kind}&judged=disputed", "leads-disputed")
    expect(one.get_by_role("table")).to_contain_text("people disagree")
    in_both(one, people, "/machine", "machine-disputed")
    expect(one.locator(f"tr#{kind}")).to_contain_text("disputed, not counted")
