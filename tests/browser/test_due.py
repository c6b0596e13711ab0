"""What is past its term: an officer proposes, a leader declines, then agrees; the page says what is left. R73; 2.3.1; UI.md."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from api.auth.roles import Role
from supervision.footage.lifecycle import RecordingState
from tests.browser.conftest import People, in_both
from tests.integration.destruction.stage import REASON, Due, make_due, short_locks
from tests.site_fixtures import Hands


@pytest.fixture
def due(people: People, work: Callable[[], None], hands: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Due:
    """Due for longer than it may be."""
    short_locks(monkeypatch)
    made = make_due(people.site.services, work, tmp_path)
    hands.forward(days=31)
    return made


def test_two_people_destroy_what_is_due_and_the_page_says_what_is_left(people: People, due: Due) -> None:
    people.expected |= {409, 422}
    officer, leader = people.signed_in(Role.BUREAU_OFFICER), people.signed_in(Role.BUREAU_LEADER)
    name, path = due.row.file_name, f"/recordings/{due.recording_id}"
    officer.goto("/recordings")
    officer.get_by_role("main").get_by_role("link", name="Due for destruction").click()
    expect(officer.get_by_text("overdue", exact=True)).to_be_visible()
    in_both(officer, people, "/recordings/due", "due")
    officer.get_by_label("Why they may be destroyed").fill(REASON)
    officer.get_by_role("button", name="Propose the destruction").click()
    expect(officer.get_by_role("alert")).to_contain_text("Recordings")
    expect(officer.get_by_label("Why they may be destroyed")).to_have_value(REASON)
    officer.get_by_label(name, exact=True).check()
    officer.get_by_role("button", name="Propose the destruction").click()
    expect(officer.get_by_text("You proposed it; a leader who is somebody else decides.")).to_be_visible()
    expect(officer.get_by_role("button", name="Approve the destruction")).to_have_count(0)

    in_both(leader, people, "/recordings/due", "due-proposed")
    leader.get_by_role("button", name="Decline").click()
    expect(leader.get_by_role("alert")).to_be_visible()
    leader.get_by_label("Note, or reason to decline").fill("先等审计结束")
    leader.get_by_role("button", name="Decline").click()
    expect(leader.get_by_text("先等审计结束")).to_be_visible()
    officer.goto("/recordings/due")
    officer.get_by_label(name, exact=True).check()
    officer.get_by_label("Why they may be destroyed").fill("审计已结束")
    officer.get_by_role("button", name="Propose the destruction").click()
    in_both(officer, people, path, "recording-due")
    people.sign_in_again(leader.context)
    leader.goto("/recordings/due")
    leader.get_by_role("button", name="Approve the destruction").click()
    expect(leader.get_by_role("heading", name="Agreed, under way")).to_be_visible()
    due.run_jobs()
    assert (due.row.state, due.stored()) == (RecordingState.DESTROYED, [])

    in_both(leader, people, "/recordings/due", "due-destroyed")
    for person in (leader, people.signed_in(Role.INSTITUTION_HEAD, due.row.institution_id)):
        in_both(person, people, path, f"recording-destroyed-{'head' if person is not leader else 'office'}")
        expect(person.get_by_text("This recording was destroyed")).to_be_visible()
        with person.expect_download() as got:
            person.get_by_role("link", name="Certificate of destruction (PDF)").click()
        assert Path(got.value.path()).read_bytes().startswith(b"%PDF")
