"""An exit case in every role's own browser: officer, lawyer, head, second official, leader, public. Chinese and English, wide and narrow. 2.3.5."""

from playwright.sync_api import Page, expect

from api.auth.roles import Role
from tests.browser.conftest import People, bare, in_both, look, refused
from tests.factories.world import World
from tests.site_fixtures import Hands


def state(page: Page, words: str) -> None:
    expect(page.locator(".facts").first).to_contain_text(words)


def in_chinese(page: Page, people: People, path: str, name: str) -> None:
    people.speak(page, "zh")
    look(page, path, name)
    people.speak(page, "en")
    page.goto(path)


def test_a_major_problem_goes_through_every_hand_to_the_public_list(people: People, world: World, hands: Hands) -> None:
    people.expected |= {404, 409, 422}
    entering = people.signed_in(Role.BUREAU_OFFICER)
    entering.goto("/exit")
    expect(entering.get_by_text("No exit case.")).to_be_visible()
    entering.get_by_role("link", name="Record an audit").click()
    entering.get_by_label("Institution", exact=True).select_option(label=f"{world.institution.code} {world.institution.name}")
    entering.get_by_role("button", name="Show", exact=True).click()
    in_chinese(entering, people, entering.url.removeprefix(people.site.url), "exit-problem")
    entering.get_by_text("Record an audit").click()
    entering.get_by_label("Issued by").fill("临汾市审计局")
    entering.get_by_label("Level").select_option("city")
    entering.get_by_label("Document number").fill("临审报〔2026〕12号")
    entering.get_by_label("Dated").fill("2026-10-08")
    entering.locator("[name=summary]").fill("以虚假签到套取补贴")
    entering.get_by_label("major problem: an exit case is opened").check()
    entering.get_by_label("Why it is classified so").fill("涉及多期、金额大")
    entering.get_by_role("button", name="Record the audit", exact=True).click()
    state(entering, "evidence frozen")
    path = entering.url.removeprefix(people.site.url)
    head = people.signed_in(Role.INSTITUTION_HEAD, world.institution.id)
    assert head.request.get(path).status == 404

    officer = people.signed_in(Role.BUREAU_OFFICER)
    officer.goto(path)
    officer.get_by_label("Facts and reasons").fill("审计查实以虚假签到套取补贴")
    officer.get_by_role("button", name="Hand to the legal officer").click()
    lawyer = people.signed_in(Role.LEGAL_OFFICER)
    lawyer.goto(path)
    for box in lawyer.get_by_role("checkbox").all():
        box.check()
    lawyer.get_by_label("Opinion").fill("合法")
    lawyer.get_by_label("Lawful: the notice may be served").check()
    in_chinese(people.page(lawyer.context), people, path, "exit-legal-review")
    lawyer.get_by_role("button", name="Sign the review").click()
    officer.goto(path)
    officer.get_by_role("button", name="Sign and serve", exact=True).click()
    state(officer, "notice served")

    head.goto("/exit")
    head.get_by_role("link", name=path.removeprefix("/exit/")).first.click()
    in_chinese(head, people, path, "exit-notice-institution")
    letter = head.request.get(head.get_by_role("link", name="Letter (PDF)").get_attribute("href") or "")
    assert letter.body().startswith(b"%PDF-")
    head.get_by_label("Your points").fill("签到设备故障\n已退回款项")
    head.get_by_role("button", name="Submit the statement").click()
    state(head, "statement received")

    hands.forward(days=14)
    second = people.signed_in(Role.BUREAU_OFFICER)
    second.goto(path)
    second.get_by_label("Opinion").fill("设备日志正常，事实成立")
    second.get_by_label("stands", exact=True).check()
    second.get_by_role("button", name="Sign the recheck").click()
    people.sign_in_again(officer.context)
    officer.goto(path)
    officer.get_by_label("Facts and reasons").fill("事实清楚，证据充分")
    officer.get_by_label("Answer to point 1").fill("设备日志正常，不予采纳")
    officer.get_by_label("Answer to point 2").fill("退款不改变事实，已在期限中考虑")
    officer.get_by_role("button", name="Hand to the leader").click()
    expect(officer.get_by_role("alert")).to_be_visible()  # an exclusion needs the record of the collective discussion
    officer.get_by_label("Collective discussion").fill("2026年12月4日局长办公会研究同意")
    expect(officer.get_by_label("Answer to point 1")).to_have_value("设备日志正常，不予采纳")
    officer.get_by_role("button", name="Hand to the leader").click()
    state(officer, "waits for the leader")
    leader = people.signed_in(Role.BUREAU_LEADER)
    in_chinese(leader, people, path, "exit-proposed")
    leader.get_by_role("button", name="Sign the decision").click()
    state(leader, "decided, not served")
    officer.goto(path)
    officer.get_by_label("How it was served").fill("直接送达")
    officer.get_by_label("Received by").fill("赵一")
    officer.get_by_role("button", name="Record the service").click()
    state(officer, "in force")
    public = people.stranger()
    public.goto("/public/exclusions")
    expect(public.get_by_text("Nobody is excluded.")).to_be_visible()
    officer.get_by_role("button", name="Publish the decision").click()
    state(officer, "in force, published")
    in_chinese(officer, people, path, "exit-published")
    look(officer, "/exit", "exit-list")
    look(officer, "/exit/lists/statutory", "exit-statutory")
    people.sign_in_again(head.context)
    in_chinese(head, people, path, "exit-in-force-institution")
    public.goto("/public/exclusions")
    expect(public.get_by_text(world.institution.name)).to_be_visible()
    look(public, "/public/exclusions", "exit-public")
    in_chinese(public, people, "/public/exclusions", "exit-public-zh")

    leader.goto(path)
    leader.get_by_role("button", name="Revoke the decision").click()
    dialog = leader.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("复议机关撤销")
    dialog.get_by_label("Document").fill("古政复决〔2027〕1号")
    dialog.get_by_role("button", name="Revoke", exact=True).click()
    state(leader, "revoked, restored")
    public.goto("/public/exclusions")
    expect(public.get_by_text("revoked: it never counted")).to_be_visible()


def test_an_entry_of_anothers_list_is_copied_with_its_source_and_has_no_effect(people: People, world: World) -> None:
    people.expected |= {422}
    officer, auditor = people.signed_in(Role.BUREAU_OFFICER), people.signed_in(Role.AUDITOR)
    officer.goto("/exit/lists/statutory")
    expect(officer.get_by_text("Nothing imported yet.")).to_be_visible()
    told = {"List": "严重失信主体名单", "Authority": "国家市场监督管理总局", "Document": "国市监公告〔2026〕8号", "Entry": world.institution.name}
    for label, words in told.items():
        officer.get_by_label(label, exact=True).fill(words)
    officer.get_by_label("Institution of this directory").select_option(label=f"{world.institution.code} {world.institution.name}")
    bare(officer)
    officer.get_by_role("button", name="Copy", exact=True).click()
    refused(officer, "Listed on", "is required")
    for label, words in told.items():
        expect(officer.get_by_label(label, exact=True)).to_have_value(words)
    expect(officer.get_by_label("Institution of this directory")).to_have_value(str(world.institution.id))
    officer.get_by_label("Listed on").fill("2026-10-08")
    officer.get_by_role("button", name="Copy", exact=True).click()
    for page in (officer, auditor):
        in_both(page, people, "/exit/lists/statutory", "exit-statutory")
        expect(page.get_by_role("table")).to_contain_text("国市监公告〔2026〕8号")
    expect(auditor.get_by_role("button", name="Copy", exact=True)).to_have_count(0)
    officer.goto(f"/registry/{world.institution.id}")
    expect(officer.locator(".facts").first).to_contain_text("in the directory")  # nothing follows from another authority's list by itself
