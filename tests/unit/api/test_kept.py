"""A refused form stands as it was sent, whichever page answers. UI.md, Errors."""

import pytest

from api.pages.kept import restore
from tests.integration.site.page_forms import Page

PAGE = """<!DOCTYPE html><html><body><script type="application/json">{"a": "</b>"}</script>&nbsp;<svg viewBox="0 0 1 1"><path d="m1"/></svg>
<form method="post" action="/a"><input type="hidden" name="aspect" value="one"><textarea name="note">alt</textarea></form>
<details><summary>mehr</summary><dialog id="d"><form method="post" action="/a">
<input type="hidden" name="aspect" value="two"><input name="word" value="alt &amp; mehr"><textarea name="note">alt</textarea>
<select name="kind"><option value="">–</option><option value="b">B</option></select>
<input type="checkbox" name="box" value="on" checked><input type="radio" name="yes" value="no"><input type="radio" name="yes" value="yes">
<input type="password" name="secret" value=""><input name="id_number" value="">
<textarea name="answers"></textarea><textarea name="answers"></textarea>
<button formaction="/b">B</button></form></dialog></details></body></html>"""


def filled(**typed: list[str]) -> str:
    return restore(PAGE, "/a", typed)


def test_every_kind_of_field_is_filled_as_it_was_sent() -> None:
    sent = {"word": ['<"&'], "note": ["eins\nzwei"], "kind": ["b"], "yes": ["yes"], "answers": ["1", "2"]}
    again = Page(filled(aspect=["two"], **sent)).forms["/a"].values()
    assert {name: again[name] for name in sent} == sent
    assert again["box"] == []


def test_of_two_forms_with_one_address_the_one_with_the_hidden_fields_sent_is_filled() -> None:
    assert filled(aspect=["two"], note=["neu"]).count("neu") == 1
    assert '<input type="hidden" name="aspect" value="one"><textarea name="note">neu</textarea>' in filled(aspect=["one"], note=["neu"])


def test_what_hides_the_form_is_opened_and_only_that() -> None:
    assert "<details open>" in filled(aspect=["two"]) and '<dialog id="d" open>' in filled(aspect=["two"])
    assert " open" not in filled(aspect=["one"])


def test_secrets_are_asked_for_again() -> None:
    assert "geheim" not in filled(aspect=["two"], secret=["geheim"], id_number=["geheim"])


def test_a_button_with_an_address_of_its_own_belongs_to_its_form() -> None:
    assert "neu" in restore(PAGE, "/b", {"note": ["neu"]})


@pytest.mark.parametrize("address", ["/c", ""])
def test_a_page_without_the_form_stays_as_it_is(address: str) -> None:
    assert restore(PAGE, address, {"note": ["neu"]}) == PAGE


def test_all_around_the_form_stays_as_it_is() -> None:
    head = PAGE.partition("<form")[0]
    assert filled(aspect=["one"], note=["x"]).startswith(head)


@pytest.mark.parametrize("text", ["\nzuerst leer", "\r\nzuerst leer", "ohne"])
def test_a_first_empty_line_is_not_eaten_by_the_browser(text: str) -> None:
    page = filled(aspect=["one"], note=[text])
    inner = page.partition('name="note">')[2].partition("</textarea>")[0]
    assert inner.removeprefix("\n") == text
