"""One small picture for each institution: coverage, findings, tier. UI.md (bureau dashboard). No personal data."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from compliance.publication.queries import tiers_on
from supervision.findings.lifecycle import FindingState
from supervision.findings.models import Finding
from supervision.footage.lifecycle import SlotState
from supervision.footage.models import Slot
from supervision.footage.queries import day_bounds
from supervision.institutions.models import Institution

MOST: Final = 120
NOT_STANDING: Final = (FindingState.VOID, FindingState.REJECTED, FindingState.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class DashboardRule:
    """Figures in force."""

    dashboard_coverage_days: int

    def first_on(self, today: date) -> date:
        """The first day whose lessons are counted; `today` is the last."""
        return today - timedelta(days=self.dashboard_coverage_days - 1)


@dataclass(frozen=True, slots=True)
class Small:
    """`covered` of `settled` slots of the last days; `covered_at`, `explained_at`, `missing_at`: shares of a bar of 100. `findings` that stand."""

    code: str
    name: str
    status: str
    tier: str
    covered: int
    explained: int
    settled: int
    findings: int

    @property
    def covered_at(self) -> float:
        return round(100 * self.covered / self.settled, 1) if self.settled else 0.0

    @property
    def explained_at(self) -> float:
        return round(100 * self.explained / self.settled, 1) if self.settled else 0.0


def multiples(session: Session, today: date, rule: DashboardRule) -> list[Small]:
    """Institutions by code; the worst covered are found by the eye, not hidden by an order."""
    begin, end = day_bounds(rule.first_on(today), today)
    slots = (
        select(
            Slot.institution_id,
            func.count(case((Slot.state == SlotState.COVERED, 1))).label("covered"),
            func.count(case((Slot.state == SlotState.EXPLAINED, 1))).label("explained"),
            func.count().label("settled"),
        )
        .where(Slot.starts_at >= begin, Slot.starts_at < end, Slot.state.in_((SlotState.COVERED, SlotState.EXPLAINED, SlotState.MISSING)))
        .group_by(Slot.institution_id)
        .subquery()
    )
    found = select(Finding.institution_id, func.count().label("count")).where(Finding.state.not_in(NOT_STANDING))
    findings = found.group_by(Finding.institution_id).subquery()
    rows = session.execute(
        select(
            Institution.id,
            Institution.code,
            Institution.name,
            Institution.status,
            func.coalesce(slots.c.covered, 0),
            func.coalesce(slots.c.explained, 0),
            func.coalesce(slots.c.settled, 0),
            func.coalesce(findings.c.count, 0),
        )
        .outerjoin(slots, slots.c.institution_id == Institution.id)
        .outerjoin(findings, findings.c.institution_id == Institution.id)
        .order_by(Institution.code)
        .limit(MOST)
    ).all()
    tiers = tiers_on(session, [row[0] for row in rows], today)
    return [_small(row, tiers) for row in map(tuple, rows)]


def _small(row: tuple[object, ...], tiers: dict[UUID, tuple[str, date, str]]) -> Small:
    ident, code, name, status, covered, explained, settled, findings = row
    tier = tiers[ident][0] if ident in tiers else ""  # type: ignore[index]  # a row of the query above
    return Small(str(code), str(name), str(status), tier, int(str(covered)), int(str(explained)), int(str(settled)), int(str(findings)))
