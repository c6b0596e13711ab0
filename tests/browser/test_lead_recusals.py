"""An officer with an interest in an institution enters it, and its leads are then somebody else's to judge. 2.3.2; R55, R60."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from api.auth.roles import Role
from api.http.services import Services
from storage.database.session import SYSTEM
from supervision.institutions.models import Institution
from supervision.screening.screening_models import LeadVerdict, ScreeningLead
from tests.browser.conftest import People, in_both
from tests.factories.screened_county import fill


@pytest.fixture
def lead(services: Services) -> str:
    """The address of a lead that nobody judged, of the institution N0001."""
    with services.database.transaction(SYSTEM) as session:
        fill(session, services.clock.now_at(), institutions=3, leads=80)
        said = select(LeadVerdict.id).where(LeadVerdict.lead_id == ScreeningLead.id).exists()
        found = session.scalars(
            select(ScreeningLead.id)
            .join(Institution, Institution.id == ScreeningLead.institution_id)
            .where(Institution.code == "N0001", ScreeningLead.related_recording_id.is_(None), ~said)
            .limit(1)
        ).one()
        return f"/leads/{found}"


def test_an_officer_who_enters_an_interest_leaves_the_leads_to_a_colleague(people: People, lead: str) -> None:
    page = people.signed_in(Role.BUREAU_OFFICER)
    page.goto(lead)
    expect(page.get_by_role("button", name="It is real")).to_be_visible()
    second = people.page(page.context)  # the same officer, who opened the lead before entering the interest
    second.goto(lead)
    page.get_by_role("link", name="Do you or a relative have to do with this institution?").click()
    page.get_by_label("Institution in the registry").select_option(label="N0001 古县启航职业技能培训学校有限责任公司1")
    page.get_by_role("button", name="Enter", exact=True).click()
    expect(page.get_by_text("No draw gives this person a lesson of these institutions")).to_be_visible()
    expect(page.get_by_text("End it")).to_have_count(0)
    in_both(page, people, page.url.removeprefix(people.site.url), "own-interests")
    page.goto(lead)
    expect(page.get_by_text("You stand aside.")).to_be_visible()
    expect(page.get_by_role("button", name="It is real")).to_have_count(0)
    in_both(page, people, lead, "lead-stand-aside")
    people.expected.add(409)
    second.get_by_role("button", name="It is real").click()
    expect(second.get_by_role("alert")).to_contain_text("Leave it to a colleague")
    leader = people.signed_in(Role.BUREAU_LEADER)
    leader.goto(lead)
    leader.get_by_role("button", name="It is real").click()
    expect(leader.get_by_role("region", name="Verdicts")).to_contain_text("real")
    in_both(leader, people, "/reviewers", "reviewers-officers")
