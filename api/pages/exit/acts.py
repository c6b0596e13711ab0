"""What each person may do with an exit case now, and in words why not. Pure over the row: the services and the database decide again. UI.md."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from api.auth.roles import INSTITUTION, OFFICERS, Role
from api.locale.marks import N_
from compliance.exit.lifecycle import BEFORE_DECISION, REVOCABLE, ExitState
from compliance.exit.models import ExitCase
from compliance.exit.rules import Effect, Trigger

GROUNDS: Final = {
    Trigger.EMPLOYMENT: N_("Employment rate below the limit"),
    Trigger.TASK: N_("Last year's task not completed"),
    Trigger.AUDIT: N_("Major problem found by an audit or inspection"),
    Trigger.FINDING: N_("Major problem found by the bureau's own check"),
    Trigger.EVALUATION: N_("Evaluation institution with many problems"),
}
EFFECTS: Final = {
    Effect.EXCLUDE: N_("Exclude from the directory"),
    Effect.RESTRICT: N_("No new agreements or larger tasks"),
    Effect.CORRECT: N_("Order to correct"),
    Effect.DISMISS: N_("Dismiss"),
}
FATES: Final = {
    "continue": N_("Running classes continue to their end"),
    "transfer": N_("Running classes are taken over by another institution"),
    "stop": N_("Running classes stop"),
}
TURNS: Final = {
    "submit": N_("An officer takes the case and hands it to the legal officer"),
    "clear": N_("The legal officer reviews the case"),
    "notice": N_("The bureau serves the notice"),
    "state": N_("The institution may state, defend and ask for a hearing"),
    "call-hearing": N_("The bureau calls the hearing"),
    "hold-hearing": N_("The hearing is held"),
    "recheck": N_("A second official rechecks the case"),
    "propose": N_("An officer proposes the decision"),
    "decide": N_("The leader decides"),
    "serve": N_("The bureau serves the decision"),
    "publish": N_("The bureau publishes the decision"),
    "correct": N_("The institution corrects and the bureau looks"),
    "assess": N_("The bureau assesses the readmission"),
    "readmit": N_("The leader decides the readmission"),
}
KINDS: Final = {
    "submission": N_("Investigation report"),
    "legal-review": N_("Legal review"),
    "notice": N_("Prior notice"),
    "statement": N_("Statement and defence"),
    "hearing-request": N_("Request for a hearing"),
    "hearing-call": N_("Call to the hearing"),
    "hearing-record": N_("Record of the hearing"),
    "recheck": N_("Recheck"),
    "proposal": N_("Proposed decision"),
    "decision": N_("Decision of the case"),
    "service": N_("Proof of service"),
    "withdrawal": N_("Withdrawal of the case"),
    "reversal": N_("Reversal of the decision"),
    "correction": N_("Record of the correction"),
    "readmission-application": N_("Application for readmission"),
    "assessment": N_("Assessment of the readmission"),
    "readmission": N_("Decision on the readmission"),
}
MOVES: Final = {
    "detect": N_("ground found"), "freeze": N_("evidence frozen"), "submit": N_("handed to the legal officer"),
    "return": N_("returned by the legal officer"), "clear": N_("legally cleared"), "notice": N_("prior notice served"),
    "state": N_("statement received"), "request-hearing": N_("hearing asked for"), "call-hearing": N_("hearing called"),
    "hold-hearing": N_("hearing held"), "recheck": N_("rechecked by a second official"), "propose": N_("decision proposed"),
    "send-back": N_("sent back by the leader"), "decide": N_("decided"), "serve": N_("decision served"), "enter-force": N_("in force"),
    "order-correction": N_("correction ordered"), "close": N_("closed"), "publish": N_("published"), "shorten": N_("term shortened"),
    "end-term": N_("term over"), "apply-readmission": N_("readmission applied for"), "assess": N_("readmission assessed"),
    "readmit": N_("readmitted"), "refuse-readmission": N_("readmission refused"), "revoke": N_("decision revoked, standing restored"),
    "withdraw": N_("case withdrawn"),
}  # fmt: skip
CHECKS: Final = {
    "competence": N_("The bureau is competent for the case"),
    "facts_clear": N_("The facts are clear"),
    "evidence_sufficient": N_("The evidence is sufficient and was lawfully obtained"),
    "basis_correct": N_("The basis is in force and applied correctly"),
    "procedure_lawful": N_("The procedure was lawful so far"),
    "measure_fitting": N_("The intended measure fits what was done"),
    "documents_whole": N_("The papers are whole"),
    "cause_removed": N_("The cause is removed"),
    "subsidy_repaid": N_("Subsidies to be repaid were repaid"),
    "site_checked": N_("The site was checked"),
}


@dataclass(frozen=True, slots=True)
class Acts:
    """Names of the forms that are open for this person, and for the others a sentence why not (message ids)."""

    open: frozenset[str]
    why_not: tuple[str, ...]


def acts(row: ExitCase, role: Role | None, me: UUID | None, now_at: datetime, today: date) -> Acts:
    """`me`: the caller's account."""
    if role in INSTITUTION:
        return _of_institution(row, role, now_at)
    possible: set[str] = set()
    why: list[str] = []
    worked = {row.investigator_id, row.detected_by_id} - {None}
    if role in OFFICERS:
        _of_officer(row, me in worked, now_at, possible, why)
    if role is Role.LEGAL_OFFICER and row.state is ExitState.LEGAL_REVIEW:
        possible.add("review")
    if role in OFFICERS | {Role.LEGAL_OFFICER}:
        _of_chair(row, me in worked, now_at, possible, why)
    if role is Role.BUREAU_LEADER:
        _of_leader(row, me, possible, why)
    if row.state is ExitState.LEGAL_REVIEW and role is not Role.LEGAL_OFFICER:
        why.append(N_("A legal officer who did not investigate reviews it."))
    if row.state is ExitState.PROPOSED and role is not Role.BUREAU_LEADER:
        why.append(N_("A leader who did nothing of the case before decides it."))
    if row.state in (ExitState.IN_FORCE, ExitState.PUBLISHED) and row.until_on and today < row.until_on and row.effect is Effect.EXCLUDE:
        why.append(N_("After the term the institution may apply for readmission."))
    return Acts(frozenset(possible), tuple(why))


def _of_officer(row: ExitCase, worked: bool, now_at: datetime, possible: set[str], why: list[str]) -> None:
    over = bool(row.statement_until_at and row.hearing_until_at and now_at >= max(row.statement_until_at, row.hearing_until_at))
    possible |= {
        ExitState.FROZEN: {"submit"},
        ExitState.CLEARED: {"notice"},
        ExitState.RECHECKED: {"propose"},
        ExitState.DECIDED: {"serve"},
        ExitState.IN_FORCE: {"publish"},
        ExitState.CORRECTING: {"correct"},
        ExitState.READMISSION_APPLIED: {"assess"},
    }.get(row.state, set())
    if row.state in REVOCABLE:
        possible.add("challenge")
    if row.state in (ExitState.NOTICED, ExitState.STATED) and not over:
        why.append(N_("It can be rechecked when the days for a statement and for asking for a hearing are over."))
    elif row.state in (ExitState.NOTICED, ExitState.STATED, ExitState.HEARD):
        possible |= set() if worked else {"recheck"}
        why += [N_("You worked on it; a second official must recheck it.")] if worked else []


def _of_chair(row: ExitCase, worked: bool, now_at: datetime, possible: set[str], why: list[str]) -> None:
    if row.state not in (ExitState.HEARING_REQUESTED, ExitState.HEARING_CALLED):
        return
    if worked:
        why.append(N_("You investigated it; somebody else must call the hearing and preside."))
    elif row.state is ExitState.HEARING_REQUESTED:
        possible.add("call-hearing")
    elif row.hearing_at is not None and now_at >= row.hearing_at:
        possible.add("hold-hearing")
    else:
        why.append(N_("The record is signed when the hearing has begun."))


def _of_leader(row: ExitCase, me: UUID | None, possible: set[str], why: list[str]) -> None:
    hands = {row.detected_by_id, row.investigator_id, row.legal_officer_id, row.rechecked_by_id, row.proposed_by_id}
    if row.state is ExitState.PROPOSED:
        possible.add("send-back")
        if me in hands:
            why.append(N_("You worked on it; another leader must decide."))
        else:
            possible.add("decide")
    if row.state is ExitState.ASSESSED:
        if me == row.assessed_by_id:
            why.append(N_("You assessed it; another leader must decide."))
        else:
            possible.add("readmit")
    if row.state in (*BEFORE_DECISION, ExitState.DECIDED):
        possible.add("withdraw")
    if row.state in REVOCABLE:
        possible.add("revoke")


def _of_institution(row: ExitCase, role: Role | None, now_at: datetime) -> Acts:
    states = row.statement_until_at is not None and now_at < row.statement_until_at
    hears = row.hearing_until_at is not None and now_at < row.hearing_until_at
    possible: set[str] = set()
    if row.state in (ExitState.NOTICED, ExitState.STATED, ExitState.HEARING_REQUESTED) and states:
        possible.add("state")
    if row.state in (ExitState.NOTICED, ExitState.STATED) and hears:
        possible.add("request-hearing")
    if row.state in (ExitState.TERM_ENDED, ExitState.READMISSION_REFUSED):
        possible.add("apply")
    if possible and role is not Role.INSTITUTION_HEAD:
        return Acts(frozenset(), (N_("The head of the institution states, asks for a hearing, and applies."),))
    return Acts(frozenset(possible), ())
