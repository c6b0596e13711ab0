"""Two inspectors on site with phones 390 px wide: the line goes away in the middle, the page is opened again without it, and everything arrives."""

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect
from sqlalchemy import select

from api.auth.models import Account
from api.auth.roles import Role
from storage.database.session import SYSTEM
from supervision.visits.checklist import ITEMS
from supervision.visits.models import Visit, VisitAnswer, VisitPhoto
from tests.browser.conftest import SHOTS, People, look
from tests.factories.visits import Sent, on_the_day, send_out, world_ahead
from tests.site_fixtures import Hands, Site

PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC")
HERE = {"latitude": 36.266, "longitude": 111.92, "accuracy": 14}


def picture(number: int) -> dict[str, object]:
    return {"name": f"{number}.png", "mimeType": "image/png", "buffer": PIXEL + bytes([number])}


def two_at_the_door(site: Site, hands: Hands, people: People, language: str) -> tuple[Sent, Page, Page]:
    """Signed in on two phones; the lead's visit is open, the other one has confirmed presence."""
    pages = [people.signed_in(Role.INSPECTOR, language=language) for _ in range(2)]
    with site.services.database.transaction(SYSTEM) as session:
        accounts = [session.get_one(Account, people.accounts[page.context]) for page in pages]
    world = world_ahead(site.services)
    sent = send_out(site.services, hands, world, accounts)
    on_the_day(site.services, hands, world)
    for page in pages:
        page.set_viewport_size({"width": 390, "height": 844})
        people.sign_in_again(page.context)
    first, second = pages
    first.goto(f"/visits/{sent.visit}")
    first.locator("form[action$='/open'] button").click()
    second.goto(f"/visits/{sent.visit}")
    second.locator("[data-part=present]").click()
    expect(second.locator("[data-part=line]")).to_have_attribute("data-state", "up")
    return sent, first, second


def item(page: Page, code: str) -> Locator:
    return page.locator(f"[data-item={code}]")


def choose(page: Page, code: str, answer: str, note: str = "") -> None:
    item(page, code).locator(f"input[value={answer}]").check()
    if note:
        item(page, code).locator("textarea").fill(note)
        item(page, code).locator("textarea").blur()


def expect_nothing_left(page: Page) -> None:
    """Taking a visit off a phone is several steps of the browser; each is waited for."""
    for _ in range(100):
        held = left_behind(page)
        if not any(held.values()):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"still there: {held}")


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def left_behind(page: Page) -> dict[str, object]:
    """What of a visit a phone still holds."""
    found: dict[str, object] = page.evaluate(
        """async () => ({
          workers: (await navigator.serviceWorker.getRegistrations()).length,
          caches: (await caches.keys()).length,
          words: Object.keys(localStorage).length,
          entries: await new Promise((resolve) => {
            const request = indexedDB.open("classproof-visits");
            request.onsuccess = () => {
              const base = request.result;
              if (![...base.objectStoreNames].includes("entries")) { base.close(); resolve(0); return; }
              const count = base.transaction("entries").objectStore("entries").count();
              count.onsuccess = () => { base.close(); resolve(count.result); };
            };
          }),
        })"""
    )
    return found


@pytest.fixture
def without_a_line(people: People) -> Callable[[BrowserContext, bool], None]:
    people.expected_words.update({"ERR_INTERNET_DISCONNECTED", "ERR_FAILED"})
    return lambda context, off: context.set_offline(off)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_dead_zone_in_the_middle_loses_nothing(
    site: Site, hands: Hands, people: People, without_a_line: Callable[[BrowserContext, bool], None], language: str
) -> None:
    sent, page, second = two_at_the_door(site, hands, people, language)
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation(HERE)
    expect(page.locator("[data-part=kept]")).to_be_visible()
    page.locator("input[name=place][value=share]").check()
    page.locator("[data-part=present]").click()
    expect(page.locator("[data-part=members] [data-here=true]")).to_have_count(2)
    choose(page, "held", "yes")
    expect(item(page, "held").locator("[data-part=says]")).to_have_attribute("data-state", "sent")

    without_a_line(page.context, True)
    choose(page, "fire", "no", "灭火器已过期")
    expect(item(page, "fire").locator("[data-part=says]")).to_have_attribute("data-state", "waiting")
    item(page, "fire").locator("input[type=file]").set_input_files(picture(1))
    expect(item(page, "fire").locator(".shots [data-state=waiting] canvas")).to_be_visible()
    expect(page.locator("[data-part=line]")).to_have_attribute("data-state", "down")
    shoot(page, f"visit-offline-{language}")

    page.reload()  # the tab was killed: the page comes from the phone itself
    expect(item(page, "fire").locator("input[value=no]")).to_be_checked()
    expect(item(page, "fire").locator("textarea")).to_have_value("灭火器已过期")
    expect(item(page, "fire").locator(".shots [data-state=waiting] canvas")).to_be_visible()
    expect(item(page, "held").locator("input[value=yes]")).to_be_checked()
    expect(page.locator("input[name=place][value=share]")).to_be_checked()
    choose(page, "food", "not-applicable", "不供餐")
    expect(item(page, "food").locator("[data-part=says]")).to_have_attribute("data-state", "waiting")
    expect(page.locator("[data-part=sign-button]")).to_be_disabled()

    without_a_line(page.context, False)
    expect(page.locator("[data-part=line]")).to_have_attribute("data-state", "up", timeout=40_000)
    expect(item(page, "fire").locator(".shots [data-state=sent]")).to_be_visible()
    with site.services.database.transaction(SYSTEM) as session:
        photo = session.scalars(select(VisitPhoto)).one()
        assert photo.sha256 == hashlib.sha256(PIXEL + bytes([1])).digest()
        assert (photo.latitude_udeg, photo.longitude_udeg, photo.accuracy_m) == (36_266_000, 111_920_000, 14)
        assert {a.item: a.answer.value for a in session.scalars(select(VisitAnswer))} == {"held": "yes", "fire": "no", "food": "not-applicable"}

    for number, one in enumerate(ITEMS, start=10):
        if one.code not in ("held", "fire", "food"):
            choose(page, one.code, "yes")
        if one.photo and one.code != "fire":
            item(page, one.code).locator("input[type=file]").set_input_files(picture(number))
            expect(item(page, one.code).locator(".shots [data-state=sent]")).to_be_visible()
    expect(page.locator("[data-part=open] li")).to_have_count(0)
    shoot(page, f"visit-ready-{language}")
    page.locator("[data-part=sign-button]").click()
    expect(page.locator("[data-part=signed]")).to_be_visible()
    second.reload()
    second.locator("[data-part=sign-button]").click()
    expect(second.locator(".visit-record")).to_be_visible()
    page.reload()
    expect(page.locator(".visit-record")).to_be_visible()
    with site.services.database.transaction(SYSTEM) as session:
        assert session.scalars(select(Visit)).one().state.value == "signed"
        assert {photo.latitude_udeg for photo in session.scalars(select(VisitPhoto))} == {36_266_000}
    expect(page.locator("#leftovers")).to_be_attached()
    page.goto("/visits")  # a phone whose page was closed when the other one signed last
    expect(page.locator("main")).to_contain_text(sent.visit)
    expect_nothing_left(page)
    expect_nothing_left(second)
    look(second, f"/visits/{sent.visit}", f"visit-record-{language}")


def test_a_session_that_ended_in_the_dead_zone_keeps_what_waits_and_the_same_person_sends_it_later(site: Site, hands: Hands, people: People) -> None:
    people.expected.add(401)
    sent, page, _ = two_at_the_door(site, hands, people, "en")
    expect(page.locator("[data-part=kept]")).to_be_visible()
    cookies = page.context.cookies()
    page.context.clear_cookies()
    choose(page, "fire", "no", "灭火器已过期")
    expect(page.locator("[data-part=line]")).to_have_attribute("data-state", "signed-out")
    expect(page.locator("[data-part=sign-in]")).to_be_visible()
    shoot(page, "visit-signed-out")
    page.context.add_cookies([c for c in cookies if c["name"] == "lang"])
    people.sign_in_again(page.context)
    page.goto(f"/visits/{sent.visit}")
    expect(item(page, "fire").locator("[data-part=says]")).to_have_attribute("data-state", "sent")
    with site.services.database.transaction(SYSTEM) as session:
        assert [(a.item, a.note) for a in session.scalars(select(VisitAnswer))] == [("fire", "灭火器已过期")]


def test_whoever_signs_out_leaves_nothing_and_is_asked_before_something_unsent_goes(
    site: Site, hands: Hands, people: People, without_a_line: Callable[[BrowserContext, bool], None]
) -> None:
    _, page, _ = two_at_the_door(site, hands, people, "en")
    expect(page.locator("[data-part=kept]")).to_be_visible()
    without_a_line(page.context, True)
    choose(page, "fire", "no", "灭火器已过期")
    expect(item(page, "fire").locator("[data-part=says]")).to_have_attribute("data-state", "waiting")
    page.route("**/api/v1/visits/**", lambda route: route.abort())
    without_a_line(page.context, False)
    page.once("dialog", lambda dialog: dialog.dismiss())
    with page.expect_event("dialog") as asked:
        page.get_by_role("button", name="Sign out").click()
    assert asked.value.message == "1 entry was never sent. Signing out deletes it from this device. Sign out?"
    assert left_behind(page)["entries"] == 1
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{site.url}/login")
    expect_nothing_left(page)


def test_the_pages_of_a_visit_are_read_by_everybody_who_may(site: Site, hands: Hands, people: People) -> None:
    sent, page, _ = two_at_the_door(site, hands, people, "en")
    look(page, f"/visits/{sent.visit}", "visit-phone")
    look(page, "/visits", "visits-mine")
    officer = people.signed_in(Role.BUREAU_OFFICER, language="zh")
    look(officer, "/visits", "visits-rounds")
    look(officer, f"/visits/rounds/{sent.code}", "visits-round")
    expect(officer.locator("main")).not_to_contain_text(sent.world.lessons[0].natural_id)
    assert (
        page.evaluate(
            """async () => {
          const { sha256Hex } = await import("/static/js/sha256.js");
          for (const length of [0, 1, 55, 56, 63, 64, 65, 1000, 200003]) {
            const bytes = new Uint8Array(length).map((_, i) => (i * 31 + 7) & 255);
            const right = [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))].map((b) => b.toString(16).padStart(2, "0")).join("");
            if (sha256Hex(bytes.buffer) !== right) return `wrong for ${length} bytes`;
          }
          return "right";
        }"""
        )
        == "right"
    )
