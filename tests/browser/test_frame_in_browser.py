"""The frame in Chromium with the production headers: nothing refused by the policy, no axe violation, no sideways scrolling."""

import os
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI, Request
from fastapi.staticfiles import StaticFiles
from playwright.sync_api import Browser, expect
from starlette.responses import HTMLResponse

from api.http.headers import HeaderPolicy, SecurityHeaders
from api.pages.assets import STATIC_DIR
from tests.unit.api.pages_to_look_at import PAGES

pytestmark = pytest.mark.browser
SHOTS = os.environ.get("CLASSPROOF_SHOTS")  # a folder: pictures of every page are put there to be looked at
WIDTHS_PX = (1440, 1024, 390)


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    app = FastAPI()
    app.mount("/static", StaticFiles(directory=STATIC_DIR))

    @app.get("/look/{name}")
    def look(name: str, request: Request) -> HTMLResponse:
        return PAGES[name](request)

    @app.get("/api/v1/slots/open")
    def slots() -> dict[str, list[str]]:
        return {"items": []}

    @app.get("/api/v1/uploads")
    def uploads() -> dict[str, list[str]]:
        return {"items": []}

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(SecurityHeaders(app, HeaderPolicy(https=False)), log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_accessible_and_fits(browser: Browser, site: str, page: str, language: str) -> None:
    context = browser.new_context(locale="zh-CN" if language == "zh" else "en-GB")
    tab = context.new_page()
    refused: list[str] = []
    tab.on("console", lambda message: refused.append(message.text) if "Content Security Policy" in message.text else None)
    tab.on("pageerror", lambda error: refused.append(str(error)))
    for scheme in ("light", "dark"):
        tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # a Literal the loop cannot keep
        for width_px in WIDTHS_PX:
            tab.set_viewport_size({"width": width_px, "height": 900})
            tab.goto(f"{site}/look/{page}")
            expect(tab.get_by_role("heading", level=1)).to_be_visible()
            assert tab.evaluate("document.documentElement.scrollWidth") <= width_px
            if SHOTS:
                tab.screenshot(path=Path(SHOTS) / f"{page}-{language}-{scheme}-{width_px}.png", full_page=True)
        violations = Axe().run(tab).response["violations"]
        assert not violations, [(v["id"], v["nodes"][0]["html"], v["nodes"][0]["failureSummary"]) for v in violations]
    assert refused == []
    context.close()


def test_a_table_wider_than_a_phone_becomes_a_list_and_back(browser: Browser, site: str) -> None:
    tab = browser.new_page(viewport={"width": 390, "height": 900}, locale="en-GB")
    tab.goto(f"{site}/look/parts")
    table = tab.locator("table.data", has=tab.locator("th[aria-sort]")).first
    expect(table).to_have_class(re.compile("stacked"))
    assert table.evaluate("one => one.parentElement.scrollWidth <= one.parentElement.clientWidth")
    heads = table.locator("thead th").all_inner_texts()
    cell = table.locator("tbody tr").first.locator("td").nth(1)
    assert cell.get_attribute("data-label") in [one.rstrip("▲▼↕").strip() for one in table.locator("thead th").all_text_contents()], heads
    expect(table.locator("thead a").first).to_be_visible()  # the order can still be changed
    tab.set_viewport_size({"width": 1440, "height": 900})
    expect(table).not_to_have_class(re.compile("stacked"))
    tab.close()


def test_the_keyboard_reaches_search_and_the_players_keys(browser: Browser, site: str) -> None:
    tab = browser.new_page()
    tab.goto(f"{site}/look/parts")
    tab.locator("body").press("?")
    expect(tab.locator("#player-keys")).to_be_visible()
    tab.keyboard.press("Escape")
    expect(tab.locator("#player-keys")).to_be_hidden()
    tab.locator("body").press("i")
    expect(tab.locator("#finding [name=start]")).to_have_value("00:00:00.000")
    tab.locator("body").press("/")
    expect(tab.locator("#list-q")).to_be_focused()
    tab.close()
