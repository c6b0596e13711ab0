"""The figures of a biweekly report as they are kept: canonical, hashed, printed by nobody else's arithmetic. R98. Pure.

By institution and category: task, enrolled, trained, certified, employed, up to the end of the period and (trained, certified) within it; and the
yuan owed and paid up to its end for classes that ended (R87).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from compliance.reports.periods import Period
from compliance.reports.queries import ClassLine, TaskLine
from compliance.reports.rules import Duty
from compliance.subsidy.queries import Money

FORMAT: Final = "classproof-progress/1"
COLUMNS: Final = ("task", "enrolled", "trained_before", "trained", "certified_before", "certified", "employed", "owed_yuan", "paid_yuan")


def content(
    period: Period,
    tasks: Sequence[TaskLine],
    before: Sequence[ClassLine],
    now: Sequence[ClassLine],
    money: Mapping[UUID, Money],
    duties: Iterable[Duty],
) -> dict[str, Any]:  # Any: JSON
    """`before`: classes as of the day before the period; `now` and `money`: as of its last day."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}  # Any: JSON

    def row(code: str, name: str, category: str) -> dict[str, Any]:  # Any: JSON
        return rows.setdefault((code, category), {"code": code, "institution": name, "category": category, **dict.fromkeys(COLUMNS, 0)})

    for task in tasks:
        row(task.institution_code, task.institution, task.category.value)["task"] += task.task
    for line in before:
        kept = row(line.institution_code, line.institution, line.category.value)
        kept["trained_before"] += line.trained
        kept["certified_before"] += line.certified
    for line in now:
        kept = row(line.institution_code, line.institution, line.category.value)
        kept["enrolled"] += line.enrolled if line.starts_on <= period.ends_on else 0
        for name in ("trained", "certified", "employed"):
            kept[name] += getattr(line, name)
        if (yuan := money.get(line.class_id)) is not None:
            kept["owed_yuan"] += yuan.owed_yuan
            kept["paid_yuan"] += yuan.paid_yuan
    ordered = [rows[key] for key in sorted(rows)]
    return {
        "format": FORMAT,
        "period": {"starts_on": period.starts_on.isoformat(), "ends_on": period.ends_on.isoformat(), "due_on": period.due_on.isoformat()},
        "rows": ordered,
        "total": {name: sum(one[name] for one in ordered) for name in COLUMNS},
        "duties": [
            {
                "key": duty.key,
                "clause": duty.clause,
                "due_on": duty.due_on.isoformat(),
                "needed": duty.needed,
                "have": duty.progress.have,
                "standing": duty.standing.value,
            }
            for duty in duties
        ],
    }
