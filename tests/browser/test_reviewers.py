"""Figures, looks and interests in a browser: wide and narrow, in both languages, by keyboard. G16; R55."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from api.auth.roles import Role
from storage.database.session import SYSTEM
from tests import videos
from tests.browser.conftest import People, in_both, look
from tests.browser.keyboard import press, tab_to, walk
from tests.browser.test_draw_and_findings import opened_by
from tests.factories.county import County
from tests.factories.world import make_world
from tests.integration.spine.test_upload_to_catalogue import send
from tests.site_fixtures import Hands, Site


@pytest.fixture
def county(site: Site, hands: Hands, work: Callable[[], None], tmp_path: Path) -> Iterator[County]:
    with site.services.database.transaction(SYSTEM) as session:
        world = make_world(session, site.services.clock.now_at())
    send(site.services, world, videos.film(tmp_path / "lesson.mp4", "mp4", videos.Scene(seconds=120, fps=10, gop=20)))
    work()
    made = County(site, hands, world, work)
    yield made
    for client in made.clients:
        client.close()


def test_the_office_sees_who_looks_how_well_and_what_waits_and_an_inspector_declares_an_interest(people: People, county: County) -> None:
    officer, inspector = county.person(Role.BUREAU_OFFICER), county.person(Role.INSPECTOR)
    line = county.assigned(officer)
    _, place = county.task_of([inspector], line["natural_id"])
    county.look(inspector, place, finding={"defect": "lesson-not-held", "severity": "serious", "note": "无教师"})
    county.work()  # nobody else may look: the second look waits

    office = opened_by(people, officer)
    in_both(office, people, "/reviewers", "reviewers-waiting")
    expect(office.get_by_text(f"no eligible inspector for the second look of {line['natural_id']}")).to_be_visible()
    in_both(office, people, f"/draws/{line['code']}/looks", "looks-waiting")
    newcomer = county.person(Role.INSPECTOR)
    press(office, f"[action='/draws/{line['code']}/looks'] button")
    expect(office.get_by_text("Looks that nobody may make")).to_have_count(0)
    _, again = county.task_of([newcomer], line["natural_id"])
    county.work()
    county.look(newcomer, again, finding={"defect": "lesson-not-held", "severity": "serious", "note": "无教师"})
    county.work()
    assert officer.http.post(f"/draws/{line['code']}/close").status_code == 303
    in_both(office, people, f"/draws/{line['code']}/looks", "looks-closed")
    in_both(office, people, "/reviewers", "reviewers")
    expect(office.get_by_role("table")).to_contain_text("too few")

    own = opened_by(people, newcomer)
    in_both(own, people, "/reviewers/me", "my-figures")
    walk(own)
    own.select_option("#kind", "kin")
    tab_to(own, "#person_name")
    own.keyboard.type("赵一")
    tab_to(own, "#relation")
    own.keyboard.type("配偶")
    own.keyboard.press("Enter")
    expect(own.get_by_text("赵一 (配偶)")).to_be_visible()

    office.goto("/reviewers")
    office.locator(f"a[href='/inspectors/{newcomer.name}/interests']").click()
    look(office, f"/inspectors/{newcomer.name}/interests", "interests")
    expect(office.get_by_text("a relative's name is that of the principal")).to_be_visible()
    office.get_by_label("Reason").first.fill("户口簿核对一致")
    office.get_by_role("button", name="It is so: bar").click()
    expect(office.get_by_text("recusal in force")).to_be_visible()
    in_both(office, people, f"/inspectors/{newcomer.name}/interests", "interests-barred")
