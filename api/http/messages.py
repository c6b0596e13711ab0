"""What a refusal says: what happened, why, and what to do, in the reader's language, with the facts in it.

The texts stand in `api/http/wording/`, one file per package of the product, keyed by `DomainError.code`. They are pairs rather than gettext
messages because both halves must change together and a test can demand both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any, Final

from api.http.states import state_word
from api.http.wording import approvals, auth, destruction, kernel, screening, spotchecks, storage, subsidy, supervision, visits
from api.http.wording import compliance as compliance_wording
from api.http.wording.shape import Text
from api.locale.language import Language
from api.pages import formats

_NO_FACT: Final = "—"
_LISTED: Final = 10  # part numbers, parties: the rest is a count


@dataclass(frozen=True, slots=True)
class Message:
    """`detail` says what and why, `advice` what to do."""

    title: str
    detail: str
    advice: str


@cache
def texts() -> Mapping[str, Text]:
    """Every text by code. Raises: ValueError — two packages use one code."""
    gathered: dict[str, Text] = {}
    for part in (
        kernel.TEXTS,
        auth.TEXTS,
        storage.TEXTS,
        supervision.TEXTS,
        spotchecks.TEXTS,
        destruction.TEXTS,
        screening.TEXTS,
        visits.TEXTS,
        compliance_wording.TEXTS,
        approvals.TEXTS,
        subsidy.TEXTS,
    ):
        for code, text in part.items():
            if code in gathered:
                msg = f"two texts for {code}"
                raise ValueError(msg)
            gathered[code] = text
    return gathered


def message(code: str, facts: Mapping[str, Any], language: Language) -> Message:  # Any: facts are only formatted
    """The message of a code; a code without a text gets the general one (a test keeps that from happening)."""
    text = texts().get(code) or texts()["domain-error"]
    words = text.zh if language == "zh" else text.en
    shown = _Shown({name: _show(name, value, language) for name, value in facts.items()})
    if "state" in facts:
        shown["state"] = state_word(code, facts, language)
    for name, reasons in text.reasons.items():
        if name in facts:
            reason = reasons.get(str(_plain(facts[name])))
            shown[name] = reason[0 if language == "zh" else 1] if reason else shown[name]
    return Message(*(line.format_map(shown) for line in (words.title, words.detail, words.advice)))


def defect_text(error: Mapping[str, Any], language: Language) -> str:  # Any: one defect as the rules describe it
    """One line of `errors[]`: the sentence of its code with the value that was refused."""
    known = kernel.DEFECTS.get(str(error.get("code", "")))
    value = error.get("value")
    sentence = (known[0 if language == "zh" else 1] if known else str(error.get("code", ""))).format_map(
        _Shown({k: str(v) for k, v in error.items()})
    )
    return (
        f"{sentence}{'：' if language == 'zh' else ': '}{value}"
        if value not in (None, "") and "{value}" not in (known[0] if known else "")
        else sentence
    )


class _Shown(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return _NO_FACT


def _plain(value: object) -> object:
    return value.value if isinstance(value, Enum) else value


def _show(name: str, value: object, language: Language) -> str:
    """A fact as people write it; the unit is read from its name."""
    value = _plain(value)
    if isinstance(value, datetime):
        return formats.instant_text(value, language)
    if isinstance(value, date):
        return formats.date_text(value, language)
    if isinstance(value, int) and not isinstance(value, bool):
        if name.endswith("_bytes"):
            return formats.bytes_text(value)
        return formats.position_text(value) if name.endswith("_ms") else str(value)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        head = ("、" if language == "zh" else ", ").join(_show(name, item, language) for item in value[:_LISTED])
        return head + (f" … ({len(value)})" if len(value) > _LISTED else "") if value else _NO_FACT
    return str(value) if value not in (None, "") else _NO_FACT
