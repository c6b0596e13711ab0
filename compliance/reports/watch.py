"""Who inspects whom, and who never finds anything: compared with what chance alone would do. F-25, F-26; G26. Pure.

Under the random rule everybody eligible for a task is equally likely to get it. So the number of tasks of one institution that one person gets is
taken as a sum of independent draws with chances 1/(number eligible), a Poisson-binomial distribution; that loads are balanced narrows it further. The
chance of a count at least as far out is summed exactly, doubled for both sides, and corrected by Holm's method for the number of cells looked at:
whatever the number of people and institutions, the chance that anybody at all is pointed at by mere accident stays below `watch_error_permille`.
Small numbers cannot be that unlikely, so they point at nobody.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from supervision.spotchecks.agreement import Share, share

Floats = NDArray[np.float64]
PERMILLE: Final = 1000
CENTRAL: Final = 0.95


@dataclass(frozen=True, slots=True)
class WatchRule:
    """Figures in force."""

    watch_period_days: int
    watch_error_permille: int

    def since(self, now: datetime) -> datetime:
        """What happened before this is not looked at."""
        return now - timedelta(days=self.watch_period_days)


@dataclass(frozen=True, slots=True)
class Task:
    """A drawn lesson of one institution: who was eligible, who got it (one reviewer, or a team on site)."""

    institution: Hashable
    eligible: frozenset[Hashable]
    chosen: frozenset[Hashable]


@dataclass(frozen=True, slots=True)
class Cell:
    """One person and one institution. `low` to `high`: where chance alone puts the count 19 times of 20. `unusual` only after Holm's correction."""

    person: Hashable
    institution: Hashable
    count: int
    expected: float
    low: int
    high: int
    chance: float  # of a count at least as far from the expectation
    unusual: bool


def matrix(tasks: Sequence[Task], rule: WatchRule) -> list[Cell]:
    """Every person eligible for any task of an institution, with their count; most unlikely first."""
    chances: defaultdict[tuple[Hashable, Hashable], list[float]] = defaultdict(list)
    counts: defaultdict[tuple[Hashable, Hashable], int] = defaultdict(int)
    for task in tasks:
        everybody = task.eligible | task.chosen
        for person in everybody:
            chances[person, task.institution].append(len(task.chosen) / len(everybody))
        for person in task.chosen:
            counts[person, task.institution] += 1
    found = [_cell(person, institution, counts[person, institution], ps) for (person, institution), ps in chances.items()]
    return _corrected(sorted(found, key=lambda cell: (cell.chance, str(cell.person), str(cell.institution))), rule)


def distribution(chances: Collection[float]) -> Floats:
    """P(0), P(1), … P(n) of the number of successes of independent tries."""
    made = np.ones(1)
    for chance in chances:
        made = np.convolve(made, (1 - chance, chance))
    return made


def two_sided(law: Floats, count: int) -> float:
    """Twice the smaller tail, at most 1: exact for the law given."""
    return float(min(1.0, 2 * min(law[: count + 1].sum(), law[count:].sum())))


def _cell(person: Hashable, institution: Hashable, count: int, chances: Sequence[float]) -> Cell:
    law = distribution(chances)
    below = np.cumsum(law)
    tail = (1 - CENTRAL) / 2
    low = int(np.searchsorted(below, tail, side="right"))
    high = int(np.searchsorted(below, 1 - tail, side="left"))
    return Cell(person, institution, count, float(sum(chances)), low, min(high, len(chances)), two_sided(law, count), unusual=False)


def _corrected(cells: Sequence[Cell], rule: WatchRule) -> list[Cell]:
    """Holm: the k-th smallest chance must stay below the level divided by the number of cells left; the first that does not ends it."""
    level, told, still = rule.watch_error_permille / PERMILLE, [], True
    for place, cell in enumerate(cells):
        still = still and cell.chance <= level / (len(cells) - place)
        told.append(Cell(cell.person, cell.institution, cell.count, cell.expected, cell.low, cell.high, cell.chance, unusual=still))
    return told


@dataclass(frozen=True, slots=True)
class Finder:
    """How often one person found something, beside what all others found. `chance`: of finding so little if this person were like the others."""

    person: Hashable
    share: Share
    others: Share
    chance: float | None
    unusual: bool


def finders(judged: Mapping[Hashable, tuple[int, int]], rule: WatchRule) -> list[Finder]:
    """`judged`: person → (verdicts *finding*, verdicts). Those who find least first; pointed at only after Holm's correction."""
    found_all, judged_all = (sum(pair[n] for pair in judged.values()) for n in (0, 1))
    made = []
    for person, (found, count) in judged.items():
        others = share(found_all - found, judged_all - count)
        chance = _so_few(found, count, others)
        made.append(Finder(person, share(found, count), others, chance, unusual=False))
    ordered = sorted(made, key=lambda one: (1.0 if one.chance is None else one.chance, str(one.person)))
    level, told, still = rule.watch_error_permille / PERMILLE, [], True
    for place, one in enumerate(ordered):
        still = still and one.chance is not None and one.chance <= level / (len(ordered) - place)
        told.append(Finder(one.person, one.share, one.others, one.chance, unusual=still))
    return told


def _so_few(found: int, count: int, others: Share) -> float | None:
    """P(at most `found`) at the *lowest* share the others' interval allows: what they found is itself only a sample."""
    if others.interval is None or count == 0:
        return None
    return float(distribution([others.interval.low] * count)[: found + 1].sum())
