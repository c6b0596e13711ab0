"""Walking a page with the keyboard alone: every stop shows that it has the focus, none is out of turn, none is hidden."""

from typing import Any, Final

from playwright.sync_api import Page

STOP: Final = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const box = e.getBoundingClientRect();
  const ringed = (one) => { const s = getComputedStyle(one); return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2; };
  const label = e.nextElementSibling?.matches("label") ? e.nextElementSibling : e;  // a file input hides behind its label
  return {
    html: e.outerHTML.slice(0, 160), place: [...document.querySelectorAll("*")].indexOf(e), tabIndex: e.tabIndex,
    ringed: ringed(e) || ringed(label),
    visible: box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth,
  };
}"""


def stop(page: Page) -> dict[str, Any] | None:  # Any: what the script above says
    """Where the focus is, checked; None outside the page."""
    found: dict[str, Any] | None = page.evaluate(STOP)
    if found is not None:
        assert found["ringed"], f"the focus cannot be seen on {found['html']}"
        assert found["visible"], f"the focus is out of sight on {found['html']}"
        assert found["tabIndex"] <= 0, f"a place of its own in the order: {found['html']}"
    return found


def walk(page: Page, *, most: int = 150) -> list[str]:
    """Tab through the whole page from its beginning; the order is the order of reading. Answers each stop's markup."""
    seen: list[str] = []
    last = -1
    page.evaluate("() => document.activeElement?.blur()")
    for _ in range(most):
        page.keyboard.press("Tab")
        found = stop(page)
        if found is None or (len(seen) > 1 and found["html"] == seen[0]):  # past the last stop: out of the page, or round to the first
            break
        if found["place"] == last:  # parts of one control: days of a date, keys of a video
            continue
        assert found["place"] > last, f"the focus went back to {found['html']}"
        last = found["place"]
        seen.append(found["html"])
    return seen


def tab_to(page: Page, selector: str, *, most: int = 150) -> None:
    """Press Tab until the focus is there; it may be there already."""
    for _ in range(most):
        if page.evaluate("s => document.activeElement?.matches(s)", selector):
            return
        page.keyboard.press("Tab")
        stop(page)
    raise AssertionError(f"the keyboard does not reach {selector}")


def press(page: Page, selector: str, key: str = "Enter") -> None:
    """Reach a button or link and use it."""
    tab_to(page, selector)
    page.keyboard.press(key)
