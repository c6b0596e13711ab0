"""The figures of the policy as a page: "By which number, since when, on what clause?" For everybody: nothing here is secret. R20; invariant 8."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import groupby
from typing import Annotated, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.auth.access import access
from api.auth.caller import Caller
from api.http.paging import csv_download
from api.http.services import ServicesDep
from api.locale.language import Language, choose_language
from api.locale.marks import N_
from api.pages.credit.items import RULE_SETS
from api.pages.formats import date_text, day_of_year_text
from api.pages.frame import render, translator
from api.pages.leads.words import NAMES
from api.pages.listing import Column, Listing
from api.pages.navigation import show_navigation
from api.pages.outcomes.views import DENOMINATORS
from api.pages.subsidy.words import ARCHIVE, GATES, TARIFFS
from compliance.policy.book import DatedValue, Parameter
from compliance.policy.clauses import Clause, cited
from supervision.screening import measured, rehearsal
from supervision.screening.measured import Measured

router = APIRouter(include_in_schema=False)
Anyone = Annotated[Caller, access(public=True)]
COLUMNS: Final = (
    Column("text", N_("Figure")),
    Column("value", N_("Value on that day"), figures=True),
    Column("history", N_("In force since")),
    Column("clause", N_("Clause")),
    Column("source", N_("Source")),
)
SOURCES: Final = {
    "[SEED]": N_("the county's document"),
    "[LAW]": N_("law or regulation"),
    "[C]": N_("our proposal: no source fixes it"),
}
# what the figures are about: the file they stand in, in the order of a recording's way and an institution's
SUBJECTS: Final = {
    "coverage": N_("Coverage"),
    "uploads": N_("Upload"),
    "retention": N_("Keeping"),
    "screening": N_("Screening by machine"),
    "recycled": N_("Footage used again and loops"),
    "sampling": N_("Draw and review"),
    "visits": N_("On-site visits"),
    "releases": N_("Original footage"),
    "findings": N_("Findings"),
    "approvals": N_("Places and extensions"),
    "subsidy": N_("Subsidy"),
    "employment": N_("Employment"),
    "rating": N_("Credit rating"),
    "credit_items": N_("Credit items"),
    "exit": N_("Exit"),
    "reports": N_("Reports"),
    "clocks": N_("Working days"),
}
UNITS: Final = {
    "hours": N_("hours"),
    "hour-of-day": N_("o'clock"),
    "days": N_("days"),
    "working-days": N_("working days"),
    "months": N_("months"),
    "years": N_("years"),
    "seconds": N_("seconds"),
    "yuan": N_("yuan"),
    "points": N_("points"),
    "permille": N_("per mille"),
    "px": N_("pixels"),
    "metres": N_("metres"),
    "KiB": "KiB",
    "GiB": "GiB",
    "TiB": "TiB",
    "count": N_("(number)"),
    "flag": N_("(1 yes, 0 no)"),
    "rule": N_("(way of counting)"),
}
# what is chosen by name, in words; several of them are separated by commas
CHOICES: Final[Mapping[str, Mapping[str, str]]] = {
    "archive_papers": ARCHIVE,
    "subsidy_gates": GATES,
    "waived_gates": GATES,
    "startup_rate": TARIFFS,
    "employment_denominator": DENOMINATORS,
    "order_employment_denominator": DENOMINATORS,
    "item_rule_set": RULE_SETS,
    "leap_day_rule": {"next-day": N_("the day after")},
}
DECIDED_BY: Final = {**rehearsal.DECIDES, **measured.DECIDES}
DAY: Final = re.compile(r"(?:(\d{4})-)?(\d\d)-(\d\d)")


@dataclass(frozen=True)
class Figure:
    """One parameter as of a day. `now` is None before its first value."""

    parameter: Parameter
    now: DatedValue | None
    later: DatedValue | None
    clauses: list[Clause]
    subject: str  # a key of SUBJECTS
    expected: list[tuple[str, Measured]]  # of what the machine decides by it: name of the signal, and how good it was found to be


@router.get("/policy")
def list_page(request: Request, caller: Anyone, services: ServicesDep, on: str = "", export: str = "") -> Response:
    """Every figure with its value on a day, its history, clause and source."""
    today = services.clock.today_on()
    day, bad_day = _day(on, today)
    listing = Listing.of(request, COLUMNS, sort="text", filters=("on", "source", "subject"), exports=("csv",))
    known = measured.read()
    rows = [
        Figure(
            one,
            max((v for v in one.values if v.from_on <= day), key=lambda v: v.from_on, default=None),
            one.after(day),
            cited(one.clause),
            one.subject,
            [(NAMES[code], known[code]) for code in DECIDED_BY.get(one.name, ()) if code in known],
        )
        for one in sorted(services.policy.book.parameters.values(), key=lambda one: (list(SUBJECTS).index(one.subject), one.name))
        if _matches(one, listing.q) and listing.filters.get("source") in (None, one.source) and listing.filters.get("subject") in (None, one.subject)
    ]
    if export == "csv":
        return csv_download(
            "policy",
            ["name", "zh", "en", "value", "unit", "since", "clause", "source"],
            [_line(r) for r in rows],
        )
    return render(
        request,
        "policy/list.html",
        **(show_navigation(request, caller, "policy") if caller else {"caller": None}),
        listing=listing,
        groups=[(SUBJECTS[key], list(group)) for key, group in groupby(rows, key=lambda row: row.subject)],
        count=len(rows),
        subjects=SUBJECTS,
        counts=Counter(one.subject for one in services.policy.book.parameters.values()),
        day=day,
        typed_day=on,
        bad_day=bad_day,
        sources=SOURCES,
        units=UNITS,
        worded=partial(worded, language=choose_language(request), translate=translator(request)),
    )


def worded(parameter: Parameter, value: object, *, language: Language, translate: Callable[[str], str]) -> str:
    """A value as people read it: the names of what is chosen, days of the year as dates. Figures as they are."""
    if parameter.unit != "rule":
        return str(value)
    day = DAY.fullmatch(str(value))
    if day:
        year, month, number = int(day[1] or 0), int(day[2]), int(day[3])
        return date_text(date(year, month, number), language) if year else day_of_year_text(month, number, language)
    words = CHOICES.get(parameter.name, {})
    return translate(", ").join(translate(words[one]) if one in words else one for one in str(value).split(","))


def _line(row: Figure) -> list[object]:
    one = row.parameter
    value, since = (row.now.value, row.now.from_on) if row.now else ("", "")
    return [one.name, one.zh, one.en, value, one.unit, since, one.clause, one.source]


def _day(typed: str, today: date) -> tuple[date, bool]:
    """The day asked for; today and a complaint when it is no day."""
    if not typed:
        return today, False
    try:
        return date.fromisoformat(typed), False
    except ValueError:
        return today, True


def _matches(one: Parameter, wanted: str) -> bool:
    words = " ".join((one.name, one.zh, one.en, one.clause)).casefold()
    return all(word in words for word in wanted.casefold().split())
