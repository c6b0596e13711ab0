"""A draw from its plan to the public page by the keyboard alone, and a finding through the hands of those concerned, in both languages."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from api.auth.models import Account
from api.auth.roles import Role
from storage.database.session import SYSTEM
from storage.kernel.clock import BUREAU_ZONE
from tests import videos
from tests.browser.conftest import People, in_both
from tests.browser.keyboard import press, tab_to, walk
from tests.factories.county import County, Person, ok
from tests.factories.world import World
from tests.integration.spine.test_upload_to_catalogue import send
from tests.site_fixtures import Hands

pytestmark = pytest.mark.browser
HTML_LANG = {"zh": "zh-Hans", "en": "en"}


@pytest.fixture
def county(people: People, hands: Hands, world: World, work: Callable[[], None], tmp_path: Path) -> Iterator[County]:
    """One lesson on tape, locked."""
    send(people.site.services, world, videos.film(tmp_path / "lesson.mp4", "mp4", videos.Scene(seconds=120, fps=10, gop=20)))
    work()
    made = County(people.site, hands, world, work)
    yield made
    for client in made.clients:
        client.close()


def opened_by(people: People, person: Person) -> Page:
    """A browser of somebody who exists."""
    page = people.stranger()
    people.accounts[page.context] = person.account.id
    people.sign_in_again(page.context)
    return page


def account_of_page(people: People, page: Page) -> Account:
    with people.site.services.database.transaction(SYSTEM) as session:
        return session.get_one(Account, people.accounts[page.context])


ORDERS = ("%m %d %Y", "%d %m %Y", "%Y %m %d")  # the browser asks for a day as its own language writes it
TIMES = ("%I %M %p", "%H %M")


def type_moment(page: Page, name: str, at: datetime, *, with_time: bool = False) -> None:
    """Digits into a date field, part after part."""
    tab_to(page, f"[name={name}]")
    wanted = f"{at:%Y-%m-%dT%H:%M}" if with_time else f"{at:%Y-%m-%d}"
    for order in [f"{day} {time}" for day in ORDERS for time in TIMES] if with_time else ORDERS:
        for _ in range(6):
            page.keyboard.press("ArrowLeft")
        for part in at.strftime(order).split():
            page.keyboard.type(part)
            if len(part) == 4:
                page.keyboard.press("ArrowRight")  # a year may have more digits, so it waits
        if page.locator(f"[name={name}]").input_value() == wanted:
            return
    raise AssertionError(f"{name} cannot be typed")


def test_a_round_goes_from_plan_to_a_draw_that_a_stranger_verifies_by_the_keyboard_alone(people: People, county: County, tmp_path: Path) -> None:
    officer, legal = people.signed_in(Role.BUREAU_OFFICER), county.person(Role.LEGAL_OFFICER)
    county.person(Role.INSPECTOR)
    now = people.site.services.clock.now_at().astimezone(BUREAU_ZONE)
    first, known = now - timedelta(days=5), now + timedelta(minutes=20)
    in_both(officer, people, "/draws", "draws-empty")
    officer.goto("/draws")
    press(officer, "[data-opens=plan]")
    tab_to(officer, "[name=title]")
    officer.keyboard.type("November spot check")
    type_moment(officer, "period_starts_on", first)
    type_moment(officer, "period_ends_on", now)
    tab_to(officer, "[name=public_source]")
    officer.keyboard.type("An agreed number")
    type_moment(officer, "public_at", known, with_time=True)
    officer.keyboard.press("Enter")
    expect(officer.get_by_role("heading", level=1)).to_contain_text("November spot check")
    code = officer.url.rpartition("/")[2]
    assert walk(officer)[0].startswith('<a class="skip')
    press(officer, f"[action='/draws/{code}/freeze'] button")
    expect(officer.locator(f"[action='/draws/{code}/freeze']")).to_have_count(0)
    in_both(officer, people, f"/draws/{code}", "draw-frozen")
    tab_to(officer, "#share-party")
    officer.keyboard.type("Training section")
    press(officer, "[data-make]", "Space")
    value = officer.locator("[data-value]").inner_text()
    assert len(value) == 64
    press(officer, "[data-send]")
    expect(officer.get_by_text("committed, not revealed")).to_be_visible()
    theirs = county.committed(code, [legal])
    county.hands.forward(minutes=25)
    ok(legal.http.post(f"/api/v1/draws/{code}/reveals", json={"party": legal.name, "value": theirs[legal.name].hex()}))
    officer.reload()
    tab_to(officer, "#party")
    officer.keyboard.type("Training section")
    tab_to(officer, "#value")
    officer.keyboard.type(value)
    officer.keyboard.press("Enter")
    expect(officer.get_by_text("committed, not revealed")).to_have_count(0)
    tab_to(officer, "#public-value")
    officer.keyboard.type("314159")
    officer.keyboard.press("Enter")
    expect(officer.locator("#public-value")).to_have_count(0)
    press(officer, f"[action='/draws/{code}/draw'] button")
    expect(officer.get_by_role("table")).to_contain_text(county.world.lessons[0].natural_id)
    in_both(officer, people, f"/draws/{code}", "draw-drawn")
    anyone = people.stranger()
    in_both(anyone, people, f"/public/draws/{code}", "draw-public")
    expect(anyone.locator("main")).not_to_contain_text("inspector-")
    for name, end in ((f"{code}.json", f"{code}.json"), ("verify_draw.py", "verifier.py")):
        with anyone.expect_download() as download:
            press(anyone, f"a[download][href$='{end}']")
        download.value.save_as(tmp_path / name)
    root = anyone.locator("pre code").inner_text().split()
    verified = subprocess.run([sys.executable, *root[1:]], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_a_finding_passes_through_the_hands_of_those_concerned(people: People, county: County) -> None:
    people.expected |= {403, 404, 409}
    officer = county.person(Role.BUREAU_OFFICER)
    inspectors = [county.person(Role.INSPECTOR) for _ in range(2)]
    line = county.assigned(officer)
    inspector, place = county.task_of(inspectors, line["natural_id"])
    absent = {"defect": "lesson-not-held", "severity": "serious", "note": "无教师授课"}
    recording = ok(inspector.http.get(place))["items"][0]["recording_id"]
    code = (county.look(inspector, place, finding=absent) or {})["code"]
    county.work()
    seer = opened_by(people, inspector)
    answer = seer.goto(f"/findings/{code}")
    assert answer is not None
    assert answer.status == 403  # looks are blind: an inspector reads no finding, not even afterwards
    second = opened_by(people, officer)
    in_both(second, people, "/findings", "findings")
    in_both(second, people, f"/findings/{code}", "finding-recorded")
    walk(second)
    expect(second.locator(f"[action='/findings/{code}/confirm']")).to_have_count(0)
    expect(second.get_by_text("blind looks confirm or reject it")).to_be_visible()
    in_both(second, people, f"/draws/{line['code']}/looks", "looks-open")
    other, again = county.task_of([p for p in inspectors if p is not inspector], line["natural_id"])
    county.work()
    county.look(other, again, finding={**absent, "defect": "too-few-trainees"})
    county.work()
    second.goto(f"/findings/{code}")  # each saw another thing: an officer looks at the marked stretch and decides
    press(second, f"[action='/findings/{code}/confirm'] button")
    expect(second.locator(f"[action='/findings/{code}/confirm']")).to_have_count(0)
    in_both(second, people, f"/findings/{code}", "finding-confirmed")
    theirs = people.signed_in(Role.INSTITUTION_HEAD, county.world.institution.id)
    theirs.goto("/findings")
    expect(theirs.get_by_role("heading", level=1)).to_be_visible()
    expect(theirs.get_by_role("link", name=code)).to_have_count(0)  # not before the notice
    answer = theirs.goto(f"/findings/{code}")
    assert answer is not None
    assert answer.status == 404
    in_both(theirs, people, f"/recordings/{recording}", "recording")
    in_both(second, people, f"/recordings/{recording}", "recording-bureau")
