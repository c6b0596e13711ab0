"""Leads without a picture, computed from the registers for the days asked for. R60, R74, R75; F-02, F-11, F-15, F-16, F-23."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from gettext import NullTranslations
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from markupsafe import Markup, escape
from sqlalchemy import select
from starlette.responses import Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import BUREAU, Role
from api.http.services import ServicesDep
from api.http.session import SessionDep
from api.locale.language import Language, choose_language
from api.locale.marks import N_, Counted, nN_
from api.pages.formats import LESSON, date_text, lesson_text
from api.pages.frame import catalogue_of, render, translator
from api.pages.navigation import show_navigation
from api.pages.sheet import CSV, sheet
from storage.kernel.clock import local_date
from supervision.institutions.models import Institution
from supervision.screening.crosschecks import CLAUSES, Check, CrossLead, CrossRule
from supervision.screening.crosschecks_queries import LONGEST_DAYS, cross_leads

router = APIRouter(include_in_schema=False)
OFFICE = BUREAU - {Role.INSPECTOR}  # looks are blind: who looks for the draw is shown no lead before their own verdict (G17)
Reader = Annotated[Caller, access(roles=OFFICE | {Role.AUDITOR})]
Day = Annotated[date | None, Query()]
Kind = Annotated[str, Query(max_length=40)]
DAYS: Final = 31
MOST_SHOWN: Final = 500
FIRST_ON: Final = date(2023, 5, 5)  # since then the Measures are in force, and with them the figures
LAST_ON: Final = date(2100, 12, 31)
SHEET: Final = (N_("Lead"), N_("Clause"), N_("What it says"), N_("Institution"), N_("When"))
NOT_WHOLE: Final = N_("Not everything of these days was looked at.")
NEWEST: Final = N_("There is more than one look takes; the newest was. Choose fewer days to see the rest.")
NAMES: Final[dict[Check, str]] = {
    Check.TRAINEE_TWICE: N_("One trainee in two lessons at once"),
    Check.TEACHER_TWICE: N_("One teacher in two lessons at once"),
    Check.BATCH_SIGN_IN: N_("Many sign-ins on one device within seconds"),
    Check.EARLY_SIGN_IN: N_("Signed in long before the lesson"),
    Check.BEFORE_DEADLINE: N_("Classes bunch before a deadline"),
    Check.UPLOAD_BURST: N_("Recordings of many days came in at once"),
}
FIGURES: Final[dict[Check, str | Counted]] = {
    Check.TRAINEE_TWICE: nN_(
        "%(who)s: %(what)s and %(other)s overlap by %(count)s minute", "%(who)s: %(what)s and %(other)s overlap by %(count)s minutes", "count"
    ),
    Check.TEACHER_TWICE: nN_(
        "%(who)s: %(what)s and %(other)s overlap by %(count)s minute", "%(who)s: %(what)s and %(other)s overlap by %(count)s minutes", "count"
    ),
    Check.BATCH_SIGN_IN: nN_(
        "%(what)s, device %(who)s: %(count)s person",
        "%(what)s, device %(who)s: %(count)s people",
        "count",
    ),
    Check.EARLY_SIGN_IN: nN_(
        "%(what)s: %(count)s person",
        "%(what)s: %(count)s people",
        "count",
    ),
    Check.BEFORE_DEADLINE: N_("Of the %(other)s classes of the year, %(count)s begin shortly before %(what)s"),
    Check.UPLOAD_BURST: nN_(
        "%(count)s day of recording, %(what)s",
        "%(count)s days of recording, %(what)s",
        "count",
    ),
}


@router.get("/leads/crosschecks")
def crosschecks_page(
    request: Request,
    caller: Reader,
    session: SessionDep,
    services: ServicesDep,
    first: Day = None,
    last: Day = None,
    check: Kind = "",
    export: str = "",
) -> Response:
    """By default the last month; at most a quarter at once; none before the Measures.

    Nothing is kept: the registers say the same tomorrow, or were changed.
    """
    last_on = min(max(last or services.clock.today_on(), FIRST_ON), LAST_ON)
    first_on = min(first or last_on - timedelta(days=DAYS - 1), last_on)
    rule = services.policy.read(CrossRule, min(last_on, services.clock.today_on()))  # what is only decided is in force on its day
    look = cross_leads(session, first_on, last_on, rule)
    found = [lead for lead in look.leads if check not in set(Check) or lead.check == check]
    _, words = translator(request), catalogue_of(request)
    institutions = {row.id: row.name for row in session.execute(select(Institution.id, Institution.name))}
    language = choose_language(request)
    if export == CSV:
        lines = [
            [_(NAMES[lead.check]), CLAUSES[lead.check], told(lead, words, language), institutions.get(lead.institution_id), _when(lead)]
            for lead in found
        ]
        return sheet(request, "crosschecks", SHEET, lines, note="" if look.is_whole else " ".join((_(NOT_WHOLE), _(NEWEST))))
    return render(
        request,
        "leads/crosschecks.html",
        **show_navigation(request, caller, "leads"),
        first=max(first_on, last_on - timedelta(days=LONGEST_DAYS - 1)),
        last=last_on,
        check=check,
        checks=[(one.value, _(NAMES[one])) for one in Check],
        rows=[(lead, _(NAMES[lead.check]), CLAUSES[lead.check], told(lead, words, language, linked)) for lead in found[:MOST_SHOWN]],
        total=len(found),
        not_whole=None if look.is_whole else (_(NOT_WHOLE), _(NEWEST)),
        institutions=institutions,
        query=request.url.query,
    )


def told(lead: CrossLead, catalogue: NullTranslations, language: Language, lesson: Callable[[str, Language], str] = lesson_text) -> str:
    """What was seen, in words: lessons as people name them, days as people write them. `lesson`: how a lesson stands in it."""
    what, other = lesson(lead.what, language), lesson(lead.other, language)
    if lead.check is Check.BEFORE_DEADLINE:
        what, other = date_text(date.fromisoformat(lead.what), language), lead.other.partition("/")[2]
    elif lead.check is Check.UPLOAD_BURST:
        what = " – ".join(date_text(date.fromisoformat(day), language) for day in lead.what.split(" … "))
    facts, text = {"who": lead.who, "what": what, "other": other, "count": lead.count}, FIGURES[lead.check]
    if lesson is linked:
        facts = {name: escape(fact) for name, fact in facts.items()}
    words = text.told(catalogue, facts) if isinstance(text, Counted) else catalogue.gettext(text) % facts
    return Markup(words) if lesson is linked else words  # noqa: S704 — the text is ours, and every fact in it is escaped


def linked(natural_id: str, language: Language) -> str:
    """A lesson that leads to the page of its class, where its timetable, roster and sign-ins are."""
    found = LESSON.fullmatch(natural_id)
    return Markup('<a href="/classes/{}">{}</a>').format(found["class_"], lesson_text(natural_id, language)) if found else natural_id


def _when(lead: CrossLead) -> datetime | date:
    """A deadline is a day."""
    return local_date(lead.at) if lead.check is Check.BEFORE_DEADLINE else lead.at
