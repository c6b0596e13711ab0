"""One of a thing is not told in the plural: every message that begins with a count has a form for one. UI.md."""

import re
from gettext import NullTranslations

import pytest

from api.locale.catalogues import used_messages
from api.locale.language import translations
from api.locale.marks import Counted
from api.pages.leads.words import FIGURES, figure_text
from supervision.screening.looks import Code
from supervision.screening.screening_models import ScreeningLead

COUNTS = re.compile(r"^%\(count\)s \w+s\b")


def test_what_begins_with_a_count_has_a_form_for_one() -> None:
    lone = {message for message in used_messages("messages") if isinstance(message, str) and COUNTS.match(message)}
    assert lone == set()


def test_both_forms_of_every_counted_message_are_translated() -> None:
    chinese = translations("zh")
    counted = [message for message in used_messages("messages") if isinstance(message, tuple)]
    assert len(counted) > 30
    for one, many in counted:
        assert chinese.ngettext(one, many, 1) == chinese.ngettext(one, many, 2) != many


@pytest.mark.parametrize("code", [code for code, text in FIGURES.items() if isinstance(text, Counted)])
def test_the_figure_of_a_lead_is_told_for_one_and_for_several(code: Code) -> None:
    english, text = NullTranslations(), FIGURES[code]
    assert isinstance(text, Counted)
    for number, form in ((1.0, text.one), (2.0, text.many), (0.5, text.many)):
        facts = {"figure": 7.0, "threshold": 7.0} | {text.by: number}
        told = {name: f"{value:g}" if value != 0.5 else "0.50" for name, value in facts.items()}
        assert figure_text(ScreeningLead(code=code, **facts), english) == form % told
