"""A class from its results to its money, as the people concerned see it: institution, officer, leader. R84, R85, R87; R16, R44."""

from playwright.sync_api import expect

from api.auth.roles import Role
from storage.database.session import SYSTEM
from tests.browser.conftest import People, in_both, look
from tests.factories.subsidised import enrol, finish, id_number, tape
from tests.factories.world import World


def ready(people: People, world: World, *, on_tape: bool = True, done: bool = True) -> None:
    services = people.site.services
    now = services.clock.now_at()
    with services.database.transaction(SYSTEM) as session:
        session.add_all([world.institution, world.training_class])
        enrol(session, world, now, 2, master_key=services.secrets.master_key())
        if on_tape:
            tape(session, world)
        if done:
            finish(session, world, now)


def test_a_class_goes_from_its_certificate_to_its_payment(people: People, world: World) -> None:
    ready(people, world)
    code, mine = world.training_class.code, world.institution.id
    head, officer, leader = people.signed_in(Role.INSTITUTION_HEAD, mine), people.signed_in(Role.BUREAU_OFFICER), people.signed_in(Role.BUREAU_LEADER)
    officer.goto(f"/subsidy/classes/{code}")
    officer.get_by_role("button", name="Issue the certificate", exact=True).click()
    expect(officer.get_by_text(f"补-{code}-1").first).to_be_visible()
    in_both(officer, people, f"/subsidy/classes/{code}", "subsidy-class")
    head.goto(f"/subsidy/classes/{code}")
    head.get_by_label("Bank account of the payee").fill("6222 0000 1111 2222")
    head.get_by_role("button", name="Claim the subsidy", exact=True).click()
    expect(head.get_by_role("heading", level=1)).to_contain_text("Claim 领-")
    address = head.url.removeprefix(people.site.url)
    officer.goto(address)
    officer.get_by_role("button", name="Check the claim", exact=True).click()
    leader.goto(address)
    leader.get_by_role("button", name="Approve 200 yuan", exact=True).click()
    officer.goto(address)
    officer.get_by_label("Voucher number").fill("2026-记-0001")
    officer.get_by_label("Amount, yuan").fill("201")
    people.expected.add(409)
    officer.get_by_role("button", name="Enter the payment", exact=True).click()
    expect(officer.get_by_role("alert")).to_contain_text("More than was decided")
    expect(officer.get_by_label("Voucher number")).to_have_value("2026-记-0001")
    officer.get_by_label("Amount, yuan").fill("200")
    officer.get_by_role("button", name="Enter the payment", exact=True).click()
    expect(officer.get_by_role("cell", name="2026-记-0001", exact=True)).to_be_visible()
    in_both(officer, people, address, "subsidy-claim")
    for path, name in (("/subsidy", "subsidy-list"), ("/subsidy/claims", "subsidy-claims"), ("/subsidy/watch", "subsidy-watch")):
        people.speak(officer, "zh")
        look(officer, path, f"{name}-zh")


def test_an_institution_sees_what_its_missing_footage_would_cost(people: People, world: World) -> None:
    ready(people, world, on_tape=False)
    head = people.signed_in(Role.INSTITUTION_HEAD, world.institution.id)
    head.goto("/coverage")
    expect(head.get_by_role("link", name="money at risk")).to_contain_text("200 yuan")
    in_both(head, people, "/coverage", "money-at-risk")
    head.get_by_role("region", name="Money at risk").or_(head.locator("section[aria-labelledby=at-risk]")).first.get_by_role("link").click()
    expect(head.get_by_text("too little is on tape").first).to_be_visible()
    in_both(head, people, f"/subsidy/classes/{world.training_class.code}", "subsidy-class-incomplete")


def test_results_and_papers_are_recorded_and_an_officer_verifies_them(people: People, world: World) -> None:
    ready(people, world, done=False)
    code, mine = world.training_class.code, world.institution.id
    desk, officer = people.signed_in(Role.INSTITUTION_OPERATOR, mine), people.signed_in(Role.BUREAU_OFFICER)

    def sheet(label: str, button: str, text: str) -> None:
        desk.goto(f"/classes/{code}/outcomes")
        desk.get_by_label(label, exact=True).set_input_files({"name": "s.csv", "mimeType": "text/csv", "buffer": text.encode()})
        desk.get_by_role("button", name=button, exact=True).click()

    people.expected.add(422)
    sheet("Sheet (.xlsx or .csv)", "Record the sheet", f"身份证号,结果,证书编号\n{id_number(1)},合格,Z1\n{id_number(2)},退学,Z2\n")
    expect(desk.get_by_role("alert")).to_contain_text("certificate although the trainee did not pass")
    sheet("Sheet (.xlsx or .csv)", "Record the sheet", f"身份证号,结果,证书编号\n{id_number(1)},合格,Z1\n{id_number(2)},结业,\n")
    expect(desk.locator(".notice[role=status]")).to_contain_text("2 are new")
    day = world.training_class.ends_on.isoformat()
    line = f"身份证号,证明类型,证明编号,就业日期,用人单位\n{id_number(1)},劳动合同,HT-1,{day},古县面粉厂\n"
    sheet("Sheet of employment (.xlsx or .csv)", "File the sheet", line)
    expect(desk.locator(".notice[role=status]")).to_contain_text("1 are new")
    officer.goto("/employment?state=filed")
    in_both(officer, people, "/employment?state=filed", "employment")
    officer.goto("/employment?state=filed")
    officer.get_by_text("Decide", exact=True).click()
    officer.get_by_role("button", name="Verify the paper of 学员1", exact=True).click()
    expect(officer.get_by_text("Nothing matches this search.")).to_be_visible()
    in_both(officer, people, f"/classes/{code}/outcomes", "outcomes")
    officer.goto(f"/classes/{code}/outcomes")
    expect(officer.get_by_text("counted and employed")).to_be_visible()


def test_an_officer_enters_an_audit_in_their_own_name(people: People, world: World) -> None:
    officer = people.signed_in(Role.BUREAU_OFFICER)
    officer.goto(f"/records?institution={world.institution.code}")
    officer.get_by_text("Record an audit", exact=True).click()
    officer.get_by_label("Issued by", exact=True).fill("古县审计局")
    officer.get_by_label("Document number", exact=True).fill("古审〔2026〕3号")
    officer.get_by_label("Dated", exact=True).fill("2026-01-05")
    officer.get_by_label("What was found", exact=True).fill("虚报培训人数")
    officer.get_by_label("not major", exact=True).check()
    officer.get_by_label("Why it is classified so", exact=True).fill("涉及金额较大")
    officer.get_by_role("button", name="Record the audit", exact=True).click()
    expect(officer.get_by_role("cell", name="虚报培训人数", exact=True)).to_be_visible()
    in_both(officer, people, f"/records?institution={world.institution.code}", "records")
