"""Mark a message for translation where no reader is known yet; translate it later with `_`, or with `Counted.told`."""

from collections.abc import Mapping
from dataclasses import dataclass
from gettext import NullTranslations


def N_(message: str) -> str:  # noqa: N802 — gettext's own name for it; the extractor looks for it
    """The message unchanged."""
    return message


@dataclass(frozen=True, slots=True)
class Counted:
    """A message for one and one for several; `by` names the fact that decides."""

    one: str
    many: str
    by: str

    def told(self, catalogue: NullTranslations, facts: Mapping[str, object]) -> str:
        """In the reader's language, with the facts in it."""
        return catalogue.ngettext(self.one, self.many, 1 if str(facts[self.by]) == "1" else 2) % facts


def nN_(one: str, many: str, by: str) -> Counted:  # noqa: N802 — the extractor looks for it
    """Both messages, to be chosen from when the number is known."""
    return Counted(one, many, by)
