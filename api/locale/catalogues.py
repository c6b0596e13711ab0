"""Which messages the sources use and which of them a catalogue translates. Pure apart from reading source files."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from api.locale.language import CATALOGUE_OF, LOCALE_DIR

API_DIR: Final = LOCALE_DIR.parent
DOMAINS: Final = ("messages", "browser")
# function → positions of singular and plural; babel's own spelling
KEYWORDS: Final[dict[str, Any]] = {
    "_": None,
    "gettext": None,
    "N_": None,
    "nN_": (1, 2),
    "ngettext": (1, 2),
    "t": None,
    "tn": (1, 2),
}  # Any: babel's spec type
HEADER: Final = datetime(2026, 1, 1, tzinfo=UTC)  # fixed: a re-run without new messages changes no byte

PLACEHOLDER: Final = re.compile(r"%\(\w+\)[sd]|(?<!\{)\{\w+\}(?!\})")
LONE_PERCENT: Final = re.compile(r"%(?![(%])(?<!%%)")  # a template formats every message: a percent sign is written twice

MessageId = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Defects:
    """What is wrong with one catalogue. Empty lists: nothing."""

    missing: list[MessageId] = field(default_factory=list)  # used, not in the catalogue
    untranslated: list[MessageId] = field(default_factory=list)  # in the catalogue, no text
    obsolete: list[MessageId] = field(default_factory=list)  # in the catalogue, no longer used
    fuzzy: list[MessageId] = field(default_factory=list)  # guessed
    placeholders: list[MessageId] = field(default_factory=list)  # text drops or invents a %(name)s or {name}

    def __bool__(self) -> bool:
        return bool(self.missing or self.untranslated or self.obsolete or self.fuzzy or self.placeholders)


def _sources(domain: str) -> Iterator[tuple[str, Path]]:
    """(babel extraction method, file) of everything that may hold messages of the domain."""
    if domain == "browser":
        yield from (("javascript", path) for path in sorted((API_DIR / "static" / "js").rglob("*.js")))
        return
    yield from (("python", path) for path in sorted(API_DIR.rglob("*.py")) if "migrations" not in path.parts)
    yield from (("jinja2.ext:babel_extract", path) for path in sorted((API_DIR / "pages").rglob("*.html")))


def used_messages(domain: str) -> dict[MessageId, list[str]]:
    """Message id → files that use it, relative to the package."""
    found: dict[MessageId, list[str]] = {}
    for method, path in _sources(domain):
        options = {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"} if "jinja2" in method else {}
        for _line, message, _comments, _context in extract_from_file(method, path, keywords=KEYWORDS, options=options):
            key = message if isinstance(message, str) else tuple(message)
            files = found.setdefault(key, [])
            name = path.relative_to(API_DIR.parent).as_posix()
            if name not in files:
                files.append(name)
    return found


def catalogue_path(domain: str) -> Path:
    return LOCALE_DIR / str(CATALOGUE_OF["zh"]) / "LC_MESSAGES" / f"{domain}.po"


def read_catalogue(domain: str) -> Catalog:
    path = catalogue_path(domain)
    if not path.exists():
        return Catalog(locale="zh_Hans", domain=domain)
    with path.open("rb") as stream:
        return read_po(stream, locale="zh_Hans", domain=domain)


def updated(old: Catalog, used: dict[MessageId, list[str]], domain: str) -> Catalog:
    """A catalogue with exactly the used messages, keeping the texts it had. Nothing is guessed, nothing obsolete is kept."""
    fresh = Catalog(
        locale="zh_Hans",
        domain=domain,
        project="classproof",
        version="0",
        msgid_bugs_address="classproof",
        last_translator="ClassProof",
        language_team="ClassProof",
        fuzzy=False,
        header_comment=f"# ClassProof: {domain}, zh_Hans",
        creation_date=HEADER,
        revision_date=HEADER,
    )
    for message, files in used.items():
        known = old.get(message)
        fresh.add(message, string=known.string if known else None, locations=[(name, 0) for name in files])
    return fresh


def write_catalogue(catalogue: Catalog, domain: str) -> None:
    path = catalogue_path(domain)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as out:
        write_po(out, catalogue, width=140, sort_output=True, include_lineno=False, omit_header=False)


def _texts(string: object) -> tuple[str, ...]:
    return (string,) if isinstance(string, str) else tuple(str(s) for s in string) if isinstance(string, (tuple, list)) else ()


def _keeps_placeholders(message: MessageId, texts: tuple[str, ...]) -> bool:
    spoken = (message,) if isinstance(message, str) else message
    if any(LONE_PERCENT.search(text) for text in (*spoken, *texts)):
        return False
    wanted = set(PLACEHOLDER.findall(spoken[-1]))
    return all(set(PLACEHOLDER.findall(text)) == wanted for text in texts)


def defects(domain: str) -> Defects:
    """Compare the sources with the catalogue on disk."""
    used = used_messages(domain)
    catalogue = read_catalogue(domain)
    result = Defects(obsolete=list(catalogue.obsolete))
    for message in used:
        known = catalogue.get(message)
        if known is None:
            result.missing.append(message)
            continue
        texts = _texts(known.string)
        if not texts or not all(texts):
            result.untranslated.append(message)
        elif not _keeps_placeholders(message, texts):
            result.placeholders.append(message)
        if known.fuzzy:
            result.fuzzy.append(message)
    for entry in catalogue:
        if entry.id:
            key = entry.id if isinstance(entry.id, str) else tuple(entry.id)
            if key not in used:
                result.obsolete.append(key)
    return result
