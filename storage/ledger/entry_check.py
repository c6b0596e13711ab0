"""Whether the columns of an entry and its history row say what the signed body says. Pure; the auditor's inner loop."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Protocol


class Row(Protocol):
    """A row by column name. Any: its values are compared and never used."""

    def __getitem__(self, column: str) -> Any: ...


def entry_differences(row: Row) -> Iterator[tuple[str, str]]:
    """(kind, detail) for each disagreement.

    `row` has the columns selected in `audit.py`, instants as text; `move` is None when no history row names the entry.
    """
    try:
        body = json.loads(row["body"])
        actor, facts = body["actor"], body["facts"]
        told = (body["at"], body["tenant"], body["action"], body["subject"], actor["kind"], actor["id"], actor["name"], actor["role"])
        moved = facts if isinstance(facts, dict) and body["action"] == f"{facts.get('machine')}.{facts.get('event')}" else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        yield "body-unreadable", "the body is not a ledger entry"
        return
    columns = (
        row["at"],
        _text(row["tenant_id"]),
        row["action"],
        row["subject"],
        row["actor_kind"],
        _text(row["actor_id"]),
        row["actor_name"],
        row["actor_role"],
    )
    if told != columns:
        yield "columns-differ", f"body says {told}, columns say {columns}"
    if row["move"] is None:
        if moved is not None:
            yield "move-missing", f"no history row for {body['action']} of {body['subject']}"
    elif moved is None or _move_columns(row) != _move_told(told, moved):
        yield "move-differs", f"state_move/{row['move']} says something else than the entry"


def _move_columns(row: Row) -> tuple[object, ...]:
    return (
        row["move_at"],
        _text(row["move_tenant"]),
        row["move_actor_kind"],
        _text(row["move_actor_id"]),
        row["move_actor_name"],
        row["move_actor_role"],
        row["machine"],
        _text(row["subject_id"]),
        row["from_state"],
        row["event"],
        row["to_state"],
        row["reason"],
        row["clause"],
    )


def _move_told(told: tuple[object, ...], facts: Mapping[str, object]) -> tuple[object, ...]:
    at, tenant, _, _, *actor = told
    return (at, tenant, *actor, *(facts.get(name) for name in ("machine", "subject_id", "from", "event", "to", "reason", "clause")))


def _text(value: object) -> str | None:
    return None if value is None else str(value)
