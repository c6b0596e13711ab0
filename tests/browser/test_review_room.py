"""The review room in Chromium with real clips: cameras in step, marks that survive a dead browser, all by keys, both languages and widths."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from api.auth.models import FootageView, ViewKind
from api.auth.roles import Role
from api.http.services import Services
from storage.database.session import SYSTEM
from supervision.findings.models import Finding
from supervision.spotchecks import queries
from supervision.spotchecks.mark_lifecycle import MarkState
from supervision.spotchecks.models import ReviewAssignment
from supervision.spotchecks.room_models import ReviewMark, ReviewStill
from tests import videos
from tests.browser.conftest import People, look
from tests.browser.keyboard import press, tab_to
from tests.browser.review_stage import drawn_assignment, inspector_of, two_cameras
from tests.site_fixtures import Hands

# the wall clock of every picture on the screen, in ms, by camera
WALL = """() => Object.fromEntries([...document.querySelectorAll("[data-camera] video")].filter((v) => v.dataset.zeroMs && v.readyState >= 2).map(
  (v) => [v.closest("[data-camera]").dataset.camera, Number(v.dataset.zeroMs) + v.currentTime * 1000]))"""


def started(page: Page, assignment: str) -> None:
    page.goto(f"/review/{assignment}")
    press(page, "[action$='/start'] button")
    expect(page.locator("[data-camera].large video")).to_have_attribute("data-zero-ms", re.compile(r"\d+"))


def drift_ms(page: Page, *, seconds: float) -> float:
    """The largest distance between the two pictures over some seconds of real playing."""
    found: list[float] = []
    for _ in range(round(seconds * 5)):
        page.wait_for_timeout(200)
        walls: dict[str, float] = page.evaluate(WALL)
        found.append(abs(walls["0"] - walls["1"]))
    return max(found)


# the picture that a camera shows, drawn small: 16 grey values of the blocks that hold its number, or null while it is being sought
BLOCKS = """(camera) => {
  const video = document.querySelector(`[data-camera="${camera}"] video`);
  if (video.seeking || video.readyState < 2) return null;
  const [canvas, size] = [document.createElement("canvas"), video.videoWidth / 16];
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const pen = canvas.getContext("2d");
  pen.drawImage(video, 0, 0);
  return [...Array(16).keys()].map((n) => pen.getImageData((n + 0.5) * size, size / 2, 1, 1).data[0]);
}"""


def shown(page: Page, camera: int) -> int | None:
    """The number of the picture on a camera's screen."""
    blocks: list[int] | None = page.evaluate(BLOCKS, camera)
    return None if blocks is None else sum((grey > 125) << bit for bit, grey in enumerate(blocks))


def shows(page: Page, camera: int, number: int) -> None:
    """Within two seconds the camera shows this picture."""
    for _ in range(40):
        if shown(page, camera) == number:
            return
        page.wait_for_timeout(50)
    assert shown(page, camera) == number


def hovered(page: Page, share: float) -> int:
    """The number of the small picture over a place of the axis, taken from the screen."""
    field, tile = page.locator('[data-part="lane-field"]'), page.locator('[data-part="tile"]')
    field.hover(position={"x": field.evaluate("(e) => e.getBoundingClientRect().width") * share, "y": 10.0})
    expect(tile).to_be_visible()
    picture = cv2.imdecode(np.frombuffer(tile.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    return videos.number_in(np.asarray(picture, np.uint8))


def position(page: Page, text: str) -> None:
    expect(page.locator('[data-part="wall"]')).to_have_text(text)


def test_two_cameras_run_in_step_and_files_of_one_camera_join(
    services: Services, hands: Hands, work: Callable[[], None], people: People, tmp_path: Path
) -> None:
    page = people.signed_in(Role.INSPECTOR)
    assignment = two_cameras(services, hands, work, inspector_of(services, people, page), tmp_path)
    started(page, assignment)
    look(page, f"/review/{assignment}", "room-two-cameras")
    page.set_viewport_size({"width": 1440, "height": 900})
    large, words = page.locator("[data-camera].large"), page.locator('[data-camera="1"] .no-footage')

    page.keyboard.press("k")
    expect(page.locator('[data-part="position"]')).not_to_have_text("00:00:00.000")
    page.wait_for_timeout(1000)
    assert drift_ms(page, seconds=3) <= 150
    page.keyboard.press("+")
    page.keyboard.press("+")
    page.wait_for_timeout(1000)
    assert drift_ms(page, seconds=3) <= 150
    assert page.evaluate("() => [...document.querySelectorAll('[data-camera] video')].map((v) => v.muted)") == [False, True]

    page.keyboard.press("2")
    expect(large).to_have_attribute("data-camera", "1")
    assert drift_ms(page, seconds=1) <= 150
    assert page.evaluate("() => [...document.querySelectorAll('[data-camera] video')].map((v) => v.muted)") == [True, False]
    page.keyboard.press("k")
    page.wait_for_timeout(300)
    walls = page.evaluate(WALL)
    assert abs(walls["0"] - walls["1"]) <= 20  # standing still there is no difference left

    page.keyboard.press("n")  # where the second camera stops
    position(page, "09:01:20")
    expect(words).to_be_visible()
    expect(words).to_contain_text("no footage")
    page.keyboard.press("k")  # the large camera has nothing: time goes on, the small one shows it
    expect(page.locator('[data-part="wall"]')).not_to_have_text("09:01:20")
    page.keyboard.press("1")
    expect(large).to_have_attribute("data-camera", "0")
    page.keyboard.press("k")

    # a step is one picture of the large camera, whatever its rate; the mouse over the axis shows the key picture before that instant
    page.keyboard.press("Home")
    for camera, rate in ((0, 10), (1, 12)):
        page.keyboard.press(str(camera + 1))
        page.keyboard.press("Home")
        shows(page, camera, 0)
        for number in (*range(1, 14), 12, 11, 10):
            page.keyboard.press("." if number > (shown(page, camera) or 0) else ",")
            shows(page, camera, number)
        for share, begins_s in ((0.1, 0), (0.6, (60, 0)[camera])):  # 72 s lie in the first camera's second file
            seconds, until = -9.0, time.monotonic() + 10  # the sheet of another file is fetched first
            while not -0.1 <= 120 * share - seconds <= 2.1 and time.monotonic() < until:
                seconds = begins_s + hovered(page, share) / rate
            assert -0.1 <= 120 * share - seconds <= 2.1, (camera, share, seconds)
    page.keyboard.press("1")
    page.mouse.move(0, 0)
    expect(page.locator('[data-part="hover"]')).to_be_hidden()

    # over the join of two files the wall clock goes on
    page.locator('[data-part="seek"]').focus()
    page.keyboard.press("Home")
    field = page.locator('[data-part="lane-field"]')
    width_px = field.evaluate("(e) => e.getBoundingClientRect().width")
    field.click(position={"x": width_px * 0.49, "y": 10.0})
    expect(page.locator('[data-part="wall"]')).to_have_text("09:00:58")
    before = page.locator('[data-camera="0"] video').get_attribute("data-item")
    page.keyboard.press("k")
    expect(page.locator('[data-part="wall"]')).to_have_text("09:01:03")
    assert page.locator('[data-camera="0"] video').get_attribute("data-item") != before
    page.keyboard.press("k")
    page.wait_for_timeout(500)  # the last beat is on its way
    with services.database.transaction(SYSTEM) as session:
        row = session.scalars(select(ReviewAssignment)).one()
        seen_ms = sum(span.length_ms for span in queries.watched(session, row.id))
        assert 8_000 <= seen_ms <= 30_000  # what was large and really ran, each instant once
        assert session.scalar(select(func.count()).where(FootageView.kind == ViewKind.PLAY)) >= 3  # type: ignore[operator]  # every opened file is on record


def test_what_is_typed_survives_a_killed_browser_and_a_dead_line(
    services: Services, hands: Hands, work: Callable[[], None], people: People, tmp_path: Path
) -> None:
    page = people.signed_in(Role.INSPECTOR, language="zh")
    assignment = drawn_assignment(services, hands, work, inspector_of(services, people, page), tmp_path)
    started(page, assignment)
    page.keyboard.press("m")
    page.keyboard.press("l")
    page.keyboard.press("m")
    expect(page.locator('[data-part="mark-status"]')).to_contain_text("已保存")

    page.context.set_offline(True)
    page.locator("#note").fill("断网时所写")
    page.locator('[data-item="held"] input[value="yes"]').check()
    expect(page.locator('[data-part="mark-status"]')).to_have_text("尚未送达")
    people.errors.clear()  # the console told of the dead line
    page.close()  # as a crash does: nothing is asked, nothing is sent

    page.context.set_offline(False)
    again = people.page(page.context)
    again.goto(f"/review/{assignment}")
    expect(again.locator("#note")).to_have_value("断网时所写")
    expect(again.locator('[data-item="held"] input[value="yes"]')).to_be_checked()
    expect(again.locator('[data-part="mark-status"]')).to_contain_text("已保存")

    again.locator("#note").fill("断网时所写，后又补充")
    again.close()  # within half a second of the last letter
    last = people.page(page.context)
    last.goto(f"/review/{assignment}")
    expect(last.locator("#note")).to_have_value("断网时所写，后又补充")
    expect(last.locator('[data-part="mark-status"]')).to_contain_text("已保存")
    with services.database.transaction(SYSTEM) as session:
        assert session.scalars(select(ReviewMark.note)).all() == ["断网时所写，后又补充"]
    assert last.evaluate("() => Object.keys(localStorage).filter((name) => name.startsWith('room'))") == []

    last.route("**/marks/*", lambda route: route.abort())  # the line is bad just for what is typed now
    last.locator("#note").fill("来不及送出")
    expect(last.locator('[data-part="mark-status"]')).to_have_text("尚未送达")
    last.once("dialog", lambda dialog: dialog.accept())
    with last.expect_event("dialog") as asked:
        last.get_by_role("button", name="退出登录").click()
    assert asked.value.message == "有1项内容尚未发送。退出登录将从本设备删除这些内容。确定退出吗？"
    expect(last).to_have_url(re.compile(r"/login$"))
    assert last.evaluate("() => Object.keys(localStorage).filter((name) => name.startsWith('room'))") == []
    people.errors.clear()  # the console told of the bad line


def test_a_review_from_opening_to_the_signature_with_the_keyboard_alone(
    services: Services, hands: Hands, work: Callable[[], None], people: People, tmp_path: Path
) -> None:
    page = people.signed_in(Role.INSPECTOR, language="zh")
    assignment = drawn_assignment(services, hands, work, inspector_of(services, people, page), tmp_path)
    started(page, assignment)
    page.keyboard.press("?")
    expect(page.locator("#room-keys")).to_be_visible()
    page.keyboard.press("Escape")

    page.keyboard.press("k")
    expect(page.locator('[data-part="position"]')).not_to_have_text("00:00:00.000")
    page.keyboard.press("m")
    page.wait_for_timeout(6000)  # three seconds are required, and beats come every five
    page.keyboard.press("m")
    page.keyboard.press("k")
    for key in ("]", "]", "[", "{"):
        page.keyboard.press(key)
    page.keyboard.press("s")
    expect(page.locator(".stills img")).to_have_count(1)
    page.keyboard.press("e")
    page.keyboard.type("到")  # the list jumps to what begins so
    tab_to(page, "#note")
    page.keyboard.type("只见八人，签到二十人")
    page.keyboard.press("Enter")
    expect(page.locator('[data-act="toggle"]')).to_be_focused()
    expect(page.locator('[data-part="mark-status"]')).to_contain_text("已保存")

    page.reload()  # in the middle: nothing is lost, and the form is where it was
    expect(page.locator("#note")).to_have_value("只见八人，签到二十人")
    expect(page.locator(".stills img")).to_have_count(1)
    page.keyboard.press("o")
    page.keyboard.press("r")
    expect(page.locator(".card.mark")).to_contain_text("F2026-0001")

    page.keyboard.press("m")  # a second mark that leads nowhere
    page.keyboard.press("l")
    page.keyboard.press("m")
    expect(page.locator(".card.mark")).to_have_count(2)

    for _ in range(page.locator("fieldset[data-item]").count()):
        page.keyboard.press("c")
        if page.evaluate("() => document.activeElement.type") == "radio":
            page.keyboard.press(" ")
    page.keyboard.press("c")
    expect(page.locator('[data-part="verdict"] button[value="finding"]')).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#open-marks")).to_be_visible()
    tab_to(page, "#open-marks input[value=record]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("镜头反光")
    page.keyboard.press("Enter")
    expect(page.get_by_text("您的结论已签字。")).to_be_visible()
    expect(page.locator('[data-lane="machine"] rect.noticed').first).to_be_attached()
    with services.database.transaction(SYSTEM) as session:
        found = session.scalars(select(Finding)).one()
        marks = {mark.state: mark for mark in session.scalars(select(ReviewMark))}
        assert marks[MarkState.RECORDED].finding == found.code
        assert marks[MarkState.DROPPED].dropped_reason == "镜头反光"
        assert session.scalars(select(ReviewStill.mark_id)).all() == [marks[MarkState.RECORDED].id]
    look(page, f"/review/{assignment}", "room-signed")
