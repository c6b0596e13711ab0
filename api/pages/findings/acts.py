"""What each person may do with a finding now, and in words whose turn it is. Pure: the services decide again."""

from dataclasses import dataclass
from typing import Final

from api.auth.roles import BUREAU, INSTITUTION, OFFICERS, Role
from api.locale.marks import N_
from supervision.findings.clocks import Party, Turn
from supervision.findings.lifecycle import FINDING_MOVES, FindingEvent, FindingState

ANSWERERS: Final = (*OFFICERS, Role.LEGAL_OFFICER)
TURNS: Final = {
    "notice": N_("The bureau serves the notice"),
    "object": N_("The institution may explain or object"),
    "order-rectification": N_("The bureau orders rectification"),
    "answer": N_("The bureau answers every point"),
    "report": N_("The institution rectifies and reports"),
    "verify": N_("The bureau verifies the rectification"),
    "close": N_("The bureau closes the matter"),
    "decide-review": N_("The bureau decides the review"),
    "publish": N_("The bureau publishes the result"),
}
PARTIES: Final = {Party.BUREAU: N_("bureau"), Party.INSTITUTION: N_("institution")}
KINDS: Final = {
    "notice": N_("Notice of a finding"),
    "reply": N_("Explanation"),
    "objection": N_("Objection"),
    "answer": N_("Answer to the objection"),
    "rectification-order": N_("Order to rectify"),
    "rectification-report": N_("Report of rectification"),
    "closing": N_("Closing letter"),
    "review-request": N_("Request for a review"),
    "review-answer": N_("Decision of the review"),
}


@dataclass(frozen=True, slots=True)
class Acts:
    """Names of the forms that are open for this person, and for the others a sentence why not (message ids)."""

    open: frozenset[str]
    why_not: tuple[str, ...]


def acts(state: FindingState, role: Role | None, turn: Turn | None, *, took_part: bool, may_request_review: bool = False) -> Acts:
    """`took_part`: this person recorded, decided or signed something of it before. `may_request_review`: the days after the closing letter run."""
    awaited = turn.act if turn is not None else ""
    if role in INSTITUTION:
        return _of_institution(state, role, awaited, may_request_review=may_request_review)
    possible = _of_officer(state, awaited) if role in OFFICERS else set()
    why: list[str] = []
    if state is FindingState.OBJECTED and role in ANSWERERS:
        possible |= set() if took_part else {"answer"}
        why += [N_("You took part in it; another person must answer the objection.")] if took_part else []
    if state is FindingState.UNDER_REVIEW and role in ANSWERERS:
        possible |= set() if took_part else {"decide-review"}
        why += [N_("You took part in it; another person must decide the review.")] if took_part else []
    if state is FindingState.CLOSED and may_request_review and role in OFFICERS:
        possible -= {"publish"}
        why.append(N_("It can be published when nobody can ask for a review any more."))
    if state is FindingState.RECTIFYING and role in BUREAU:
        possible |= {"verify"} if awaited == "verify" else set()
        why += [] if awaited == "verify" else [N_("It can be verified when the institution has reported.")]
    if awaited == "object" and role in OFFICERS:
        why.append(N_("Rectification can be ordered when the days for an objection are over."))
    if role is Role.BUREAU_LEADER and (state, FindingEvent.VOID) in FINDING_MOVES:
        possible.add("void")
    if role is Role.BUREAU_LEADER and (state, FindingEvent.ESCALATE) in FINDING_MOVES:
        possible.add("escalate")
    return Acts(frozenset(possible), tuple(why))


def _of_officer(state: FindingState, awaited: str) -> set[str]:
    if state in (FindingState.NOTICED, FindingState.REPLIED):
        return set() if awaited == "object" else {"order"}
    return {FindingState.CONFIRMED: {"notice"}, FindingState.RECTIFIED: {"close"}, FindingState.CLOSED: {"publish"}}.get(state, set())


def _of_institution(state: FindingState, role: Role | None, awaited: str, *, may_request_review: bool) -> Acts:
    if may_request_review:
        if role is not Role.INSTITUTION_HEAD:
            return Acts(frozenset(), (N_("The head of the institution may ask for a review."),))
        return Acts(frozenset({"request-review"}), ())
    if state is FindingState.RECTIFYING:
        return Acts(frozenset({"report"}), ())
    if awaited != "object":
        return Acts(frozenset(), ())
    if role is not Role.INSTITUTION_HEAD:
        return Acts(frozenset(), (N_("The head of the institution explains or objects."),))
    return Acts(frozenset({"object", "reply"} if state is FindingState.NOTICED else {"object"}), ())
