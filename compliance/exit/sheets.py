"""计算表: what a case was opened on, line by line, as canonical JSON. R44, R45, Q1, Q8, Q10. Pure.

Nothing is rounded and nothing is left out: whoever recomputes it needs only the sheet and the published policy values that stand in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, Final

from compliance.exit.rules import EmploymentDetection, Figures, Reason, Trigger
from supervision.outcomes.rules import EmploymentRule, Line

FORMAT: Final = "classproof-exit-sheet-1"
Sheet = dict[str, Any]  # Any: JSON


def employment(found: EmploymentDetection, counting: EmploymentRule, *, year: int, on: date) -> Sheet:
    """Everybody on the rosters of the year: counted or not and why, employed or not and by which paper; all readings side by side."""
    return _sheet(
        Trigger.EMPLOYMENT,
        year,
        on,
        found.figures,
        {
            "definition": asdict(counting),
            "window_over": found.window_over,
            "lines": [_line(line) for line in found.rate.lines],
            "alternatives": [asdict(one) for one in found.alternatives],
        },
    )


def _line(line: Line) -> dict[str, object]:
    by = line.by
    return {
        "person": line.person.key,
        "class": line.person.class_code,
        "ended_on": line.person.ended_on.isoformat(),
        "counted": line.counted,
        "employed": line.employed,
        "why": line.why,
        "by": {"kind": by.kind, "reference": by.reference, "employed_on": by.employed_on.isoformat()} if by else None,
    }


def task(figures: Figures, *, year: int, on: date, assigned: int, reduced: int) -> Sheet:
    """Task, approved reductions, completed persons."""
    return _sheet(Trigger.TASK, year, on, figures, {"assigned": assigned, "reduced": reduced})


def evaluation(reasons: Sequence[Reason], *, year: int, on: date) -> Sheet:
    """What an evaluation institution reached of the figures that call for a look."""
    return _sheet(Trigger.EVALUATION, year, on, None, {"reasons": [asdict(one) for one in reasons]})


def audit(trigger: Trigger, problem: Mapping[str, str], *, year: int, on: date) -> Sheet:
    """The document, who issued it, what it found, and who classified it as major (Q7)."""
    return _sheet(trigger, year, on, None, {"problem": dict(problem)})


def _sheet(trigger: Trigger, year: int, on: date, figures: Figures | None, body: Mapping[str, object]) -> Sheet:
    told = {"numerator": figures.numerator, "denominator": figures.denominator, "limit_permille": figures.limit_permille} if figures else None
    return {"format": FORMAT, "trigger": trigger.value, "year": year, "on": on.isoformat(), "figures": told, **body}
