"""An inspector in Chromium reviews what the draw gave, by the keyboard alone: plays, is counted as watching, marks a finding; axe is clean."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect
from sqlalchemy import select

from api.auth.models import FootageView
from api.auth.roles import Role
from api.http.services import Services
from storage.clips.models import Clip, ClipState
from storage.database.session import SYSTEM
from tests.browser.conftest import People, look
from tests.browser.keyboard import press, tab_to, walk
from tests.browser.review_stage import drawn_assignment, inspector_of
from tests.site_fixtures import Hands


def test_an_inspector_marks_and_signs_then_an_officer_watches_the_marked_stretch(
    services: Services, hands: Hands, work: Callable[[], None], people: People, tmp_path: Path
) -> None:
    page = people.signed_in(Role.INSPECTOR, language="zh")
    assignment = drawn_assignment(services, hands, work, inspector_of(services, people, page), tmp_path)
    look(page, "/review", "review-list")
    page.goto(f"/review/{assignment}")
    press(page, "[action$='/start'] button")
    expect(page.locator("[data-camera].large video")).to_have_attribute("data-zero-ms", re.compile(r"\d+"))
    walk(page)
    press(page, '[data-act="toggle"]')
    expect(page.locator('[data-part="position"]')).not_to_have_text("00:00:00.000")
    page.keyboard.press("i")
    page.wait_for_timeout(7000)  # the player's beats come every five seconds of real time
    page.keyboard.press("o")
    page.keyboard.press("k")
    tab_to(page, "#note")
    page.keyboard.type("未见安全内容")
    press(page, "#mark-form .primary")
    expect(page.locator(".card.mark")).to_contain_text("F2026-0001")
    look(page, f"/review/{assignment}", "review-room")
    for question in page.locator("fieldset[data-item]").all():
        question.locator("input[value=yes]").check()
    press(page, "button[value=finding]")
    expect(page.get_by_text("您的结论已签字。")).to_be_visible()
    page.goto("/review")
    expect(page.locator("table")).to_contain_text("已记录问题")

    officer = people.signed_in(Role.BUREAU_OFFICER)
    officer.goto("/findings")
    officer.get_by_role("link", name="F2026-0001").click()
    officer.get_by_role("button", name="Watch the marked stretch").click()
    expect(officer.get_by_text("The clip is being prepared.")).to_be_visible()
    work()
    expect(officer.locator("video")).to_be_visible()
    officer.locator('[data-act="toggle"]').click()
    expect(officer.locator('[data-part="position"]')).not_to_have_text("00:00:00.000")
    with services.database.transaction(SYSTEM) as session:
        shown = session.scalars(select(FootageView).where(FootageView.case_ref == "F2026-0001")).all()
        assert {view.purpose for view in shown} == {"second look"}
        states = dict(session.execute(select(Clip.purpose, Clip.state)).all())
    assert states == {f"assignment/{assignment}": ClipState.DELETED, "finding/F2026-0001": ClipState.READY}  # a copy ends with its purpose
