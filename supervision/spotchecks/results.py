"""Publish what the blind looks of a round said: totals and commitments when it is closed, lines when all its findings have ended. R55; G16.

An institution must not learn of a finding before its notice, nor the public read of it before it is published; and yet nobody may be able to
write a line differently afterwards. So each line is committed to at the end of the round and opened later, by a job.
"""

import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.kernel.clock import Clock
from storage.ledger import service as ledger
from supervision.sampling import queries as draws
from supervision.sampling import service as sampling
from supervision.sampling.models import DrawRound
from supervision.spotchecks import looks
from supervision.spotchecks.errors import ResultsNotPublished
from supervision.spotchecks.lifecycle import VERDICT_OF, OutcomeState, Verdict
from supervision.spotchecks.look_lines import SALT_BYTES, Line, ResultsRule, Totals, commit_all, commit_line, may_be_told, opens_at, totals
from supervision.spotchecks.models import ReviewOutcome
from supervision.spotchecks.result_models import ReviewResultLine, ReviewResults

FORMAT: Final = "classproof-looks/1"
Ends = Mapping[UUID, Sequence[str]]  # lesson → the states in which its findings ended


def publish(session: Session, round_: DrawRound, rule: ResultsRule, *, actor: Actor, at: datetime) -> ReviewResults:
    """At the end of a round: a commitment to every line, and the totals where they tell of no single lesson."""
    decided = looks.outcomes(session, round_.id)
    lines = [_line(session, one) for one in decided]
    salts = [secrets.token_bytes(SALT_BYTES) for _ in lines]
    sealed = [commit_line(salt, line) for salt, line in zip(salts, lines, strict=True)]
    pairs = [(one.institution_id, line) for one, line in zip(decided, lines, strict=True)]
    told = may_be_told(pairs, rule.looks_fewest_others)
    plan = looks.plan_of(session, round_.id)
    made = ReviewResults(
        round_id=round_.id,
        plan_salt=plan.salt,
        plan_commitment=plan.commitment,
        clean_permille=plan.clean_permille,
        fewest_others=rule.looks_fewest_others,
        commitments=[one.hex() for one in sealed],
        totals=asdict(totals(lines)) if told else None,
        closed_at=at,
        opens_at=opens_at(at, rule),
    )
    session.add(made)
    session.flush()
    session.add_all(
        ReviewResultLine(
            results_id=made.id, position=n, natural_id=line.natural_id, verdicts=list(line.verdicts), outcome=line.outcome.value, salt=salt
        )
        for n, (line, salt) in enumerate(zip(lines, salts, strict=True))
    )
    session.flush()
    body = {"lines": len(lines), "commitment": commit_all(sealed).hex(), "totals": made.totals, "opens_at": made.opens_at}
    ledger.append(session, actor=actor, at=at, action="review-results.published", subject=f"draw/{round_.code}", tenant=None, body=body)
    return made


def due(session: Session, at: datetime) -> Sequence[tuple[str, UUID]]:
    """(round code, round id) of every closed round whose lines are sealed still and may be opened as far as the time goes, oldest first."""
    rows = session.execute(
        select(DrawRound.code, DrawRound.id)
        .join(ReviewResults, ReviewResults.round_id == DrawRound.id)
        .where(ReviewResults.opened_at.is_(None), ReviewResults.opens_at <= at, DrawRound.voided_at.is_(None))
        .order_by(ReviewResults.closed_at, ReviewResults.id)
    )
    return [(code, round_id) for code, round_id in rows]


def open_lines(session: Session, code: str, *, ends: Ends | None, actor: Actor, clock: Clock) -> bool:
    """Open the lines of a closed round and tell what was still withheld of it. Repeating changes nothing.

    `ends`: how the findings of each drawn lesson ended, told by the stage that leads them; None while one of them has not ended.
    False: it is too early. Raises: RoundNotFound, ResultsNotPublished.
    """
    at = clock.now_at()
    round_ = draws.locked_round(session, code)
    made = _results(session, round_)
    if made.opened_at is not None:
        return True
    if ends is None or at < made.opens_at or round_.voided_at is not None:
        return False
    made.totals = asdict(_totals(session, made))
    made.became = [sorted(ends.get(one.lesson_id, ())) for one in looks.outcomes(session, round_.id)]
    made.opened_at = at
    session.flush()
    sampling.tell_bad(session, round_, bad_lessons(session, round_.id))
    body = {"totals": made.totals, "commitment": commit_all(bytes.fromhex(one) for one in made.commitments).hex()}
    ledger.append(session, actor=actor, at=at, action="review-results.opened", subject=f"draw/{code}", tenant=None, body=body)
    return True


def strata_may_be_told(session: Session, round_: DrawRound, rule: ResultsRule) -> bool:
    """Whether the count of bad lessons of every part of the list can be told at the end of the round: of all parts or of none."""
    places = draws.selected_strata(session, round_)
    parts: dict[int, list[tuple[UUID, Line]]] = defaultdict(list)
    for one in looks.outcomes(session, round_.id):
        parts[places[one.lesson_id]].append((one.institution_id, _line(session, one)))
    return all(may_be_told(part, rule.looks_fewest_others) for part in parts.values())


def export_looks(session: Session, code: str) -> dict[str, Any]:  # Any: JSON
    """JSON-plain, for anybody. Raises: RoundNotFound, ResultsNotPublished — the round is not closed, or nothing of it was looked at on tape."""
    round_ = draws.round_by_code(session, code)
    made = _results(session, round_)
    return {
        "format": FORMAT,
        "round": round_.code,
        "closed_at": made.closed_at.isoformat(),
        "plan": {"salt": made.plan_salt.hex(), "commitment": made.plan_commitment.hex(), "clean_permille": made.clean_permille},
        "fewest_others": made.fewest_others,
        "totals": made.totals,
        "withheld": None if made.totals else "totals would tell of single lessons before their notice; they follow with the lines",
        "commitments": made.commitments,
        "opens_at": made.opens_at.isoformat(),
        "opened_at": made.opened_at.isoformat() if made.opened_at else None,
        "lines": [
            {"id": one.natural_id, "looks": one.verdicts, "outcome": one.outcome, "salt": one.salt.hex(), "became": became}
            for one, became in zip(lines_of(session, made), made.became or [], strict=True)
        ]
        if made.opened_at
        else None,
    }


def bad_lessons(session: Session, round_id: UUID) -> set[UUID]:
    """Drawn lessons whose looks came to a finding."""
    return {one.lesson_id for one in looks.outcomes(session, round_id) if one.state is OutcomeState.DECIDED_FINDING}


def results_of(session: Session, round_id: UUID) -> ReviewResults | None:
    """What is published of a round's looks, if anything."""
    return session.scalars(select(ReviewResults).where(ReviewResults.round_id == round_id)).one_or_none()


def lines_of(session: Session, made: ReviewResults) -> Sequence[ReviewResultLine]:
    """The lines in order; outside of the bureau none before they are open."""
    return session.scalars(select(ReviewResultLine).where(ReviewResultLine.results_id == made.id).order_by(ReviewResultLine.position)).all()


def _results(session: Session, round_: DrawRound) -> ReviewResults:
    found = results_of(session, round_.id)
    if found is None:
        raise ResultsNotPublished(round=round_.code, state=round_.state.value)
    return found


def _totals(session: Session, made: ReviewResults) -> Totals:
    """Of the lines as they were committed to."""
    return totals([Line(one.natural_id, tuple(Verdict(v) for v in one.verdicts), Verdict(one.outcome)) for one in lines_of(session, made)])


def _line(session: Session, outcome: ReviewOutcome) -> Line:
    given = looks.looks_of(session, outcome.round_id, outcome.lesson_id)
    return Line(outcome.natural_id, tuple(looks.verdicts_of(given)), VERDICT_OF[outcome.state])
