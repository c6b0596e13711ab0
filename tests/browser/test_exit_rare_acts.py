"""The rarer acts of an exit case, each by its own person on the pages: hearing, correction, reconsideration, action, readmission. 2.1, 2.3.5, R47.

Every form is refused once: what was typed is still there, and the page says what, why and what to do.
"""

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Page, expect

from api.wiring import job_handlers
from storage.kernel.clock import BUREAU_ZONE
from tests.browser.conftest import SHOTS, People, bare, look, refused
from tests.browser.exit_walk import Walk, state
from tests.factories.world import World
from tests.site_fixtures import Hands


def letter_of(walk: Walk, page: Page, kind: str, tmp_path: Path) -> str:
    """The words of a letter that this person opens from the page; kept beside the pictures when those are wanted."""
    card = walk.at(page).locator("li.card").filter(has=page.locator("strong", has_text=kind))
    address = card.get_by_role("link", name="Letter (PDF)").last.get_attribute("href") or ""
    pdf = (Path(SHOTS) if SHOTS else tmp_path) / f"exit-letter-{kind.replace(' ', '-')}.pdf"
    pdf.write_bytes(page.request.get(address).body())
    tool = shutil.which("pdftotext")
    assert tool, "poppler-utils is installed by make system"
    return subprocess.run([tool, str(pdf), "-"], capture_output=True, check=True, text=True).stdout.replace("\n", "")


def test_a_hearing_is_asked_for_called_told_and_recorded_and_its_points_are_answered(
    people: People, world: World, hands: Hands, tmp_path: Path
) -> None:
    people.expected |= {404, 409, 422}
    walk = Walk(people, world, hands)
    walk.noticed()
    head = walk.at(walk.head)
    bare(head)
    head.get_by_label("What the hearing is to be about").fill("查")
    head.get_by_role("button", name="Ask for the hearing").click()
    refused(head, "Something does not fit", "Reason", "is too short", "Correct it as shown")
    expect(head.get_by_label("What the hearing is to be about")).to_have_value("查")
    walk.in_both(head, "hearing-ask")
    walk.at(head).get_by_label("What the hearing is to be about").fill("签到设备的日志如何得出")
    head.get_by_role("button", name="Ask for the hearing").click()
    state(head, "hearing asked for")

    investigator = walk.at(walk.officer)
    expect(investigator.get_by_text("You investigated it; somebody else must call the hearing and preside.")).to_be_visible()
    chair = walk.at(walk.second)
    now = people.site.services.clock.now_at().astimezone(BUREAU_ZONE)
    chair.get_by_label("Day and time").fill(f"{now + timedelta(days=1):%Y-%m-%dT09:30}")
    chair.get_by_label("Place", exact=True).fill("人社局二楼会议室")
    chair.get_by_role("button", name="Sign and serve").click()
    refused(chair, "the hearing is sooner than the institution must be told")
    expect(chair.get_by_label("Place", exact=True)).to_have_value("人社局二楼会议室")
    expect(chair.get_by_label("Day and time")).to_have_value(f"{now + timedelta(days=1):%Y-%m-%dT09:30}")
    expect(chair.get_by_text("the institution is told in time")).to_be_visible()
    walk.in_both(chair, "hearing-call")
    day = now + timedelta(days=16)
    walk.at(chair).get_by_label("Day and time").fill(f"{day:%Y-%m-%dT09:30}")
    chair.get_by_label("Place", exact=True).fill("人社局二楼会议室")
    chair.get_by_role("button", name="Sign and serve").click()
    state(chair, "hearing called")
    expect(chair.get_by_text("The record is signed when the hearing has begun.")).to_be_visible()

    told = letter_of(walk, walk.head, "Call to the hearing", tmp_path)
    for words in ("听证通知书", f"{day.year}年{day.month}月{day.day}日09:30", "人社局二楼会议室", "申请主持人回避"):
        assert words in told
    assert "2026-10-08" not in told
    expect(walk.at(walk.head).get_by_text("人社局二楼会议室").first).to_be_visible()
    walk.in_both(walk.head, "hearing-called-institution")

    walk.later(days=17)  # whatever the hour: the hearing is in the morning of the sixteenth day
    chair = walk.at(chair)
    chair.get_by_label("Who came and what was said").fill("机构负责人赵一到场，对设备日志提出质疑")
    chair.get_by_label("Points of the institution").fill("日志时间不准\n金")
    chair.get_by_role("button", name="Sign the record").click()
    refused(chair, "Your points", "is too short")
    expect(chair.get_by_label("Who came and what was said")).to_have_value("机构负责人赵一到场，对设备日志提出质疑")
    expect(chair.get_by_label("Points of the institution")).to_have_value("日志时间不准\n金")
    walk.in_both(chair, "hearing-record")
    chair = walk.at(chair)
    chair.get_by_label("Who came and what was said").fill("机构负责人赵一到场，对设备日志提出质疑")
    chair.get_by_label("Points of the institution").fill("日志时间不准\n金额计算有误")
    chair.get_by_role("button", name="Sign the record").click()
    state(chair, "heard")
    walk.served("日志已校时，不予采纳", "金额以审计报告为准")
    decided = letter_of(walk, walk.head, "Decision of the case", tmp_path)
    assert "意见：日志时间不准" in decided and "答复：金额以审计报告为准" in decided
    assert "集体讨论：2026年12月4日局长办公会" in decided


def test_an_ordered_correction_is_looked_at_and_the_case_is_closed(people: People, world: World, hands: Hands, tmp_path: Path) -> None:
    people.expected |= {404, 409, 422}
    walk = Walk(people, world, hands)
    walk.noticed("correct")
    walk.later(days=14)
    walk.served()
    state(walk.officer, "being corrected")
    decided = letter_of(walk, walk.head, "Decision of the case", tmp_path)
    assert "责令改正" in decided and "接受人社局核验" in decided
    walk.in_both(walk.head, "correcting-institution")
    officer = walk.at(walk.officer)
    bare(officer)
    officer.get_by_label("Who looked, when, and what was seen").fill("2026-12-20到校查看，签到设备已更换")
    officer.get_by_role("button", name="Close the case").click()
    refused(officer, "Result", "is required")
    expect(officer.get_by_label("Who looked, when, and what was seen")).to_have_value("2026-12-20到校查看，签到设备已更换")
    walk.in_both(officer, "correct")
    officer = walk.at(officer)
    officer.get_by_label("Who looked, when, and what was seen").fill("2026-12-20到校查看，签到设备已更换")
    officer.get_by_label("corrected", exact=True).check()
    officer.get_by_role("button", name="Close the case").click()
    state(officer, "closed")
    expect(walk.at(walk.head).get_by_text("2026-12-20到校查看，签到设备已更换").first).to_be_visible()


def test_a_case_opened_by_mistake_is_withdrawn_and_the_institution_is_told(people: People, world: World, hands: Hands, tmp_path: Path) -> None:
    people.expected |= {404, 409, 422}
    walk = Walk(people, world, hands)
    walk.noticed()
    leader = walk.at(walk.leader)
    leader.get_by_role("button", name="Withdraw the case").click()
    dialog = leader.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("审计机关于2026-11-20更正，机构认错")
    dialog.get_by_role("button", name="Withdraw", exact=True).click()
    state(leader, "withdrawn")
    told = letter_of(walk, walk.head, "Withdrawal of the case", tmp_path)
    assert "撤销立案告知书" in told and "审计机关于2026年11月20日更正" in told
    walk.in_both(walk.head, "withdrawn-institution")


def test_a_reconsideration_and_an_action_are_recorded_and_carried_out(people: People, world: World, hands: Hands, tmp_path: Path) -> None:
    people.expected |= {404, 409, 422}
    walk = Walk(people, world, hands)
    walk.noticed()
    walk.later(days=14)
    walk.served()
    state(walk.officer, "in force")
    today = people.site.services.clock.today_on()
    officer = walk.at(walk.officer)
    officer.get_by_text("Record a reconsideration or an action").click()
    officer.get_by_label("Kind").select_option("litigation")
    officer.get_by_label("Authority").fill("古县人民法院")
    officer.locator("#challenge-document").fill("（2026）晋1025行初3号")
    officer.get_by_label("Filed on").fill(f"{today - timedelta(days=30)}")
    officer.get_by_role("button", name="Record", exact=True).click()
    refused(officer, "Filed on", "lies before the first possible day")
    expect(officer.get_by_label("Kind")).to_have_value("litigation")
    expect(officer.get_by_label("Authority")).to_be_visible()  # the form is open again, with what was typed
    expect(officer.locator("#challenge-document")).to_have_value("（2026）晋1025行初3号")
    walk.in_both(officer, "challenge")
    for kind, authority, document in (
        ("litigation", "古县人民法院", "（2026）晋1025行初3号"),
        ("reconsideration", "古县人民政府", "古政复受〔2026〕8号"),
    ):
        officer = walk.at(walk.officer)
        officer.get_by_text("Record a reconsideration or an action").click()
        officer.get_by_label("Kind").select_option(kind)
        officer.get_by_label("Authority").fill(authority)
        officer.locator("#challenge-document").fill(document)
        officer.get_by_label("Filed on").fill(f"{today}")
        officer.get_by_role("button", name="Record", exact=True).click()
        expect(officer.get_by_text(document).first).to_be_visible()
    leader = walk.at(walk.leader)
    walk.in_both(leader, "challenges-pending")
    leader = walk.at(leader)
    court = leader.locator(".card").filter(has_text="古县人民法院")
    court.get_by_label("The term is shortened").check()
    court.get_by_label("Document").fill("（2026）晋1025行初3号判决")
    court.get_by_label("Decided on").fill(f"{today}")
    court.get_by_label("Months").fill("24")
    court.get_by_role("button", name="Carry it out").click()
    refused(leader, "Months", "must be a shorter term, in months")
    expect(court.get_by_label("The term is shortened")).to_be_checked()
    expect(court.get_by_label("Decided on")).to_have_value(f"{today}")
    expect(leader.locator(".card").filter(has_text="古县人民政府").get_by_label("Document")).to_have_value("")
    court.get_by_label("Months").fill("6")
    court.get_by_role("button", name="Carry it out").click()
    expect(court.get_by_text("decision changed").first).to_be_visible()
    other = leader.locator(".card").filter(has_text="古县人民政府")
    other.get_by_label("The decision is revoked").check()
    other.get_by_label("Document").fill("古政复决〔2027〕1号")
    other.get_by_label("Decided on").fill(f"{today}")
    other.get_by_role("button", name="Carry it out").click()
    state(leader, "revoked, restored")
    told = letter_of(walk, walk.head, "Reversal of the decision", tmp_path)
    assert "撤销的决定" in told and "古人社退决〔" in told
    assert "古县人民政府撤销原决定" in told and "古政复决〔2027〕1号" in told
    walk.in_both(walk.head, "revoked-institution")


def test_after_the_term_the_head_applies_is_refused_applies_again_and_is_readmitted(
    people: People, world: World, hands: Hands, tmp_path: Path
) -> None:
    people.expected |= {404, 409, 422}
    walk = Walk(people, world, hands)
    walk.noticed()
    walk.later(days=14)
    walk.served()
    walk.at(walk.officer).get_by_role("button", name="Publish the decision").click()
    state(walk.officer, "in force, published")
    assert walk.at(walk.head).get_by_role("button", name="Submit the application").count() == 0
    walk.later(days=370)
    job_handlers(people.site.services)["end-exit-terms"]()
    proof = tmp_path / "proof.txt"
    proof.write_bytes(b"no pdf")
    head = walk.at(walk.head)
    head.get_by_label("What was put right").fill("签到设备已更换\n补贴已退回")
    head.get_by_label("Documents and pictures").set_input_files(proof)
    head.get_by_role("button", name="Submit the application").click()
    expect(head.get_by_role("alert")).to_be_visible()
    expect(head.get_by_label("What was put right")).to_have_value("签到设备已更换\n补贴已退回")
    walk.in_both(head, "readmission-apply")

    def applied_and_assessed(*met: str) -> None:
        page = walk.at(walk.head)
        page.get_by_label("What was put right").fill("签到设备已更换\n补贴已退回")
        page.get_by_role("button", name="Submit the application").click()
        state(page, "readmission applied for")
        page = walk.at(walk.second)
        bare(page)
        for label in met:
            page.get_by_label(label, exact=True).check()
        page.locator("[name=cause_removed]").fill("设备验收单")
        page.get_by_role("button", name="Sign the assessment").click()
        refused(page, "Subsidies to be repaid were repaid", "is required")
        expect(page.locator("[name=cause_removed]")).to_have_value("设备验收单")
        for label in met:
            expect(page.get_by_label(label, exact=True)).to_be_checked()
        walk.in_both(page, "readmission-assess")
        page = walk.at(walk.second)
        for label in met:
            page.get_by_label(label, exact=True).check()
        for name, seen in (("cause_removed", "设备验收单"), ("subsidy_repaid", "退款凭证"), ("site_checked", "2027-12-10现场查看")):
            page.locator(f"[name={name}]").fill(seen)
        page.get_by_role("button", name="Sign the assessment").click()
        state(page, "readmission assessed")

    applied_and_assessed("The cause is removed", "The site was checked")
    leader = walk.at(walk.leader)
    leader.get_by_label("Readmit, from the lowest tier").check()
    leader.get_by_label("Reasons", exact=True).fill("条件具备")
    leader.get_by_role("button", name="Sign the decision").click()
    refused(leader, "conditions of the readmission are not met")
    expect(leader.get_by_label("Readmit, from the lowest tier")).to_be_checked()
    expect(leader.get_by_label("Reasons", exact=True)).to_have_value("条件具备")
    walk.in_both(leader, "readmission-decide")
    leader = walk.at(leader)
    leader.get_by_label("Refuse", exact=True).check()
    leader.get_by_label("Reasons", exact=True).fill("补贴尚未退回")
    leader.get_by_role("button", name="Sign the decision").click()
    state(leader, "readmission refused")
    assert "不予重新准入" in letter_of(walk, walk.head, "Decision on the readmission", tmp_path)
    applied_and_assessed("The cause is removed", "Subsidies to be repaid were repaid", "The site was checked")
    leader = walk.at(leader)
    leader.get_by_label("Readmit, from the lowest tier").check()
    leader.get_by_label("Reasons", exact=True).fill("三项条件具备")
    leader.get_by_role("button", name="Sign the decision").click()
    state(leader, "readmitted")
    assert "准予重新准入" in letter_of(walk, walk.head, "Decision on the readmission", tmp_path)
    walk.in_both(walk.head, "readmitted-institution")
    public = people.stranger()
    public.goto("/public/exclusions")
    expect(public.get_by_text(world.institution.name)).to_be_visible()
    look(public, "/public/exclusions", "exit-public-after-readmission")
