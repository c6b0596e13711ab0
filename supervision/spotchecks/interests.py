"""The register of interests and what is detected from it before inspectors are drawn. R55; domain.md 2.3.2.

Certain matches stand in the recusal register at once, with source `detected`; possible ones wait for a person of the bureau.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.kernel.clock import Clock, local_date
from storage.kernel.identity import IdentityNumber, matching_hash
from storage.ledger import history
from storage.ledger import service as ledger
from supervision.classes.models import Lesson, Trainee
from supervision.institutions.models import Institution
from supervision.spotchecks import interest_rules as rules
from supervision.spotchecks.errors import InterestNotFound, MalformedInterest, OwnRegister
from supervision.spotchecks.interest_models import Interest, InterestMatch
from supervision.spotchecks.interest_rules import Ground, InterestKind
from supervision.spotchecks.lifecycle import MATCH_MOVES, MatchEvent, MatchState
from supervision.spotchecks.models import Recusal
from supervision.spotchecks.recusals import enter_recusal

MAX_TEXT: Final = 100
REASONS: Final[dict[Ground, str]] = {
    Ground.EMPLOYER: "本人在该机构任职",
    Ground.POST: "本人曾在该机构任职，回避期未满",
    Ground.KIN_PRINCIPAL: "近亲属为该机构校长",
    Ground.KIN_LEGAL_REPRESENTATIVE: "近亲属为该机构法人代表",
    Ground.KIN_TEACHER: "近亲属在该机构授课",
    Ground.KIN_TRAINEE: "近亲属在该机构参加培训",
}


def declare(
    session: Session,
    *,
    inspector_account_id: UUID,
    kind: InterestKind,
    institution_id: UUID | None = None,
    organisation: str = "",
    until_on: date | None = None,
    person_name: str = "",
    relation: str = "",
    id_number: IdentityNumber | None = None,
    master_key: bytes,
    cooling_off_years: int,
    actor: Actor,
    clock: Clock,
) -> Interest:
    """Enter an interest and look at once what it points at. Of an identity number only keyed hash and mask are kept. Raises: MalformedInterest."""
    texts = {"organisation": organisation.strip(), "person_name": person_name.strip(), "relation": relation.strip()}
    kin, post = kind is InterestKind.KIN, kind is InterestKind.POST
    needed = ("person_name", "relation") if kin else () if institution_id else ("organisation",)
    errors = [{"where": name, "code": "missing", "value": ""} for name in needed if not texts[name]]
    errors += [{"where": name, "code": "too-long", "value": words[:20]} for name, words in texts.items() if len(words) > MAX_TEXT]
    if post and (until_on is None or until_on > local_date(clock.now_at())):
        errors.append({"where": "until_on", "code": "missing" if until_on is None else "in-the-future", "value": str(until_on or "")})
    if errors:
        raise MalformedInterest(errors=errors)
    entered = Interest(
        inspector_account_id=inspector_account_id,
        kind=kind,
        institution_id=None if kin else institution_id,
        organisation="" if kin else texts["organisation"],
        until_on=until_on if post else None,
        person_name=texts["person_name"] if kin else "",
        relation=texts["relation"] if kin else "",
        id_number_hash=matching_hash(id_number, master_key) if kin and id_number else None,
        id_number_masked=id_number.masked if kin and id_number else "",
        recorded_at=clock.now_at(),
        recorded_by=actor.name,
        ended_by="",
        end_reason="",
    )
    session.add(entered)
    session.flush()
    # the log says that something was declared, of which kind and by whom; names of relatives stay in the register
    body = {"inspector": inspector_account_id, "kind": kind, "institution": entered.institution_id, "until_on": entered.until_on}
    ledger.append(session, actor=actor, at=entered.recorded_at, action="interest.declared", subject=f"interest/{entered.id}", tenant=None, body=body)
    detect(session, cooling_off_years=cooling_off_years, actor=actor, clock=clock)
    return entered


def end(session: Session, interest_id: UUID, *, reason: str, actor: Actor, clock: Clock, by: UUID | None = None) -> Interest:
    """An interest is over, or was entered wrongly: what it barred ends today; what nobody decided yet is dismissed. `by`: the account that asks.

    Raises: InterestNotFound; OwnRegister — it is the asker's own.
    """
    at = clock.now_at()
    found = session.scalars(select(Interest).where(Interest.id == interest_id).with_for_update()).one_or_none()
    if found is None or found.ended_at is not None:
        raise InterestNotFound(interest=str(interest_id))
    _require_other(found, by)
    if not reason.strip():
        raise MalformedInterest(errors=[{"where": "reason", "code": "missing", "value": ""}])
    found.ended_at, found.ended_by, found.end_reason = at, actor.name, reason.strip()
    body = {"inspector": found.inspector_account_id, "reason": found.end_reason}
    ledger.append(session, actor=actor, at=at, action="interest.ended", subject=f"interest/{found.id}", tenant=None, body=body)
    for match in session.scalars(select(InterestMatch).where(InterestMatch.interest_id == found.id)):
        if match.state is MatchState.POSSIBLE:
            _decide(session, match, MatchEvent.DISMISS, found.end_reason, actor=actor, at=at)
        elif match.recusal_id is not None:
            _end_recusal(session.get_one(Recusal, match.recusal_id), local_date(at))
    session.flush()
    return found


def detect(session: Session, *, cooling_off_years: int, actor: Actor, clock: Clock) -> list[InterestMatch]:
    """Compare the register with the institutions, their people and their trainees. What was found before stays as it was decided."""
    on = local_date(clock.now_at())
    declared = session.scalars(select(Interest).where(Interest.ended_at.is_(None)).order_by(Interest.id).with_for_update()).all()
    if not declared:
        return []
    seen = {(m.interest_id, m.institution_id, m.ground) for m in session.scalars(select(InterestMatch))}
    hashes = [one.id_number_hash for one in declared if one.id_number_hash]
    trainees = session.execute(select(Trainee.institution_id, Trainee.id_number_hash).where(Trainee.id_number_hash.in_(hashes)))
    whom = {one.id: one.inspector_account_id for one in declared}
    found = rules.hits(
        [_declared(one) for one in declared],
        _known(session, kin=any(one.kind is InterestKind.KIN for one in declared)),
        [(institution, digest) for institution, digest in trainees],
        cooling_off_years=cooling_off_years,
        on=on,
    )
    new = [hit for hit in found if (hit.interest_id, hit.institution_id, hit.ground) not in seen]
    return [_enter(session, hit, whom[hit.interest_id], actor=actor, clock=clock) for hit in new]


def decide(session: Session, match_id: UUID, event: MatchEvent, *, reason: str, actor: Actor, clock: Clock, by: UUID | None = None) -> InterestMatch:
    """A person of the bureau says whether a possible match is one. `by`: the account that decides.

    Raises: InterestNotFound, ForbiddenMove (`reason-needed`, decided); OwnRegister — it is the decider's own.
    """
    found = session.scalars(
        select(InterestMatch).where(InterestMatch.id == match_id).with_for_update(), execution_options={"populate_existing": True}
    ).one_or_none()
    if found is None:
        raise InterestNotFound(interest=str(match_id))
    interest = session.get_one(Interest, found.interest_id)
    _require_other(interest, by)
    if event is MatchEvent.CONFIRM and found.state is MatchState.POSSIBLE and reason.strip():
        words = f"{REASONS[found.ground]}：{reason.strip()}"
        found.recusal_id = _bar(session, interest.inspector_account_id, found.institution_id, words, None, actor, clock)
    _decide(session, found, event, reason, actor=actor, at=clock.now_at())
    return found


def _require_other(interest: Interest, by: UUID | None) -> None:
    if by is not None and by == interest.inspector_account_id:
        raise OwnRegister


def interests_of(session: Session, inspector_account_id: UUID) -> Sequence[Interest]:
    """An inspector's register, newest first, ended entries too."""
    return session.scalars(select(Interest).where(Interest.inspector_account_id == inspector_account_id).order_by(Interest.id.desc())).all()


def matches_of(session: Session, inspector_account_id: UUID) -> Sequence[tuple[InterestMatch, Institution]]:
    """What was found for an inspector, undecided first."""
    rows = session.execute(
        select(InterestMatch, Institution)
        .join(Interest, Interest.id == InterestMatch.interest_id)
        .join(Institution, Institution.id == InterestMatch.institution_id)
        .where(Interest.inspector_account_id == inspector_account_id)
        .order_by(InterestMatch.state != MatchState.POSSIBLE, InterestMatch.id.desc())
    )
    return [(match, institution) for match, institution in rows]


def possible_counts(session: Session) -> dict[UUID, int]:
    """Inspector → matches that wait for a decision."""
    counts: dict[UUID, int] = {}
    for account_id in session.scalars(
        select(Interest.inspector_account_id)
        .join(InterestMatch, InterestMatch.interest_id == Interest.id)
        .where(InterestMatch.state == MatchState.POSSIBLE)
    ):
        counts[account_id] = counts.get(account_id, 0) + 1
    return counts


def _declared(one: Interest) -> rules.Declared:
    return rules.Declared(one.id, one.kind, one.institution_id, one.organisation, one.until_on, one.person_name, one.id_number_hash)


def _known(session: Session, *, kin: bool) -> list[rules.Known]:
    teachers: dict[UUID, set[str]] = {}
    if kin:
        for institution_id, teacher in session.execute(select(Lesson.institution_id, Lesson.teacher).distinct()):
            teachers.setdefault(institution_id, set()).add(teacher)
    return [
        rules.Known(row.id, row.name, row.principal, row.legal_representative, frozenset(teachers.get(row.id, ())))
        for row in session.scalars(select(Institution).order_by(Institution.code))
    ]


def _enter(session: Session, hit: rules.Hit, inspector_account_id: UUID, *, actor: Actor, clock: Clock) -> InterestMatch:
    at = clock.now_at()
    reason = REASONS[hit.ground]
    recusal_id = _bar(session, inspector_account_id, hit.institution_id, reason, hit.until_on, actor, clock) if hit.certain else None
    match = InterestMatch(
        interest_id=hit.interest_id,
        institution_id=hit.institution_id,
        ground=hit.ground,
        state=MatchState.CONFIRMED if hit.certain else MatchState.POSSIBLE,
        recusal_id=recusal_id,
        found_at=at,
        decided_at=at if hit.certain else None,
        decided_by=actor.name if hit.certain else "",
        reason=reason if hit.certain else "",
    )
    facts = {"interest": hit.interest_id, "institution": hit.institution_id, "ground": hit.ground, "recusal": recusal_id}
    history.begin(session, match, actor=actor, at=at, event="detect", clause="R55", facts=facts)
    return match


def _bar(session: Session, inspector: UUID, institution: UUID, reason: str, until_on: date | None, actor: Actor, clock: Clock) -> UUID:
    entered = enter_recusal(
        session,
        inspector_account_id=inspector,
        institution_id=institution,
        reason=reason,
        source="detected",
        from_on=local_date(clock.now_at()),
        until_on=until_on,
        actor=actor,
        clock=clock,
    )
    return entered.id


def _decide(session: Session, match: InterestMatch, event: MatchEvent, reason: str, *, actor: Actor, at: datetime) -> None:
    match.decided_at, match.decided_by, match.reason = at, actor.name, reason.strip()
    facts = {"reason": reason.strip(), "ground": match.ground, "recusal": match.recusal_id}
    history.move(session, match, MATCH_MOVES, event, actor=actor, at=at, reason=reason.strip(), facts=facts)


def _end_recusal(entry: Recusal, today: date) -> None:
    """It bars no longer from tomorrow on, or from its own earlier end; what was drawn under it stays as it is."""
    last = max(entry.from_on, today)
    end_on = date.fromordinal(last.toordinal() + 1)
    entry.until_on = end_on if entry.until_on is None else min(entry.until_on, end_on)
