"""docs/operations/run-a-spot-check.md from the plan to the published result, by its people on the pages alone. R55; 2.3.2."""

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from typer.testing import CliRunner

from api import wiring
from api.auth.roles import Role
from api.cli import app
from api.pages.formats import lesson_text
from storage.database.session import SYSTEM
from storage.kernel.clock import BUREAU_ZONE
from tests import videos
from tests.browser.conftest import People, in_both
from tests.browser.guide_walk import Reader, back_in, named_in, play_through
from tests.factories.world import World, make_world
from tests.integration.spine.test_upload_to_catalogue import send
from tests.site_fixtures import Hands, Site

PARTIES = ("Training section", "Discipline inspection group")
# said for another case than the one walked here; what they are for is pressed in tests of their own
OTHER_CASES = {
    "Order rectification",  # no objection came in
    "Confirm; the footage is hashed again",  # only one look stated it
    "Reject",
    "Watch the marked stretch",
    "Decide the review",  # the institution asked for one
    "Draw again for what waits",  # nobody was eligible
}


@pytest.fixture
def lessons(site: Site, work: Callable[[], None], tmp_path: Path) -> World:
    """Two lessons of twenty seconds whose recordings are locked."""
    with site.services.database.transaction(SYSTEM) as session:
        world = make_world(session, site.services.clock.now_at(), lessons=2, length=timedelta(seconds=20))
    for n, lesson in enumerate(world.lessons):
        film = videos.film(tmp_path / f"{n}.mp4", "mp4", videos.Scene(seconds=20, fps=5, gop=10, seed=n))
        send(site.services, world, film, file_name=f"{world.cameras[0].code}_{lesson.starts_at.astimezone(BUREAU_ZONE):%Y%m%d%H%M%S}.mp4")
    work()
    return world


def review(inspector: Reader, bad: str) -> str:
    """One look at whatever the list shows as open; a finding in the lesson named `bad`. Returns the lesson."""
    page = inspector.page
    row = page.locator("tbody tr", has_text="to be reviewed").first
    lesson = row.locator("a").inner_text()
    row.locator("a").click()
    inspector.press("Start the review")
    expect(page.locator("[data-camera].large video")).to_have_attribute("data-zero-ms", re.compile(r"\d+"))
    inspector.sees("I must not judge this institution (recusal)")
    inspector.does_not_see("What the machine noticed")
    play_through(page)
    if lesson == bad:
        page.keyboard.press("Home")
        page.keyboard.press("m")
        page.keyboard.press("End")
        page.keyboard.press("m")
        page.keyboard.press("s")
        expect(page.locator(".stills img")).to_have_count(1)
        page.locator("#note").fill("Nobody teaches.")
        inspector.press("Record as finding")
        expect(page.locator(".card.mark")).to_contain_text("F2026-")
    expect(page.get_by_role("heading", name=re.compile("^Checklist"))).to_be_visible()
    inspector.met.add("Checklist")
    for question in page.locator("fieldset[data-item]").all():
        question.locator("input[value=yes]").check()
    inspector.press("Sign: with findings" if lesson == bad else "Sign: nothing found")
    expect(page.get_by_text("Your verdict is signed.")).to_be_visible()
    inspector.sees("What the machine noticed")
    return lesson


def downloaded(page: Page, folder: Path) -> None:
    """Every file that the page offers with its draw."""
    for link in page.locator("#verify ~ p a[download]").all():
        with page.expect_download() as download:
            link.click()
        download.value.save_as(folder / download.value.suggested_filename)


def test_a_newcomer_gets_from_the_plan_to_the_published_result_on_the_pages_alone(
    people: People, lessons: World, work: Callable[[], None], hands: Hands, tmp_path: Path
) -> None:
    met: set[str] = set()

    def reader(role: Role, institution: object = None) -> Reader:
        return Reader(people.signed_in(role, institution), met)  # type: ignore[arg-type]  # an id

    officer, leader, discipline = reader(Role.BUREAU_OFFICER), reader(Role.BUREAU_LEADER), reader(Role.LEGAL_OFFICER)
    inspectors = [reader(Role.INSPECTOR) for _ in range(3)]
    head, anyone = reader(Role.INSTITUTION_HEAD, lessons.institution.id), Reader(people.stranger(), met)
    bad = lesson_text(lessons.lessons[0].natural_id, "en")  # as the pages name it
    now = people.site.services.clock.now_at().astimezone(BUREAU_ZONE)

    # 1. plan
    officer.goes_to("Spot-check draws")
    officer.press("Plan a round")
    page = officer.page
    page.get_by_label("Title", exact=True).fill("November spot check")
    page.get_by_label("First day of the lessons").fill(f"{now - timedelta(days=5):%Y-%m-%d}")
    page.get_by_label("Last day of the lessons").fill(f"{now:%Y-%m-%d}")
    page.get_by_label("Public value that will be awaited").fill("Closing value of the index")
    page.get_by_label("When it becomes known").fill(f"{now + timedelta(minutes=20):%Y-%m-%dT%H:%M}")
    expect(page.get_by_role("group", name=re.compile("Split the list by"))).to_be_visible()
    met.add("Split the list by")
    page.get_by_label(re.compile("credit tier")).check()
    officer.sees("On-site visits")
    officer.press("Announce the round")
    expect(page.get_by_role("heading", level=1)).to_contain_text("November spot check")
    code = page.url.rpartition("/")[2]

    # 2. freeze; the root is public, and somebody writes it down
    officer.press("Freeze the list")
    expect(page.get_by_text("2 of 2 lessons are looked at")).to_be_visible()
    officer.goes_to("Publication")
    anyone.page.goto(f"/public/draws/{code}")
    root = anyone.page.locator("pre code").inner_text().split()[-1]
    assert re.fullmatch("[0-9a-f]{64}", root)

    # 3. and 4. two parties commit, then reveal
    values = []
    for party, name in zip((officer, discipline), PARTIES, strict=True):
        party.goes_to("Spot-check draws", code)
        party.page.get_by_label("Name of the party").fill(name)
        party.press("Make my value")
        values.append(party.page.locator("[data-value]").inner_text())
        party.press("I have kept it: commit")
        expect(party.page.locator(".draw-steps")).to_contain_text(name)
    hands.forward(minutes=25)
    for party, name, value in zip((officer, discipline), PARTIES, values, strict=True):
        party.page.reload()
        party.page.locator("#party").fill(name)
        party.page.locator("#value").fill(value)
        party.press("Reveal")
        expect(party.page.locator(".draw-steps li", has_text=name).get_by_text("revealed", exact=True).first).to_be_visible()

    # 5. public value, 6. draw
    page.reload()
    page.locator("#public-value").fill("3882.78")
    page.locator("#public-value").press("Enter")
    expect(page.locator("#public-value")).to_have_count(0)
    officer.press("Draw lessons and inspectors")
    expect(page.get_by_role("table").last).to_contain_text(bad)
    officer.sees("Verify it yourself")

    # 7. review, and 8. the second looks, which come by themselves
    looks: list[str] = []
    for _ in range(3):
        work()  # copies are made, and what follows from the verdicts
        for inspector in inspectors:
            inspector.goes_to("Review")
            while inspector.page.locator("tbody tr", has_text="to be reviewed").count():
                looks.append(review(inspector, bad))
                inspector.goes_to("Review")
    work()
    assert looks.count(bad) == 2
    officer.goes_to("Reviewers")
    officer.goes_to("Findings")

    # 9. notice: the finding both looks stated is confirmed without a click; until the notice the institution sees nothing
    head.goes_to("Findings")
    expect(head.page.get_by_role("link", name=re.compile("F2026-"))).to_have_count(0)
    finding = page.locator("tbody tr", has_text="confirmed").first.get_by_role("link").inner_text()
    officer.goes_to("Findings", finding)
    officer.press("Sign and serve")
    letter = page.request.get(page.get_by_role("link", name="Letter (PDF)").get_attribute("href") or "")
    assert letter.body().startswith(b"%PDF-")

    # 10. the institution objects, 11. somebody new answers
    head.goes_to("Findings", finding)
    head.page.get_by_label("Your points").fill("The teacher stood beside the camera.")
    head.press("Submit the objection")
    expect(head.page.get_by_role("heading", name="Letters and statements")).to_be_visible()
    hands.forward(days=6)  # the answer is nearly due
    wiring.job_handlers(people.site.services)["remind-findings"]()
    back_in(people, officer, leader, discipline, head)
    officer.goes_to("Findings")
    officer.sees("Waits for you")
    leader.goes_to("Findings", finding)
    leader.page.get_by_label("Answer to point 1").fill("No voice is heard either.")
    leader.sees("The objection is right: the finding is withdrawn")
    leader.page.get_by_label("The finding stands: rectification is ordered").check()
    met.add("The finding stands: rectification is ordered")
    leader.press("Sign and serve")

    # 12. rectification, closing, publication
    head.goes_to("Findings", finding)
    head.page.get_by_label("What was done").fill("Teachers stay in the picture.")
    head.press("Submit the report")
    discipline.goes_to("Findings", finding)
    discipline.page.get_by_label("Who looked, when, and what was seen").fill("Looked at the lesson of Monday.")
    discipline.press("Verified")
    officer.goes_to("Findings", finding)
    officer.press("Sign and serve")
    head.goes_to("Findings", finding)
    head.sees("Ask for a review")

    # 13. close the round
    officer.goes_to("Spot-check draws", code)
    officer.press("Close the round")
    officer.sees("Parts of the list", "What this round says of the whole list", "What the blind looks said")
    anyone.page.goto(f"/public/draws/{code}")
    anyone.sees("Totals are withheld until the lines are opened.")
    back_in(people, inspectors[0])
    inspectors[0].page.goto(f"/draws/{code}")
    for outside in (anyone, inspectors[0]):
        outside.does_not_see("What this round says of the whole list")
    hands.forward(days=60)
    back_in(people, officer, head)
    officer.goes_to("Findings", finding)
    officer.press("Publish")
    expect(page.locator(".facts").first).to_contain_text("published")
    wiring.job_handlers(people.site.services)["open-looks"]()
    anyone.page.goto("/public")
    expect(anyone.page.get_by_role("region", name="Findings").get_by_text(lessons.institution.name)).to_be_visible()

    # anybody verifies it, with the script alone and with the product
    in_both(anyone.page, people, f"/public/draws/{code}", "guide-closed-public")
    anyone.sees("What the blind looks said")
    lines = anyone.page.get_by_role("region", name="Result of each lesson").locator("tr", has_text=bad)
    expect(lines).to_contain_text("problem found · problem found")
    expect(anyone.page.get_by_role("region", name="What the blind looks said")).to_contain_text("published")
    downloaded(anyone.page, tmp_path)
    file = tmp_path / f"{code}.json"
    alone = subprocess.run(
        [sys.executable, "-I", "verify_draw.py", file.name, "--root", root], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    ours = CliRunner().invoke(app, ["draw", "verify", str(file), "--root", root])
    assert (alone.returncode, ours.exit_code) == (0, 0), alone.stdout + alone.stderr + ours.output
    assert alone.stdout == ours.output
    assert f"OK {code}: 2 of 2 lessons" in ours.output
    assert "LOOKS 2 lines as committed: 1 findings, 0 disputed" in ours.output

    assert named_in("run-a-spot-check.md", until="On site") - met == OTHER_CASES
