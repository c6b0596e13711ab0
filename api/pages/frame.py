"""The frame every page hangs in: language, words, viewer, navigation, and the one way to turn a template into a response.

A page view does `return render(request, "bureau/draw.html", draw=draw)`. Who is asking and what they may see in the navigation is put on
`request.state.viewer` and `request.state.nav` by the access layer; a view may pass `viewer=` and `nav=` itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, partial
from gettext import NullTranslations
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from api.locale.language import HTML_LANG, Language, browser_messages, choose_language, translations
from api.pages import formats
from api.pages.assets import asset_url
from api.pages.coverage_bar import coverage_bar
from api.pages.fields import field_name
from api.pages.kept import restore
from api.pages.labels import state_label
from api.pages.persons import person_teller
from supervision.screening import veils_measured

PAGES_DIR: Final = Path(__file__).resolve().parent
REFUSED: Final = 400


class Need(StrEnum):
    """What a page needs beyond its own origin; `api.http.headers` opens the content policy for exactly that."""

    UPLOAD = "upload"  # PUT of presigned parts to the object store
    MEDIA = "media"  # pictures and video from the object store


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is looking. `role` and `institution` are already in words; `institution` is empty for the bureau."""

    name: str
    role: str
    institution: str = ""


@dataclass(frozen=True, slots=True)
class NavItem:
    """One stage of the evidence. `label` is a message id (mark it with `N_`); `count` shows what waits there."""

    key: str
    label: str
    href: str
    count: int | None = None


def catalogue_of(request: Request) -> NullTranslations:
    """The reader's catalogue, for views that compose sentences with numbers in Python."""
    return translations(choose_language(request))


def translator(request: Request) -> Callable[[str], str]:
    """`_` for views that compose a sentence in Python."""
    return translations(choose_language(request)).gettext


@cache
def environment(language: Language) -> Environment:
    """Templates in one language. Looked up in `pages/templates`, then as `<screen>/<template>` beside the views."""
    env = Environment(
        loader=FileSystemLoader([PAGES_DIR / "templates", PAGES_DIR]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    env.policies["ext.i18n.trimmed"] = True
    catalogue = translations(language)
    # jinja2 adds these methods when the extension is loaded; its stubs do not know them
    env.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
    env.globals.update(
        lang=language,
        html_lang=HTML_LANG[language],
        asset=asset_url,
        browser_messages=partial(browser_messages, language),
        state_label=state_label,
        coverage_bar=coverage_bar,
        veils=veils_measured.read,  # whoever sees a blurred picture is told how good that is
    )
    env.filters.update(
        date=partial(formats.date_text, language=language),
        instant=partial(formats.instant_text, language=language),
        last_day=partial(formats.last_day_text, language=language),
        time=formats.time_text,
        clause=partial(formats.clause_text, language=language),
        lesson=partial(formats.lesson_text, language=language),
        bytes=formats.bytes_text,
        duration=formats.duration_text,
        field=partial(field_name, translate=catalogue.gettext),
        number=formats.number_text,
        percent=formats.percent_text,
        position=formats.position_text,
    )
    env.globals["span_text"] = partial(formats.span_text, language=language)
    return env


def typed_form(request: Request) -> Mapping[str, Sequence[str]]:
    """The texts of the form that was posted, as `api.http.typed` read them; nothing for a page that was asked for."""
    return getattr(request.state, "typed_form", {})


def _frame_of(request: Request, language: Language) -> dict[str, Any]:  # Any: template context
    query = f"?{request.url.query}" if request.url.query else ""
    state = request.state
    return {
        "request": request,
        "viewer": getattr(state, "viewer", None),
        "nav": getattr(state, "nav", ()),
        "nav_here": "",
        "search_url": getattr(state, "search_url", ""),
        "csrf_token": getattr(state, "csrf_token", ""),
        "here": request.url.path + query,
        "modules": (),
        "language": language,
        "person": person_teller(request, language),
        "styles": (),
    }


def render(
    request: Request,
    template: str,
    *,
    status_code: int = 200,
    needs: Sequence[Need] = (),
    **context: object,
) -> HTMLResponse:
    """`template` with `context` in the reader's language.

    Context a base page understands: `viewer`, `nav`, `nav_here` (key), `search_url`, `modules` (own ES modules under static/js).
    Raises: jinja2.UndefinedError — the template uses a name nobody gave.
    """
    language = choose_language(request)
    request.state.csp_needs = frozenset(needs)
    body = environment(language).get_template(template).render(_frame_of(request, language) | context)
    if status_code >= REFUSED and (typed := typed_form(request)):
        body = restore(body, request.url.path, typed)
    return HTMLResponse(body, status_code=status_code, headers={"Content-Language": HTML_LANG[language], "Vary": "Cookie, Accept-Language"})
