"""A rating from its opening to publication, an item from its record to its repair, in Chromium by the people concerned. R61–R67; 2.3.4."""

import re
from datetime import date
from pathlib import Path

from playwright.sync_api import Page, expect

from api.auth.roles import Role
from compliance.policy.book import Book
from compliance.rating import items
from compliance.rating.models import Ground
from compliance.rating.ruleset import in_force
from compliance.rating.terms import ItemClass
from storage.database.session import SYSTEM
from storage.kernel.actor import SYSTEM_ACTOR
from supervision.outcomes import official
from tests.browser.conftest import People, bare, in_both, refused
from tests.factories.world import World
from tests.integration.rating.stage import OFFICER, SECOND
from tests.site_fixtures import Hands


def pressed(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_a_year_is_rated_objected_to_decided_and_published(people: People, world: World, hands: Hands) -> None:
    year = people.site.services.clock.today_on().year
    people.expected |= {409, 422}
    with people.site.services.database.transaction(SYSTEM) as session:
        told = {"actor": SYSTEM_ACTOR, "at": people.site.services.clock.now_at()}
        said = official.record_complaint(session, world.institution.id, received_on=date(year, 1, 1), summary="反映缺课", **told)
        official.decide_complaint(session, said.id, substantiated=True, found="当日无课", **told)
    officer, leader = people.signed_in(Role.BUREAU_OFFICER), people.signed_in(Role.BUREAU_LEADER)
    head = people.signed_in(Role.INSTITUTION_HEAD, world.institution.id)
    officer.goto(f"/credit?year={year}")
    pressed(officer, f"Begin the rating of {year}")
    expect(officer.get_by_text("Done for 1 rating")).to_be_visible()
    for bulk in ("Freeze and score all (1)", "All scores are checked (1)", "Serve all notices (1)"):
        pressed(officer, bulk)
    code = f"R{year}-0001"
    head.goto("/credit")
    expect(head.get_by_role("heading", level=1)).to_contain_text(world.institution.name)
    head.get_by_role("link", name=code, exact=True).click()
    bare(head)
    head.get_by_label("Your points").fill("停电有证明\n金")
    pressed(head, "Submit your objection")
    refused(head, "Your points", "has the wrong length: 金")
    expect(head.get_by_label("Your points")).to_have_value("停电有证明\n金")
    head.get_by_label("Your points").fill("停电有证明\n投诉不属实")
    pressed(head, "Submit your objection")
    expect(head.get_by_text("objection raised", exact=True).first).to_be_visible()
    leader.goto(f"/credit/ratings/{code}")
    first, other = (leader.get_by_label(label) for label in ("Answer to point 1", "Answer to point 2"))
    struck = leader.get_by_role("group", name="Evidence that no longer counts").get_by_label("complaint received on")
    evidence = leader.get_by_role("region", name="Reasons").locator("tr", has_text="complaint").locator("td").last.inner_text()
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", evidence) and "反映缺课" in evidence
    bare(leader)
    first.fill("经核实，说明材料已计入")
    struck.check()
    pressed(leader, "Sign and serve")
    refused(leader, "points of the objection are unanswered")
    expect(first).to_have_value("经核实，说明材料已计入")
    expect(struck).to_be_checked()
    bare(leader)
    other.fill("经复核，投诉不属实")
    pressed(leader, "Sign and serve")
    expect(leader.get_by_text("A leader who took no part decides.")).to_be_visible()
    expect(leader.get_by_role("region", name="Reasons")).not_to_contain_text(evidence)
    second = people.signed_in(Role.BUREAU_LEADER)
    second.goto(f"/credit/ratings/{code}")
    pressed(second, "Sign the decision")
    expect(second.get_by_text("in force", exact=True).first).to_be_visible()
    officer.goto(f"/credit/ratings/{code}")
    pressed(officer, "Publish")
    in_both(officer, people, f"/credit?year={year}", "credit-cycle")
    in_both(officer, people, f"/credit/ratings/{code}", "credit-rating")
    in_both(officer, people, "/credit/selection", "credit-selection")
    in_both(head, people, f"/credit/institutions/{world.institution.code}", "credit-standing")
    letters = officer.get_by_role("link", name="Letter (PDF)")
    officer.goto(f"/credit/ratings/{code}")
    for place in range(letters.count()):
        address = letters.nth(place).get_attribute("href") or ""
        assert officer.request.get(address).body().startswith(b"%PDF-")


def test_the_head_declares_that_there_is_no_objection_and_the_leader_decides_at_once(people: People, world: World, hands: Hands) -> None:
    year = people.site.services.clock.today_on().year
    officer, leader = people.signed_in(Role.BUREAU_OFFICER), people.signed_in(Role.BUREAU_LEADER)
    head = people.signed_in(Role.INSTITUTION_HEAD, world.institution.id)
    officer.goto(f"/credit?year={year}")
    pressed(officer, f"Begin the rating of {year}")
    for bulk in ("Freeze and score all (1)", "All scores are checked (1)", "Serve all notices (1)"):
        pressed(officer, bulk)
    code = f"R{year}-0001"
    head.goto(f"/credit/ratings/{code}")
    in_both(head, people, f"/credit/ratings/{code}", "credit-no-objection")
    head.goto(f"/credit/ratings/{code}")
    head.get_by_label("I have read the notice and raise no objection", exact=True).check()
    pressed(head, "Sign the declaration")
    expect(head.get_by_text("no objection, to be decided", exact=True).first).to_be_visible()
    leader.goto(f"/credit/ratings/{code}")
    pressed(leader, "Sign the decision")
    expect(leader.get_by_text("in force", exact=True).first).to_be_visible()


def test_an_item_is_told_decided_and_repaired(people: People, world: World, hands: Hands, tmp_path: Path) -> None:
    people.expected |= {409, 422}
    officer, second, leader = (people.signed_in(role) for role in (Role.BUREAU_OFFICER, Role.BUREAU_OFFICER, Role.BUREAU_LEADER))
    today = people.site.services.clock.today_on()
    officer.goto("/credit/items")
    officer.get_by_label("Institution").select_option(world.institution.code)
    officer.get_by_label("What it is about").select_option("decision")
    officer.get_by_label("Number of the decision").fill("古人社罚〔2026〕3号")
    officer.get_by_label("Day of the decision").fill(today.isoformat())
    officer.get_by_label("Matter").fill("未按课表授课")
    pressed(officer, "Record from the decision")
    code = f"K{today.year}-0001"
    expect(officer.get_by_role("heading", level=1)).to_contain_text(code)
    second.goto(f"/credit/items/{code}")
    second.get_by_label("general", exact=True).check()
    pressed(second, "Sign and serve")
    head = people.signed_in(Role.INSTITUTION_HEAD, world.institution.id)
    head.goto(f"/credit/items/{code}")
    bare(head)
    pressed(head, "Submit the statement")
    refused(head, "Your points", "is required")
    head.get_by_label("Your points").fill("当日停电，已补课")
    pressed(head, "Submit the statement")
    expect(head.locator("#papers + ul")).to_contain_text("当日停电，已补课")
    expect(head.get_by_role("button", name="Sign the declaration")).to_have_count(0)  # that there is none, nobody can declare any more
    hands.forward(days=20)
    for page in (leader, second, officer):
        people.sign_in_again(page.context)
    leader.goto(f"/credit/items/{code}")
    in_both(leader, people, f"/credit/items/{code}", "credit-item-stated")
    bare(leader)
    leader.get_by_label("Answer to point 1").fill("未")
    pressed(leader, "Sign the decision")
    refused(leader, "points of the objection are unanswered")
    expect(leader.get_by_label("Answer to point 1")).to_have_value("未")
    leader.get_by_label("Answer to point 1").fill("补课未经报备，不予采纳")
    pressed(leader, "Sign the decision")
    expect(leader.get_by_text("in force and published", exact=True).first).to_be_visible()
    hands.forward(days=80)
    for page in (second, officer):
        people.sign_in_again(page.context)
    head = people.signed_in(Role.INSTITUTION_HEAD, world.institution.id)
    proof = tmp_path / "proof.pdf"
    proof.write_bytes(b"%PDF-1.7 proof")
    head.goto(f"/credit/items/{code}")
    head.get_by_label("What was put right").fill("已补课并退还补贴")
    head.get_by_label("Documents and pictures").set_input_files(proof)
    head.get_by_label("We promise to keep the rules; the material is true.").check()
    pressed(head, "Submit the application")
    officer.goto(f"/credit/items/{code}")
    pressed(officer, "Accept")
    in_both(officer, people, f"/credit/items/{code}", "credit-item")
    anyone = people.stranger("zh")
    anyone.goto(f"/public/institutions/{world.institution.code}")
    expect(anyone.get_by_text("已申请修复，正在核实")).to_be_visible()
    in_both(anyone, people, f"/public/institutions/{world.institution.code}", "public-item")
    second.goto(f"/credit/items/{code}")
    second.get_by_label("Who looked, when, and what was seen").fill("现场核实，已改正")
    second.get_by_label("Granted: publication, sharing and restriction stop at once").check()
    pressed(second, "Sign the decision")
    expect(second.get_by_text("repaired", exact=True).first).to_be_visible()
    in_both(officer, people, "/credit/items", "credit-items")


def test_the_head_declares_to_make_no_statement_and_the_item_is_decided_at_once(people: People, world: World) -> None:
    people.expected |= {409}
    today = people.site.services.clock.today_on()
    with people.site.services.database.transaction(SYSTEM) as session:
        by = {"clock": people.site.services.clock}
        facts = {"ground": Ground.DECISION, "document": "古人社罚〔2026〕4号", "decided_on": today, "summary": "未按课表授课"}
        code = items.record_decision(session, world.institution, **facts, safety=False, repairable=True, actor=OFFICER, **by).code
        items.classify(session, code, kind=ItemClass.GENERAL, rules=in_force(Book.load(), today), actor=SECOND, **by)
    head, leader = people.signed_in(Role.INSTITUTION_HEAD, world.institution.id), people.signed_in(Role.BUREAU_LEADER)
    leader.goto(f"/credit/items/{code}")
    expect(leader.get_by_role("button", name="Sign the decision")).to_have_count(0)
    head.goto(f"/credit/items/{code}")
    bare(head)
    pressed(head, "Sign the declaration")
    refused(head, "the statement is missing")  # nothing was ticked
    in_both(head, people, f"/credit/items/{code}", "credit-item-told")
    head.get_by_label("We received the notice, know our rights, and make no statement.").check()
    pressed(head, "Sign the declaration")
    expect(head.get_by_role("button", name="Submit the statement")).to_have_count(0)
    leader.reload()
    pressed(leader, "Sign the decision")
    expect(leader.get_by_text("in force and published", exact=True).first).to_be_visible()
