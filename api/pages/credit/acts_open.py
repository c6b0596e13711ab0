"""What each person may do with a rating or an item now, and for the rest why not. Pure: the services decide again. UI.md."""

from dataclasses import dataclass
from typing import Final

from api.auth.roles import OFFICERS, Role
from api.locale.marks import N_
from compliance.rating.item_lifecycle import ItemState
from compliance.rating.lifecycle import EARLY, RatingState

ANSWERERS: Final = (*OFFICERS, Role.LEGAL_OFFICER)
TURNS: Final = {
    "object": N_("The institution may object"),
    "answer": N_("The bureau answers every point"),
    "finalise": N_("The leader decides and signs"),
    "publish": N_("The bureau publishes the result"),
    "state": N_("The institution may state its case"),
    "decide": N_("The leader decides and signs"),
    "accept": N_("The bureau accepts or returns the application"),
    "verify": N_("Another person verifies the repair"),
}


@dataclass(frozen=True, slots=True)
class Acts:
    """Names of the forms that are open for this person, and for the others a sentence why not (message ids)."""

    open: frozenset[str]
    why_not: tuple[str, ...] = ()


def rating_acts(state: RatingState, role: Role | None, awaited: str, *, took_part: bool) -> Acts:
    """`awaited`: the act of the clock that runs; `took_part`: this person signed something of it before."""
    if role is Role.INSTITUTION_HEAD:
        return Acts(frozenset({"object", "waive"} if awaited == "object" else ()))
    if role is Role.INSTITUTION_OPERATOR:
        return Acts(
            frozenset(), (N_("The head of the institution may object, or declare that there is no objection."),) if awaited == "object" else ()
        )
    if role not in ANSWERERS:
        return Acts(frozenset())
    found: set[str] = set()
    why: list[str] = []
    if role in OFFICERS:
        found |= {
            RatingState.COLLECTING: {"freeze"}, RatingState.SCORED: {"check", "reopen"}, RatingState.PRELIMINARY: {"notice", "reopen"},
            RatingState.FINAL: {"publish"},
        }.get(state, set())  # fmt: skip
    if state is RatingState.OBJECTION:
        found |= set() if took_part else {"answer"}
        why += [N_("You took part in it; another person must answer the objection.")] if took_part else []
    if awaited == "object":
        why.append(N_("It can be decided when the days for an objection are over, or when the head of the institution declares to raise none."))
    if awaited == "finalise":
        if role is Role.BUREAU_LEADER and not took_part:
            found.add("finalise")
        else:
            why.append(N_("A leader who took no part decides."))
    if role is Role.BUREAU_LEADER and state in (*EARLY, RatingState.NOTICED, RatingState.OBJECTION, RatingState.UNCONTESTED, RatingState.ANSWERED):
        found.add("void")
    return Acts(frozenset(found), tuple(why))


def item_acts(
    state: ItemState, role: Role | None, awaited: str, *, me: str, seen: dict[str, str], repairable_now: bool, stated: bool = False
) -> Acts:
    """`seen`: who recorded, classified, accepted, verified, by id; `repairable_now`: the least time is over and the law allows it; `stated`: a
    statement was made, so that nobody can declare to make none."""
    in_force = state in (ItemState.PUBLISHED, ItemState.KEPT)
    if role is Role.INSTITUTION_HEAD:
        wait = (N_("Repair can be applied for when the least publication is over."),) if in_force and not repairable_now else ()
        return Acts(
            frozenset(
                {"state"}
                if stated and awaited == "state"
                else {"state", "waive"}
                if awaited == "state"
                else {"apply"}
                if in_force and repairable_now
                else ()
            ),
            wait,
        )
    if role is Role.INSTITUTION_OPERATOR:
        return Acts(frozenset(), (N_("The head of the institution states the case and applies for repair."),))
    if role not in OFFICERS:
        return Acts(frozenset())
    found: set[str] = set()
    why: list[str] = []

    def another(act: str, *not_by: str) -> None:
        if me in {seen.get(name, "") for name in not_by}:
            why.append(N_("You took part in it; another person must do the next step."))
        else:
            found.add(act)

    if state is ItemState.RECORDED:
        another("classify", "recorded")
    if awaited == "state":
        why.append(N_("It can be decided when the days for a statement are over, or when the head of the institution declares to make none."))
    if awaited == "decide" and role is Role.BUREAU_LEADER:
        another("decide", "recorded", "classified")
    if state is ItemState.REPAIR_APPLIED:
        found |= {"accept", "return"}
    if state is ItemState.ACCEPTED:
        another("verify", "accepted")
    if state is ItemState.REPAIRED and role is Role.BUREAU_LEADER:
        another("revoke", "verified")
    if role is Role.BUREAU_LEADER and state not in (ItemState.REPAIRED, ItemState.EXPIRED, ItemState.VOID):
        found.add("void")
    return Acts(frozenset(found), tuple(why))
