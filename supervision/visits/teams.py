"""Who goes: two inspectors for each lesson, drawn by ticket, minus recusals, loads balanced (双随机). domain.md 2.3.2; G9. Pure.

ticket = SHA-256(seed ‖ 0x56 ‖ UTF-8 login ‖ 0x00 ‖ UTF-8 natural id); 0x56 tells it from the ticket of a review of footage. Lessons with the
fewest people left come first, then by rank; each gets the least loaded of those eligible, and among equals the smallest tickets. The
smallest ticket of a team leads it.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from supervision.spotchecks.inspectors import Inspector, Task
from supervision.visits.errors import TooFewInspectors

LOOK: Final = b"\x56"


@dataclass(frozen=True, slots=True)
class Member:
    """An inspector of a team and the 32-byte ticket that decided."""

    inspector: Inspector
    ticket: bytes


@dataclass(frozen=True, slots=True)
class Team:
    """Who visits the task's lesson; the first leads."""

    task: Task
    members: tuple[Member, ...]


def team_ticket(seed: bytes, login: str, natural_id: str) -> bytes:
    """32 bytes."""
    return hashlib.sha256(seed + LOOK + login.encode() + b"\x00" + natural_id.encode()).digest()


def draw_teams(
    tasks: Sequence[Task], inspectors: Collection[Inspector], seed: bytes, *, size: int, loads: Mapping[UUID, int] | None = None
) -> list[Team]:
    """A team of `size` different people per task, in rank order. `loads`: visits that an account already has in the round.

    Without recusals the loads of a fresh round differ by at most 1. Raises: TooFewInspectors.
    """
    people = sorted({i.account_id: i for i in inspectors}.values(), key=lambda i: i.login)
    load = {i.account_id: (loads or {}).get(i.account_id, 0) for i in people}
    eligible = {task.natural_id: [i for i in people if i.account_id not in task.barred] for task in tasks}
    teams: list[Team] = []
    for task in sorted(tasks, key=lambda t: (len(eligible[t.natural_id]), t.rank)):
        left = eligible[task.natural_id]
        if len(left) < size:
            raise TooFewInspectors(eligible=len(left), needed=size)
        ranked = sorted((load[i.account_id], team_ticket(seed, i.login, task.natural_id), i.login, i) for i in left)
        chosen = sorted((ticket, login, inspector) for _, ticket, login, inspector in ranked[:size])
        for _, _, inspector in chosen:
            load[inspector.account_id] += 1
        teams.append(Team(task, tuple(Member(inspector, ticket) for ticket, _, inspector in chosen)))
    return sorted(teams, key=lambda t: t.task.rank)
