"""What may be done with a draw round now, and for the rest the reason why not. R55; G8. Pure: one look at the round, its shares and the clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from api.locale.marks import N_
from supervision.sampling.lifecycle import MIN_PARTIES, DrawState
from supervision.sampling.models import DrawContribution, DrawRound

NAMES: Final = ("freeze", "commit", "reveal", "public-value", "draw", "assign", "close", "void")
NO_FRAME: Final = N_("The list must be frozen first.")
FROZEN: Final = N_("The list is frozen and can no longer change.")
KNOWN: Final = N_("The public value is known already: whoever acts now could choose the result. Declare the round void and plan a new one.")
REVEALING: Final = N_("The first reveal ended the time of commitments.")
FEW: Final = N_("At least two parties must have committed first.")
CLOSED_SHARES: Final = N_("The seed is made; shares are closed.")
ALL_REVEALED: Final = N_("Every share is revealed.")
UNREVEALED: Final = N_("Somebody who committed has not revealed yet.")
NOT_YET: Final = N_("The public value is not known yet.")
NO_SEED: Final = N_("There is no seed yet.")
SEEDED: Final = N_("The seed is made and can no longer change.")
DRAWN: Final = N_("The draw has happened; it happens once.")
NOT_DRAWN: Final = N_("Nothing is drawn yet.")
ASSIGNED: Final = N_("Every drawn lesson has its inspector.")
NOT_GIVEN: Final = N_("The drawn lessons have no inspectors yet.")
STILL_OPEN: Final = N_("Some reviews are not judged yet.")
CLOSED: Final = N_("The round is closed.")
VOID: Final = N_("The round is void. Nothing was deleted; a new round starts afresh.")


@dataclass(frozen=True, slots=True)
class Act:
    """`why_not` is a message id, empty when the act is open now."""

    name: str
    why_not: str = ""

    @property
    def is_open(self) -> bool:
        return not self.why_not


def acts(round_: DrawRound, shares: Sequence[DrawContribution], now_at: datetime, *, assigned: bool, still_open: int = 0) -> dict[str, Act]:
    """Every act of a round by name; `still_open` = reviews not judged yet. The services decide again: this only spares a person a refusal."""
    if round_.state is DrawState.VOID:
        return {name: Act(name, VOID) for name in NAMES}
    reasons = {
        "freeze": _freeze(round_, now_at),
        "commit": _commit(round_, shares, now_at),
        "reveal": _reveal(round_, shares),
        "public-value": _public_value(round_, shares, now_at),
        "draw": _draw(round_),
        "assign": ASSIGNED if assigned else "" if round_.state is DrawState.DRAWN else NOT_DRAWN,
        "close": _close(round_, assigned=assigned, still_open=still_open),
        "void": "",
    }
    return {name: Act(name, reason) for name, reason in reasons.items()}


def _freeze(round_: DrawRound, now_at: datetime) -> str:
    if round_.state is not DrawState.PLANNED:
        return FROZEN
    return KNOWN if now_at >= round_.public_at else ""


def _commit(round_: DrawRound, shares: Sequence[DrawContribution], now_at: datetime) -> str:
    if round_.state is DrawState.PLANNED:
        return NO_FRAME
    if round_.state is not DrawState.FRAME_FROZEN:
        return CLOSED_SHARES
    if any(share.value is not None for share in shares):
        return REVEALING
    return KNOWN if now_at >= round_.public_at else ""


def _reveal(round_: DrawRound, shares: Sequence[DrawContribution]) -> str:
    if round_.state is DrawState.PLANNED:
        return NO_FRAME
    if round_.state is not DrawState.FRAME_FROZEN:
        return CLOSED_SHARES
    if len(shares) < MIN_PARTIES:
        return FEW
    return ALL_REVEALED if all(share.value is not None for share in shares) else ""


def _public_value(round_: DrawRound, shares: Sequence[DrawContribution], now_at: datetime) -> str:
    if round_.state is DrawState.PLANNED:
        return NO_FRAME
    if round_.state is not DrawState.FRAME_FROZEN:
        return SEEDED
    if len(shares) < MIN_PARTIES:
        return FEW
    if any(share.value is None for share in shares):
        return UNREVEALED
    return NOT_YET if now_at < round_.public_at else ""


def _draw(round_: DrawRound) -> str:
    if round_.state in (DrawState.PLANNED, DrawState.FRAME_FROZEN):
        return NO_SEED
    return "" if round_.state is DrawState.SEEDED else DRAWN


def _close(round_: DrawRound, *, assigned: bool, still_open: int) -> str:
    if round_.state is DrawState.CLOSED:
        return CLOSED
    if round_.state is not DrawState.DRAWN:
        return NOT_DRAWN
    if not assigned:
        return NOT_GIVEN
    return STILL_OPEN if still_open else ""
