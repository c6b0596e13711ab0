"""What the blind looks at a lesson mean for the findings recorded in them. domain.md 2.3.2 (SECOND_REVIEW, ADJUDICATED); ADR 0064. Pure.

A look agrees with a fact when it states the same defect of the same drawn minutes. One code in one lesson is one fact: the earliest statement
stands, later ones are void with its number. What only one person saw is not confirmed by a verdict about something else: it stays for an officer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from supervision.findings.lifecycle import FindingEvent, FindingState
from supervision.findings.rules import DefectCode
from supervision.spotchecks.lifecycle import OutcomeState, Verdict

OPEN: Final = (FindingState.RECORDED, FindingState.DISPUTED)


class Why(StrEnum):
    """Reasons as they stand in the record of the move, in Chinese like every reason there."""

    SAME_FACT = "与问题 {code} 为同一事实"
    DISAGREES = "盲复核未发现问题"
    OUTVOTED = "盲复核多数意见：未发现问题"
    STEPPED_ASIDE = "检查员已回避"
    KNOWN_ITEM = "已知结论课次，仅用于复核质量统计"


@dataclass(frozen=True, slots=True)
class Look:
    """One task of the lesson. `verdict` None: not judged; `ended` without a verdict: stepped aside."""

    look: int
    assignment_id: UUID
    reviewer_id: UUID
    verdict: Verdict | None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """A finding as far as it matters here."""

    code: str
    assignment_id: UUID
    defect: DefectCode
    state: FindingState


@dataclass(frozen=True, slots=True)
class Ruling:
    """One move of one finding. `by` = the look whose reviewer decides; None: nobody judges the fact, it is void."""

    code: str
    event: FindingEvent
    by: Look | None
    reason: str


def rulings(looks: Sequence[Look], facts: Sequence[Fact], outcome: OutcomeState | None) -> list[Ruling]:
    """Moves that are due, in the order in which they are to be made. `outcome` None: a known item. Applied, they are not due again."""
    by_id = {look.assignment_id: look for look in looks}
    mine = [(fact, by_id[fact.assignment_id]) for fact in facts if fact.state in OPEN and fact.assignment_id in by_id]
    if outcome is None:
        return [_void(fact, Why.KNOWN_ITEM) for fact, look in mine if look.ended or look.verdict]
    made = [_void(fact, Why.STEPPED_ASIDE) for fact, look in mine if look.ended and look.verdict is None]
    judged = sorted((look for look in looks if look.verdict), key=lambda look: look.look)
    settled = [pair for pair in mine if pair[1].verdict]
    if outcome is OutcomeState.DECIDED_FINDING:
        return made + _stated(facts, settled, judged, by_id)
    if outcome is OutcomeState.DECIDED_OK:
        return made + [_other_view(fact, look, judged, FindingEvent.REJECT, Why.OUTVOTED) for fact, look in settled]
    if outcome in (OutcomeState.LOOKING, OutcomeState.WAITING) and [look.verdict for look in judged] == [Verdict.FINDING, Verdict.OK]:
        fresh = [(fact, look) for fact, look in settled if fact.state is FindingState.RECORDED]
        return made + [_other_view(fact, look, judged, FindingEvent.DISPUTE, Why.DISAGREES) for fact, look in fresh]
    return made


def _stated(facts: Sequence[Fact], settled: Sequence[tuple[Fact, Look]], judged: Sequence[Look], by_id: dict[UUID, Look]) -> list[Ruling]:
    """The outcome is *finding*: who else states the same defect?"""
    said: dict[DefectCode, list[tuple[Look, Fact]]] = {}
    for fact in facts:
        look = by_id.get(fact.assignment_id)
        if look and look.verdict and fact.state not in (FindingState.VOID, FindingState.REJECTED):
            said.setdefault(fact.defect, []).append((look, fact))
    voids, decided = [], []
    for fact, look in settled:
        statements = sorted(said[fact.defect], key=lambda pair: (pair[0].look, pair[1].code))
        first_look, first = statements[0]
        if first_look.look < look.look:
            voids.append(_void(fact, Why.SAME_FACT.format(code=first.code)))
            continue
        agreeing = next((other for other, _ in statements if other.look > look.look), None)
        if agreeing:
            event = FindingEvent.ADJUDICATE if fact.state is FindingState.DISPUTED else FindingEvent.CONFIRM
            decided.append(Ruling(fact.code, event, agreeing, ""))
    # a fact is decided while the statement that agrees with it still stands, and only then are the repetitions void
    return decided + voids


def _other_view(fact: Fact, look: Look, judged: Sequence[Look], event: FindingEvent, reason: str) -> Ruling:
    """Decided by the last person who found nothing."""
    against = [other for other in judged if other.verdict is Verdict.OK and other.reviewer_id != look.reviewer_id]
    return Ruling(fact.code, event, against[-1], reason)


def _void(fact: Fact, reason: str) -> Ruling:
    return Ruling(fact.code, FindingEvent.VOID, None, reason)
