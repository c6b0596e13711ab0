"""Where one series of looks shows what another shows, or itself earlier, at one distance in time. F-06, F-07; R60, R72. Pure.

People repeat themselves, pictures do not: everybody sits a little otherwise. So for every distance in time each look is held against the one that
lies so far before it. Is it nearer to that one than to all of those a quarter of a minute around it, it speaks for a repetition at this distance,
otherwise against one; so it does when it lies further away than looks which follow each other. What is said adds up from look to look, and where
enough comes together the same was shown. A room in which nothing moves looks like itself at every distance and speaks for none.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from supervision.screening.motion import CLOCK_ROWS, DARKEST, GRID_ROWS, LONGEST_BRIDGE_MS, Fields, Motion

LAG_STEP_MS: Final = 2_000  # distances that are tried
CLOSER_STEP_MS: Final = 1_000  # where looks lie a second apart
LAG_OFF_MS: Final = 4_000  # a distance that looks four seconds apart tell is so far off at most
LEAST_GREY: Final = 0.5  # what sensor and encoder leave in a field
LIMIT: Final = 4.0  # a field counts as at most so many times further away than it usually is from one look to the next: one walker is not everybody
ALIVE: Final = 1.3  # a field changes when it strays so much further over the recording than from one look to the next
AROUND_MS: Final = (12_000, 18_000)  # before and behind the distance that is tried: nearer, people have not moved yet
MOST_SAID: Final = 2.5  # by one look, a natural logarithm; one picture alone proves nothing
FAR: Final = 4.0  # times the usual distance from one look to the next: further away speaks against a repetition,
FAR_COUNTS: Final = 0.5  # each e-fold by so much,
MOST_FAR: Final = 1.5  # and no more e-folds than this, since somebody may walk past between two looks
FLOOR: Final = 0.1  # of a distance; below it, pictures are the same
UNKNOWN_MS: Final = 8_000  # no look lies as near as this to where one is asked for
NOTHING_SEEN: Final = -0.5  # what such a moment says
USUAL_FIELDS: Final = 100  # with fewer that change, looks are more often alike by chance: what they say counts less, by the root of their share
ENDS_MS: Final = 60_000  # the ends are looked for so far around what was found
MOST_STRETCHES: Final = 20  # in which two recordings agree at one distance
WITHIN: Final = 0.7  # e-folds over the middle of a repetition: further away it has not begun or is over
Seen = NDArray[np.float32]  # (n, fields that change)


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """Looks as they are compared: `times_ms` rise, row i of `seen` belongs to `times_ms[i]`."""

    times_ms: NDArray[np.int64]
    seen: Seen


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """What fields of one room are measured by: where each usually is, how far it goes from one look to the next, and whether it changes at all."""

    usual: NDArray[np.float32]
    between: NDArray[np.float32]
    alive: NDArray[np.bool_]

    @classmethod
    def of(cls, motion: Motion) -> "Scale | None":
        """None: too few looks."""
        if len(motion.times_ms) < 3:
            return None
        inner = _inner(motion.fields)
        usual = np.median(inner, axis=0)
        strayed = _strayed(inner, usual)
        between = np.maximum(1.48 * np.median(np.abs(np.diff(strayed, axis=0)), axis=0) / np.sqrt(2), LEAST_GREY)
        return cls(usual, between, np.clip(strayed / between, -LIMIT, LIMIT).std(axis=0) > ALIVE)

    @property
    def changing(self) -> int:
        """How many of the 448 fields change."""
        return int(self.alive.sum())

    @property
    def counts(self) -> float:
        """By how much what is said counts."""
        return min(1.0, float(np.sqrt(self.changing / USUAL_FIELDS)))

    def look_at(self, motion: Motion) -> Looked:
        """The light of the whole picture is taken away as a share, as `motion.residual` does."""
        scaled = np.clip(_strayed(_inner(motion.fields), self.usual) / self.between, -LIMIT, LIMIT).astype(np.float32)
        return Looked(motion.times_ms, np.ascontiguousarray(scaled[:, self.alive]))


@dataclass(frozen=True, slots=True)
class Repeat:
    """Looks shown in [begin_ms, end_ms] show what lies `lag_ms` before them (in the other recording: at their own time less that)."""

    begin_ms: int
    end_ms: int
    lag_ms: int
    evidence: float

    @property
    def length_ms(self) -> int:
        return self.end_ms - self.begin_ms


def _inner(fields: Fields) -> NDArray[np.float32]:
    return fields[:, CLOCK_ROWS : GRID_ROWS - CLOCK_ROWS].reshape(len(fields), -1)


def _strayed(inner: NDArray[np.float32], usual: NDArray[np.float32]) -> NDArray[np.float32]:
    strayed = inner - usual
    strayed -= np.median(strayed / np.maximum(usual, DARKEST), axis=1, keepdims=True) * usual
    return strayed


def usual_step(looked: Looked) -> float:
    """How far a look usually lies from the one before it."""
    near = np.diff(looked.times_ms) <= LONGEST_BRIDGE_MS
    return max(float(np.median((np.diff(looked.seen, axis=0)[near] ** 2).mean(axis=1))), LEAST_GREY) if near.any() else LEAST_GREY


def within_one(looked: Looked, scale: Scale, least_lag_ms: int, least: float, least_ms: int) -> list[Repeat]:
    """What a recording shows again, `least` or more of evidence over `least_ms` or more; of neighbouring distances the clearest."""
    first = max(least_lag_ms // LAG_STEP_MS, sum(AROUND_MS) // LAG_STEP_MS)
    return _told(_repeats(looked, looked, least / scale.counts, first), looked, looked, scale, least_ms, most=1)


def seen_closer(looked: Looked, scale: Scale, lag_ms: int, least: float, least_ms: int) -> Repeat | None:
    """The clearest repetition at about one distance, among looks that lie a second apart; None: less than `least` comes together."""
    first = (lag_ms - LAG_OFF_MS) // CLOSER_STEP_MS
    repeats = _repeats(looked, looked, least / scale.counts, first, CLOSER_STEP_MS)
    told = _told((one for one in repeats if one.lag_ms <= lag_ms + LAG_OFF_MS), looked, looked, scale, least_ms, most=1)
    return max(told, key=lambda one: one.evidence, default=None)


def between_two(here: Looked, there: Looked, scale: Scale, least: float, least_ms: int) -> list[Repeat]:
    """What `here` shows of `there`, both measured by one `scale`; distances may be negative."""
    return _told(_repeats(here, there, least / scale.counts, None), here, there, scale, least_ms, most=MOST_STRETCHES)


def _told(repeats: Iterable[Repeat], here: Looked, there: Looked, scale: Scale, least_ms: int, most: int) -> list[Repeat]:
    clearest = _clearest(one for one in repeats if one.length_ms >= least_ms)
    bounded = [part for one in clearest for part in _bounded(one, here, there)[:most]]
    return [replace(one, evidence=one.evidence * scale.counts) for one in bounded if one.length_ms >= least_ms]


def _repeats(here: Looked, there: Looked, least: float, first: int | None, step_ms: int = LAG_STEP_MS) -> Iterator[Repeat]:
    """For every distance the stretches over which the most comes together, where it is `least` or more. In no order.

    `first`: the least distance within one recording, in steps; None between two. One pass over the looks; of every distance it is known what has come
    together, since when, and where it was the most. Memory grows with the looks, work with their square.
    """
    far = FAR * usual_step(there)
    nearest, reach = (ms // step_ms for ms in AROUND_MS)
    beside = [reach + n for n in range(-reach, reach + 1) if abs(n) >= nearest]
    begin_ms, end_ms = int(there.times_ms[0]), int(there.times_ms[-1])
    base = 0 if first is not None else (int(here.times_ms[0]) - end_ms) // step_ms
    count = (int(here.times_ms[-1]) - begin_ms) // step_ms - base + 1
    middles = (there.times_ms[1:] + there.times_ms[:-1]) / 2
    squares = (there.seen**2).sum(axis=1)
    together, most = np.zeros(count), np.zeros(count)
    begun, peak = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for now, now_ms in enumerate(here.times_ms.tolist()):
        low = first if first is not None else -((end_ms - now_ms) // step_ms)
        stop = (now_ms - begin_ms) // step_ms + 1
        if stop <= low:
            continue
        asked_ms = now_ms - np.arange(low - reach, stop + reach) * step_ms
        known = now + 1 if first is not None else len(there.seen)  # within one recording, what was shown until now
        which = np.minimum(np.searchsorted(middles, asked_ms), known - 1)
        apart = np.maximum(squares[:known] + (here.seen[now] ** 2).sum() - 2 * there.seen[:known] @ here.seen[now], 0) / here.seen.shape[1] + FLOOR
        wide = np.where((asked_ms >= begin_ms) & (asked_ms <= end_ms), apart[which], np.inf)
        around = np.minimum.reduce([wide[n : n + stop - low] for n in beside])
        held, which, asked_ms = (one[reach : reach + stop - low] for one in (wide, which, asked_ms))
        said = np.clip(np.log(np.where(np.isfinite(around), around, held) / held), -MOST_SAID, MOST_SAID)
        said -= FAR_COUNTS * np.clip(np.log(held / far), 0, MOST_FAR)
        said[np.abs(there.times_ms[which] - asked_ms) > UNKNOWN_MS] = NOTHING_SEEN
        # the slices are views: what is written into them stays
        sums, highest, since, at = (one[low - base : stop - base] for one in (together, most, begun, peak))
        since[(sums <= 0) & (said > 0)] = now
        sums += said
        over = sums <= 0
        for n in np.flatnonzero(over & (highest >= least)).tolist():
            yield Repeat(int(here.times_ms[since[n]]), int(here.times_ms[at[n]]), (low + n) * step_ms, float(highest[n]))
        sums[over], highest[over] = 0, 0
        higher = sums > highest
        highest[higher], at[higher] = sums[higher], now
    for n in np.flatnonzero(most >= least).tolist():
        yield Repeat(int(here.times_ms[begun[n]]), int(here.times_ms[peak[n]]), (base + n) * step_ms, float(most[n]))


def _clearest(repeats: Iterable[Repeat]) -> list[Repeat]:
    """Of those at neighbouring distances over the same looks the one that says most: the others are its shadow."""
    kept: list[Repeat] = []
    for one in sorted(repeats, key=lambda r: (-r.evidence, r.begin_ms, r.lag_ms)):
        if not any(abs(one.lag_ms - k.lag_ms) <= AROUND_MS[0] and one.begin_ms <= k.end_ms and k.begin_ms <= one.end_ms for k in kept):
            kept.append(one)
    return kept


def _bounded(one: Repeat, here: Looked, there: Looked) -> list[Repeat]:
    """The same with the ends where looks begin and cease to lie as near as they do in its middle; each such stretch, the longest first.

    Where little happens, those before and behind speak for it, too; where somebody walks past between two looks, those of its own do not.
    """
    earliest, latest = int(there.times_ms[0]) + one.lag_ms, int(there.times_ms[-1]) + one.lag_ms
    span = max(one.begin_ms - ENDS_MS, earliest), min(one.end_ms + ENDS_MS, latest) + 1
    first, stop = np.searchsorted(here.times_ms, span).tolist()
    times_ms = here.times_ms[first:stop]
    before = np.searchsorted((there.times_ms[1:] + there.times_ms[:-1]) / 2, times_ms - one.lag_ms)
    held = np.log(((here.seen[first:stop] - there.seen[before]) ** 2).mean(axis=1) + FLOOR)
    inside = (times_ms >= one.begin_ms) & (times_ms <= one.end_ms)
    near = np.clip(np.median(held[inside]) + WITHIN - held, -MOST_FAR, MOST_FAR)
    found: list[Repeat] = []
    for _ in range(MOST_STRETCHES):
        within = np.concatenate([[0.0], np.cumsum(near)])
        last = int(np.argmax(within - np.minimum.accumulate(within)))
        begin = int(np.argmin(within[: last + 1]))
        if found and last == begin:
            break
        found.append(replace(one, begin_ms=int(times_ms[begin]), end_ms=int(times_ms[max(last - 1, begin)])))
        near[begin : last + 1] = -MOST_FAR
    return found
