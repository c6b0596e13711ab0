"""Use-cases of a draw round: plan, freeze, commit, reveal, seed, draw, close, void. R54–R59; domain.md 2.3.2, 3.5.

Every function locks the round's row first: two clicks run one after the other, and the second sees what the first did.
"""

import secrets
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID

import numpy as np
from sqlalchemy.orm import Session

from storage.database.series import next_in_series
from storage.kernel.actor import Actor
from storage.kernel.clock import Clock, local_date, require_aware
from storage.kernel.lifecycle import advance
from storage.ledger import history
from storage.ledger import service as ledger
from supervision.sampling import bulk, queries
from supervision.sampling import draw as rules
from supervision.sampling.draw import SamplingRule
from supervision.sampling.errors import (
    AlreadyCommitted,
    CommitmentsClosed,
    ContributionsUnrevealed,
    EmptyFrame,
    FrameChanged,
    FrameNotCanonical,
    FrameNotCommitted,
    MalformedContribution,
    MalformedPlan,
    NotDrawn,
    NotOnSite,
    PublicValueAlreadyKnown,
    PublicValueNotYetKnown,
    TooFewParties,
    UnknownParty,
    VisitsOpen,
    VoidReasonMissing,
)
from supervision.sampling.frame import build_frame, read_frame
from supervision.sampling.lifecycle import DRAW_MOVES, DRAWN_STATES, MIN_PARTIES, DrawEvent, DrawMethod, DrawState
from supervision.sampling.models import DrawContribution, DrawRound, DrawStrataSalt, DrawStratum, DrawTicket
from supervision.sampling.seed import Revealed, check_commitment, check_party, check_public_value, check_reveal, make_seed, seal
from supervision.sampling.strata import SALT_BYTES, RiskWeights, StratifyBy, Stratum, allocate, check_plan, choose, commitment, stratum_of


def plan(
    session: Session,
    *,
    method: DrawMethod,
    title: str,
    period_starts_on: date,
    period_ends_on: date,
    rule: SamplingRule,
    weights: RiskWeights | None = None,
    strata_by: Sequence[str] = (),
    on_site: bool = False,
    public_source: str,
    public_at: datetime,
    actor: Actor,
    clock: Clock,
) -> DrawRound:
    """Announce a round: which lessons (local days, last one included), how many, split by what, and which public value will be awaited.

    `on_site`: the lessons are still to come and will be visited; their list stays sealed until `reveal`.

    Raises: MalformedPlan — with all defects at once.
    """
    at = clock.now_at()
    errors = [
        {"where": name, "code": "missing", "value": ""} for name, value in (("title", title), ("public_source", public_source)) if not value.strip()
    ]
    if period_ends_on < period_starts_on:
        errors.append({"where": "period_ends_on", "code": "before-start", "value": period_ends_on.isoformat()})
    if require_aware(public_at, "public_at") <= at:
        errors.append({"where": "public_at", "code": "not-in-the-future", "value": public_at.isoformat()})
    if on_site and method is DrawMethod.THIRD_PARTY:  # who is entrusted looks at footage; nobody but the bureau enters the premises in its name
        errors.append({"where": "on_site", "code": "third-party-on-tape", "value": method.value})
    if on_site and period_ends_on < local_date(public_at):
        errors.append({"where": "period_ends_on", "code": "before-public-value", "value": period_ends_on.isoformat()})
    if errors:
        raise MalformedPlan(errors=errors)
    wanted = list(strata_by)
    if weights is not None and StratifyBy.TIER not in wanted and queries.anybody_on_probation(session, local_date(at)):
        wanted.append(StratifyBy.TIER)  # all of it is reviewed (2.3.5), so it is a stratum of its own in every round
    by = check_plan(wanted, weights)
    planned = DrawRound(
        code=next_in_series(session, DrawRound.code, f"D{local_date(at).year}-"),
        method=method,
        title=title.strip(),
        period_starts_on=period_starts_on,
        period_ends_on=period_ends_on,
        state=DrawState.PLANNED,
        on_site=on_site,
        rule=asdict(rules.check_rule(rule)),
        strata_by=[one.value for one in by],
        weights=asdict(weights) if by and weights else {},
        public_source=public_source.strip(),
        public_at=public_at,
        planned_at=at,
    )
    facts = {
        "code": planned.code,
        "method": method,
        "period": [period_starts_on, period_ends_on],
        "on_site": on_site,
        "rule": planned.rule,
        "strata_by": planned.strata_by,
        "weights": planned.weights,
        "public_source": planned.public_source,
        "public_at": public_at,
    }
    history.begin(session, planned, actor=actor, at=at, event="plan", clause="R55", facts=facts)
    return planned


def freeze_frame(session: Session, code: str, *, actor: Actor, clock: Clock) -> DrawRound:
    """Fix the list of lessons, its root, its strata and the sample sizes; root, sizes and a commitment to the strata go into the ledger.

    Raises: RoundNotFound, EmptyFrame, PublicValueAlreadyKnown, ForbiddenMove, FrameNotCanonical.
    """
    at = clock.now_at()
    round_ = queries.locked_round(session, code)
    if round_.state is DrawState.PLANNED and at >= round_.public_at:
        raise PublicValueAlreadyKnown(round=code, public_at=round_.public_at.isoformat())
    lessons = dict(queries.eligible_lessons(session, round_))
    if not lessons:
        raise EmptyFrame(round=code)
    frame = build_frame(lessons)
    lesson_ids = [lessons[i] for i in frame.natural_ids]
    keys, strata = _strata(session, round_, lesson_ids, local_date(at))
    count, size = len(frame.natural_ids), sum(s.size for s in strata)
    facts = {
        "code": code,
        "frame_root": frame.root.hex(),
        "frame_count": count,
        "sample_size": size,
        "public_value_is_unknown": at < round_.public_at,
    }
    if lost := len(queries.not_to_be_shown(session, round_)):
        facts |= {"not_to_be_shown": lost}
    advance(DRAW_MOVES, round_.state, DrawEvent.FREEZE, facts)
    round_.frozen_at, round_.frame_root, round_.frame_count, round_.sample_size = at, frame.root, count, size
    salt = secrets.token_bytes(SALT_BYTES)
    if round_.strata_by:
        round_.strata_commitment = commitment(salt, zip(frame.natural_ids, keys, strict=True))
        facts |= {"strata_commitment": round_.strata_commitment.hex()}
    history.move(session, round_, DRAW_MOVES, DrawEvent.FREEZE, actor=actor, at=at, facts=facts)
    place = {s.key: position for position, s in enumerate(strata)}
    bulk.insert_frame(session, round_.id, frame, lesson_ids)
    if round_.strata_by:
        session.add(DrawStrataSalt(round_id=round_.id, salt=salt))
        bulk.insert_places(session, round_.id, [place[key] for key in keys])
    session.add_all(
        DrawStratum(round_id=round_.id, position=place[s.key], key=s.key, weight_permille=s.weight_permille, lesson_count=s.count, sample_size=s.size)
        for s in strata
    )
    session.flush()
    return round_


def commit_contribution(session: Session, code: str, *, party: str, commitment: bytes, actor: Actor, clock: Clock) -> DrawContribution:
    """Take one party's commitment, `seed.commit(party, value)`. The same call again answers the same row.

    Raises: RoundNotFound, MalformedContribution, FrameNotCommitted, CommitmentsClosed, PublicValueAlreadyKnown, AlreadyCommitted.
    """
    at = clock.now_at()
    check_party(party)
    check_commitment(commitment)
    if actor.id is None:
        raise MalformedContribution(errors=[{"where": "account", "code": "missing", "value": actor.name}])
    round_ = queries.locked_round(session, code)
    if round_.state is not DrawState.FRAME_FROZEN:
        raise FrameNotCommitted(round=code, state=round_.state.value)
    shares = queries.contributions(session, round_.id)
    for share in shares:
        if share.party == party and share.commitment == commitment:
            return share
        if share.party == party or share.account_id == actor.id:
            raise AlreadyCommitted(round=code, party=share.party)
    if any(share.value is not None for share in shares):
        raise CommitmentsClosed(round=code)
    if at >= round_.public_at:
        raise PublicValueAlreadyKnown(round=code, public_at=round_.public_at.isoformat())
    share = DrawContribution(round_id=round_.id, position=len(shares) + 1, party=party, account_id=actor.id, commitment=commitment, committed_at=at)
    session.add(share)
    session.flush()
    _log(session, round_, "draw.committed", {"party": party, "position": share.position, "commitment": commitment.hex()}, actor, at)
    return share


def reveal_contribution(session: Session, code: str, *, party: str, value: bytes, actor: Actor, clock: Clock) -> DrawContribution:
    """Open one party's commitment; the first reveal ends the time of commitments. The same call again answers the same row.

    Raises: RoundNotFound, FrameNotCommitted, UnknownParty, TooFewParties, MalformedContribution, RevealMismatch.
    """
    at = clock.now_at()
    round_ = queries.locked_round(session, code)
    shares = queries.contributions(session, round_.id)
    share = next((s for s in shares if s.party == party), None)
    if share is not None and share.value is not None and share.value == value:
        return share
    if round_.state is not DrawState.FRAME_FROZEN:
        raise FrameNotCommitted(round=code, state=round_.state.value)
    if share is None:
        raise UnknownParty(round=code, party=party)
    if len(shares) < MIN_PARTIES:
        raise TooFewParties(round=code, parties=len(shares), needed=MIN_PARTIES)
    check_reveal(party, value, share.commitment)
    share.value, share.revealed_at = value, at
    session.flush()
    # of a sealed round the log gets the value when it is revealed: with it, and a timetable, anyone could draw beforehand
    _log(session, round_, "draw.revealed", {"party": party, **({} if round_.on_site else {"value": value.hex()})}, actor, at)
    return share


def publish_public_value(session: Session, code: str, *, value: str, actor: Actor, clock: Clock) -> DrawRound:
    """Enter the public value that was named in advance and so make the seed. The same call again answers the same round.

    Raises: RoundNotFound, MalformedContribution, PublicValueNotYetKnown, TooFewParties, ContributionsUnrevealed, ForbiddenMove.
    """
    at = clock.now_at()
    value = check_public_value(value)
    round_ = queries.locked_round(session, code)
    if round_.seed is not None and round_.public_value == value and round_.state is not DrawState.VOID:
        return round_
    shares = queries.contributions(session, round_.id)
    revealed = [Revealed(s.party, s.value) for s in shares if s.value is not None]
    if round_.state is DrawState.FRAME_FROZEN:
        if len(shares) < MIN_PARTIES:
            raise TooFewParties(round=code, parties=len(shares), needed=MIN_PARTIES)
        if len(revealed) < len(shares):
            raise ContributionsUnrevealed(round=code, parties=[s.party for s in shares if s.value is None])
        if at < round_.public_at:
            raise PublicValueNotYetKnown(round=code, public_at=round_.public_at.isoformat())
        round_.seed = make_seed(
            round_code=code,
            frame_root=_root(round_),
            public_value=value,
            contributions=revealed,
            strata_commitment=round_.strata_commitment,
        )
        round_.public_value, round_.seeded_at = value, at
    facts = {
        "code": code,
        "public_value": value,
        "commitments": len(shares),
        "reveals": len(revealed),
        "public_value_is_unknown": at < round_.public_at,
    }
    if round_.seed:
        facts |= {"sealed_seed": seal(round_.seed).hex()} if round_.on_site else {"seed": round_.seed.hex()}
    history.move(session, round_, DRAW_MOVES, DrawEvent.SEED, actor=actor, at=at, facts=facts)
    return round_


def draw(session: Session, code: str, *, actor: Actor, clock: Clock) -> Sequence[DrawTicket]:
    """Draw, once. A second click, a retry or a racing click answers the first draw's tickets and changes nothing.

    Returns the selected tickets, best first. Raises: RoundNotFound, FrameChanged, ForbiddenMove.
    """
    at = clock.now_at()
    round_ = queries.locked_round(session, code)
    if round_.state in DRAWN_STATES:
        return queries.selected(session, round_.id)
    facts: dict[str, object] = {"code": code}
    if round_.state is DrawState.SEEDED:
        ids = queries.frame_ids(session, round_.id)
        try:
            matches = read_frame(ids).root == round_.frame_root and len(ids) == round_.frame_count
        except FrameNotCanonical:
            matches = False
        if not matches:
            raise FrameChanged(round=code)
        strata = queries.strata(session, round_.id)
        places = queries.frame_strata(session, round_)
        if round_.strata_commitment is not None:
            matches = len(places) == len(ids)  # a place taken away is a change too
            lines = zip(ids, (strata[place].key for place in places), strict=False)
            matches = matches and commitment(queries.strata_salt(session, round_) or b"", lines) == round_.strata_commitment
        if not matches:
            raise FrameChanged(round=code)
        ranked = rules.ranking(ids, round_.seed or b"")
        chosen = choose(np.asarray(places)[ranked.positions], [s.sample_size for s in strata]).tolist()
        bulk.insert_tickets(session, round_.id, ranked, chosen)
        round_.drawn_at = at
        facts |= {"root_matches": matches, "drawn": sum(chosen)}
        if not round_.on_site:
            facts |= {"selected": [ids[position] for position, yes in zip(ranked.positions.tolist(), chosen, strict=True) if yes]}
    history.move(session, round_, DRAW_MOVES, DrawEvent.DRAW, actor=actor, at=at, facts=facts)
    return queries.selected(session, round_.id)


def reveal(session: Session, code: str, *, open_visits: int, actor: Actor, clock: Clock) -> DrawRound:
    """Open the list of an on-site round when no visit of it is still to be made; `open_visits` is counted by the stage that visits.

    From now on the published file holds everything, and it must match what was committed. The same call again answers the same round.
    Raises: RoundNotFound, NotOnSite, NotDrawn, VisitsOpen.
    """
    at = clock.now_at()
    round_ = queries.locked_round(session, code)
    if not round_.on_site:
        raise NotOnSite(round=code)
    if round_.drawn_at is None:
        raise NotDrawn(round=code, state=round_.state.value)
    if round_.revealed_at is not None:
        return round_
    if open_visits:
        raise VisitsOpen(round=code, open_visits=open_visits)
    round_.revealed_at = at
    shares = {s.party: s.value.hex() for s in queries.contributions(session, round_.id) if s.value is not None}
    selected = [t.natural_id for t in queries.selected(session, round_.id)]
    _log(session, round_, "draw.list-revealed", {"seed": (round_.seed or b"").hex(), "values": shares, "selected": selected}, actor, at)
    return round_


def close(session: Session, code: str, *, open_items: int, actor: Actor, clock: Clock, bad_lessons: Collection[UUID] | None = None) -> DrawRound:
    """End a round whose items are all judged; `open_items` is counted by the stage that reviews.

    `bad_lessons`: ids of the drawn lessons that were found bad, for the estimate of the whole; None: this round measures nothing, or its figures
    would tell of single lessons and follow later (`tell_bad`).
    Raises: RoundNotFound, ForbiddenMove.
    """
    at = clock.now_at()
    round_ = queries.locked_round(session, code)
    facts = {"code": code, "open_items": open_items, "sealed": round_.on_site and round_.revealed_at is None}
    advance(DRAW_MOVES, round_.state, DrawEvent.CLOSE, facts)
    round_.closed_at = at
    if bad_lessons is not None:
        facts |= {"bad": tell_bad(session, round_, bad_lessons)}
    history.move(session, round_, DRAW_MOVES, DrawEvent.CLOSE, actor=actor, at=at, facts=facts)
    return round_


def tell_bad(session: Session, round_: DrawRound, bad_lessons: Collection[UUID]) -> dict[str, int]:
    """Publish how many drawn lessons of each part were found bad; from now on anybody can estimate the whole. Returns the counts by key."""
    bad = bad_by_part(session, round_, bad_lessons)
    strata = queries.strata(session, round_.id)
    for stratum in strata:
        stratum.bad_count = bad[stratum.position]
    session.flush()
    return {stratum.key: bad[stratum.position] for stratum in strata}


def bad_by_part(session: Session, round_: DrawRound, bad_lessons: Collection[UUID]) -> Counter[int]:
    """Bad lessons by the position of their part."""
    places = queries.selected_strata(session, round_)
    return Counter(places[lesson_id] for lesson_id in bad_lessons)


def void(session: Session, code: str, *, reason: str, actor: Actor, clock: Clock) -> DrawRound:
    """Declare a round void. Nothing is deleted: frame, shares, seed and tickets stay readable beside the reason.

    Raises: RoundNotFound, VoidReasonMissing, ForbiddenMove — it is void already.
    """
    at = clock.now_at()
    reason = reason.strip()
    if not reason:
        raise VoidReasonMissing(round=code)
    round_ = queries.locked_round(session, code)
    facts = {"code": code, "reason": reason}
    advance(DRAW_MOVES, round_.state, DrawEvent.VOID, facts)
    round_.void_reason, round_.voided_at = reason, at
    history.move(session, round_, DRAW_MOVES, DrawEvent.VOID, actor=actor, at=at, reason=reason, facts=facts)
    return round_


def rule_of(round_: DrawRound) -> SamplingRule:
    """The figures the round was planned with, whatever is in force today."""
    return SamplingRule(**round_.rule)


def _strata(session: Session, round_: DrawRound, lesson_ids: Sequence[UUID], on: date) -> tuple[list[str], list[Stratum]]:
    """The key of each lesson, and the strata with their sizes in code-point order of their keys."""
    if not round_.strata_by:
        return [""] * len(lesson_ids), allocate({"": (len(lesson_ids), rules.PERMILLE)}, rule_of(round_))
    by, weights = [StratifyBy(one) for one in round_.strata_by], RiskWeights(**round_.weights)
    facts = queries.lesson_facts(session, lesson_ids, on=on, strength=weights.screening_flag_strength, of_class=round_.on_site)
    placed = [stratum_of(facts[lesson_id], by, weights) for lesson_id in lesson_ids]
    counts = Counter(placed)
    return [key for key, _ in placed], allocate({key: (n, weight) for (key, weight), n in counts.items()}, rule_of(round_))


def _root(round_: DrawRound) -> bytes:
    if round_.frame_root is None:
        raise FrameNotCommitted(round=round_.code, state=round_.state.value)
    return round_.frame_root


def _log(session: Session, round_: DrawRound, action: str, facts: dict[str, object], actor: Actor, at: datetime) -> None:
    ledger.append(session, actor=actor, at=at, action=action, subject=f"draw-round/{round_.id}", tenant=None, body={"code": round_.code, **facts})
