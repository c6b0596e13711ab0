"""What was typed into a refused form stands in it again, whichever page answers: no handler has to remember it, so none can forget it. UI.md, Errors.

The form is found by its address, among several with one address by its hidden fields; what hides it (a folded part, a dialog) is opened. Secrets and
files are asked for again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from typing import Final

Typed = Mapping[str, Sequence[str]]
Attributes = list[tuple[str, str | None]]
HIDING: Final = ("details", "dialog")
ASKED_AGAIN: Final = frozenset({"hidden", "password", "file", "submit", "button", "image", "reset"})
SECRETS: Final = frozenset({"id_number"})  # of which only a fingerprint is kept: it is not sent back either


def restore(page: str, address: str, typed: Typed) -> str:
    """`page` with the form that was posted to `address` filled as it was sent."""
    found = _Finder(page, address, typed)
    if found.chosen is None:
        return page
    return _Filler(page, found.chosen, typed).text()


@dataclass
class _Form:
    """`place`: the how many-th form of the page; `hidden_in`: the how many-th of `HIDING` around it; `matches`: hidden fields as they were sent."""

    place: int
    hidden_in: list[int]
    addresses: set[str] = field(default_factory=set)
    matches: int = 0


class _Finder(HTMLParser):
    def __init__(self, page: str, address: str, typed: Typed) -> None:
        super().__init__()
        self.chosen: _Form | None = None
        self._address, self._typed = address, typed
        self._forms = self._hiding = 0
        self._around: list[int] = []
        self._form: _Form | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        told = dict(attrs)
        if tag in HIDING:
            self._around.append(self._hiding)
            self._hiding += 1
        elif tag == "form":
            self._form = _Form(self._forms, list(self._around), {told.get("action") or ""})
            self._forms += 1
        elif self._form is not None and told.get("formaction"):
            self._form.addresses.add(told["formaction"] or "")
        elif self._form is not None and tag == "input" and told.get("type") == "hidden":
            self._form.matches += (told.get("value") or "") in self._typed.get(told.get("name") or "", ())

    def handle_endtag(self, tag: str) -> None:
        if tag in HIDING and self._around:
            self._around.pop()
        elif tag == "form" and self._form is not None:
            if self._address in self._form.addresses and (self.chosen is None or self._form.matches > self.chosen.matches):
                self.chosen = self._form
            self._form = None


class _Filler(HTMLParser):
    def __init__(self, page: str, form: _Form, typed: Typed) -> None:
        super().__init__(convert_charrefs=False)
        self._out: list[str] = []
        self._wanted, self._typed = form, typed
        self._forms = self._hiding = -1
        self._inside = False
        self._select = self._area = ""
        self._given: dict[str, int] = {}
        self._page = page
        self.feed(page)
        self.close()

    def text(self) -> str:
        return "".join(self._out)

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        raw = self.get_starttag_text() or ""
        if tag in HIDING:
            self._hiding += 1
            if self._hiding in self._wanted.hidden_in and "open" not in dict(attrs):
                raw = _tag(tag, [*attrs, ("open", None)])
        elif tag == "form":
            self._forms += 1
            self._inside = self._forms == self._wanted.place
        elif self._inside:
            raw = self._control(tag, attrs, raw)
        self._out.append(raw)

    def _control(self, tag: str, attrs: Attributes, raw: str) -> str:
        told = dict(attrs)
        name = told.get("name") or ""
        if tag == "option" and self._select:
            value = told.get("value") or ""
            return _tag(tag, _set(attrs, "selected", None, there=value in self._typed[self._select]))
        if name not in self._typed or name in SECRETS:
            boxes = tag == "input" and told.get("type") in ("checkbox", "radio") and name and name not in SECRETS
            return _tag(tag, _set(attrs, "checked", None, there=False)) if boxes else raw
        if tag == "select":
            self._select = name
        elif tag == "textarea":
            self._area = name
        elif tag == "input":
            kind = told.get("type") or "text"
            if kind in ("checkbox", "radio"):
                return _tag(tag, _set(attrs, "checked", None, there=(told.get("value") or "on") in self._typed[name]))
            if kind not in ASKED_AGAIN and told.get("autocomplete") != "one-time-code":
                return _tag(tag, _set(attrs, "value", self._next(name), there=True))
        return raw

    def _next(self, name: str) -> str:
        """The value of the next field of this name: a form may ask for the answer to each of several points."""
        place = self._given.get(name, 0)
        self._given[name] = place + 1
        return self._typed[name][place] if place < len(self._typed[name]) else ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area:
            text = escape(self._next(self._area))
            self._out.append(f"\n{text}" if text.startswith(("\n", "\r")) else text)  # the first line break after the tag is not part of the text
            self._area = ""
        elif tag == "select":
            self._select = ""
        elif tag == "form":
            self._inside = False
        self._out.append(f"</{tag}>")

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:
        self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        if not self._area:
            self._out.append(data)

    def handle_entityref(self, name: str) -> None:
        self.handle_data(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.handle_data(f"&#{name};")

    def handle_comment(self, data: str) -> None:
        self._out.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self._out.append(f"<!{decl}>")


def _set(attrs: Attributes, name: str, value: str | None, *, there: bool) -> Attributes:
    kept = [(key, old) for key, old in attrs if key != name]
    return [*kept, (name, value)] if there else kept


def _tag(tag: str, attrs: Attributes) -> str:
    return f"<{tag}{''.join(f' {key}' if value is None else f' {key}={chr(34)}{escape(value)}{chr(34)}' for key, value in attrs)}>"
