"""An operator brings in recordings: straight to the store, over a bad line, refused, in pairs, signed out in between."""

import base64
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from sqlalchemy import select

from api import log_keeper
from api.agent.agent import Agent
from api.auth.keys import create_key
from api.auth.models import Account
from api.auth.roles import Role
from api.auth.sessions import end_all
from storage.database.session import SYSTEM
from storage.ledger.verify_offline import verify_entry
from storage.uploads.models import UploadSession
from tests import videos
from tests.browser.conftest import People, look
from tests.browser.keyboard import press, tab_to, walk
from tests.factories.world import World

pytestmark = pytest.mark.browser
PADDING_BYTES = 40 << 20


@pytest.fixture
def recording(world: World, tmp_path: Path) -> Path:
    return videos.film(tmp_path / world.file_name(), "mp4", videos.Scene(seconds=120, fps=10))


@pytest.fixture
def long_recording(recording: Path) -> Path:
    """The same with a `free` box behind: several parts, still a valid MP4."""
    with recording.open("ab") as file:
        file.write((PADDING_BYTES + 8).to_bytes(4, "big") + b"free" + os.urandom(PADDING_BYTES))
    return recording


def choose(page: Page, *paths: Path) -> list[Locator]:
    page.locator("#files").set_input_files(list(paths))
    return [page.locator("li.upload").filter(has_text=path.name) for path in paths]


def is_now(row: Locator, state: str, seconds: float = 20) -> None:
    expect(row).to_have_attribute("data-state", state, timeout=seconds * 1000)


def slow_down(page: Page, bytes_per_s: int) -> None:
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_per_s})


def test_a_recording_goes_to_the_store_is_locked_and_proves_its_lesson(
    people: People, world: World, recording: Path, work: Callable[[], None]
) -> None:
    page = people.signed_in(Role.INSTITUTION_OPERATOR, world.institution.id)
    page.goto("/upload")
    (row,) = choose(page, recording)
    is_now(row, "checking")
    work()
    is_now(row, "locked")
    for label, start in (("Receipt (PDF)", b"%PDF"), ("Receipt (JSON)", b'{"body"')):
        link = row.get_by_role("link", name=label)
        expect(link).to_be_visible(timeout=20_000)
        answer = page.request.get(link.get_attribute("href") or "")
        assert answer.ok
        assert answer.body().startswith(start)
    row.get_by_role("link", name="Open the recording").click()
    expect(page.get_by_role("heading", name="Custody")).to_be_visible()
    while log_keeper.sequence_pending(people.site.services):
        pass
    proof = page.request.get(page.get_by_role("link", name="Proof of line").first.get_attribute("href") or "").json()
    index, head = verify_entry(base64.b64decode(proof["entry"]), proof["proof"], proof["vkey"])
    assert index < head.size
    page.goto(f"/slots/{world.slot.id}")
    expect(page.get_by_role("link", name=recording.name)).to_be_visible()
    expect(page.get_by_role("heading", name="Explain a gap")).to_have_count(0)


def test_a_receipt_that_is_written_after_the_lock_appears_without_a_reload(
    people: People, world: World, recording: Path, work: Callable[[], None]
) -> None:
    page = people.signed_in(Role.INSTITUTION_OPERATOR, world.institution.id)
    early: list[str] = []

    def before_the_receipt(route: Route) -> None:
        answer = route.fetch()
        facts = answer.json()
        if facts["state"] == "retained" and len(early) < 2:
            early.append(facts["state"])
            facts["receipt"] = None
        route.fulfill(response=answer, json=facts)

    page.route("**/api/v1/recordings/*", before_the_receipt)
    page.goto("/upload")
    (row,) = choose(page, recording)
    is_now(row, "checking")
    work()
    is_now(row, "locked")
    expect(row.get_by_role("link", name="Receipt (PDF)")).to_be_visible(timeout=20_000)
    assert early == ["retained", "retained"]


def test_after_a_closed_page_only_the_missing_parts_are_sent(people: People, world: World, long_recording: Path, work: Callable[[], None]) -> None:
    first = people.signed_in(Role.INSTITUTION_OPERATOR, world.institution.id)
    first.goto("/upload")
    slow_down(first, 12 << 20)
    with first.expect_request_finished(lambda request: request.method == "PUT", timeout=30_000):
        choose(first, long_recording)
    first.close()
    page = people.page(next(iter(people.accounts)))
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "PUT" else None)
    page.goto("/upload")
    row = page.locator("li.upload").first
    is_now(row, "pick")
    choose(page, long_recording)
    is_now(row, "checking", 60)
    upload = page.request.get("/api/v1/uploads?state=received").json()["items"][0]
    assert 0 < len(sent) < upload["part_count"]
    work()
    is_now(row, "locked")


def test_a_text_file_is_refused_in_words(people: People, world: World, tmp_path: Path, work: Callable[[], None]) -> None:
    path = tmp_path / world.file_name()
    path.write_text("this is no film\n" * 500)
    page = people.signed_in(Role.INSTITUTION_OPERATOR, world.institution.id)
    page.goto("/upload")
    (row,) = choose(page, path)
    is_now(row, "checking")
    work()
    is_now(row, "refused")
    words = row.locator(".notice-title").inner_text()
    assert " " in words
    assert "-" not in words.split()[0]


def test_the_same_bytes_under_another_name_are_another_claim_and_the_agent_goes_on_where_the_page_stopped(
    people: People, world: World, recording: Path
) -> None:
    other = recording.with_name("录像 copy.mp4")
    other.write_bytes(recording.read_bytes())
    page = people.signed_in(Role.INSTITUTION_OPERATOR, world.institution.id)
    page.goto("/upload")
    for row in choose(page, recording, other):
        is_now(row, "checking")
    with people.site.services.database.transaction(SYSTEM) as session:
        uploads = {row.file_name: row.idempotency_key for row in session.scalars(select(UploadSession))}
        account = session.get_one(Account, people.accounts[page.context])
        now = people.site.services.clock.now_at()
        key = create_key(session, account, name="recorder", scopes=frozenset({"upload:write"}), expires_at=None, at=now).secret
    assert set(uploads) == {recording.name, other.name}
    assert len(set(uploads.values())) == 2
    with Agent(people.site.url, key) as agent:
        assert [agent.send(path).sha256 for path in (recording, other)] == ["", ""]  # known: not a byte was sent


def test_two_files_one_paused_and_continued(people: People, world: World, long_recording: Path, tmp_path: Path) -> None:
    second = tmp_path / "second.mp4"
    second.write_bytes(long_recording.read_bytes()[:-1] + b"x")
    page = people.signed_in(Role.INSTITUTION_OPERATOR, world.institution.id)
    page.goto("/upload")
    slow_down(page, 12 << 20)
    one, two = choose(page, long_recording, second)
    is_now(one, "sending")
    one.get_by_role("button", name="Pause").click()
    is_now(one, "paused")
    is_now(two, "sending")
    one.get_by_role("button", name="Continue").click()
    slow_down(page, -1)
    is_now(one, "checking", 60)
    is_now(two, "checking", 60)


def test_an_answer_that_breaks_off_is_asked_for_again(people: People, world: World, recording: Path) -> None:
    page = people.signed_in(Role.INSTITUTION_OPERATOR, world.institution.id)
    page.goto("/upload")
    cut: list[str] = []

    def answer(route: Route) -> None:
        if cut:
            return route.continue_()
        cut.append(route.request.url)
        return route.fulfill(status=200, content_type="application/json", body='{"parts": [{"num')

    page.route("**/parts", answer)
    (row,) = choose(page, recording)
    is_now(row, "checking")
    assert cut


def test_whoever_stops_while_an_answer_is_being_read_has_stopped(people: People, world: World) -> None:
    page = people.signed_in(Role.INSTITUTION_OPERATOR, world.institution.id)
    page.goto("/upload")
    names = page.evaluate(
        """async () => {
            const { call } = await import("/static/js/api.js");
            const hanging = (signal) => new Response(new ReadableStream({ start(body) {
                signal.addEventListener("abort", () => body.error(signal.reason));
            } }), { status: 200 });
            window.fetch = async (path, { signal }) => hanging(signal);
            const outcome = (signal) => call("GET", "/api/v1/slots/open", { signal }).then(() => "answered", (error) => error.constructor.name);
            const control = new AbortController();
            setTimeout(() => control.abort(), 50);
            return [await outcome(control.signal), await outcome(AbortSignal.timeout(50))];
        }"""
    )
    assert names == ["DOMException", "LineDown"]  # whose time ran out has a bad line, and is tried again


def test_signed_out_in_the_middle_waits_and_continues(people: People, world: World, long_recording: Path) -> None:
    people.expected.add(401)
    page = people.signed_in(Role.INSTITUTION_OPERATOR, world.institution.id)
    page.goto("/upload")
    slow_down(page, 8 << 20)
    (row,) = choose(page, long_recording)
    is_now(row, "sending")
    with people.site.services.database.transaction(SYSTEM) as session:
        end_all(session, people.accounts[page.context], at=people.site.services.clock.now_at())
    expect(page.get_by_text("You have been signed out. Uploading waits.")).to_be_visible(timeout=30_000)
    is_now(row, "signed-out")
    people.sign_in_again(page.context)
    slow_down(page, -1)
    row.get_by_role("button", name="Continue").click()
    is_now(row, "checking", 60)


def test_the_keyboard_alone_chooses_pauses_continues_and_reads_what_became_of_it(people: People, world: World, long_recording: Path) -> None:
    page = people.signed_in(Role.INSTITUTION_OPERATOR, world.institution.id)
    page.goto("/upload")
    slow_down(page, 2 << 20)
    page.on("filechooser", lambda _: None)  # a listener added only now would race the key: 6 of 60 choosers were missed on a busy machine
    assert walk(page)[0].startswith('<a class="skip')
    tab_to(page, "#files")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(long_recording)
    row = page.locator("li.upload").filter(has_text=long_recording.name)
    is_now(row, "sending")
    press(page, "li.upload [data-act=pause]")
    is_now(row, "paused")
    walk(page)
    press(page, "li.upload [data-act=resume]", "Space")
    slow_down(page, -1)
    is_now(row, "checking", 60)


def test_a_gap_is_explained_and_the_officer_decides(people: People, world: World) -> None:
    operator = people.signed_in(Role.INSTITUTION_OPERATOR, world.institution.id)
    operator.goto("/coverage")
    operator.get_by_role("link", name=world.training_class.trade).first.click()
    operator.locator("[name=text]").fill("Power was cut in the whole street, notice 2026-17.")
    operator.get_by_role("button", name="Submit the explanation").click()
    expect(operator.get_by_text("notice 2026-17")).to_be_visible()
    officer = people.signed_in(Role.BUREAU_OFFICER)
    officer.goto("/coverage")
    officer.get_by_label("Reason").fill("The notice was seen.")
    officer.get_by_role("button", name="Accept").click()
    officer.goto(f"/slots/{world.slot.id}")
    expect(officer.get_by_text("The notice was seen.")).to_be_visible()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_institutions_pages_are_accessible(people: People, world: World, language: str) -> None:
    page = people.signed_in(Role.INSTITUTION_OPERATOR, world.institution.id, language)
    for name, path in {
        "coverage": "/coverage",
        "slot": f"/slots/{world.slot.id}",
        "recordings": "/recordings",
        "upload": "/upload",
        "class": f"/classes/{world.training_class.code}",
    }.items():
        look(page, path, f"{name}-{language}")
