"""Use-cases of visits around the day itself: draw the teams, step back, miss, declare void, close, reveal the list. domain.md 2.3.2; R54, R56.

What the ledger gets of a sealed visit is a commitment (`rules.seal`); lesson and team stand in it from the signature on.
"""

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.database.series import next_in_series
from storage.kernel.actor import Actor
from storage.kernel.clock import Clock, local_date
from storage.kernel.lifecycle import advance
from storage.ledger import history
from supervision.classes.models import Lesson
from supervision.sampling import queries as draws
from supervision.sampling import service as sampling
from supervision.sampling.errors import NotDrawn, NotOnSite
from supervision.sampling.lifecycle import DrawState
from supervision.sampling.models import DrawRound
from supervision.spotchecks import interests, recusals
from supervision.spotchecks import queries as reviews
from supervision.spotchecks.inspectors import Inspector, Task
from supervision.visits import queries
from supervision.visits.checklist import VERSION
from supervision.visits.errors import VisitNotFound
from supervision.visits.lifecycle import OPEN_STATES, VISIT_MOVES, VisitEvent, VisitState
from supervision.visits.models import Visit, VisitMember
from supervision.visits.rules import VisitRule, day_ends_at, seal
from supervision.visits.teams import Member, draw_teams

SALT_BYTES = 32


def assign(session: Session, code: str, *, inspectors: Collection[Inspector], rule: VisitRule, actor: Actor, clock: Clock) -> Sequence[Visit]:
    """Draw a team for every lesson of an on-site round, once; the same call again answers the same visits.

    Raises: RoundNotFound, NotOnSite, NotDrawn, TooFewInspectors.
    """
    at = clock.now_at()
    round_ = draws.locked_round(session, code)
    if not round_.on_site:
        raise NotOnSite(round=code)
    if round_.state is not DrawState.DRAWN:
        raise NotDrawn(round=code, state=round_.state.value)
    existing = queries.visits_of_round(session, round_.id)
    if existing:
        return existing
    tickets = draws.selected(session, round_.id)
    lesson_ids = draws.lessons_of(session, round_.id, [t.natural_id for t in tickets])
    lessons = {lesson.natural_id: lesson for lesson in session.scalars(select(Lesson).where(Lesson.id.in_(lesson_ids.values())))}
    interests.detect(session, cooling_off_years=rule.cooling_off_years, actor=actor, clock=clock)
    barred = reviews.recused_accounts(session, local_date(at))
    tasks = [
        Task(
            t.rank,
            t.natural_id,
            frozenset(
                barred.get(lessons[t.natural_id].institution_id, set()) | queries.recused_in_visits(session, lessons[t.natural_id].institution_id)
            ),
        )
        for t in tickets
    ]
    for team in draw_teams(tasks, inspectors, round_.seed or b"", size=rule.team_size):
        _send(session, round_, team.task.rank, lessons[team.task.natural_id], team.members, actor=actor, at=at)
    return queries.visits_of_round(session, round_.id)


def recuse(
    session: Session, code: str, *, account_id: UUID, reason: str, inspectors: Collection[Inspector], actor: Actor, clock: Clock
) -> VisitMember:
    """回避: a member steps back, another is drawn. The register learns of it when the visit has ended: until then it would name the institution.

    Raises: VisitNotFound, TooFewInspectors, ForbiddenMove (`reason-needed`, or signed already).
    """
    at = clock.now_at()
    visit = queries.locked_visit(session, code)
    old = next((m for m in queries.members(session, visit.id) if m.inspector_account_id == account_id), None)
    if old is None:
        raise VisitNotFound(visit=code)
    advance(VISIT_MOVES, visit.state, VisitEvent.RECUSE, {"reason": reason})
    round_ = session.get_one(DrawRound, visit.round_id)
    barred = reviews.recused_accounts(session, local_date(at)).get(visit.institution_id, set())
    barred |= queries.recused_in_visits(session, visit.institution_id)
    barred |= {m.inspector_account_id for m in queries.members(session, visit.id, all_=True)}
    task = Task(visit.rank, visit.natural_id, frozenset(barred))
    (team,) = draw_teams([task], inspectors, round_.seed or b"", size=1, loads=queries.loads(session, round_.id))
    old.recused_at, old.recusal_reason = at, reason.strip()
    drawn = _member(visit, team.members[0], replaces=old)
    session.add(drawn)
    session.flush()
    stay = sorted(queries.members(session, visit.id), key=lambda m: (m.ticket, m.inspector_login))
    for position, member in enumerate(stay):
        member.is_lead = position == 0
    session.flush()
    commitment = seal(visit.seal_salt, visit.natural_id, [m.inspector_login for m in stay])
    # the reason may name people of the institution: it stands in the register afterwards, not in the log of a sealed visit
    facts = {"visit": code, "reason": "declared", "sealed": commitment}
    history.move(session, visit, VISIT_MOVES, VisitEvent.RECUSE, actor=actor, at=at, facts=facts)
    return drawn


def miss_overdue(session: Session, *, actor: Actor, clock: Clock) -> int:
    """Visits whose day ended without an opening: the office has to answer for them. Returns how many."""
    at = clock.now_at()
    codes = queries.overdue(session, local_date(at))
    for code in codes:
        visit = queries.locked_visit(session, code)
        if visit.state is VisitState.SEALED:
            facts = {"visit": code, "day_over": at >= day_ends_at(visit.visit_on)}
            visit.ended_at = at
            history.move(session, visit, VISIT_MOVES, VisitEvent.MISS, actor=actor, at=at, facts=facts)
            register_recusals(session, visit, clock=clock)
    return len(codes)


def void(session: Session, code: str, *, reason: str, actor: Actor, clock: Clock) -> Visit:
    """A visit that cannot be made, with the reason. Raises: VisitNotFound, ForbiddenMove (`reason-needed`, or it has ended)."""
    at = clock.now_at()
    visit = queries.locked_visit(session, code)
    advance(VISIT_MOVES, visit.state, VisitEvent.VOID, {"reason": reason})
    visit.reason, visit.ended_at = reason.strip(), at
    history.move(
        session, visit, VISIT_MOVES, VisitEvent.VOID, actor=actor, at=at, reason=reason.strip(), facts={"visit": code, "reason": reason.strip()}
    )
    register_recusals(session, visit, clock=clock)
    return visit


def void_round(session: Session, code: str, *, reason: str, actor: Actor, clock: Clock) -> DrawRound:
    """Declare a round void together with its visits that have not ended. Raises: as `sampling.service.void`."""
    round_ = sampling.void(session, code, reason=reason, actor=actor, clock=clock)
    for visit in queries.visits_of_round(session, round_.id):
        if visit.state in OPEN_STATES:
            void(session, visit.code, reason=reason, actor=actor, clock=clock)
    return round_


def close(session: Session, code: str, *, problems_open: int, reason: str, actor: Actor, clock: Clock) -> Visit:
    """The office has dealt with a signed visit. `problems_open`: answers *no* that no finding rests on, counted by the next stage.

    Raises: VisitNotFound, ForbiddenMove (`problems-without-finding` — with none of them dismissed by a reason).
    """
    at = clock.now_at()
    visit = queries.locked_visit(session, code)
    facts = {"visit": code, "problems_open": problems_open, "reason": reason.strip()}
    visit.reason = reason.strip()
    history.move(session, visit, VISIT_MOVES, VisitEvent.CLOSE, actor=actor, at=at, reason=reason.strip(), facts=facts)
    return visit


def reveal(session: Session, code: str, *, actor: Actor, clock: Clock) -> DrawRound:
    """Publish the list of a round whose visits have all ended. Raises: RoundNotFound, NotOnSite, NotDrawn, VisitsOpen."""
    round_ = draws.locked_round(session, code)
    if not queries.visits_of_round(session, round_.id):  # drawn and not given out: the visits are all still to be made
        return sampling.reveal(session, code, open_visits=len(draws.selected(session, round_.id)), actor=actor, clock=clock)
    return sampling.reveal(session, code, open_visits=queries.open_count(session, round_.id), actor=actor, clock=clock)


def close_round(session: Session, code: str, *, actor: Actor, clock: Clock) -> DrawRound:
    """End an on-site round when every visit is dealt with. Raises: RoundNotFound, NotDrawn, ForbiddenMove (`items-open`)."""
    round_ = draws.locked_round(session, code)
    if not queries.visits_of_round(session, round_.id):
        raise NotDrawn(round=code, state=round_.state.value)
    return sampling.close(session, code, open_items=queries.unclosed_count(session, round_.id), actor=actor, clock=clock)


def register_recusals(session: Session, visit: Visit, *, clock: Clock) -> None:
    """Enter what members declared during a visit that has now ended, as of the day they did."""
    for member in queries.members(session, visit.id, all_=True):
        if member.recused_at is not None:
            recusals.enter_recusal(
                session,
                inspector_account_id=member.inspector_account_id,
                institution_id=visit.institution_id,
                reason=member.recusal_reason,
                source="declared",
                from_on=local_date(member.recused_at),
                until_on=None,
                actor=Actor(kind="account", name=member.inspector_login, role="inspector", id=member.inspector_account_id),
                clock=clock,
            )


def _send(session: Session, round_: DrawRound, rank: int, lesson: Lesson, team: Sequence[Member], *, actor: Actor, at: datetime) -> None:
    visit = Visit(
        code=next_in_series(session, Visit.code, f"V{local_date(at).year}-"),
        round_id=round_.id,
        rank=rank,
        lesson_id=lesson.id,
        natural_id=lesson.natural_id,
        institution_id=lesson.institution_id,
        room_id=lesson.room_id,
        visit_on=local_date(lesson.starts_at),
        starts_at=lesson.starts_at,
        ends_at=lesson.ends_at,
        checklist=VERSION,
        state=VisitState.SEALED,
        seal_salt=secrets.token_bytes(SALT_BYTES),
        assigned_at=at,
        opened_by="",
        reason="",
    )
    commitment = seal(visit.seal_salt, lesson.natural_id, [m.inspector.login for m in team])
    facts = {"visit": visit.code, "round": round_.code, "sealed": commitment}
    history.begin(session, visit, actor=actor, at=at, event="assign", clause="2.3.2", facts=facts)
    session.add_all(_member(visit, one, is_lead=position == 0) for position, one in enumerate(team))
    session.flush()


def _member(visit: Visit, one: Member, *, is_lead: bool = False, replaces: VisitMember | None = None) -> VisitMember:
    return VisitMember(
        visit_id=visit.id,
        inspector_account_id=one.inspector.account_id,
        inspector_login=one.inspector.login,
        inspector_name=one.inspector.name,
        ticket=one.ticket,
        is_lead=is_lead,
        replaces_id=replaces.id if replaces else None,
        recusal_reason="",
    )
