"""The published form of a round: everything an outsider needs to recompute it, and nothing about a person. R55; G8.

Before a step has happened, or while `disclosure` withholds them, its fields are null: the same file can be fetched again and again and only grows.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from supervision.sampling import queries
from supervision.sampling.disclosure import list_is_open, strata_are_open
from supervision.sampling.models import DrawRound
from supervision.sampling.seed import seal

FORMAT: Final = "classproof-draw/2"


def export_public(session: Session, code: str) -> dict[str, Any]:
    """JSON-plain; hashes and values as lower-case hex, instants as ISO 8601 UTC. Raises: RoundNotFound.

    `verify_draw.py` in this folder recomputes it and needs nothing else.
    """
    round_ = queries.round_by_code(session, code)
    is_open = list_is_open(round_)
    return {
        "format": FORMAT,
        "round": round_.code,
        "method": round_.method.value,
        "title": round_.title,
        "state": round_.state.value,
        "period": {"starts_on": round_.period_starts_on.isoformat(), "ends_on": round_.period_ends_on.isoformat()},
        "on_site": round_.on_site,
        "rule": dict(round_.rule),
        "strata_by": list(round_.strata_by),
        "weights": dict(round_.weights),
        "public_value": {"source": round_.public_source, "known_at": _instant(round_.public_at), "value": round_.public_value},
        "planned_at": _instant(round_.planned_at),
        "frame": _frame(session, round_),
        "contributions": [
            {
                "position": share.position,
                "party": share.party,
                "commitment": share.commitment.hex(),
                "committed_at": _instant(share.committed_at),
                "value": _hex(share.value) if is_open else None,
                "revealed_at": _instant(share.revealed_at),
            }
            for share in queries.contributions(session, round_.id)
        ],
        "seeded_at": _instant(round_.seeded_at),
        "seed": _hex(round_.seed) if is_open else None,
        "sealed_seed": seal(round_.seed).hex() if round_.on_site and round_.seed else None,
        "drawn_at": _instant(round_.drawn_at),
        "revealed_at": _instant(round_.revealed_at),
        "selected": None
        if round_.drawn_at is None or not is_open
        else [{"rank": t.rank, "id": t.natural_id, "ticket": t.ticket.hex()} for t in queries.selected(session, round_.id)],
        "void": None if round_.voided_at is None else {"at": _instant(round_.voided_at), "reason": round_.void_reason},
    }


def _frame(session: Session, round_: DrawRound) -> dict[str, Any] | None:
    if round_.frame_root is None:
        return None
    return {
        "frozen_at": _instant(round_.frozen_at),
        "root": round_.frame_root.hex(),
        "count": round_.frame_count,
        "sample_size": round_.sample_size,
        "ids": queries.frame_ids(session, round_.id) if list_is_open(round_) else None,
        "strata_commitment": _hex(round_.strata_commitment),
        "strata": _strata(session, round_) if strata_are_open(round_) else None,
    }


def _strata(session: Session, round_: DrawRound) -> dict[str, Any]:
    """`of_id` gives the place in `list` of each id."""
    return {
        "salt": _hex(queries.strata_salt(session, round_)),
        "list": [
            {"key": s.key, "weight_permille": s.weight_permille, "count": s.lesson_count, "size": s.sample_size, "bad": s.bad_count}
            for s in queries.strata(session, round_.id)
        ],
        "of_id": queries.frame_strata(session, round_),
    }


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()
