"""A confirmed finding goes through notice, objection, answer, rectification, closing and publication, each side in its own browser. 2.3.2."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from api import wiring
from api.auth.roles import Role
from api.holds import EvidenceHolds
from storage.database.session import SYSTEM
from storage.kernel.actor import Actor
from supervision.findings import procedure
from supervision.findings import service as findings
from supervision.findings.clocks import ProcedureRule
from supervision.findings.rules import DefectCode, Severity
from supervision.footage.models import Recording
from tests import videos
from tests.browser.conftest import People, look
from tests.factories.world import World
from tests.integration.spine.test_upload_to_catalogue import send
from tests.people import account_of
from tests.site_fixtures import Hands


def confirmed(people: People, world: World, work: Callable[[], None], folder: Path) -> str:
    """A finding on catalogued footage, seen by two people. Returns its code."""
    services = people.site.services
    send(services, world, videos.film(folder / "lesson.mp4", "mp4", videos.Scene(seconds=120, fps=10, gop=20)))
    work()
    one, two = (Actor("account", f"inspector{n}", "inspector", account_of(services, Role.INSPECTOR).id) for n in range(2))
    with services.database.transaction(SYSTEM) as session:
        recording = session.query(Recording).one()
        found = findings.record(
            session,
            lesson_id=world.lessons[0].id,
            recording_id=recording.id,
            start_ms=20_000,
            end_ms=50_000,
            defect=DefectCode.COVERED_CAMERA,
            severity=Severity.SERIOUS,
            note="镜头被遮挡",
            assignment_id=None,
            hash_verified=True,
            holds=EvidenceHolds(services.buckets.evidence),
            actor=one,
            clock=services.clock,
            events=services.events,
        )
        findings.confirm(session, found.code, hash_verified=True, actor=two, clock=services.clock)
        return found.code


def state(page: Page, words: str) -> None:
    expect(page.locator(".facts").first).to_contain_text(words)


def test_both_sides_walk_a_finding_to_its_publication(people: People, world: World, work: Callable[[], None], hands: Hands, tmp_path: Path) -> None:
    people.expected |= {404, 409, 422}
    code = confirmed(people, world, work, tmp_path)
    page = f"/findings/{code}"
    head = people.signed_in(Role.INSTITUTION_HEAD, world.institution.id)
    assert head.request.get(page).status == 404
    officer = people.signed_in(Role.BUREAU_OFFICER)
    officer.goto(page)
    officer.get_by_role("button", name="Sign and serve").click()
    state(officer, "notice served")

    head.goto("/findings")
    head.get_by_role("link", name=code).click()
    expect(head.get_by_text("The institution may explain or object")).to_be_visible()
    letter = head.request.get(head.get_by_role("link", name="Letter (PDF)").get_attribute("href") or "")
    assert letter.body().startswith(b"%PDF-")
    bill = tmp_path / "bill.pdf"
    bill.write_bytes(b"%PDF-1.7 bill")
    virus = tmp_path / "bill.exe"
    virus.write_bytes(b"MZ")
    head.get_by_label("Your points").fill("停电通知已附上\n次日已补课")
    head.locator("#files").set_input_files(virus)
    head.get_by_role("button", name="Submit the objection").click()
    expect(head.get_by_role("alert")).to_be_visible()
    expect(head.get_by_label("Your points")).to_have_value("停电通知已附上\n次日已补课")
    head.locator("#files").set_input_files(bill)
    head.get_by_role("button", name="Submit the objection").click()
    state(head, "objection raised")

    officer.reload()
    expect(officer.get_by_text("You took part in it; another person must answer the objection.")).to_be_visible()
    look(officer, page, "finding-objected")
    leader = people.signed_in(Role.BUREAU_LEADER)
    leader.goto(page)
    leader.get_by_label("Answer to point 1").fill("当日供电正常，有供电公司回函")
    leader.get_by_label("Answer to point 2").fill("补课录像不覆盖该时段")
    leader.get_by_label("The finding stands: rectification is ordered").check()
    leader.get_by_role("button", name="Sign and serve").click()
    state(leader, "being rectified")

    head.goto(page)
    head.get_by_label("What was done").fill("已固定摄像机并加装护罩")
    head.get_by_role("button", name="Submit the report").click()
    expect(head.get_by_role("heading", name="Letters and statements")).to_be_visible()
    verifier = people.signed_in(Role.LEGAL_OFFICER)
    verifier.goto(page)
    verifier.get_by_label("Who looked, when, and what was seen").fill("现场核验，画面完整")
    verifier.get_by_role("button", name="Verified").click()
    officer.goto(page)
    officer.get_by_role("button", name="Sign and serve").click()
    expect(officer.get_by_text("It can be published when nobody can ask for a review any more.")).to_be_visible()
    expect(officer.get_by_role("button", name="Publish", exact=True)).to_have_count(0)
    hands.forward(days=20)
    people.sign_in_again(officer.context)
    officer.goto(page)
    officer.get_by_role("button", name="Publish", exact=True).click()
    state(officer, "published")
    people.sign_in_again(head.context)
    look(head, page, "finding-published-institution")
    public = people.stranger()
    public.goto("/public")
    expect(public.get_by_role("region", name="Findings").get_by_text(world.institution.name)).to_be_visible()


def test_a_result_is_reviewed_once_by_somebody_new_and_whoever_is_late_is_reminded(
    people: People, world: World, work: Callable[[], None], hands: Hands, tmp_path: Path
) -> None:
    code = confirmed(people, world, work, tmp_path)
    services = people.site.services
    officer, head = people.signed_in(Role.BUREAU_OFFICER), people.signed_in(Role.INSTITUTION_HEAD, world.institution.id)
    with services.database.transaction(SYSTEM) as session:
        rule = services.policy.read(ProcedureRule, services.clock.today_on())
        signing = Actor("account", "officer", "bureau-officer", people.accounts[officer.context])
        school = Actor("account", "head", "institution-head", people.accounts[head.context])
        by: dict[str, Any] = {"actor": signing, "clock": services.clock}  # Any: keywords of the procedure
        procedure.serve_notice(session, code, hash_verified=True, still=None, rule=rule, **by)
        hands.forward(days=20)
        procedure.order_rectification(session, code, wanted="加装支架", rule=rule, **by)
        hands.forward(days=40)
    wiring.job_handlers(services)["remind-findings"]()
    for page, language in ((officer, "zh"), (head, "en")):
        people.sign_in_again(page.context)
        people.speak(page, language)
        look(page, "/findings", f"findings-late-{language}")
        expect(page.locator("#pressing + ul")).to_contain_text(code)
    with services.database.transaction(SYSTEM) as session:
        institution = world.institution.id
        procedure.report_rectification(session, code, said="已加装", files=[], institution_id=institution, actor=school, clock=services.clock)
        procedure.verify_rectification(session, code, how="现场核验通过", **by)
        procedure.close(session, code, rule=rule, **by)
    head.goto(f"/findings/{code}")
    head.get_by_label("Your points").fill("遮挡系学员临时站立\n整改前已恢复")
    head.get_by_role("button", name="Submit the request").click()
    state(head, "under review")
    officer.goto(f"/findings/{code}")
    expect(officer.get_by_text("您参与过此前的认定")).to_be_visible()
    legal = people.signed_in(Role.LEGAL_OFFICER)
    look(legal, f"/findings/{code}", "finding-under-review-en")
    legal.get_by_label("Answer to point 1").fill("录像显示遮挡持续二十分钟")
    legal.get_by_label("Answer to point 2").fill("恢复不影响此前事实的认定")
    legal.get_by_label("The result stands and may be published").check()
    legal.get_by_role("button", name="Sign and serve").click()
    state(legal, "closed")
    look(officer, f"/findings/{code}", "finding-reviewed-zh")
