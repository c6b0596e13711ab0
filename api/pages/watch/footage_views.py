"""Who was shown which footage, counted and listed. The record itself is the door's (`api.auth.footage`). G17, G26. Reads only."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.auth.models import FootageView, ViewKind
from supervision.footage.models import Recording
from supervision.institutions.models import Institution
from supervision.spotchecks.models import ReviewAssignment

FINDING: Final = re.compile(r"F\d{4}-\d+")


@dataclass(frozen=True, slots=True)
class ViewCount:
    """How often one person was shown footage, by kind. A download is an export: bytes that left the site."""

    person: str
    role: str
    kinds: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.kinds.values())


def view_counts(session: Session, since: datetime) -> list[ViewCount]:
    """Most views first."""
    found: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(lambda: {kind.value: 0 for kind in ViewKind})
    rows = session.execute(
        select(FootageView.actor_name, FootageView.actor_role, FootageView.kind, func.count())
        .where(FootageView.at >= since)
        .group_by(FootageView.actor_name, FootageView.actor_role, FootageView.kind)
    )
    for name, role, kind, count in rows:
        found[name, role][kind.value] = count
    made = [ViewCount(name, role, kinds) for (name, role), kinds in found.items()]
    return sorted(made, key=lambda one: (-one.total, one.person))


@dataclass(frozen=True, slots=True)
class Viewed:
    """One view with what was shown."""

    view: FootageView
    file_name: str
    institution: str


def views(session: Session, since: datetime, *, person: str = "", kind: str = "", before: UUID | None = None, limit: int = 50) -> list[Viewed]:
    """Newest first."""
    query = (
        select(FootageView, func.coalesce(Recording.file_name, ""), Institution.name)
        .join(Institution, Institution.id == FootageView.institution_id)
        .outerjoin(Recording, Recording.id == FootageView.recording_id)
        .where(FootageView.at >= since)
        .order_by(FootageView.id.desc())
        .limit(limit)
    )
    if person:
        query = query.where(FootageView.actor_name == person)
    if kind in set(ViewKind):
        query = query.where(FootageView.kind == ViewKind(kind))
    if before is not None:
        query = query.where(FootageView.id < before)
    return [Viewed(*row) for row in session.execute(query)]


@dataclass(frozen=True, slots=True)
class Case:
    """For what footage was shown. `kind`: assignment | lead | release, or empty; `name`: its code or natural id; `href` empty: no page shows it."""

    kind: str
    name: str
    href: str


def cases_of(session: Session, references: Iterable[str]) -> dict[str, Case]:
    """Case reference of a view → the case as people know it: a lesson under review by its natural id, a finding by its code."""
    wanted = set(references)
    parts = {ref: ref.partition("/") for ref in wanted}
    reviews = {_uuid(ident) for kind, _, ident in parts.values() if kind == "assignment"} - {None}
    rows = session.execute(select(ReviewAssignment.id, ReviewAssignment.natural_id).where(ReviewAssignment.id.in_(reviews)))
    lessons = {str(ident): name for ident, name in rows}
    found = {}
    for ref, (kind, _, ident) in parts.items():
        if kind == "assignment":
            found[ref] = Case(kind, lessons.get(ident, ""), "")
        elif kind == "lead":
            found[ref] = Case(kind, "", f"/leads/{ident}")
        elif kind == "release":
            found[ref] = Case(kind, "", "/releases")
        else:
            found[ref] = Case("", ref, f"/findings/{ref}" if FINDING.fullmatch(ref) else "")
    return found


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
