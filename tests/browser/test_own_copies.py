"""A principal answers a check of the own copy with the file in hand; an officer sees leads of a return under another name. Q3, F-14, F-29; UI.md."""

import os
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import expect

from api.auth.roles import Role
from api.wiring import job_handlers
from storage.database.session import SYSTEM
from supervision.institutions.models import Institution
from tests.browser.conftest import People, in_both
from tests.factories.world import World, make_world
from tests.integration.exit.stage import ExitStage
from tests.integration.site.test_own_copies import keep


def test_the_browser_computes_the_answer_from_the_own_file(people: People, world: World, tmp_path: Path) -> None:
    data = os.urandom(2_500_000)
    keep(people.site, world, data)
    job_handlers(people.site.services)["check-copies"]()
    own, other = tmp_path / "own.mp4", tmp_path / "other.mp4"
    own.write_bytes(data)
    other.write_bytes(bytes(len(data)))
    head = people.signed_in(Role.INSTITUTION_HEAD, world.institution.id)
    head.goto("/recordings")
    head.get_by_role("link", name="Own copies", exact=True).click()
    in_both(head, people, "/copies", "own-copies")
    people.expected.add(422)
    head.get_by_label("Answer (SHA-256)").fill("1234")
    head.get_by_role("button", name="Send the answer").click()
    expect(head.get_by_role("alert")).to_contain_text("Answer (SHA-256)")
    expect(head.get_by_label("Answer (SHA-256)")).to_have_value("1234")
    head.get_by_label("Your own copy of this file").set_input_files(own)
    expect(head.get_by_label("Answer (SHA-256)")).not_to_have_value("1234")
    head.get_by_role("button", name="Send the answer").click()
    expect(head.get_by_role("region", name="Own copies").get_by_text("the copy is there")).to_be_visible()
    officer = people.signed_in(Role.BUREAU_OFFICER)
    in_both(officer, people, "/copies", "own-copies-office")


def test_an_officer_sees_who_shares_what_with_an_excluded_institution(people: People, world: World) -> None:
    services = people.site.services
    with services.database.transaction(SYSTEM) as session:
        stage = ExitStage(session, now=services.clock.now_at() - timedelta(days=60))
        stage.in_force(stage.audited(session.get_one(Institution, world.institution.id)))
        make_world(session, services.clock.now_at(), name="古县启航职业技能培训学校有限责任公司")
    officer = people.signed_in(Role.BUREAU_OFFICER)
    officer.goto("/exit")
    officer.get_by_role("link", name="Return under another name").click()
    expect(officer.get_by_role("cell", name="古县启航职业技能培训学校有限责任公司")).to_be_visible()
    in_both(officer, people, "/exit/successors", "successors")
    officer.get_by_role("link", name="古县启航职业技能培训学校有限责任公司").click()
    expect(officer.get_by_text("A lead, not a verdict")).to_be_visible()
    in_both(officer, people, officer.url.removeprefix(people.site.url), "registry-lead")
