"""Use-cases of the yearly rating: open, freeze, score, check, notice, objection, answer, decision, publication. R61–R67; domain.md 2.3.4.

What a tier brings acts at once and in the same transaction: the sampling rate (`CreditTier`), the limit on new tasks (`TaskRestriction`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from compliance.papers import service as casepapers
from compliance.papers.models import CasePaper
from compliance.rating import events, evidence, inputs, letters, papers, queries, replay
from compliance.rating.clocks import may_object_until
from compliance.rating.errors import MalformedRating, RatingExists
from compliance.rating.lifecycle import RATING_MOVES, RatingEvent, RatingState
from compliance.rating.models import CreditItem, Rating, RatingInputs
from compliance.rating.rules import Grade, Kind
from compliance.rating.ruleset import EffectRule, Ruleset
from storage.database.series import next_in_series
from storage.kernel.actor import Actor
from storage.kernel.clock import Clock, local_date
from storage.ledger import history
from supervision.findings.attachments import Given
from supervision.institutions import restrictions
from supervision.institutions import service as registry
from supervision.institutions.models import CreditTier, Institution, Tier

BASIS: Final = "credit-tier"
HEAD: Final = "institution-head"


def open_cycle(session: Session, year: int, *, leave_out: Collection[str] = (), actor: Actor, clock: Clock) -> list[Rating]:
    """Begin a year for every institution of the directory that has no rating of it, but those left out by code."""
    opened = [row for row in queries.without_rating(session, year) if row.code not in set(leave_out)]
    return [open_rating(session, owner, year, actor=actor, clock=clock) for owner in opened]


def open_rating(session: Session, owner: Institution, year: int, *, actor: Actor, clock: Clock, reason: str = "") -> Rating:
    """Begin one rating and its collection. Raises: RatingExists — one of that year is under way or in force and nothing reopened it."""
    standing = session.scalar(
        select(func.count()).where(
            Rating.institution_id == owner.id, Rating.year == year, Rating.state.not_in((RatingState.VOID, RatingState.SUPERSEDED))
        )
    )
    if standing and not reason:
        raise RatingExists(institution=owner.name, year=year)
    row = _new(session, owner.id, year, at=clock.now_at())
    history.begin(session, row, actor=actor, at=clock.now_at(), event="open", reason=reason, clause="R61", facts={"year": year, "code": row.code})
    history.move(session, row, RATING_MOVES, RatingEvent.COLLECT, actor=actor, at=clock.now_at())
    return row


def freeze(session: Session, code: str, *, rules: Ruleset, reversed_problems: Collection[UUID], actor: Actor, clock: Clock) -> Rating:
    """Read every event, store them, score them. From now on the result rests on these bytes.

    `reversed_problems`: ids of major problems whose exit decision was revoked; exit comes after rating, so whoever calls tells it (2.3.5).

    Raises: RatingNotFound, ForbiddenMove.
    """
    row = queries.rating(session, code, lock=True)
    owner = session.get_one(Institution, row.institution_id)
    found = events.collect(session, owner, row.year, rules, as_of=rules.on, reversed_problems=reversed_problems)
    frozen = inputs.Inputs(owner.code, row.year, rules.on, rules.rating, found)
    _freeze(session, row, frozen, actor=actor, at=clock.now_at())
    return row


def check(session: Session, code: str, *, actor: Actor, clock: Clock) -> Rating:
    """An officer looked at the score: it is the preliminary result. Raises: RatingNotFound, ForbiddenMove."""
    row = queries.rating(session, code, lock=True)
    history.move(session, row, RATING_MOVES, RatingEvent.CHECK, actor=actor, at=clock.now_at())
    return row


def reopen(session: Session, code: str, *, reason: str, actor: Actor, clock: Clock) -> Rating:
    """Back to collecting, because an input was wrong; before the notice only. Raises: RatingNotFound, ForbiddenMove (`reason-needed`)."""
    row = queries.rating(session, code, lock=True)
    told = reason.strip()
    history.move(session, row, RATING_MOVES, RatingEvent.REOPEN, actor=actor, at=clock.now_at(), reason=told, facts={"reason": told})
    return row


def serve_notice(session: Session, code: str, *, rules: Ruleset, actor: Actor, clock: Clock, name: str = "") -> CasePaper:
    """初评告知: from now on the institution sees it and may object. Raises: RatingNotFound, ForbiddenMove."""
    at = clock.now_at()
    row = queries.rating(session, code, lock=True)
    until = may_object_until(at, rules.cycle)
    content = letters.rating_notice(
        papers.addressee(session, row),
        row.code,
        row.year,
        grade_of(row),
        at=at,
        signer=papers.signer(actor, name),
        until=until,
        days=rules.cycle.rating_objection_working_days,
        rule_on=row.as_of or rules.on,
        told=evidence.told(session, row.reasons),
    )
    paper = papers.issue(session, row, content, actor=actor, at=at)
    row.notice_paper_id, row.noticed_by_id, row.object_until = paper.id, actor.id, until
    facts = {
        "reasons_stated": bool(content["sections"][0]["paragraphs"]),
        "basis_stated": bool(content["basis"]),
        "rights_stated": bool(content["rights"]),
        "repair_stated": bool(content["repair"]),
        "signed": actor.id is not None,
        "object_until": until,
        **casepapers.cited(paper),
    }
    history.move(session, row, RATING_MOVES, RatingEvent.NOTICE, actor=actor, at=at, facts=facts)
    return paper


def raise_objection(
    session: Session,
    code: str,
    *,
    points: Sequence[str],
    files: Sequence[Given] = (),
    institution_id: UUID,
    actor: Actor,
    clock: Clock,
    name: str = "",
) -> CasePaper:
    """异议, in points, by the head, within the days that the notice named. Raises: RatingNotFound, MalformedRating, ForbiddenMove."""
    at = clock.now_at()
    row = queries.rating(session, code, institution_id=institution_id, lock=True)
    paper = papers.take_points(session, row, "rating-objection", points, files, actor=actor, at=at, name=name)
    within = row.object_until is not None and at < row.object_until
    row.objected_at = at
    facts = {"within_deadline": within, "statement_given": True, **casepapers.cited(paper)}
    history.move(session, row, RATING_MOVES, RatingEvent.OBJECT, actor=actor, at=at, facts=facts)
    return paper


def waive_objection(session: Session, code: str, *, declared: bool, institution_id: UUID, actor: Actor, clock: Clock, name: str = "") -> CasePaper:
    """放弃异议: the head, and nobody else, declares over their name that no objection will be raised; the decision may follow at once.

    It binds. Raises: RatingNotFound, ForbiddenMove (`not-the-head`, `deadline-over`, `statement-missing` — nothing declared).
    """
    at = clock.now_at()
    row = queries.rating(session, code, institution_id=institution_id, lock=True)
    content = letters.statement(row.code, at=at, author=papers.signer(actor, name), text=letters.WAIVER)
    paper = casepapers.take(session, row, "rating-waiver", content, actor=actor, at=at)
    facts = {
        "by_head": actor.role == HEAD,
        "within_deadline": row.object_until is not None and at < row.object_until,
        "statement_given": declared and actor.id is not None,
        **casepapers.cited(paper),
    }
    row.waived_at, row.waiver_paper_id = at, paper.id
    history.move(session, row, RATING_MOVES, RatingEvent.WAIVE, actor=actor, at=at, facts=facts)
    return paper


def answer_objection(
    session: Session, code: str, *, answers: Sequence[str], strike: Sequence[str] = (), actor: Actor, clock: Clock, name: str = ""
) -> CasePaper:
    """异议答复 point by point by somebody else. `strike` names evidence that no longer counts: a second set of inputs is frozen without it.

    The result may get better and never worse. Raises: RatingNotFound, MalformedRating, ForbiddenMove (`same-person`, `objection-unanswered`).
    """
    at = clock.now_at()
    row = queries.rating(session, code, lock=True)
    pairs = papers.paired(session, row, "rating-objection", answers)
    gone = sorted({ref.strip() for ref in strike if ref.strip()})
    before = grade_of(row)
    frozen = _standing(session, row)
    unknown = set(gone) - {event.ref for event in frozen.events}
    if unknown:
        raise MalformedRating(errors=[{"where": "strike", "code": "unknown", "value": ref} for ref in sorted(unknown)])
    corrected = inputs.without(frozen, gone) if gone else frozen
    after = corrected.grade()
    content = letters.rating_answer(
        papers.addressee(session, row), row.code, row.year, after, at=at, signer=papers.signer(actor, name), points=pairs, struck=gone,
        told=evidence.told(session, row.reasons),
    )  # fmt: skip
    seen_by = papers.took_part(session, row)
    paper = papers.issue(session, row, content, actor=actor, at=at)
    row.answered_by_id = actor.id
    facts: dict[str, object] = {
        "decided_by": str(actor.id) if actor.id else "",
        "seen_by": seen_by,
        "points_answered": bool(pairs) and papers.all_answered(pairs),
        "not_worse": _not_worse(before, after),
        "struck": gone,
        **casepapers.cited(paper),
    }
    if gone:
        facts["inputs_sha256"] = _store(session, row, corrected, at=at).hex()
        _set_result(row, after)
        facts["result_sha256"] = (row.result_sha256 or b"").hex()
    history.move(session, row, RATING_MOVES, RatingEvent.ANSWER, actor=actor, at=at, reason=content["follows"], facts=facts)
    return paper


def finalise(session: Session, code: str, *, rules: Ruleset, actor: Actor, clock: Clock, name: str = "") -> CasePaper:
    """评定: a named leader who took no part signs; the stored inputs must give the stored result at that moment. Tier and limits act at once.

    Raises: RatingNotFound, ForbiddenMove (`objection-time-open`, `same-person`), NotReproduced.
    """
    at = clock.now_at()
    row = queries.rating(session, code, lock=True)
    replay.demand(session, row)
    facts = {
        "objection_time_over": row.object_until is not None and at >= row.object_until,
        "decided_by": str(actor.id) if actor.id else "",
        "seen_by": papers.took_part(session, row, row.noticed_by_id, row.answered_by_id),
        "signed": actor.id is not None,
        "reproduced": True,
    }
    return _take_effect(session, row, RatingEvent.FINALISE, rules.effects, facts, actor=actor, at=at, name=name)


def publish(session: Session, code: str, *, actor: Actor, clock: Clock) -> Rating:
    """公布: institution, score, tier, codes of reasons. R67. Raises: RatingNotFound, ForbiddenMove."""
    row = queries.rating(session, code, lock=True)
    history.move(session, row, RATING_MOVES, RatingEvent.PUBLISH, actor=actor, at=clock.now_at(), facts={"tier": row.tier, "score": row.score})
    return row


def declare_void(session: Session, code: str, *, reason: str, actor: Actor, clock: Clock) -> Rating:
    """A rating that should not go on; before it is final. Raises: RatingNotFound, ForbiddenMove (`reason-needed`)."""
    row = queries.rating(session, code, lock=True)
    told = reason.strip()
    history.move(session, row, RATING_MOVES, RatingEvent.VOID, actor=actor, at=clock.now_at(), reason=told, facts={"reason": told})
    return row


def recompute_without(session: Session, item: CreditItem, *, effects: EffectRule, actor: Actor, clock: Clock, name: str = "") -> Rating | None:
    """The rating in force without an item that ended (repaired or expired), at once and only for the better. R65."""
    fallen = Fallen(item.institution_id, item.id, item.code, (Kind.ITEM, Kind.FORGED), f"信用信息{item.code}已修复或者期满", item.state.value)
    return recompute_fallen(session, fallen, effects=effects, actor=actor, clock=clock, name=name)


@dataclass(frozen=True, slots=True)
class Fallen:
    """Evidence that counts no more: `ref` as the events name it, `kinds` of those events. `because` stands in the letter, `state` in the ledger."""

    institution_id: UUID
    id: UUID
    ref: str
    kinds: tuple[Kind, ...]
    because: str
    state: str


def recompute_fallen(session: Session, fallen: Fallen, *, effects: EffectRule, actor: Actor, clock: Clock, name: str = "") -> Rating | None:
    """The rating in force without what fell away: an item that ended, a finding or a decision that was reversed (2.3.4, 2.3.5).

    None when no rating in force counted it. The frozen rule set of the rating stays: only that evidence is taken out, and nothing gets worse.
    """
    old = queries.in_force(session, fallen.institution_id, lock=True)
    if old is None:
        return None
    frozen = _standing(session, old)
    corrected = inputs.without(frozen, [fallen.ref], fallen.kinds)
    if corrected == frozen:
        return None
    at = clock.now_at()
    was_published = old.state is RatingState.PUBLISHED
    row = _new(session, old.institution_id, old.year, at=at)
    row.repair_item_id = fallen.id
    because = f"{fallen.ref} {fallen.state}"
    history.begin(session, row, actor=actor, at=at, event="open", reason=because, clause="R65", facts={"year": row.year, "code": row.code})
    history.move(session, row, RATING_MOVES, RatingEvent.COLLECT, actor=actor, at=at)
    _freeze(session, row, corrected, actor=actor, at=at)
    facts = {"repaired_item": True, "item": fallen.ref, "not_worse": _not_worse(grade_of(old), grade_of(row)), "signed": bool(name or actor.name)}
    _take_effect(session, row, RatingEvent.FINISH_REPAIR, effects, facts, actor=actor, at=at, name=name, repaired=fallen.because)
    if was_published:
        history.move(session, row, RATING_MOVES, RatingEvent.PUBLISH, actor=actor, at=at, facts={"tier": row.tier, "score": row.score})
    return row


def grade_of(row: Rating) -> Grade:
    """The stored result."""
    return replay.stored_grade(row)


def _new(session: Session, institution_id: UUID, year: int, *, at: datetime) -> Rating:
    newest = session.scalar(select(func.max(Rating.revision)).where(Rating.institution_id == institution_id, Rating.year == year))
    return Rating(
        code=next_in_series(session, Rating.code, f"R{year}-"),
        institution_id=institution_id,
        year=year,
        revision=0 if newest is None else newest + 1,
        state=RatingState.OPEN,
        reasons=[],
        opened_at=at,
    )


def _freeze(session: Session, row: Rating, frozen: inputs.Inputs, *, actor: Actor, at: datetime) -> None:
    grade = frozen.grade()
    row.as_of = frozen.as_of
    digest = _store(session, row, frozen, at=at)
    facts = {"inputs_stored": True, "inputs_sha256": digest.hex(), "events": len(frozen.events), "as_of": frozen.as_of}
    history.move(session, row, RATING_MOVES, RatingEvent.FREEZE, actor=actor, at=at, facts=facts)
    _set_result(row, grade)
    scored = {"score": grade.score, "tier": grade.tier, "result_sha256": (row.result_sha256 or b"").hex()}
    history.move(session, row, RATING_MOVES, RatingEvent.SCORE, actor=actor, at=at, facts=scored)


def _store(session: Session, row: Rating, frozen: inputs.Inputs, *, at: datetime) -> bytes:
    canonical = frozen.canonical()
    digest = inputs.digest(canonical)
    known = session.scalar(select(RatingInputs.id).where(RatingInputs.rating_id == row.id, RatingInputs.sha256 == digest))
    if known is None:
        session.add(RatingInputs(rating_id=row.id, institution_id=row.institution_id, canonical=canonical, sha256=digest, frozen_at=at))
    row.inputs_sha256 = digest
    session.flush()
    return digest


def _set_result(row: Rating, grade: Grade) -> None:
    row.score, row.tier = grade.score, Tier(grade.tier)
    row.reasons = [reason.plain() for reason in grade.reasons]
    row.result_sha256 = inputs.result_digest(grade)


def _standing(session: Session, row: Rating) -> inputs.Inputs:
    stored = queries.inputs_of(session, row)
    if stored is None:
        raise MalformedRating(errors=[{"where": "inputs", "code": "missing", "value": row.code}])
    return inputs.read(stored.canonical)


def _take_effect(
    session: Session,
    row: Rating,
    event: RatingEvent,
    effects: EffectRule,
    facts: Mapping[str, Any],  # Any: facts of the guard
    *,
    actor: Actor,
    at: datetime,
    name: str,
    repaired: str = "",
) -> CasePaper:
    """The decision letter, the move, and what the tier brings: all in this transaction."""
    grade = grade_of(row)
    owner = session.get_one(Institution, row.institution_id)
    from_on = _first_free_day(session, owner.id, at)
    content = letters.rating_decision(
        papers.addressee(session, row),
        row.code,
        row.year,
        grade,
        at=at,
        signer=papers.signer(actor, name),
        from_on=from_on,
        told=evidence.told(session, [reason.plain() for reason in grade.reasons]),
        repaired=repaired,
    )
    paper = papers.issue(session, row, content, actor=actor, at=at)
    _supersede(session, row, actor=actor, at=at)
    row.decided_by_id, row.decided_by, row.decided_at, row.document = actor.id, name or actor.name, at, paper.number
    history.move(session, row, RATING_MOVES, event, actor=actor, at=at, facts=dict(facts) | casepapers.cited(paper) | {"tier": grade.tier})
    registry.record_tier(session, owner, tier=Tier(grade.tier), from_on=from_on, document=paper.number, actor=actor, at=at)
    most = effects.most_persons(grade.tier)
    if most is None:
        restrictions.lift(session, owner.id, basis=BASIS, because=f"tier {grade.tier}, {paper.number}", actor=actor, at=at)
    else:
        restrictions.place(session, owner.id, basis=BASIS, tier=grade.tier, most_persons=most, document=paper.number, actor=actor, at=at)
    return paper


def _supersede(session: Session, row: Rating, *, actor: Actor, at: datetime) -> None:
    old = queries.in_force(session, row.institution_id, lock=True)
    if old is not None:
        facts = {"successor": True, "successor_code": row.code}
        history.move(session, old, RATING_MOVES, RatingEvent.SUPERSEDE, actor=actor, at=at, reason=row.code, facts=facts)


def _first_free_day(session: Session, institution_id: UUID, at: datetime) -> date:
    """The day of the decision, or the next one without a tier of its own: two tiers never begin on one day."""
    newest = session.scalar(select(func.max(CreditTier.from_on)).where(CreditTier.institution_id == institution_id))
    today = local_date(at)
    return today if newest is None or newest < today else newest + timedelta(days=1)


def _not_worse(before: Grade, after: Grade) -> bool:
    return after.score >= before.score and after.tier <= before.tier
