"""Chromium against the running site. A test fails on any console error that it did not announce, the policy's refusals included."""

import csv
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from api.auth.identify import cookie_name
from api.auth.roles import Role
from api.locale.language import HTML_LANG
from storage.database.session import SYSTEM
from tests.chromium import chromium
from tests.factories.world import World, make_world
from tests.people import account_of, token_of
from tests.site_fixtures import Site

SHOTS = os.environ.get("CLASSPROOF_SHOTS")
AXE = Axe().axe_script
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=ARGS)
        yield launched
        launched.close()


@dataclass
class People:
    """Opens browsers of people and listens to their consoles. `expected` holds HTTP statuses a test provokes, `expected_words` other errors."""

    browser: Browser
    site: Site
    expected: set[int] = field(default_factory=set)
    expected_words: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)
    accounts: dict[BrowserContext, UUID] = field(default_factory=dict)

    def stranger(self, language: str = "en") -> Page:
        context = self.browser.new_context(locale={"en": "en-GB", "zh": "zh-CN"}[language], base_url=self.site.url, timezone_id="Asia/Shanghai")
        context.set_default_timeout(10_000)
        self.contexts.append(context)
        return self.page(context)

    def page(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.on("console", lambda message: self._heard(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        return page

    def signed_in(self, role: Role, institution_id: UUID | None = None, language: str = "en") -> Page:
        account = account_of(self.site.services, role, institution_id)
        page = self.stranger(language)
        self.accounts[page.context] = account.id
        self.sign_in_again(page.context)
        return page

    def sign_in_again(self, context: BrowserContext) -> None:
        """What a sign-in in another tab leaves behind: a new session cookie."""
        token = token_of(self.site.services, self.accounts[context])
        context.add_cookies([{"name": cookie_name(self.site.services.settings), "value": token, "url": self.site.url, "httpOnly": True}])

    def speak(self, page: Page, language: str) -> None:
        """From its next page on."""
        page.context.add_cookies([{"name": "lang", "value": language, "url": self.site.url}])

    def _heard(self, text: str) -> None:
        words = {f"status of {status}" for status in self.expected} | self.expected_words
        if not any(word in text for word in words):
            self.errors.append(text)


@pytest.fixture
def people(browser: Browser, site: Site) -> Iterator[People]:
    made = People(browser, site)
    yield made
    for context in made.contexts:
        context.close()
    assert made.errors == []


@pytest.fixture
def world(site: Site) -> World:
    with site.services.database.transaction(SYSTEM) as session:
        return make_world(session, site.services.clock.now_at())


@pytest.fixture
def work(run_jobs: Callable[[], None]) -> Iterator[Callable[[], None]]:
    """Run the due jobs in another thread: Playwright's own event loop lives in this one."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda: pool.submit(run_jobs).result(120)


def violations(page: Page) -> list[tuple[str, str, str]]:
    """What axe finds on the page as it stands: (rule, element, what to do)."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run({resultTypes: ['violations']}).then((found) => found.violations)")
    return [(one["id"], one["nodes"][0]["html"], one["nodes"][0]["failureSummary"]) for one in found]


WIDE_PX, NARROW_PX = 1440, 390


CUT = """[...document.querySelectorAll('.table-scroll')].filter((frame) => frame.scrollWidth > frame.clientWidth + 1)
    .map((frame) => `${frame.getAttribute('aria-label') ?? frame.getAttribute('aria-labelledby')}: ${frame.scrollWidth} > ${frame.clientWidth}`)"""


def files_of(page: Page) -> None:
    """Every list that can be taken along as a file can: rows below a heading, none longer or shorter (but a remark at the end)."""
    for link in page.locator('a[download][href*="export=csv"]').all():
        answer = page.context.request.get(urljoin(page.url, link.get_attribute("href") or ""))
        assert answer.headers["content-type"] == "text/csv; charset=utf-8", (page.url, answer.status)
        heading, *rows = csv.reader(answer.body().decode("utf-8-sig").splitlines())
        assert rows, page.url
        assert {len(row) for row in rows} <= {len(heading), 1}, page.url


def look(page: Page, path: str, name: str, *, axe_at: tuple[int, ...] = (WIDE_PX, NARROW_PX)) -> None:
    """Wide and narrow: a heading, no sideways scrolling, no table that runs out of the picture, no axe violation; lists are there as files."""
    for width_px in (WIDE_PX, NARROW_PX):
        page.set_viewport_size({"width": width_px, "height": 900})
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width_px, (path, width_px)
        assert page.evaluate(CUT) == [], (path, width_px)
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"{name}-{width_px}.png", full_page=True)
        if width_px in axe_at:
            assert not (found := violations(page)), (path, found)
            files_of(page)
    page.set_viewport_size({"width": WIDE_PX, "height": 900})  # what follows is done at a desk


def in_both(page: Page, people: People, path: str, name: str) -> None:
    """`look` in Chinese and in English, in which the page is left. Axe, the slowest of it, sees each language and each width once."""
    for language, width_px in (("zh", WIDE_PX), ("en", NARROW_PX)):
        people.speak(page, language)
        look(page, path, f"{name}-{language}", axe_at=(width_px,))
        expect(page.locator("html")).to_have_attribute("lang", HTML_LANG[language])  # type: ignore[index]  # one of the two


def bare(page: Page) -> None:
    """Switch off what the browser itself demands, so that the product answers."""
    for form in page.locator("form").all():
        form.evaluate("form => { form.noValidate = true }")


def refused(page: Page, *words: str) -> None:
    """The page says what, why and what to do."""
    alert = page.get_by_role("alert")
    for one in words:
        expect(alert).to_contain_text(one)
