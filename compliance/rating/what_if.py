"""Which three things would raise this tier? Each thing an institution can still do, what it would gain, the best ones first. R63, R65; UI.md. Pure.

Only what can still be done is offered: a substantiated complaint or a late rectification stays what it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from compliance.rating.rules import PERMILLE, Event, Kind, RatingRule, full_permille, permille, rate

MOST: Final = 3


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do after those before it. `code` names the kind of thing, `ref` the evidence; `now`, `then` permille of a ratio (else 0)."""

    code: str
    ref: str
    now: int
    then: int
    gain: int
    score: int
    tier: str


@dataclass(frozen=True, slots=True)
class _Deed:
    """One thing that can be done, and the events as they would stand after it."""

    code: str
    ref: str
    now: int
    then: int
    events: list[Event]


def best_steps(rule: RatingRule, events: Sequence[Event], *, most: int = MOST) -> tuple[Step, ...]:
    """At most `most` steps, chosen one after another: the one that reaches the better tier, then the more points, then by name."""
    standing = list(events)
    grade = rate(rule, standing)
    steps: list[Step] = []
    while len(steps) < most:
        tried = [(rate(rule, deed.events), deed) for deed in _possible(rule, standing)]
        useful = [(after, deed) for after, deed in tried if (after.tier, -after.score) < (grade.tier, -grade.score)]
        if not useful:
            break
        after, deed = min(useful, key=lambda one: (one[0].tier, -one[0].score, one[1].code, one[1].ref))
        steps.append(Step(deed.code, deed.ref, deed.now, deed.then, after.score - grade.score, after.score, after.tier))
        grade, standing = after, deed.events
    return tuple(steps)


def _possible(rule: RatingRule, events: list[Event]) -> list[_Deed]:
    found: list[_Deed] = []
    for place, event in enumerate(events):
        changed = _better(rule, event)
        if changed is not None:
            now, then = (permille(one) or 0 for one in (event, changed))
            found.append(_Deed(event.kind.value, event.ref, now, then, [*events[:place], changed, *events[place + 1 :]]))
    repairable = {event.ref for event in events if event.kind is Kind.ITEM and not event.settled}
    # an item and what it is about go together: repair ends both
    return found + [_Deed("item", ref, 0, 0, [e for e in events if e.ref != ref or e.kind not in (Kind.ITEM, Kind.FORGED)]) for ref in repairable]


def _better(rule: RatingRule, event: Event) -> Event | None:
    """The event as it would be when the thing was done; None when nothing can be done about it. Only ratios are `of` something."""
    if event.kind is Kind.FINDING and not event.settled:
        return replace(event, settled=True)
    if event.kind is Kind.STARTUP and event.grade == "missing":
        return replace(event, grade="success")
    ratio, full = permille(event), full_permille(event.kind, rule)
    if ratio is not None and ratio < full:
        return replace(event, value=-(-event.of * full // PERMILLE))
    return None
