"""Facts about the supervisors, from what they did: draws made void, tasks, verdicts, decisions. F-25, F-26; G26. Reads only.

Only closed rounds count for tasks and verdicts: while a round is open, nothing may show who was checked (as in `supervision.spotchecks.reviewers`).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Float, Select, Subquery, cast, func, select
from sqlalchemy.orm import Session, aliased

from compliance.reports.watch import Task
from storage.kernel.clock import local_date
from storage.ledger.models import StateMove
from supervision.institutions.models import Institution
from supervision.releases.lifecycle import ReleaseState
from supervision.releases.models import FootageRelease
from supervision.sampling.lifecycle import DrawMethod, DrawState
from supervision.sampling.models import DrawRound
from supervision.spotchecks.lifecycle import JUDGED, AssignmentState, Verdict
from supervision.spotchecks.models import Recusal, ReviewAssignment
from supervision.visits.lifecycle import VisitState
from supervision.visits.models import Visit, VisitMember

MOST_TASKS: Final = 20_000
SUPERVISORS: Final = ("inspector", "bureau-officer", "bureau-leader", "legal-officer", "department-officer", "third-party-verifier")


def void_draws(session: Session, *, limit: int = 100) -> Sequence[DrawRound]:
    """Draws declared void, newest first: their number is small, so none is left out by the period."""
    return session.scalars(select(DrawRound).where(DrawRound.state == DrawState.VOID).order_by(DrawRound.voided_at.desc()).limit(limit)).all()


def voided_by(session: Session, round_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Round id → who declared it void."""
    rows = session.execute(
        select(StateMove.subject_id, StateMove.actor_name).where(
            StateMove.subject_id.in_(round_ids), StateMove.machine == DrawRound.MACHINE, StateMove.to_state == DrawState.VOID.value
        )
    )
    return {subject: name for subject, name in rows}  # noqa: C416 - Row is not a pair for mypy


def rounds_by_end(session: Session, since: datetime) -> dict[DrawState, int]:
    """How many rounds ended since, by how."""
    rows = session.execute(
        select(DrawRound.state, func.count())
        .where(func.coalesce(DrawRound.closed_at, DrawRound.voided_at) >= since, DrawRound.state.in_((DrawState.CLOSED, DrawState.VOID)))
        .group_by(DrawRound.state)
    )
    return {state: count for state, count in rows}  # noqa: C416 - Row is not a pair for mypy


@dataclass(frozen=True, slots=True)
class Supervisor:
    """A person as the tasks name them."""

    account_id: UUID
    login: str
    name: str


@dataclass(frozen=True, slots=True)
class Given:
    """Tasks of closed rounds with the people they could have gone to, and everybody's name."""

    tasks: list[Task]
    people: dict[UUID, Supervisor]


def tasks(session: Session, since: datetime) -> Given:
    """Reviews and on-site visits of rounds closed since.

    Who was eligible is not kept with a task. It is taken to be whoever had tasks of the same kind (own people, or third parties) both no later and no
    earlier than it, less recusals in force and whoever had looked at the lesson before. So a round that went to one person only is still unusual.
    """
    people: dict[UUID, Supervisor] = {}
    recused = _recusals(session)
    rows = [(row[0], row[1] is DrawMethod.THIRD_PARTY) for row in session.execute(_reviews(since).add_columns(DrawRound.method).limit(MOST_TASKS))]
    active: dict[tuple[UUID, bool], tuple[datetime, datetime]] = {}
    for one, entrusted in rows:
        key = (one.inspector_account_id, entrusted)
        first, last = active.get(key, (one.assigned_at, one.assigned_at))
        active[key] = (min(first, one.assigned_at), max(last, one.assigned_at))
        people.setdefault(one.inspector_account_id, Supervisor(one.inspector_account_id, one.inspector_login, one.inspector_name))
    looked: defaultdict[tuple[UUID, UUID], set[UUID]] = defaultdict(set)
    made: list[Task] = []
    for one, entrusted in sorted(rows, key=lambda row: (row[0].look, row[0].assigned_at)):
        everybody = {person for (person, kind), (first, last) in active.items() if kind is entrusted and first <= one.assigned_at <= last}
        day, before = local_date(one.assigned_at), looked[one.round_id, one.lesson_id]
        barred = {person for person in everybody if recused.get((person, one.institution_id), _NEVER).covers(day)} | before
        made.append(Task(one.institution_id, frozenset(everybody - barred), frozenset({one.inspector_account_id})))
        before.add(one.inspector_account_id)
    return Given(made + _visits(session, since, recused, people), people)


def verdicts(session: Session, since: datetime) -> dict[UUID, tuple[int, int]]:
    """Account id → (verdicts *finding*, all verdicts) in closed rounds; known items are left out."""
    found: dict[UUID, tuple[int, int]] = {}
    rows = session.execute(
        _reviews(since)
        .with_only_columns(ReviewAssignment.inspector_account_id, ReviewAssignment.state, func.count())
        .where(ReviewAssignment.state.in_(tuple(JUDGED)))
        .order_by(None)
        .group_by(ReviewAssignment.inspector_account_id, ReviewAssignment.state)
    )
    for account_id, state, count in rows:
        bad, whole = found.get(account_id, (0, 0))
        found[account_id] = (bad + (count if JUDGED[state] is Verdict.FINDING else 0), whole + count)
    return found


def reviews_of(
    session: Session, since: datetime, *, login: str = "", institution: str = "", before: UUID | None = None, limit: int = 50
) -> list[tuple[ReviewAssignment, str, str]]:
    """(assignment, round, institution): the list behind a cell, newest first."""
    query = (
        _reviews(since)
        .add_columns(DrawRound.code, Institution.name)
        .join(Institution, Institution.id == ReviewAssignment.institution_id)
        .order_by(None)
        .order_by(ReviewAssignment.id.desc())
        .limit(limit)
    )
    if login:
        query = query.where(ReviewAssignment.inspector_login == login)
    if institution:
        query = query.where(Institution.code == institution)
    if before is not None:
        query = query.where(ReviewAssignment.id < before)
    return [(row[0], row[1], row[2]) for row in session.execute(query)]


@dataclass(frozen=True, slots=True)
class DecisionTime:
    """How long matters of one kind lay before one person moved them."""

    machine: str
    event: str
    person: str
    count: int
    median_s: float
    longest_s: float


def decision_times(session: Session, since: datetime) -> list[DecisionTime]:
    """By kind of act and person: time from the move before to the move made, over moves by people of the bureau."""
    lag = _with_wait(since)
    rows = session.execute(
        select(
            lag.c.machine,
            lag.c.event,
            lag.c.actor_name,
            func.count(),
            func.percentile_cont(0.5).within_group(lag.c.wait_s),
            func.max(lag.c.wait_s),
        )
        .where(lag.c.at >= since, lag.c.wait_s.is_not(None), lag.c.actor_kind == "account", lag.c.actor_role.in_(SUPERVISORS))
        .group_by(lag.c.machine, lag.c.event, lag.c.actor_name)
        .order_by(lag.c.machine, lag.c.event, func.max(lag.c.wait_s).desc())
    )
    return [DecisionTime(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Decision:
    """One act with the time its matter had lain."""

    id: UUID
    at: datetime
    machine: str
    subject_id: UUID
    event: str
    person: str
    reason: str
    wait_s: float | None


def decisions(
    session: Session, since: datetime, *, machine: str = "", event: str = "", person: str = "", before: UUID | None = None, limit: int = 50
) -> list[Decision]:
    """The list behind a decision time, newest first."""
    lag = _with_wait(since)
    query = (
        select(lag.c.id, lag.c.at, lag.c.machine, lag.c.subject_id, lag.c.event, lag.c.actor_name, lag.c.reason, lag.c.wait_s)
        .where(lag.c.at >= since, lag.c.wait_s.is_not(None), lag.c.actor_kind == "account", lag.c.actor_role.in_(SUPERVISORS))
        .order_by(lag.c.id.desc())
        .limit(limit)
    )
    for column, wanted in ((lag.c.machine, machine), (lag.c.event, event), (lag.c.actor_name, person)):
        if wanted:
            query = query.where(column == wanted)
    if before is not None:
        query = query.where(lag.c.id < before)
    return [Decision(*row) for row in session.execute(query)]


@dataclass(frozen=True, slots=True)
class ReleaseCount:
    """Requests for originals of one person: how many were asked for, granted and refused, and how many others' this person decided."""

    login: str
    asked: int
    granted: int
    refused: int
    decided: int


def release_counts(session: Session, since: datetime) -> list[ReleaseCount]:
    """By name, whoever asked or decided since."""
    found: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    recent = select(FootageRelease.asker_name, FootageRelease.state, FootageRelease.open_until_at, FootageRelease.decider_name).where(
        FootageRelease.asked_at >= since
    )
    for asker, state, open_until_at, decider in session.execute(recent.limit(MOST_TASKS)):
        line = found[asker]
        line[0] += 1
        line[1] += open_until_at is not None
        line[2] += state is ReleaseState.REFUSED
        if decider:
            found[decider][3] += 1
    return [ReleaseCount(name, *counts) for name, counts in sorted(found.items())]


@dataclass(frozen=True, slots=True)
class _Barred:
    """The days on which a person may not judge an institution; several recusals count as their union."""

    spans: tuple[tuple[object, object], ...] = ()

    def covers(self, day: object) -> bool:
        return any(first <= day and (last is None or day < last) for first, last in self.spans)  # type: ignore[operator]  # dates


_NEVER: Final = _Barred()


def _recusals(session: Session) -> dict[tuple[UUID, UUID], _Barred]:
    found: dict[tuple[UUID, UUID], _Barred] = {}
    for one in session.scalars(select(Recusal)):
        key = (one.inspector_account_id, one.institution_id)
        found[key] = _Barred((*found.get(key, _NEVER).spans, (one.from_on, one.until_on)))
    return found


def _reviews(since: datetime) -> Select[ReviewAssignment]:
    return (
        select(ReviewAssignment)
        .join(DrawRound, DrawRound.id == ReviewAssignment.round_id)
        .where(
            DrawRound.state == DrawState.CLOSED,
            DrawRound.closed_at >= since,
            ReviewAssignment.planted_from_id.is_(None),
            ReviewAssignment.state.not_in((AssignmentState.RECUSED, AssignmentState.VOID)),
        )
        .order_by(ReviewAssignment.id)
    )


def _visits(session: Session, since: datetime, recused: dict[tuple[UUID, UUID], _Barred], people: dict[UUID, Supervisor]) -> list[Task]:
    rows = session.execute(
        select(Visit, VisitMember)
        .join(VisitMember, VisitMember.visit_id == Visit.id)
        .join(DrawRound, DrawRound.id == Visit.round_id)
        .where(DrawRound.state == DrawState.CLOSED, DrawRound.closed_at >= since, VisitMember.recused_at.is_(None), Visit.state != VisitState.VOID)
        .limit(MOST_TASKS)
    )
    teams: defaultdict[Visit, set[UUID]] = defaultdict(set)
    everybody: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for visit, member in rows:
        teams[visit].add(member.inspector_account_id)
        everybody[visit.round_id].add(member.inspector_account_id)
        known = Supervisor(member.inspector_account_id, member.inspector_login, member.inspector_name)
        people.setdefault(known.account_id, known)
    made = []
    for visit, team in teams.items():
        barred = {p for p in everybody[visit.round_id] if recused.get((p, visit.institution_id), _NEVER).covers(visit.visit_on)}
        made.append(Task(visit.institution_id, frozenset(everybody[visit.round_id] - barred), frozenset(team)))
    return made


def _with_wait(since: datetime) -> Subquery:
    """Moves since, each with the seconds since the move before it of the same matter (None for the first)."""
    earlier = aliased(StateMove)
    before = (
        select(earlier.at)
        .where(earlier.subject_id == StateMove.subject_id, earlier.machine == StateMove.machine, earlier.entry_id < StateMove.entry_id)
        .order_by(earlier.entry_id.desc())
        .limit(1)
        .scalar_subquery()
    )
    wait = cast(func.extract("epoch", StateMove.at - before), Float)
    return (
        select(
            StateMove.id,
            StateMove.at,
            StateMove.machine,
            StateMove.subject_id,
            StateMove.event,
            StateMove.actor_kind,
            StateMove.actor_name,
            StateMove.actor_role,
            StateMove.reason,
            wait.label("wait_s"),
        )
        .where(StateMove.at >= since)
        .subquery()
    )
