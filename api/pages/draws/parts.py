"""A stratum's key in words: `tier=C;category=project;flags=yes` as a clerk would say it. Pure."""

from collections.abc import Callable
from urllib.parse import unquote

from api.locale.marks import N_
from api.pages.registry.views import CATEGORIES


def part_words(translate: Callable[[str], str], key: str) -> str:
    """Its dimensions in words, joined by a dot."""
    words = []
    for part in filter(None, key.split(";")):
        name, value = part.split("=", 1)
        value = unquote(value)
        if name == "tier":
            words.append(translate(N_("tier %(tier)s")) % {"tier": value} if value else translate(N_("not rated")))
        elif name == "category":
            words.append(translate(CATEGORIES[value]))
        elif name == "department":
            words.append(value or translate(N_("no department")))
        else:
            words.append(translate(N_("flagged")) if value == "yes" else translate(N_("not flagged")))
    return " · ".join(words) or translate(N_("all lessons"))
