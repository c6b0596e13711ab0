"""What a served decision does, and how it ends: service, force, publication, correction, the end of the term, reversal. R43, R47, R67; 2.3.5.

Record of the directory, status, hold and paper change in one transaction; a reversal restores all of them and the public list says so.
"""

from typing import Final

from sqlalchemy.orm import Session

from compliance.exit import letters, opening, queries
from compliance.exit.acts import demand, guarded, matter_of, signer
from compliance.exit.lifecycle import ExitEvent
from compliance.exit.models import ExitCase
from compliance.exit.rules import CLAUSE_OF, Effect, term_ends_on
from compliance.papers import service as papers
from compliance.papers.models import CasePaper
from storage.kernel.actor import Actor
from storage.kernel.clock import Clock
from storage.kernel.events import Event, Events
from supervision.findings.holds import Holds
from supervision.institutions import standing
from supervision.institutions.models import Bar, Institution, Lifted, RunningClasses

BARRED_EVENT: Final = "exit.in-force"  # payload: institution_id
ENDED_EVENT: Final = "exit.ended"  # the same; the rating reads again what restricts
_BARS: Final = {Effect.EXCLUDE: Bar.EXCLUDED, Effect.RESTRICT: Bar.RESTRICTED}


def serve(
    session: Session, code: str, *, how: str, received_by: str, holds: Holds, actor: Actor, clock: Clock, events: Events, name: str = ""
) -> CasePaper:
    """送达回证; with it the decision takes force: tasks are refused from this moment, or correction runs, or the case is closed.

    Raises: ExitCaseNotFound, MalformedExit, ForbiddenMove.
    """
    at = clock.now_at()
    row = queries.case(session, code, lock=True)
    demand(how=how, received_by=received_by)
    decision = papers.last(session, row.id, "decision")
    content = letters.service(
        matter_of(session, row),
        at=at,
        signer=signer(actor, name),
        decision_number=decision.number if decision else "",
        decision_sha256=decision.sha256.hex() if decision else "",
        how=how.strip(),
        received_by=received_by.strip(),
    )
    paper = papers.issue(session, row, "service", letters.WORDS["service"], content, actor=actor, at=at)
    row.served_at, row.service_paper_id = at, paper.id
    facts = {"received": bool(received_by.strip()), "signed": bool(content["signer"]["name"]), "how": how.strip(), **papers.cited(paper)}
    guarded(session, row, ExitEvent.SERVE, actor, at, facts)
    if row.effect in _BARS and decision is not None:
        _enter_force(session, row, decision, actor=actor, clock=clock, events=events)
    elif row.effect is Effect.CORRECT:
        guarded(session, row, ExitEvent.ORDER_CORRECTION, actor, at, {})
    else:
        _close(session, row, {"dismissed": True}, "不予处理", holds, actor, clock)
    return paper


def publish(session: Session, code: str, *, actor: Actor, clock: Clock, name: str = "") -> ExitCase:
    """公布: institution, ground, clause, effect, term, number; no word about a person. Raises: ForbiddenMove."""
    at = clock.now_at()
    row = queries.case(session, code, lock=True)
    row.published_at = row.published_at or at
    guarded(session, row, ExitEvent.PUBLISH, actor, at, {"redacted": True, "signed_by": name})  # what is public is built from codes
    bar = standing.of_case(session, row.code)
    if bar is not None:
        standing.publish(session, bar, actor=actor, at=at)
    return row


def close_correction(session: Session, code: str, *, how: str, corrected: bool, holds: Holds, actor: Actor, clock: Clock, name: str = "") -> ExitCase:
    """改正核验: who looked and what was seen. Not corrected is a reason for a new case, not for a heavier decision in this one."""
    at = clock.now_at()
    row = queries.case(session, code, lock=True)
    demand(how=how)
    content = letters.paper("correction", at=at, author=signer(actor, name), text=how.strip(), corrected=corrected)
    paper = papers.take(session, row, "correction", content, actor=actor, at=at)
    _close(session, row, {"reason": how.strip(), "inspected": True, "corrected": corrected, **papers.cited(paper)}, how.strip(), holds, actor, clock)
    return row


def end_term(session: Session, row: ExitCase, *, holds: Holds, actor: Actor, clock: Clock, events: Events) -> ExitCase:
    """The term is over. A restriction lapses; an exclusion stays until the readmission (2.3.5). By the scheduler, on a locked row."""
    at, today = clock.now_at(), clock.today_on()
    over = row.until_on is not None and today >= row.until_on
    guarded(session, row, ExitEvent.END_TERM, actor, at, {"term_over": over, "until_on": row.until_on})
    if row.effect is Effect.RESTRICT:
        decision = papers.last(session, row.id, "decision")
        _lift(session, row, Lifted.TERM_OVER, decision.number if decision else row.code, actor=actor, clock=clock, events=events)
        _close(session, row, {"restriction_lapsed": True}, "限制期满", holds, actor, clock)
    return row


def revoke(
    session: Session, code: str, *, reason: str, document: str, holds: Holds, actor: Actor, clock: Clock, events: Events, name: str = ""
) -> CasePaper:
    """撤销决定: by the bureau itself or because a review ordered it. Status, list, hold: all restored in this transaction, publicly. 2.3.5.

    Raises: MalformedExit, ForbiddenMove (`reason-needed`, `document-missing`).
    """
    at = clock.now_at()
    row = queries.case(session, code, lock=True)
    demand(reason=reason, document=document)
    follows = "原处理决定自始撤销，恢复贵单位目录状态，可以承担政府补贴性培训任务；不作为信用评价的依据。已公布的退出信息同时标明撤销。"
    decision = papers.last(session, row.id, "decision")
    content = letters.ending(
        "reversal",
        matter_of(session, row),
        at=at,
        signer=signer(actor, name),
        reasons=reason.strip(),
        follows=follows,
        document=document.strip(),
        decision=decision.number if decision else "",
    )
    paper = papers.issue(session, row, "reversal", letters.WORDS["reversal"], content, actor=actor, at=at)
    row.ended_at = at
    facts = {"reason": reason.strip(), "document": True, "named": document.strip(), **papers.cited(paper)}
    guarded(session, row, ExitEvent.REVOKE, actor, at, facts, reason=reason.strip())
    _lift(session, row, Lifted.REVERSED, document.strip(), actor=actor, clock=clock, events=events)
    opening.release(session, row, holds, reason.strip(), actor=actor, at=at)
    return paper


def shorten(session: Session, row: ExitCase, *, months: int, document: str, actor: Actor, clock: Clock) -> None:
    """A review changed the term to a shorter one; the decision stays on record as it was signed. Raises: ForbiddenMove, ValueError — longer."""
    at = clock.now_at()
    bar = standing.of_case(session, row.code)
    if bar is None or row.from_on is None:
        return
    until = term_ends_on(row.from_on, months)
    standing.shorten(session, bar, until_on=until, document=document, actor=actor, at=at)
    row.until_on = until
    guarded(session, row, ExitEvent.SHORTEN, actor, at, {"document": True, "named": document, "months": months, "until_on": until})


def lift_readmitted(session: Session, row: ExitCase, document: str, *, holds: Holds, actor: Actor, clock: Clock, events: Events) -> None:
    """A readmission restores the status; the case has ended and holds nothing any more."""
    _lift(session, row, Lifted.READMITTED, document, actor=actor, clock=clock, events=events)
    opening.release(session, row, holds, "readmitted", actor=actor, at=clock.now_at())


def _enter_force(session: Session, row: ExitCase, decision: CasePaper, *, actor: Actor, clock: Clock, events: Events) -> None:
    at, today = clock.now_at(), clock.today_on()
    assert row.effect is not None  # noqa: S101 — the caller looked
    row.from_on, row.until_on = today, term_ends_on(today, row.months)
    session.flush()
    standing.put_in_force(
        session,
        session.get_one(Institution, row.institution_id),
        case_code=row.code,
        bar=_BARS[row.effect],
        ground=row.trigger.value,
        clause=CLAUSE_OF[row.trigger],
        decision_number=decision.number,
        signed_by=row.decided_by,
        from_on=row.from_on,
        until_on=row.until_on,
        running_classes=row.running_classes or RunningClasses.CONTINUE,
        actor=actor,
        at=at,
    )
    facts = {"bars": True, "decision": decision.number, "from_on": row.from_on, "until_on": row.until_on}
    guarded(session, row, ExitEvent.ENTER_FORCE, actor, at, facts)
    events.publish(session, Event(BARRED_EVENT, {"institution_id": str(row.institution_id)}))


def _lift(session: Session, row: ExitCase, why: Lifted, document: str, *, actor: Actor, clock: Clock, events: Events) -> None:
    bar = standing.of_case(session, row.code)
    if bar is not None:
        standing.lift(session, bar, why=why, document=document, on=clock.today_on(), actor=actor, at=clock.now_at())
        events.publish(session, Event(ENDED_EVENT, {"institution_id": str(row.institution_id)}))


def _close(session: Session, row: ExitCase, facts: dict[str, object], why: str, holds: Holds, actor: Actor, clock: Clock) -> None:
    at = clock.now_at()
    row.ended_at = at
    guarded(session, row, ExitEvent.CLOSE, actor, at, facts, reason=why)
    opening.release(session, row, holds, why, actor=actor, at=at)
