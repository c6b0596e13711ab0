"""An institution applies for a place and for more days; three people of the bureau, or the industry department, decide. R21–R23, R77–R79; UI.md."""

from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Page, expect

from api.auth.identify import cookie_name
from api.auth.roles import Role
from storage.database.session import SYSTEM
from tests.browser.conftest import People, in_both
from tests.factories.world import World, make_world
from tests.integration.approvals.stage import picture
from tests.people import account_of, token_of


def of_department(people: People, department: str) -> Page:
    page = people.stranger()
    account = account_of(people.site.services, Role.DEPARTMENT_OFFICER, department=department)
    token = token_of(people.site.services, account.id)
    page.context.add_cookies([{"name": cookie_name(people.site.services.settings), "value": token, "url": people.site.url, "httpOnly": True}])
    return page


def opened(people: People, **more: object) -> World:
    with people.site.services.database.transaction(SYSTEM) as session:
        return make_world(session, people.site.services.clock.now_at(), ends_in_days=10, **more)  # type: ignore[arg-type]


def test_a_place_goes_from_the_draft_to_the_approval_and_its_letter(people: People, tmp_path: Path) -> None:
    people.expected.add(422)
    world, today = opened(people), people.site.services.clock.today_on()
    head, officer = people.signed_in(Role.INSTITUTION_HEAD, world.institution.id), people.signed_in(Role.BUREAU_OFFICER)
    head.goto("/approvals")
    head.get_by_role("link", name="Apply for a place").click()
    head.get_by_label(world.training_class.code).check()
    head.get_by_label("Why this place is needed").fill("城关教室装修，就近在文化站开展培训")
    head.get_by_label("Address").fill("古县岳阳镇文化站")
    head.get_by_label("Name of the room").fill("二楼会议室")
    head.get_by_label("Capacity, persons").fill("40")
    head.get_by_label("Latitude, degrees").fill("36.266")
    head.get_by_label("Longitude, degrees").fill("111.92")
    head.get_by_label("How the cameras together see").fill("前后对角两个机位，无盲区")
    head.get_by_label("First day of use").fill(today.isoformat())
    head.get_by_label("Last day of use").fill((today + timedelta(days=30)).isoformat())
    head.get_by_role("button", name="Save the draft").click()
    expect(head.get_by_text("Cameras: is required")).to_be_visible()
    path = head.url.removeprefix(people.site.url)
    head.get_by_role("button", name="Submit the application").click()
    expect(head.get_by_role("alert")).to_contain_text("The application is not whole")
    view, paper = tmp_path / "front.png", tmp_path / "消防验收.pdf"
    view.write_bytes(picture().data)
    paper.write_bytes(b"%PDF-1.7 fire")
    head.get_by_label("Name of the camera").fill("前机位")
    head.get_by_label("Reference picture of the empty room").set_input_files(view)
    head.get_by_role("button", name="Add the camera").click()
    for proof in ("fire", "building"):
        head.get_by_label("About", exact=True).select_option(proof)
        head.locator("#proof-files").set_input_files(paper)
        head.get_by_role("button", name="Add the paper").click()
    in_both(head, people, path, "approval-draft")
    head.get_by_role("button", name="Submit the application").click()
    expect(head.get_by_text("The deciding office accepts or returns it")).to_be_visible()

    in_both(officer, people, "/approvals", "approvals-list")
    officer.goto(path)
    officer.get_by_role("button", name="Accept and take it over").click()
    officer.get_by_label("Who went").fill("李经办、周安全")
    for item, answer in (("fire", "yes"), ("food", "na"), ("building", "yes")):
        officer.locator(f"#{item}-{answer}").check()
    officer.get_by_label("The cameras together see the whole room, as").check()
    officer.get_by_label("What was seen").fill("通道畅通，灭火器有效")
    in_both(officer, people, path, "approval-visit")
    officer.locator("#visitors").fill("李经办、周安全")
    for item, answer in (("fire", "yes"), ("food", "na"), ("building", "yes")):
        officer.locator(f"#{item}-{answer}").check()
    officer.locator("#visit-note").fill("通道畅通，灭火器有效")
    officer.get_by_role("button", name="Record the visit").click()
    for page, aspect in ((officer, "quality"), (people.signed_in(Role.LEGAL_OFFICER), "safety")):
        page.goto(path)
        page.locator(f"#{aspect}-yes").check()
        page.locator(f"#note-{aspect}").fill("逐项核对")
        page.locator("form", has=page.locator(f"#note-{aspect}")).get_by_role("button", name="Sign the assessment").click()
    officer.reload()
    expect(officer.get_by_text("You assessed it; another person decides.")).to_be_visible()
    leader = people.signed_in(Role.BUREAU_LEADER)
    leader.goto(path)
    leader.get_by_role("button", name="Sign and approve").click()
    expect(leader.get_by_text("in force", exact=True).first).to_be_visible()
    in_both(leader, people, path, "approval-active")
    in_both(head, people, path, "approval-own")
    link = head.get_by_role("link", name="Letter (PDF)").last.get_attribute("href")
    assert link
    answer = head.request.get(link)
    assert answer.body().startswith(b"%PDF-")


def test_a_department_extends_its_own_class_and_the_bureau_reads_why_it_cannot(people: People) -> None:
    department = "古县农业农村局"
    world = opened(people, department=department)
    head = people.signed_in(Role.INSTITUTION_HEAD, world.institution.id)
    head.goto("/approvals/new?kind=extension")
    head.get_by_label(world.training_class.code).check()
    head.get_by_label("Training days to be added").fill("2")
    head.get_by_label("New last day").fill((world.training_class.ends_on + timedelta(days=3)).isoformat())
    head.get_by_label("Reason").fill("学员基础薄弱，学习意愿强烈")
    head.get_by_role("button", name="Save the draft").click()
    head.get_by_role("button", name="Submit the application").click()
    expect(head.get_by_text("The deciding office accepts or returns it")).to_be_visible()
    path = head.url.removeprefix(people.site.url)
    officer = people.signed_in(Role.BUREAU_OFFICER)
    officer.goto(path)
    expect(officer.get_by_text("The industry department that organises the class decides about its extension")).to_be_visible()
    expect(officer.get_by_role("button", name="Accept and take it over")).to_have_count(0)
    farm = of_department(people, department)
    farm.goto("/approvals")
    farm.get_by_role("link", name=path.rpartition("/")[2]).click()
    farm.get_by_role("button", name="Accept and take it over").click()
    farm.locator("#quality-yes").check()
    farm.locator("#note-quality").fill("考勤和测验属实")
    farm.get_by_role("button", name="Sign the assessment").click()
    in_both(farm, people, path, "extension-decide")
    farm.reload()
    farm.get_by_role("button", name="Sign and approve").click()
    expect(farm.get_by_text("in force", exact=True).first).to_be_visible()
    in_both(head, people, f"/classes/{world.training_class.code}", "class-extended")
