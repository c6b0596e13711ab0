"""`classproof policy`: what a figure is on a day, since when, on what it rests, who reads it and which tests cover it. R20; invariant 8."""

from collections.abc import Iterator, Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path

from compliance.policy import usage
from compliance.policy.book import Book, Parameter
from compliance.policy.clauses import cited
from compliance.policy.errors import DefectivePolicy, NoValueInForce, UnknownParameter
from supervision.screening import measured, rehearsal
from supervision.screening.errors import FigureNotTried
from supervision.screening.rules import ScreeningRule

SHOWN = 12  # places of one kind; the rest is counted


def find(book: Book, name: str) -> Parameter:
    """The figure of that name. Raises: UnknownParameter — with the names that look like it."""
    if name not in book.parameters:
        raise UnknownParameter(parameter=name, alike=get_close_matches(name, book.parameters, n=3))
    return book.parameters[name]


def trace(book: Book, name: str, on: date) -> Iterator[str]:
    """The lines of `classproof policy trace`. Raises: UnknownParameter, NoValueInForce."""
    one = find(book, name)
    now, later = one.on(on), one.after(on)
    yield f"{name} = {now.value} {one.unit}"
    yield f"  {one.zh} · {one.en}"
    yield f"  on {on.isoformat()}: in force since {now.from_on.isoformat()}; " + (
        f"becomes {later.value} on {later.from_on.isoformat()}" if later else "no change decided"
    )
    yield f"  source {one.source}, clause {one.clause} ({one.where})"
    for clause in cited(one.clause):
        yield f"    {clause.ref} {clause.section} [{clause.kind}] {clause.zh} · {clause.en}"
    found = usage.usage_of(name, usage.read_sources(), usage.read_tests())
    yield from _places("needed by", [f"{place.path}:{place.line} {rule}.{name}" for rule, place in found.declared])
    yield from _places("filled in", [str(place) for place in found.asked])
    yield from _places("used in", [str(place) for place in found.used])
    yield from _places("cases", [f"tests/policy/cases/{file}.yaml" for file in found.cases])
    yield from _places("tests", [f"{place.path}::{place.within}" for place in found.tests])


def _places(word: str, lines: Sequence[str]) -> Iterator[str]:
    yield f"  {word}: {len(lines) or 'nowhere'}"
    yield from (f"    {line}" for line in lines[:SHOWN])
    if len(lines) > SHOWN:
        yield f"    and {len(lines) - SHOWN} more"


def effect(book: Book, name: str, value: int, on: date) -> Iterator[str]:
    """Each signal of pictures on the held-out recordings, now and with this value. Raises: UnknownParameter, FigureNotTried."""
    find(book, name)
    rule = book.read(ScreeningRule, on=on)
    tried = rehearsal.changed(rule, name, value)
    if tried is None:
        raise FigureNotTried(parameter=name, value=value, possible=list(rehearsal.DECIDES))
    films = rehearsal.held_out()
    yield f"{name}: {getattr(rule, name)} in force, {value} tried; {len(films)} held-out recordings, nothing is changed"
    for now, then in zip(rehearsal.table(films, rule), rehearsal.table(films, tried), strict=True):
        false = f"false alarms {now.false_alarms} -> {then.false_alarms} in {now.camera_hours:.1f} h"
        yield f"  {now.code.value:<12} {now.attack:<12} found {_share(now)} -> {_share(then)}, {false}"


def _share(row: rehearsal.Row) -> str:
    low, high = measured.share_interval(row.found, row.tried)
    return f"{row.found}/{row.tried} ({low:.2f} to {high:.2f})" if row.tried else "-"


def listing(book: Book, on: date) -> Iterator[str]:
    """One line per figure: name, value on that day, unit, clause, Chinese text."""
    width = max(len(name) for name in book.parameters)
    for name, one in sorted(book.parameters.items()):
        try:
            value = str(one.on(on).value)
        except NoValueInForce:
            value = "–"
        yield f"{name:<{width}}  {value:>12} {one.unit:<13} {one.source:<6} {one.clause:<14} {one.zh}"


def check(files: Sequence[Path]) -> list[str]:
    """Every defect of these files, each `file:line: …`; nothing when they are sound."""
    try:
        Book.of(files)
    except DefectivePolicy as refused:
        return [str(one) for one in refused.facts["defects"]]
    return []
