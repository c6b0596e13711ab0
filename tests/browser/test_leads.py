"""A defect is noticed, listed, looked at and judged; its institution reads it; what the machine can do stands beside it. R60, R72."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from api.auth.roles import Role
from api.http.services import Services
from storage.database.session import SYSTEM
from supervision.screening.levels import Sound
from supervision.screening.looks import Code
from supervision.screening.screening_models import ScreeningLead, ScreeningRun
from supervision.screening.signals.every import CLAUSES
from tests.browser.conftest import People, in_both
from tests.class_film import Class, film_class
from tests.factories.subsidised import enrol
from tests.factories.world import World, make_world
from tests.integration.spine.test_upload_to_catalogue import send
from tests.screened import film


@pytest.fixture
def screening_lane() -> bool:
    return True


@pytest.fixture
def recording(services: Services, work: Callable[[], None], tmp_path: Path) -> tuple[World, UUID]:
    with services.database.transaction(SYSTEM) as session:
        world = make_world(session, services.clock.now_at())
    path = film(tmp_path / "lesson.mp4", ((30, "busy"), (40, "black"), (50, "busy")))
    recording_id = send(services, world, path, file_name=world.file_name())
    work()
    return world, recording_id


def test_a_lead_is_found_looked_at_and_judged(people: People, recording: tuple[World, UUID]) -> None:
    world, recording_id = recording
    page = people.signed_in(Role.BUREAU_OFFICER)
    page.goto("/leads")
    page.get_by_label("Kind").select_option("black")
    page.get_by_label("Institution", exact=True).select_option(world.institution.code)
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page).to_have_url(f"{people.site.url}/leads?q=&kind=black&institution={world.institution.code}&strength=&judged=&order=&sort=-strength")
    with page.expect_download() as taken:
        page.get_by_role("link", name="CSV", exact=True).click()
    assert taken.value.suggested_filename == "leads.csv"
    heading, *lines = taken.value.path().read_text("utf-8-sig").splitlines()
    assert (heading.partition(",")[0], [line.partition(",")[0] for line in lines]) == ("Lead", ["Black picture"])
    in_both(page, people, f"/leads?institution={world.institution.code}", "leads")
    page.goto(f"/leads?kind=black&institution={world.institution.code}")
    page.get_by_role("link", name="Black picture").click()
    expect(page.get_by_role("heading", name="Black picture")).to_be_visible()
    expect(page.locator("figure.still img")).to_have_js_property("naturalWidth", 640)  # it came, and it decodes
    address = page.url.removeprefix(people.site.url)
    people.expected.add(422)
    page.get_by_role("button", name="It is not real").click()
    expect(page.get_by_role("alert")).to_contain_text("Say why")
    page.get_by_label("What did you see?").fill("The lights were out for a film.")
    page.get_by_role("button", name="It is not real").click()
    expect(page.get_by_text("The lights were out for a film.")).to_be_visible()
    in_both(page, people, address, "lead")
    in_both(page, people, "/machine", "machine")
    own = people.signed_in(Role.INSTITUTION_HEAD, world.institution.id)
    own.goto(f"/recordings/{recording_id}")
    expect(own.get_by_role("region", name="Defects of picture and sound")).to_contain_text("Picture too small")
    in_both(own, people, f"/recordings/{recording_id}", "recording-defects")
    in_both(own, people, "/coverage", "ledger-defects")
    expect(own.get_by_role("region", name="Cameras to look at")).to_contain_text("Picture too small")
    expect(own.get_by_role("region", name="Cameras to look at")).not_to_contain_text("Black picture")  # the bureau called it not real
    own.get_by_role("region", name="Cameras to look at").get_by_role("link").click()
    expect(own).to_have_url(f"{people.site.url}/recordings/{recording_id}")


def test_a_turned_camera_and_a_silence_behind_a_gate_say_what_they_may_be(services: Services, people: People, recording: tuple[World, UUID]) -> None:
    """The figures are put there; that screening makes them is tested where it does."""
    world, recording_id = recording
    told = ((Code.TURNED_SINCE, True, 74.6, 30.0), (Code.UNUSUAL_VIEW, False, 5.0, 12.0), (Code.SILENT, True, -120.0, -65.0))
    with services.database.transaction(SYSTEM) as session:
        run = session.scalars(select(ScreeningRun).where(ScreeningRun.recording_id == recording_id)).one()
        levels = np.where(np.arange(60) < 30, -120, np.where(np.arange(60) % 6 == 0, -90, -30)).astype(np.float32)
        run.sound = Sound(np.arange(60, dtype=np.int64) * 2000, levels).to_bytes()
        made = [
            ScreeningLead(
                institution_id=world.institution.id, recording_id=recording_id, run_id=run.id, code=code, technical=technical, from_ms=0,
                to_ms=60_000, figure=figure, threshold=limit, clause=CLAUSES[code], strength=300, still_ms=0, found_at=services.clock.now_at(),
            )
            for code, technical, figure, limit in told
        ]  # fmt: skip
        session.add_all(made)
        session.flush()
        turned, unusual, silent = (one.id for one in made)
    page = people.signed_in(Role.BUREAU_OFFICER)
    for lead_id, name, words in (
        (turned, "lead-turned", "Put the camera back, or have the new view approved"),
        (unusual, "lead-unusual", "The room may have been rearranged"),
        (silent, "lead-silent", "the microphone writes nothing in pauses either"),
    ):
        in_both(page, people, f"/leads/{lead_id}", name)
        expect(page.get_by_text(words)).to_be_visible()
    own = people.signed_in(Role.INSTITUTION_HEAD, world.institution.id)
    own.goto(f"/recordings/{recording_id}")
    expect(own.get_by_text("Camera turned since earlier lessons")).to_be_visible()
    expect(own.get_by_text("Not the view of earlier lessons")).to_have_count(0)


def test_few_people_are_told_with_every_count_and_what_counts_are_worth(
    services: Services, people: People, work: Callable[[], None], tmp_path: Path
) -> None:
    with services.database.transaction(SYSTEM) as session:
        now = services.clock.now_at()
        world = make_world(session, now, lessons=2, length=timedelta(minutes=1))
        enrol(session, world, now, 10)
    for lesson, facing in ((0, 10), (1, 3)):
        path = film_class(tmp_path / f"{lesson}.mp4", Class(facing, seconds=60, seed=lesson + 7))
        send(services, world, path, file_name=world.file_name(lesson=lesson))
        work()
    page = people.signed_in(Role.BUREAU_OFFICER)
    page.goto("/leads")
    page.get_by_label("Kind").select_option("few-people")
    page.get_by_label("Institution", exact=True).select_option(world.institution.code)
    page.get_by_role("button", name="Show", exact=True).click()
    page.get_by_role("link", name="Few people for those signed in").click()
    counts = page.get_by_role("region", name="Each moment that was counted")
    expect(counts.get_by_role("row")).to_have_count(13)
    expect(page.get_by_text("the room has 40 places")).to_be_visible()
    expect(page.get_by_text("Faces are not people")).to_be_visible()
    expect(page.locator("figure.still img")).to_have_js_property("naturalWidth", 640)
    in_both(page, people, page.url.removeprefix(people.site.url), "lead-few-people")
    page.reload()  # in English again
    page.get_by_role("link", name="How far counts are off").click()
    expect(page.get_by_role("heading", name="Head count: how far is it off?")).to_be_visible()
    expect(page.get_by_text("real pictures, counted by eye").first).to_be_visible()
    in_both(page, people, "/machine", "machine-heads")
