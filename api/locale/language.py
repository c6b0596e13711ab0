"""Which language a reader gets, and the words in it. Chinese is the default: the bureau's papers are Chinese.

Message ids are English sentences, so English needs no catalogue. Two catalogues per language: `messages` for templates and Python,
`browser` for the ES modules.
"""

from collections.abc import Mapping
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Final, Literal

from babel.messages.mofile import read_mo
from starlette.requests import HTTPConnection

Language = Literal["zh", "en"]

LOCALE_DIR: Final = Path(__file__).parent
LANGUAGE_COOKIE: Final = "lang"
HTML_LANG: Final[Mapping[Language, str]] = {"zh": "zh-Hans", "en": "en"}
CATALOGUE_OF: Final[Mapping[Language, str | None]] = {"zh": "zh_Hans", "en": None}


class CatalogueMissing(RuntimeError):
    """The compiled catalogue is not there: the package was not built."""


def parse_language(text: str) -> Language | None:
    """`zh`, `zh-CN`, `en-GB` … → the language we have, or None."""
    primary = text.strip().lower().replace("_", "-").split("-")[0]
    if primary == "zh":
        return "zh"
    return "en" if primary == "en" else None


def preferred_language(accept_language: str) -> Language | None:
    """The best of ours in an Accept-Language header (RFC 9110 12.5.4); None when it names neither. Malformed weights count as 0."""
    best: tuple[float, Language] | None = None
    for item in accept_language.split(","):
        tag, _, parameter = item.partition(";")
        language = parse_language(tag)
        if language is None:
            continue
        weight = 1.0
        if parameter.strip():
            name, _, value = parameter.partition("=")
            try:
                weight = float(value) if name.strip() == "q" else 0.0
            except ValueError:
                weight = 0.0
        if weight > 0 and (best is None or weight > best[0]):
            best = (weight, language)
    return best[1] if best else None


def choose_language(request: HTTPConnection) -> Language:
    """Cookie `lang`, else Accept-Language, else Chinese."""
    return parse_language(request.cookies.get(LANGUAGE_COOKIE, "")) or preferred_language(request.headers.get("accept-language", "")) or "zh"


def _compiled(language: Language, domain: str) -> Path | None:
    folder = CATALOGUE_OF[language]
    if folder is None:
        return None
    path = LOCALE_DIR / folder / "LC_MESSAGES" / f"{domain}.mo"
    if not path.exists():
        msg = f"{path.name} for {folder} is not compiled: run `make setup` (or `python hatch_build.py`)"
        raise CatalogueMissing(msg)
    return path


@cache
def translations(language: Language) -> NullTranslations:
    """gettext catalogue of templates and Python. Raises: CatalogueMissing."""
    path = _compiled(language, "messages")
    if path is None:
        return NullTranslations()
    with path.open("rb") as stream:
        return GNUTranslations(stream)


@cache
def browser_messages(language: Language) -> Mapping[str, str]:
    """Message id → text for the ES modules; empty for English. Plurals: keyed by the singular (Chinese has one form)."""
    path = _compiled(language, "browser")
    if path is None:
        return {}
    with path.open("rb") as stream:
        catalogue = read_mo(stream)
    words: dict[str, str] = {}
    for message in catalogue:
        if not message.id:
            continue
        key = message.id if isinstance(message.id, str) else message.id[0]
        forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
        if forms and forms[0]:
            words[key] = forms[0]
    return words
