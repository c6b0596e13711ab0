"""The form of a text: three sentences in two languages, and sub-sentences for facts that are codes themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Words:
    """`title` a few words; `detail` what happened and why; `advice` what to do (may be empty only when nothing can be done)."""

    title: str
    detail: str
    advice: str


@dataclass(frozen=True, slots=True)
class Text:
    """`reasons`: fact name → value → (zh, en), put in place of `{fact}`."""

    zh: Words
    en: Words
    reasons: Mapping[str, Mapping[str, tuple[str, str]]] = field(default_factory=dict)


def text(zh: tuple[str, str, str], en: tuple[str, str, str], **reasons: Mapping[str, tuple[str, str]]) -> Text:
    """Shorthand for the tables of texts."""
    return Text(Words(*zh), Words(*en), reasons)
