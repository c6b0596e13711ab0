"""Who looks: inspectors are drawn by ticket too, minus recusals, balanced by load (双随机). domain.md 2.3.2; G9. Pure.

First look: ticket = SHA-256(seed ‖ 0x02 ‖ UTF-8 login ‖ 0x00 ‖ UTF-8 natural id). Later looks and known items:
SHA-256(look seed ‖ 0x02 ‖ look ‖ UTF-8 login ‖ 0x00 ‖ UTF-8 natural id), look as one byte, 0x00 for a known item (`outcomes.look_seed`).
Lessons with the fewest people left come first, then by rank; each goes to the eligible person with the least load so far in this round, and
among those to the smallest ticket, then login.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from supervision.spotchecks.errors import NoEligibleInspector


@dataclass(frozen=True, slots=True)
class Inspector:
    """`login` is the natural id that goes into the ticket; the account lives in `api`."""

    login: str
    account_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Task:
    """A drawn lesson. `barred` are accounts that must not look at it: recused for its institution, or replaced before."""

    rank: int
    natural_id: str
    barred: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who got the task, and the ticket that decided."""

    task: Task
    inspector: Inspector
    ticket: bytes


def inspector_ticket(seed: bytes, login: str, natural_id: str) -> bytes:
    """32 bytes."""
    return hashlib.sha256(seed + b"\x02" + login.encode() + b"\x00" + natural_id.encode()).digest()


def look_ticket(looks: bytes, look: int, login: str, natural_id: str) -> bytes:
    """32 bytes. `looks` = the look seed of the round; `look` 2 or 3, 0 for a known item."""
    return hashlib.sha256(looks + b"\x02" + bytes([look]) + login.encode() + b"\x00" + natural_id.encode()).digest()


def draw_inspectors(
    tasks: Sequence[Task],
    inspectors: Collection[Inspector],
    seed: bytes,
    *,
    loads: Mapping[UUID, int] | None = None,
    look: int = 1,
) -> list[Chosen]:
    """One inspector per task, in rank order. `loads`: tasks that an account already has in the round. `seed`: the look seed when `look` is not 1.

    Without recusals the loads of a fresh round differ by at most 1.
    Raises: NoEligibleInspector.
    """
    people = sorted({i.account_id: i for i in inspectors}.values(), key=lambda i: i.login)
    load = {i.account_id: (loads or {}).get(i.account_id, 0) for i in people}
    eligible = {task.natural_id: [i for i in people if i.account_id not in task.barred] for task in tasks}
    ticket_of: Callable[[str, str], bytes] = partial(inspector_ticket, seed) if look == 1 else partial(look_ticket, seed, look)
    chosen: list[Chosen] = []
    for task in sorted(tasks, key=lambda t: (len(eligible[t.natural_id]), t.rank)):
        if not eligible[task.natural_id]:
            raise NoEligibleInspector(natural_id=task.natural_id, inspectors=len(people))
        least = min(load[i.account_id] for i in eligible[task.natural_id])
        ticket, _, inspector = min(
            (ticket_of(i.login, task.natural_id), i.login, i) for i in eligible[task.natural_id] if load[i.account_id] == least
        )
        load[inspector.account_id] += 1
        chosen.append(Chosen(task, inspector, ticket))
    return sorted(chosen, key=lambda c: c.task.rank)
