"""The forms of a page as a person sees them: what stands over each field, what is filled in, and what happens when rubbish is sent."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

RUBBISH = "?!" * 600  # longer than any short answer may be
Values = dict[str, list[str]]


@dataclass
class Control:
    """`choices`: of a select, or the value of a box that may be ticked."""

    name: str
    kind: str
    id: str = ""
    value: str = ""
    chosen: bool = False
    required: bool = False
    choices: list[str] = field(default_factory=list)


@dataclass
class PageForm:
    action: str
    controls: list[Control] = field(default_factory=list)
    labels: set[str] = field(default_factory=set)

    @property
    def asks(self) -> bool:
        """It has something to fill in, and no file."""
        kinds = {one.kind for one in self.controls}
        return bool(kinds - {"hidden"}) and "file" not in kinds

    def values(self) -> Values:
        """What a browser would send."""
        sent: Values = {}
        for one in self.controls:
            if one.kind in ("checkbox", "radio"):
                sent.setdefault(one.name, []).extend([one.value] if one.chosen else [])
            else:
                sent.setdefault(one.name, []).append(one.value)
        return sent

    def rubbish(self) -> Values:
        """Every text too long and meaning nothing, every choice another than the first, of boxes the last one alone."""
        sent: Values = {}
        for one in self.controls:
            if one.kind in ("checkbox", "radio"):
                sent[one.name] = [one.value]
            else:
                sent[one.name] = [one.choices[-1] if one.choices else one.value if one.kind == "hidden" else RUBBISH]
        return sent

    def nothing(self) -> Values:
        """Every field left empty, of a select the first, no box ticked."""
        sent: Values = {}
        for one in self.controls:
            empty = one.value if one.kind == "hidden" else (one.choices or [""])[0]
            sent[one.name] = [] if one.kind in ("checkbox", "radio") else [empty]
        return sent


class Page(HTMLParser):
    """`forms` that are posted, by action; `alert`: the lines of the refusal."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: dict[str, PageForm] = {}
        self.alert: list[str] = []
        self._form: PageForm | None = None
        self._inside: list[str] = []
        self._text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "section" and given.get("role") == "alert":
            self._inside.append("alert")
        elif tag == "span" and given.get("class") == "optional":
            self._inside.append("optional")
        elif tag == "form" and given.get("method") == "post":
            self._form = self.forms[given["action"]] = PageForm(given["action"])
        elif tag in ("label", "legend", "li", "textarea"):
            self._text = ""
        if self._form is None:
            return
        if tag == "option":
            self._option(given)
        elif tag in ("input", "select", "textarea") and "name" in given:
            kind = given.get("type", "text") if tag == "input" else tag
            control = Control(given["name"], kind, given.get("id", ""), given.get("value", ""), "checked" in given, "required" in given)
            self._form.controls += [control] if control.name != "csrf_token" else []

    def _option(self, given: dict[str, str]) -> None:
        assert self._form is not None
        select = self._form.controls[-1]
        select.choices.append(given.get("value", ""))
        if "selected" in given or len(select.choices) == 1:
            select.value = select.choices[-1]

    def handle_endtag(self, tag: str) -> None:
        if (tag, "alert") in [("section", one) for one in self._inside] or (tag == "span" and "optional" in self._inside):
            self._inside.pop()
        elif tag == "li" and "alert" in self._inside:
            self.alert.append(self._text.strip())
        elif self._form is not None and tag in ("label", "legend"):
            self._form.labels.add(self._text.strip())
        elif self._form is not None and tag == "textarea":
            self._form.controls[-1].value = self._text
        elif tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        if "optional" not in self._inside:
            self._text += data


def forms_of(client: httpx.Client, path: str) -> dict[str, PageForm]:
    """The forms of a page that take no file."""
    page = client.get(path)
    assert page.status_code == 200, page.text
    return {action: one for action, one in Page(page.text).forms.items() if one.asks}


def refused(client: httpx.Client, form: PageForm, sent: Values) -> Page:
    """The page that answers a form which must be refused: defects in the words over its own fields, and everything typed still there."""
    answer = client.post(form.action, data=sent)
    assert 400 <= answer.status_code < 500, (form.action, answer.status_code)
    page = Page(answer.text)
    assert page.alert, (form.action, "no defect is listed")
    again = page.forms.get(form.action)
    assert again, (form.action, "the form is gone")
    for line in page.alert:
        label = line.replace("：", ": ", 1).partition(": ")[0]
        assert label in again.labels, (form.action, line, again.labels)
    kept = {name: values for name, values in again.values().items() if name in sent}
    assert kept == sent, (form.action, {name: (values, sent[name]) for name, values in kept.items() if values != sent[name]})
    return page
