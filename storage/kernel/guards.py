"""The guards that many machines share. A fact is asked for by name, so what nobody looked at does not pass. Pure."""

from collections.abc import Mapping

from storage.kernel.lifecycle import Guard


def fact(name: str, why: str) -> Guard:
    """Passes when the fact is exactly True."""

    def guard(facts: Mapping[str, object]) -> str | None:
        return None if facts.get(name) is True else why

    return guard


def every(*guards: Guard) -> Guard:
    """Passes when all do; tells the first reason against it."""

    def guard(facts: Mapping[str, object]) -> str | None:
        return next((why for one in guards if (why := one(facts)) is not None), None)

    return guard


def reason_given(facts: Mapping[str, object]) -> str | None:
    """Passes when `reason` says something."""
    return None if str(facts.get("reason") or "").strip() else "reason-needed"


def somebody_else(person: str, *others: str) -> Guard:
    """Passes when a named person acts who is none of the `others`: facts that hold an id, several ids, or "" for nobody.

    A fact that was not handed over, or is None, is no answer: it refuses.
    """

    def guard(facts: Mapping[str, object]) -> str | None:
        acting = facts.get(person)
        if not acting or any(facts.get(name) is None for name in others):
            return "decider-unknown"
        taken_part: set[str] = set()
        for name in others:
            found = facts[name]
            taken_part |= {str(one) for one in found} if isinstance(found, list | tuple | set | frozenset) else {str(found)}
        return "same-person" if str(acting) in taken_part else None

    return guard
