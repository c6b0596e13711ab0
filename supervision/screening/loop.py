"""A recording that shows a piece of itself again, under a clock that goes on. F-07; R60, R72. Pure.

People repeat themselves, pictures do not: everybody sits a little otherwise. So for every distance in time each look is held against the one
that lies so far before it. Is it nearer to that one than to all of those a quarter of a minute around it, it speaks for a repetition at this
distance, otherwise against one; so it does when it lies further away than looks which follow each other. What is said adds up from look to look, and
a stretch in which enough comes together is told. A room in which nothing moves looks like itself at every distance and speaks for none.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from supervision.screening.looks import Code, Found, strength
from supervision.screening.motion import CLOCK_ROWS, DARKEST, GRID_ROWS, LONGEST_BRIDGE_MS, Motion

LAG_STEP_MS: Final = 2_000  # distances that are tried
LEAST_GREY: Final = 0.5  # what sensor and encoder leave in a field
LIMIT: Final = 4.0  # a field counts as at most so many times further away than it usually is from one look to the next: one walker is not everybody
ALIVE: Final = 1.3  # a field changes when it strays so much further over the recording than from one look to the next
AROUND_MS: Final = (12_000, 18_000)  # before and behind the distance that is tried: nearer, people have not moved yet
MOST_SAID: Final = 2.5  # by one look, a natural logarithm; one picture alone proves nothing
FAR: Final = 4.0  # times the usual distance from one look to the next: further away speaks against a repetition,
FAR_COUNTS: Final = 0.5  # each e-fold by so much,
MOST_FAR: Final = 1.5  # and no more e-folds than this, since somebody may walk past between two looks
ENDS_MS: Final = 60_000  # its ends are looked for so far around what was found
WITHIN: Final = 0.7  # e-folds over the middle of a repetition: further away it has not begun or is over
FLOOR: Final = 0.1  # of a distance; below it, pictures are the same
USUAL_FIELDS: Final = 100  # with fewer that change, looks are more often alike by chance: what they say counts less, by the root of their share
UNKNOWN_MS: Final = 8_000  # no look lies as near as this to where one is asked for
NOTHING_SEEN: Final = -0.5  # what such a moment says
STRONGEST: Final = 40.0
Distances = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LoopRule:
    """When a repetition is told of (`recycled.yaml`)."""

    loop_least_lag_s: int  # nearer than this, people have not moved yet
    loop_least_repeated_s: int  # so much of the recording must be seen again at one distance
    loop_evidence: int  # natural logarithms that must come together
    loop_least_active_fields: int  # a picture in which fewer of the 448 fields change decides nothing


@dataclass(frozen=True, slots=True)
class _Repeat:
    """Looks shown in [begin_ms, end_ms] show what lies `lag_ms` before them."""

    begin_ms: int
    end_ms: int
    lag_ms: int
    evidence: float

    @property
    def length_ms(self) -> int:
        return self.end_ms - self.begin_ms


def find_loops(motion: Motion, rule: LoopRule) -> list[Found]:
    """Each span that shows again what lies before it, with where that was. Memory grows with the looks, work with their square."""
    seen = _changing(motion)
    if seen.shape[1] < max(rule.loop_least_active_fields, 1):
        return []
    counts = min(1.0, (seen.shape[1] / USUAL_FIELDS) ** 0.5)
    times_ms, least_ms = motion.times_ms, rule.loop_least_repeated_s * 1000
    found = (one for one in _repeats(times_ms, seen, rule.loop_least_lag_s * 1000, rule.loop_evidence / counts) if one.length_ms >= least_ms)
    bounded = [_bounded(one, times_ms, seen) for one in _clearest(found)]
    repeats = [replace(one, evidence=one.evidence * counts) for one in bounded if one.length_ms >= least_ms]
    step_ms = int(np.median(np.diff(times_ms)))
    return [_told(group, step_ms, rule) for group in _joined(repeats, step_ms)]


def _changing(motion: Motion) -> Distances:
    """(n, fields that change): how far each lies from where it usually is, as a multiple of how far it usually goes from one look to the next.

    The light of the whole picture is taken away as a share, as `motion.residual` does.
    """
    if len(motion.times_ms) < 3:
        return np.zeros((len(motion.times_ms), 0), np.float32)
    inner = motion.fields[:, CLOCK_ROWS : GRID_ROWS - CLOCK_ROWS].reshape(len(motion.times_ms), -1)
    usual = np.median(inner, axis=0)
    strayed = inner - usual
    strayed -= np.median(strayed / np.maximum(usual, DARKEST), axis=1, keepdims=True) * usual
    between = 1.48 * np.median(np.abs(np.diff(strayed, axis=0)), axis=0) / np.sqrt(2)
    scaled = np.clip(strayed / np.maximum(between, LEAST_GREY), -LIMIT, LIMIT).astype(np.float32)
    return np.ascontiguousarray(scaled[:, scaled.std(axis=0) > ALIVE])


def _usual_step(times_ms: NDArray[np.int64], seen: Distances) -> float:
    """How far a look usually lies from the one before it."""
    near = np.diff(times_ms) <= LONGEST_BRIDGE_MS
    return max(float(np.median((np.diff(seen, axis=0)[near] ** 2).mean(axis=1))), LEAST_GREY) if near.any() else LEAST_GREY


def _repeats(times_ms: NDArray[np.int64], seen: Distances, least_lag_ms: int, least: float) -> Iterator[_Repeat]:
    """For every distance the stretches over which the most comes together, where it is `least` or more. In no order.

    One pass over the looks; of every distance it is known what has come together, since when, and where it was the most.
    """
    far = FAR * _usual_step(times_ms, seen)
    nearest, reach = (ms // LAG_STEP_MS for ms in AROUND_MS)
    beside = [n for n in range(-reach, reach + 1) if abs(n) >= nearest]
    first = max(least_lag_ms // LAG_STEP_MS, nearest + reach)
    lags_ms = np.arange(int(times_ms[-1] - times_ms[0]) // LAG_STEP_MS + 1) * LAG_STEP_MS
    middles = (times_ms[1:] + times_ms[:-1]) / 2
    squares = (seen**2).sum(axis=1)
    together, most = np.zeros(len(lags_ms)), np.zeros(len(lags_ms))
    begun, peak = np.zeros(len(lags_ms), np.int64), np.zeros(len(lags_ms), np.int64)
    beyond = np.full(reach, np.inf, np.float32)
    for now, now_ms in enumerate(times_ms.tolist()):
        stop = (now_ms - int(times_ms[0])) // LAG_STEP_MS + 1
        if stop <= first:
            continue
        asked_ms = now_ms - lags_ms[:stop]
        which = np.minimum(np.searchsorted(middles, asked_ms), now)
        apart = np.maximum(squares[now] + squares[: now + 1] - 2 * seen[: now + 1] @ seen[now], 0) / seen.shape[1] + FLOOR
        padded = np.concatenate([beyond, apart[which], beyond])
        padded[: reach + nearest] = np.inf  # the present is no neighbour
        around = np.minimum.reduce([padded[reach + first + n : reach + stop + n] for n in beside])
        held = apart[which[first:]]
        said = np.clip(np.log(np.where(np.isfinite(around), around, held) / held), -MOST_SAID, MOST_SAID)
        said -= FAR_COUNTS * np.clip(np.log(held / far), 0, MOST_FAR)
        said[np.abs(times_ms[which[first:]] - asked_ms[first:]) > UNKNOWN_MS] = NOTHING_SEEN
        # the slices are views: what is written into them stays
        sums, highest, since, at = (one[first:stop] for one in (together, most, begun, peak))
        since[(sums <= 0) & (said > 0)] = now
        sums += said
        over = sums <= 0
        for n in np.flatnonzero(over & (highest >= least)).tolist():
            yield _Repeat(int(times_ms[since[n]]), int(times_ms[at[n]]), int(lags_ms[first + n]), float(highest[n]))
        sums[over], highest[over] = 0, 0
        higher = sums > highest
        highest[higher], at[higher] = sums[higher], now
    for n in np.flatnonzero(most >= least).tolist():
        yield _Repeat(int(times_ms[begun[n]]), int(times_ms[peak[n]]), int(lags_ms[n]), float(most[n]))


def _clearest(repeats: Iterable[_Repeat]) -> list[_Repeat]:
    """Of those at neighbouring distances over the same looks the one that says most: the others are its shadow."""
    kept: list[_Repeat] = []
    for one in sorted(repeats, key=lambda r: -r.evidence):
        if not any(abs(one.lag_ms - k.lag_ms) <= AROUND_MS[0] and one.begin_ms <= k.end_ms and k.begin_ms <= one.end_ms for k in kept):
            kept.append(one)
    return kept


def _bounded(one: _Repeat, times_ms: NDArray[np.int64], seen: Distances) -> _Repeat:
    """The same with the ends where looks begin and cease to lie as near as they do in its middle.

    Where little happens, those before and behind speak for it, too; where somebody walks past between two looks, those of its own do not.
    """
    first, stop = np.searchsorted(times_ms, (max(one.begin_ms - ENDS_MS, int(times_ms[0]) + one.lag_ms), one.end_ms + ENDS_MS + 1)).tolist()
    before = np.searchsorted((times_ms[1:] + times_ms[:-1]) / 2, times_ms[first:stop] - one.lag_ms)
    held = np.log(((seen[first:stop] - seen[before]) ** 2).mean(axis=1) + FLOOR)
    inside = (times_ms[first:stop] >= one.begin_ms) & (times_ms[first:stop] <= one.end_ms)
    within = np.concatenate([[0.0], np.cumsum(np.clip(np.median(held[inside]) + WITHIN - held, -MOST_FAR, MOST_FAR))])
    last = int(np.argmax(within - np.minimum.accumulate(within)))
    begin = int(np.argmin(within[: last + 1]))
    return replace(one, begin_ms=int(times_ms[first + begin]), end_ms=int(times_ms[first + max(last - 1, begin)]))


def _joined(repeats: Iterable[_Repeat], step_ms: int) -> list[list[_Repeat]]:
    """Those that touch, together: what is played three times is seen again at one and at two distances."""
    groups: list[list[_Repeat]] = []
    end_ms = -1
    for one in sorted(repeats, key=lambda r: (r.begin_ms, r.lag_ms)):
        if groups and one.begin_ms <= end_ms + step_ms:
            groups[-1].append(one)
        else:
            groups.append([one])
            end_ms = one.end_ms
        end_ms = max(end_ms, one.end_ms)
    return groups


def _told(group: Sequence[_Repeat], step_ms: int, rule: LoopRule) -> Found:
    """One lead. Its figure is the clearest one's; where its beginning was shown before, the one that begins there knows."""
    earliest, clearest = min(group, key=lambda one: one.begin_ms), max(group, key=lambda one: one.evidence)
    begin_ms, end_ms = earliest.begin_ms, max(one.end_ms for one in group) + step_ms
    figure, limit = round(clearest.evidence, 1), float(rule.loop_evidence)
    middle_ms = (clearest.begin_ms + clearest.end_ms) // 2
    degree = strength(figure, limit, STRONGEST)
    return Found(Code.LOOP, begin_ms, end_ms, figure, limit, degree, middle_ms, shown_before_ms=max(begin_ms - earliest.lag_ms, 0))
