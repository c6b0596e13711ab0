"""The same footage again: two recordings whose movement agrees along one line of time. F-06, F-13; R60, R72. Pure.

Windows of a minute of one recording are laid over every place of the other. People who walk the same way on two days make a window agree
now and then, at places that have nothing to do with each other; a copy agrees in window after window on ONE line, `source second =
offset + slope * copy second`, with a slope near 1. So a single window never counts: only windows on the line, enough of them, with
enough movement in them. Lessons with the same course of the day (the same walks and slides at the same minutes) do agree on a line, now and then for
minutes, but only where that shows in the picture; so the fields are asked one by one as well. An empty room cannot be decided this way (only
the hash of its packets can).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from supervision.screening.looks import runs
from supervision.screening.motion import STEP_MS, Motion, Residual, fields_agree, mirrored, registered, residual

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
    recycled_fields_permille: int  # and the field in the middle of all that move agrees by itself so much


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
    fields: float  # in them: how much the field in the middle of all that move agrees by itself
    spans: tuple[tuple[int, int], ...]

    @property
    def matched_ms(self) -> int:
        return sum(end - begin for begin, end in self.spans)


def is_recycled(match: Match, rule: RecycledRule) -> bool:
    """Enough minutes on one line, alike enough, and alike all over the picture: common habits are alike in places."""
    return (
        match.windows >= rule.recycled_least_windows
        and match.median * 1000 >= rule.recycled_median_permille
        and match.fields * 1000 >= rule.recycled_fields_permille
    )


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
    return None if line is None else along(here, there, source, line, rule, flipped)


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
    windows, width = (len(here) - WINDOW) // HOP + 1, here.shape[1]
    last = len(there) - WINDOW + 1
    # row b: steps [15 b, 15 b + 15) of `here` laid over every place of `there`; a window is two of them
    pieces = np.lib.stride_tricks.as_strided(there, (len(there) - HOP + 1, HOP * width), (there.strides[0], there.strides[1]))
    halves = here[: (windows + 1) * HOP].reshape(windows + 1, HOP * width) @ np.ascontiguousarray(pieces).T
    own = (here[: (windows + 1) * HOP] ** 2).reshape(windows + 1, -1).sum(1)
    summed = np.concatenate([[0.0], np.cumsum((there**2).sum(1))])
    other = summed[WINDOW:] - summed[:-WINDOW]
    theirs = np.sqrt(np.maximum(other, QUIET_NORM * float(np.median(other)) + 1e-6)).astype(np.float32)
    found: list[tuple[float, float, float]] = []
    for n in range(windows):
        energy = float(own[n] + own[n + 1])
        if energy < 1e-6:
            continue
        score = (halves[n, :last] + halves[n + 1, HOP:]) / (theirs * np.float32(np.sqrt(energy)))
        for _ in range(PEAKS):
            at = int(score.argmax())
            if score[at] <= 0:
                break
            found.append((n * HOP, at - n * HOP, float(score[at])))
            score[max(at - 3, 0) : at + 4] = -1
    columns = np.array(found, np.float64).reshape(-1, 3)
    return columns[:, 0], columns[:, 1], columns[:, 2]


def along(here: Residual, there: Residual, source: Motion, line: tuple[float, float], rule: RecycledRule, flipped: bool) -> Match | None:
    """Lay the source under the copy along the line, move it a little until it fits best, and count the minutes that agree.

    While it is moved, the source's movement is taken between its own steps; counted is what its looks show along the line that was found.
    """
    best, fitted = -1.0, line
    offset, slope = line
    for spread, turn in ((1.0, 0.004), (0.5, 0.002), (0.25, 0.001)):
        centre = (offset, slope)
        for turned in (-turn, 0.0, turn):
            for shift in (-2 * spread, -spread, 0.0, spread, 2 * spread):
                trial_slope = centre[1] + turned
                # the line is turned around the middle of the copy
                trial_offset = centre[0] + shift - turned * len(here) / 2
                score = _agreement(here, _between(there, trial_offset, trial_slope, len(here)))
                if score > best:
                    best, fitted = score, (trial_offset, trial_slope)
        offset, slope = fitted
    laid = residual(source, begin_ms=round(fitted[0] * STEP_MS), slope=fitted[1], steps=len(here))
    return _count(here, laid, fitted, rule, flipped)


def _between(series: Residual, offset: float, slope: float, steps: int) -> Residual:
    """Row k lies at step `offset + slope * k` of `series`; nothing is known beyond its ends."""
    at = offset + slope * np.arange(steps)
    low = np.floor(at).astype(int).clip(0, len(series) - 2)
    share = (at - low).astype(np.float32)[:, None]
    rows: Residual = series[low]
    rows += (series[low + 1] - rows) * share
    rows[(at < -1) | (at > len(series))] = 0
    return rows


def _agreement(a: Residual, b: Residual) -> float:
    own, other = np.einsum("ij,ij->i", a, a), np.einsum("ij,ij->i", b, b)
    both = (own > 0) & (other > 0)
    if both.sum() < WINDOW:
        return -1.0
    product = float(np.einsum("ij,ij->i", a, b)[both].sum())
    return product / float(np.sqrt(own[both].sum() * other[both].sum() + 1e-9)) * float(np.sqrt(both.sum()))


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
    inside = np.zeros(len(here), bool)
    for begin, end in spans:
        inside[begin // STEP_MS : end // STEP_MS] = True
    agreed = fields_agree(here[inside], there[inside], rule.recycled_least_active_fields)
    offset, slope = line
    fitted = Line(round(offset * STEP_MS), round(slope, 4))
    return Match(fitted, flipped, int(windows), int(decidable), float(np.median(scores[same])), agreed, spans)


def _spans(starts: Sequence[int], held: NDArray[np.bool_]) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for first, last in runs(held.tolist()):
        begin, end = starts[first] * STEP_MS, (starts[last - 1] + WINDOW) * STEP_MS
        if found and begin <= found[-1][1]:
            begin = found.pop()[0]
        found.append((begin, end))
    return tuple(found)
