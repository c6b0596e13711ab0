"""What each person may do with an application now, and in words whose turn it is. Pure: the services decide again. 2.3.3; R21, R23, R78."""

from dataclasses import dataclass
from typing import Final

from api.approving import DECIDERS, OFFICE
from api.auth.roles import INSTITUTION, Role
from api.locale.marks import N_
from compliance.approvals.clocks import Party
from compliance.approvals.lifecycle import WITHDRAWABLE, ApprovalState
from compliance.approvals.rules import Kind

TURNS: Final = {
    "submit": N_("The institution completes and submits it"),
    "accept": N_("The deciding office accepts or returns it"),
    "visit": N_("The deciding office visits the site"),
    "assess": N_("Quality and safety are assessed"),
    "decide": N_("The deciding office decides"),
    "meet-conditions": N_("The institution meets the conditions, an officer confirms them"),
    "state-view": N_("The institution may state its view of the intended revocation"),
    "revoke": N_("The deciding office decides about the revocation"),
}
PARTIES: Final = {
    Party.BUREAU: N_("bureau"),
    Party.DEPARTMENT: N_("industry department"),
    Party.INSTITUTION: N_("institution"),
}
KINDS: Final = {"location": N_("Place outside the agreement"), "extension": N_("Extension of a class")}
PAPERS: Final = {
    "application": N_("Application as handed in"), "proof-fire": N_("Fire safety"), "proof-food": N_("Food safety"),
    "proof-building": N_("Building safety"), "proof-other": N_("Other paper"), "acceptance": N_("Acceptance"),
    "return": N_("Returned to be completed"),
    "site-visit": N_("Record of the site visit"), "assessment-quality": N_("Assessment of quality"), "assessment-safety": N_("Assessment of safety"),
    "approval": N_("Approval"), "conditional-approval": N_("Approval with conditions"), "conditions-met": N_("Conditions met"),
    "refusal": N_("Refusal"), "suspension": N_("Suspension of the place"), "resumption": N_("The place may be used again"),
    "revocation-notice": N_("Notice of an intended revocation"), "revocation": N_("Revocation"), "view": N_("Statement of the institution"),
}  # fmt: skip
MOVES: Final = {
    "begin": N_("draft begun"), "submit": N_("submitted"), "return": N_("returned to be completed"), "accept": N_("accepted for processing"),
    "visit": N_("site visited"), "assess": N_("assessed"), "approve": N_("approved"), "approve-conditionally": N_("approved with conditions"),
    "refuse": N_("not approved"), "activate": N_("in force"), "suspend": N_("suspended"), "resume": N_("in force again"), "expire": N_("expired"),
    "revoke": N_("approval revoked"), "withdraw": N_("withdrawn"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Acts:
    """Names of the forms that are open for this person, and for the others a sentence why not (message ids)."""

    open: frozenset[str]
    why_not: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """The application as far as it decides what may be done; `assessed_*`: done, `mine`: this person made one of the tests."""

    kind: Kind
    state: ApprovalState
    right_decider: bool
    quality_done: bool
    safety_done: bool
    passed: bool
    mine: bool
    revocation_announced: bool
    statement_open: bool
    announced_by_me: bool
    late_open: bool


def acts(it: Standing, role: Role | None) -> Acts:
    """The forms and the sentences for one person."""
    if role in INSTITUTION:
        return _of_institution(it, role)
    if role not in OFFICE:
        return Acts(frozenset(), ())
    if not it.right_decider:
        if it.kind is Kind.LOCATION:
            return Acts(frozenset(), (N_("Places are assessed by the bureau (R78); an industry department reads along."),))
        if role is Role.DEPARTMENT_OFFICER:
            return Acts(frozenset(), (N_("The bureau decides about this extension (R21)."),))
        return Acts(frozenset(), (N_("The industry department that organises the class decides about its extension (R23); the bureau reads along."),))
    possible, why = _of_office(it)
    if role not in DECIDERS:
        possible &= {"visit", "quality", "safety"}
    return Acts(frozenset(possible), tuple(why))


def _of_institution(it: Standing, role: Role | None) -> Acts:
    possible: set[str] = set()
    why: list[str] = []
    head = role is Role.INSTITUTION_HEAD
    if it.state is ApprovalState.DRAFT:
        possible |= {"edit", "submit"} if head else {"edit"}
        why += [] if head else [N_("The head of the institution submits it.")]
    if it.state in WITHDRAWABLE and head:
        possible.add("withdraw")
    if it.statement_open:
        possible |= {"view"} if head else set()
        why += [] if head else [N_("The head of the institution states its view.")]
    return Acts(frozenset(possible), tuple(why))


def _of_office(it: Standing) -> tuple[set[str], list[str]]:
    possible: set[str] = {"late"} if it.late_open else set()
    why: list[str] = []
    if it.state is ApprovalState.SUBMITTED:
        possible |= {"accept", "return"}
    if it.state is ApprovalState.ASSIGNED and it.kind is Kind.LOCATION:
        possible.add("visit")
        why.append(N_("Quality and safety are assessed after the site visit."))
    if it.state is ApprovalState.SITE_VISIT or (it.state is ApprovalState.ASSIGNED and it.kind is Kind.EXTENSION):
        possible |= set() if it.mine or it.quality_done else {"quality"}
        possible |= set() if it.mine or it.safety_done or it.kind is Kind.EXTENSION else {"safety"}
        why += [N_("You made one of the two tests; another person makes the other.")] if it.mine else []
    if it.state is ApprovalState.ASSESSED:
        if it.mine and it.kind is Kind.LOCATION:
            why.append(N_("You assessed it; another person decides."))
        else:
            possible |= {"approve", "refuse"} if it.passed else {"refuse"}
            why += [] if it.passed else [N_("A test was not passed: it can only be refused.")]
    if it.state is ApprovalState.CONDITIONAL:
        possible.add("conditions")
    if it.kind is Kind.LOCATION and it.state in (ApprovalState.ACTIVE, ApprovalState.SUSPENDED):
        possible |= _of_revocation(it, why)
    return possible, why


def _of_revocation(it: Standing, why: list[str]) -> set[str]:
    if not it.revocation_announced:
        return {"announce"}
    if it.statement_open:
        why.append(N_("It can be revoked when the days for a statement are over."))
    elif it.announced_by_me:
        why.append(N_("You announced the revocation; another person decides it."))
    else:
        return {"revoke", "drop"}
    return {"drop"}
