"""Two recordings that show the same stand side by side and play in step; the page is whole in both languages and on a phone. R60; F-06, F-07."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from api.auth.roles import Role
from api.http.services import Services
from bench.screening.camera import Camera, Defect
from bench.screening.encoding import Change, Encoder, altered, encode, remux
from bench.screening.lessons import Lesson
from bench.screening.rooms import room
from storage.database.session import SYSTEM
from supervision.screening.looks import Code
from supervision.screening.screening_models import ScreeningLead
from tests.browser.conftest import People, in_both
from tests.factories.world import World, make_world
from tests.integration.screening.test_recycled_footage import filmed, spliced
from tests.integration.spine.test_upload_to_catalogue import send


@pytest.fixture
def screening_lane() -> bool:
    return True


SECONDS = 330


def play_in_step(page: Page, work: Callable[[], None]) -> None:
    page.get_by_role("button", name="Prepare this minute of both, faces blurred").click()
    work()
    expect(page.locator("[data-pair] video")).to_have_count(2, timeout=20_000)
    page.locator('[data-act="toggle"]').click()
    expect(page.locator('[data-part="position"]')).to_have_text(re.compile(r"00:00:0[2-9]"), timeout=20_000)
    assert abs(int(page.locator("[data-pair]").get_attribute("data-drift-ms") or "9999")) < 300
    page.locator('[data-act="toggle"]').click()


def test_both_recordings_of_a_lead_play_in_step(services: Services, world: World, people: People, work: Callable[[], None], tmp_path: Path) -> None:
    with services.database.transaction(SYSTEM) as session:
        other = make_world(session, services.clock.now_at(), name="对面职业培训学校", days_ago=5)
    camera = Camera(Lesson(room(5), 11, SECONDS, people=10), datetime(2026, 3, 2, 1, 0, tzinfo=UTC), noise_seed=3)
    small = Encoder(width=320, height=180, crf=30)
    source = encode(tmp_path / "source.mp4", camera.pictures(small.fps), small)
    copy = encode(tmp_path / "copy.mp4", altered(source, Change(begin_s=20, mirror=True, speed=1.01)), small)
    send(services, world, source)
    work()
    send(services, other, copy)
    work()
    with services.database.transaction(SYSTEM) as session:
        lead_id = session.scalars(select(ScreeningLead.id).where(ScreeningLead.code == Code.RECYCLED)).one()
    page = people.signed_in(Role.BUREAU_OFFICER)
    page.goto(f"/leads/{lead_id}")
    page.get_by_role("link", name="Both recordings side by side").click()
    expect(page.locator("polygon.band")).not_to_have_count(0)
    play_in_step(page, work)
    place = page.url.removeprefix(people.site.url)
    in_both(page, people, place, "recycled-pair")
    expect(page.get_by_role("region", name="All recordings that hang together with this one")).to_have_count(0)  # there are two
    with services.database.transaction(SYSTEM) as session:
        third = make_world(session, services.clock.now_at(), name="第三职业培训学校", days_ago=9)
    send(services, third, remux(source, tmp_path / "third.ts", 40, 300), file_name=third.file_name(suffix="ts"))
    work()
    page.goto(place)
    cluster = page.get_by_role("region", name="All recordings that hang together with this one")
    expect(cluster.get_by_role("row")).to_have_count(4)  # with the heading
    expect(cluster.get_by_role("row").nth(1)).to_contain_text("第三职业培训学校")  # filmed first
    in_both(page, people, place, "recycled-cluster")
    cluster.get_by_role("row").nth(1).get_by_role("link", name=re.compile("^[23]$")).first.click()
    expect(page.get_by_text("The same coded pictures, byte for byte").or_(page.get_by_text("The same movement, minute after minute"))).to_be_visible()
    expect(page).not_to_have_url(people.site.url + place)


def test_a_piece_of_another_lesson_and_where_it_comes_from_play_in_step(
    services: Services, world: World, people: People, work: Callable[[], None], tmp_path: Path
) -> None:
    with services.database.transaction(SYSTEM) as session:
        other = make_world(session, services.clock.now_at(), name="古县岳阳镇巧手家政服务职业技能培训中心", days_ago=5)
    send(services, world, filmed(1), file_name=world.file_name())
    work()
    send(services, other, spliced(tmp_path / "spliced.mp4", 151, 241, 63), file_name=other.file_name())
    work()
    with services.database.transaction(SYSTEM) as session:
        lead_id = session.scalars(select(ScreeningLead.id).where(ScreeningLead.code == Code.SPLICED)).one()
    page = people.signed_in(Role.BUREAU_OFFICER)
    in_both(page, people, f"/leads/{lead_id}", "spliced-lead")
    page.get_by_role("link", name="Both recordings side by side").click()
    expect(page.get_by_role("heading", name="Piece of another recording")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^00:02:[\d.]+ here is 00:01:[\d.]+ there, at the same speed"))).to_be_visible()
    play_in_step(page, work)
    in_both(page, people, page.url.removeprefix(people.site.url), "spliced-pair")


def test_both_showings_of_a_loop_play_in_step(services: Services, world: World, people: People, work: Callable[[], None], tmp_path: Path) -> None:
    looped = Defect("loop", 110, 300, 60)
    camera = Camera(Lesson(room(6), 12, SECONDS, people=10), datetime(2026, 3, 2, 1, 0, tzinfo=UTC), noise_seed=4, defects=(looped,))
    small = Encoder(width=320, height=180, crf=30)
    send(services, world, encode(tmp_path / "looped.mp4", camera.pictures(small.fps), small))
    work()
    with services.database.transaction(SYSTEM) as session:
        lead_id = session.scalars(select(ScreeningLead.id).where(ScreeningLead.code == Code.LOOP)).one()
    page = people.signed_in(Role.BUREAU_OFFICER)
    page.goto(f"/leads/{lead_id}")
    page.get_by_role("link", name="Both showings side by side").click()
    expect(page.get_by_role("heading", name="The same piece twice in one recording")).to_be_visible()
    play_in_step(page, work)
    in_both(page, people, page.url.removeprefix(people.site.url), "loop-pair")
