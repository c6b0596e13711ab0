"""Somebody who follows a guide on the pages alone: what the guide names is pressed or read there, and what was never met is told."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import People

GUIDES = Path(__file__).resolve().parents[2] / "docs" / "operations"
MOST_PLAYINGS = 5


def named_in(guide: str, *, until: str) -> set[str]:
    """What a guide sets in *italics*: words of pages."""
    text = (GUIDES / guide).read_text(encoding="utf-8").split(f"\n## {until}")[0]
    return set(re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", text))


@dataclass
class Reader:
    """One person's browser, and what all readers of the guide have met."""

    page: Page
    met: set[str] = field(default_factory=set)

    def press(self, words: str, *, role: str = "button") -> None:
        """A button or link of exactly this name."""
        self.page.get_by_role(role, name=words, exact=True).first.click()  # type: ignore[arg-type]  # a role
        self.met.add(words)

    def goes_to(self, *words: str) -> None:
        """From the front page through links alone."""
        self.page.goto("/")
        for one in words:
            self.page.get_by_role("link", name=re.compile(rf"^{re.escape(one)}( |$)")).first.click()
            self.met.add(one)

    def sees(self, *words: str) -> None:
        for one in words:
            expect(self.page.get_by_text(one, exact=True).first).to_be_attached()
            self.met.add(one)

    def does_not_see(self, words: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()
        expect(self.page.get_by_text(words, exact=True)).to_have_count(0)


def back_in(people: People, *readers: Reader) -> None:
    """Sessions end while a guide waits for days: its readers sign in again."""
    for reader in readers:
        people.sign_in_again(reader.page.context)


def play_through(page: Page) -> None:
    """Play the whole drawn stretch until the page has counted enough of it; on a busy machine some of it must be played again."""
    page.locator('[data-part="rate"]').select_option("4")
    bar = page.locator(".watched-bar progress")
    for _ in range(MOST_PLAYINGS):
        page.keyboard.press("Home")
        page.keyboard.press("k")
        expect(page.locator('[data-act="toggle"]')).to_have_text("Pause")
        expect(page.locator('[data-act="toggle"]')).to_have_text("Play", timeout=60_000)
        page.wait_for_load_state("networkidle")  # the last beat is counted
        if bar.evaluate("(e) => e.value >= e.max"):
            return
    raise AssertionError("the played seconds were not counted")
