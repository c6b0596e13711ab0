"""At 200 % on a small laptop, and on a phone: no page scrolls sideways, its heading and its navigation are there. WCAG 1.4.4, 1.4.10."""

import pytest
from playwright.sync_api import expect

from api.auth.roles import Role
from tests.browser.conftest import People
from tests.factories.world import World

pytestmark = pytest.mark.browser
PATHS = {
    Role.INSTITUTION_HEAD: ("/coverage", "/recordings", "/upload", "/findings", "/keys", "/account/password"),
    Role.BUREAU_OFFICER: ("/today", "/coverage", "/registry", "/draws", "/findings"),
    Role.INSPECTOR: ("/review", "/reviewers/me", "/visits"),
    Role.ADMINISTRATOR: ("/accounts",),
    None: ("/login", "/public/draws"),
}
LAPTOP_AT_200 = (683, 384)  # 1366 × 768 at 200 %
PHONE = (390, 844)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_page_scrolls_sideways_at_twice_the_size_or_on_a_phone(people: People, world: World, language: str) -> None:
    wrong = []
    for role, paths in PATHS.items():
        page = people.signed_in(role, world.institution.id, language) if role else people.stranger(language)
        for path in (*paths, f"/slots/{world.slot.id}" if role in (Role.INSTITUTION_HEAD, Role.BUREAU_OFFICER) else paths[0]):
            page.goto(path)
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            for width_px, height_px in (LAPTOP_AT_200, PHONE):
                page.set_viewport_size({"width": width_px, "height": height_px})
                needed_px = page.evaluate("document.documentElement.scrollWidth")
                clipped = page.evaluate(
                    """() => [...document.querySelectorAll("main button, main a, main h1, main label")].filter((e) => {
                        const box = e.getBoundingClientRect();
                        return box.width > 0 && !e.closest(".table-scroll, dialog, pre, .skip") && (box.right > innerWidth + 1 || box.left < -1);
                    }).map((e) => e.outerHTML.slice(0, 120))"""
                )
                if needed_px > width_px or clipped:
                    wrong.append((path, width_px, needed_px, clipped))
    assert not wrong, "\n".join(map(str, wrong))
