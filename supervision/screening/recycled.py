"""The same footage again: two recordings whose movement agrees along one line of time. F-06, F-13; R60, R72. Pure.

Windows of a minute of one recording are laid over every place of the other. People who walk the same way on two days make a window agree
now and then, at places that have nothing to do with each other; a copy agrees in window after window on ONE line, `source second =
offset + slope * copy second`, with a slope near 1. So a single window never counts: only windows on the line, enough of them, with
enough movement in them. An empty room cannot be decided this way (only the hash of its packets can).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from supervision.screening.looks import runs
from supervision.screening.motion import STEP_MS, Motion, Residual, mirrored, registered, residual

WINDOW: Final = 30  # steps of two seconds
HOP: Final = 15
PEAKS: Final = 3  # places kept of each window
SLOPES: Final = tuple(1 + n / 200 for n in range(-6, 7))  # 0.97 … 1.03
LINE_WIDTH: Final = 2.5  # steps to either side
WEAK: Final = 0.25  # a place that agrees less does not help to find a line
SURE: Final = 0.9
QUIET_NORM: Final = 0.05  # windows with less than this share of the usual energy are normalised as if they had it


@dataclass(frozen=True, slots=True)
class RecycledRule:
    """When two recordings are told of (`recycled.yaml`)."""

    recycled_window_permille: int  # a window counts as the same when it agrees at least so much
    recycled_least_windows: int  # so many minutes of the same line …
    recycled_median_permille: int  # … which agree so much at the median
    recycled_least_active_fields: int  # a window with fewer moving fields decides nothing


@dataclass(frozen=True, slots=True)
class Line:
    """Millisecond t of the copy shows millisecond `offset_ms + slope * t` of the source."""

    offset_ms: int
    slope: float

    def source_ms(self, copy_ms: float) -> int:
        return round(self.offset_ms + self.slope * copy_ms)


@dataclass(frozen=True, slots=True)
class Match:
    """The best line between two recordings. `spans`: copy time of the minutes that agree. A match is an observation; `RecycledRule` says
    whether it is told.
    """

    line: Line
    mirrored: bool
    windows: int  # independent minutes that agree
    decidable: int  # independent minutes on the line with enough movement
    median: float  # agreement of those that agree
    spans: tuple[tuple[int, int], ...]

    @property
    def matched_ms(self) -> int:
        return sum(end - begin for begin, end in self.spans)


def is_recycled(match: Match, rule: RecycledRule) -> bool:
    return match.windows >= rule.recycled_least_windows and match.median * 1000 >= rule.recycled_median_permille


def compare(copy: Motion, source: Motion, rule: RecycledRule, *, mirror: bool | None = None) -> Match | None:
    """The line on which most windows agree, looked for as it is and mirrored (or only as `mirror` says). None: no window agrees anywhere."""
    best: Match | None = None
    there = residual(source)
    for flipped in (False, True) if mirror is None else (mirror,):
        turned = mirrored(copy) if flipped else copy
        best = _better(best, _on_the_best_line(turned, source, there, rule, flipped))
        if best is not None and best.median > SURE and best.windows >= rule.recycled_least_windows:
            break  # laid as it is it fits: nothing was cropped
        moved, _ = registered(turned, source.room)
        if moved is not turned:
            best = _better(best, _on_the_best_line(moved, source, there, rule, flipped))
    return best


def _better(best: Match | None, other: Match | None) -> Match | None:
    if best is None or other is None:
        return other if best is None else best
    return other if (other.windows, other.median) > (best.windows, best.median) else best


def _on_the_best_line(copy: Motion, source: Motion, there: Residual, rule: RecycledRule, flipped: bool) -> Match | None:
    here = residual(copy)
    line = find_line(here, there, rule.recycled_least_windows)
    return None if line is None else along(here, source, line, rule, flipped)


def find_line(here: Residual, there: Residual, least_windows: int = 1) -> tuple[float, float] | None:
    """(offset in steps, slope) of the line with the most agreement. None: nowhere do as many windows agree as would be told of."""
    if len(here) < WINDOW or len(there) < WINDOW:
        return None
    starts, lags, agreed = places(here, there)
    strong = agreed > WEAK
    if not strong.any():
        return None
    starts, lags, agreed = starts[strong], lags[strong], agreed[strong]
    best, chosen = 0.0, None
    for slope in SLOPES:
        offsets = lags - (slope - 1) * (starts + WINDOW / 2)
        order = np.argsort(offsets)
        offsets, windows, weights = offsets[order], starts[order], agreed[order] - WEAK / 2
        ends = np.searchsorted(offsets, offsets + LINE_WIDTH, "right")
        sums = np.concatenate([[0.0], np.cumsum(weights)])
        for i in np.argsort(sums[ends] - sums[:-1])[::-1][:4]:
            inside = slice(int(i), int(ends[i]))
            each: dict[int, float] = {}
            for window, weight in zip(windows[inside], weights[inside], strict=True):
                each[int(window)] = max(each.get(int(window), 0.0), float(weight))
            total = sum(each.values()) * (1 - 0.5 * abs(slope - 1))  # of equal lines the one that changes the speed least
            if total > best and len(each) >= least_windows:  # windows overlap by half: on a true line there are twice as many
                best, chosen = total, (float(np.average(offsets[inside], weights=weights[inside])), slope)
    return chosen


def places(here: Residual, there: Residual) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """For each window of `here` the few places of `there` that agree best: window start, lag (place - start), agreement."""
    m, n = len(here), len(there)
    products = here @ there.T
    # a sheared view: column l of row i is the product with place i + l - (m - 1), so that sums down a column are sums along one lag
    wide = np.zeros((m, n + 2 * m), np.float32)
    wide[:, m : m + n] = products
    by_lag = np.lib.stride_tricks.as_strided(wide[:, 1:], (m, n + m - 1), (wide.strides[0] + wide.strides[1], wide.strides[1]))
    sums = np.vstack([np.zeros((1, n + m - 1), np.float32), np.cumsum(by_lag, axis=0, dtype=np.float32)])
    own = np.concatenate([[0.0], np.cumsum((here**2).sum(1))])
    other = np.concatenate([[0.0], np.cumsum((there**2).sum(1))])
    usual = float(np.median(other[WINDOW:] - other[:-WINDOW]))
    found: list[tuple[float, float, float]] = []
    for start in range(0, m - WINDOW + 1, HOP):
        energy = own[start + WINDOW] - own[start]
        if energy < 1e-6:
            continue
        # lag index l stands for lag l - (m - 1); the window must lie inside `there`
        first, last = m - 1 - start, m - 1 - start + n - WINDOW
        sum_here = sums[start + WINDOW, first : last + 1] - sums[start, first : last + 1]
        theirs = other[WINDOW:] - other[:-WINDOW]
        score = sum_here / np.sqrt(energy * np.maximum(theirs, QUIET_NORM * usual + 1e-6))
        for _ in range(PEAKS):
            at = int(score.argmax())
            if score[at] <= 0:
                break
            found.append((start, at - start, float(score[at])))
            score[max(at - 3, 0) : at + 4] = -1
    columns = np.array(found, np.float64).reshape(-1, 3)
    return columns[:, 0], columns[:, 1], columns[:, 2]


def along(here: Residual, source: Motion, line: tuple[float, float], rule: RecycledRule, flipped: bool) -> Match | None:
    """Lay the source under the copy along the line, move it a little until it fits best, and count the minutes that agree."""
    best, fitted, laid = -1.0, line, here
    offset, slope = line
    for spread, turn in ((1.0, 0.004), (0.5, 0.002), (0.25, 0.001)):
        centre = (offset, slope)
        for turned in (-turn, 0.0, turn):
            for shift in (-2 * spread, -spread, 0.0, spread, 2 * spread):
                trial_slope = centre[1] + turned
                # the line is turned around the middle of the copy
                trial_offset = centre[0] + shift - turned * len(here) / 2
                there = residual(source, begin_ms=round(trial_offset * STEP_MS), slope=trial_slope, steps=len(here))
                score = _agreement(here, there)
                if score > best:
                    best, fitted, laid = score, (trial_offset, trial_slope), there
        offset, slope = fitted
    return _count(here, laid, fitted, rule, flipped)


def _agreement(a: Residual, b: Residual) -> float:
    both = (b != 0).any(1) & (a != 0).any(1)
    if both.sum() < WINDOW:
        return -1.0
    return float((a[both] * b[both]).sum() / np.sqrt((a[both] ** 2).sum() * (b[both] ** 2).sum() + 1e-9)) * float(np.sqrt(both.sum()))


def window_scores(here: Residual, there: Residual, rule: RecycledRule) -> tuple[list[int], NDArray[np.float64], NDArray[np.bool_]]:
    """Windows at every hop: start, agreement, and whether enough moves in it to decide."""
    starts = list(range(0, len(here) - WINDOW + 1, HOP))
    scores, decides = np.zeros(len(starts)), np.zeros(len(starts), bool)
    for i, start in enumerate(starts):
        a, b = here[start : start + WINDOW], there[start : start + WINDOW]
        own, other = float((a**2).sum()), float((b**2).sum())
        scores[i] = float((a * b).sum()) / np.sqrt(max(own * other, 1e-9)) if own and other else 0.0
        moving = ((np.abs(a) > 1).sum(0) >= 2).sum()
        decides[i] = moving >= rule.recycled_least_active_fields and (b != 0).any(1).sum() >= WINDOW * 0.8
    return starts, scores, decides


def _count(here: Residual, there: Residual, line: tuple[float, float], rule: RecycledRule, flipped: bool) -> Match | None:
    starts, scores, decides = window_scores(here, there, rule)
    same = decides & (scores * 1000 >= rule.recycled_window_permille)
    if not same.any():
        return None
    spans = _spans(starts, same)
    # windows overlap by half: minutes that share no second are what counts
    windows = sum((end - begin) // (WINDOW * STEP_MS) for begin, end in spans)
    decidable = sum((end - begin) // (WINDOW * STEP_MS) for begin, end in _spans(starts, decides))
    offset, slope = line
    fitted = Line(round(offset * STEP_MS), round(slope, 4))
    return Match(fitted, flipped, int(windows), int(decidable), float(np.median(scores[same])), spans)


def _spans(starts: Sequence[int], held: NDArray[np.bool_]) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for first, last in runs(held.tolist()):
        begin, end = starts[first] * STEP_MS, (starts[last - 1] + WINDOW) * STEP_MS
        if found and begin <= found[-1][1]:
            begin = found.pop()[0]
        found.append((begin, end))
    return tuple(found)
