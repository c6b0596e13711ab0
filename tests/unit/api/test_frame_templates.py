"""Every template renders in both languages with nothing undefined, and works under the strict content policy."""

import re
from html.parser import HTMLParser

import pytest
from jinja2 import UndefinedError

from api.pages.assets import STATIC_DIR
from api.pages.frame import PAGES_DIR, environment, render
from tests.unit.api.pages_to_look_at import PAGES
from tests.unit.api.test_frame_words import request

TEMPLATES = sorted(path.relative_to(PAGES_DIR) for path in PAGES_DIR.rglob("*.html"))


class Inline(HTMLParser):
    """Collects what the policy would refuse: inline scripts, styles, handlers, addresses of other sites."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in given and given.get("type") != "application/json"):
            self.found.append(tag)
        for name, value in attrs:
            refused = (
                name == "style"
                or name.startswith(("on", "hx-on"))
                or (value or "").strip().lower().startswith(("javascript:", "js:", "http:", "https:", "//"))
            )
            if refused:
                self.found.append(f"{tag} {name}={value}")


def inline_parts(html: str) -> list[str]:
    parser = Inline()
    parser.feed(html)
    return parser.found


def test_the_parser_finds_what_the_policy_refuses() -> None:
    bad = "<style>x</style><p style='a' onclick='b()'><script>c</script><a href='javascript:d'>e</a><script src='https://cdn.example/f.js'></script>"
    assert len(inline_parts(bad)) == 6


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_renders_and_carries_nothing_inline(page: str, language: str) -> None:
    answer = PAGES[page](request("/x", cookie=f"lang={language}"))
    html = bytes(answer.body).decode()
    assert inline_parts(html) == []
    assert f'<html lang="{"zh-Hans" if language == "zh" else "en"}">' in html
    assert ("课证" in html) == (language == "zh")
    assert len(re.findall(r"<h1", html)) == 1
    assert len(re.findall(r'class="(?:button )?primary"', html.split("<main")[1].split("</header>")[0])) <= 1


@pytest.mark.parametrize("template", TEMPLATES, ids=str)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_template_compiles_and_its_source_has_nothing_inline(template, language: str) -> None:  # type: ignore[no-untyped-def]
    name = template.relative_to("templates").as_posix() if template.parts[0] == "templates" else template.as_posix()
    environment(language).get_template(name)  # type: ignore[arg-type]
    source = (PAGES_DIR / template).read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle\s*=|\son\w+\s*=\s*[\"']|<script(?![^>]*(src=|application/json))", source)


def test_a_name_nobody_gave_is_an_error_not_an_empty_place() -> None:
    with pytest.raises(UndefinedError):
        render(request(), "error.html")


def test_what_a_user_typed_is_escaped() -> None:
    evil = '"><script>alert(1)</script>'
    html = bytes(render(request(), "login.html", step="password", name=evil, next="/", unsent=False, error=evil, oidc=None).body).decode()
    assert "<script>alert" not in html


def test_own_scripts_use_no_eval_and_no_markup_from_strings() -> None:
    for path in sorted((STATIC_DIR / "js").glob("*.js")):
        assert not re.search(
            r"\beval\(|new Function|innerHTML|insertAdjacentHTML|document\.write|setTimeout\(\s*[\"']", path.read_text(encoding="utf-8")
        ), path
