"""Where the cheap pass asks for a closer look: every key frame around what looked wrong in it. Pure. R60.

A defect of twenty seconds shows in one or two of the looks of the cheap pass. Whether it lasts, and from when to when, the key frames around it say;
a single odd look (somebody before the lens, a lamp going on) is cleared up the same way.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from storage.media.looks import ALL_KEYS, Density
from supervision.screening.glances import Glances
from supervision.screening.looks import runs
from supervision.screening.packet_glances import PacketGlances
from supervision.screening.rules import ScreeningRule
from supervision.screening.signals import black, covered, defocused, frozen, view_changed

LONG_STEPS: Final = 6  # of a longer run only the two ends are looked at
MOST_SHARE: Final = 0.25  # of a long recording; one that is odd all over needs no closer look
ALWAYS_MS: Final = 300_000
CLOSE_MS: Final = 500  # between the looks of a film in which every picture, or nearly every one, is a key frame
# glances of every key frame shown in [from_ms, to_ms), in parts, and when those without a picture should have been shown
LookAt = Callable[[int, int], tuple[Sequence[Glances], Sequence[int]]]


def spans(glances: Glances, duration_ms: int, rule: ScreeningRule, packets: PacketGlances | None = None) -> list[tuple[int, int]]:
    """Stretches `[from_ms, to_ms)` of media time, in order, none touching another."""
    joined: list[tuple[int, int]] = []
    for from_ms, to_ms in sorted((_look_before(glances, a), min(b, duration_ms)) for a, b in _asked(glances, rule, packets)):
        if joined and from_ms <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(to_ms, joined[-1][1])
        else:
            joined.append((from_ms, to_ms))
    kept, left_ms = [], max(int(duration_ms * MOST_SHARE), ALWAYS_MS)
    for from_ms, to_ms in joined:
        if to_ms - from_ms <= left_ms and to_ms > from_ms:
            kept.append((from_ms, to_ms))
            left_ms -= to_ms - from_ms
    return kept


def _asked(glances: Glances, rule: ScreeningRule, packets: PacketGlances | None) -> Iterator[tuple[int, int]]:
    """Where looks or packets ask for it; of what lasts long only around the two ends."""
    step_ms = rule.screening_step_s * 1000
    for signal in (black, covered, defocused, frozen, view_changed):
        for first, stop in runs(signal.held(glances, rule).tolist()):
            from_ms, to_ms = int(glances.media_ms[first]), int(glances.media_ms[stop - 1])
            if signal is frozen:
                from_ms = int(glances.media_ms[max(first - 1, 0)])
            # a view is compared now and then: what the looks beside the run show of it is not known
            around_ms = step_ms + (rule.screening_view_every_s * 1000 if signal is view_changed else 0)
            yield from _long_or_short(from_ms, to_ms, step_ms, around_ms)
    for from_ms, to_ms in packets.shrunken if packets is not None else ():
        yield from _long_or_short(from_ms, to_ms, step_ms, step_ms)


def _long_or_short(from_ms: int, to_ms: int, step_ms: int, around_ms: int) -> Iterator[tuple[int, int]]:
    if to_ms - from_ms <= LONG_STEPS * step_ms:
        yield from_ms - around_ms, to_ms + around_ms
    else:
        yield from_ms - around_ms, from_ms + step_ms
        yield to_ms - step_ms, to_ms + around_ms


def _look_before(glances: Glances, at_ms: int) -> int:
    """A stretch begins at a look of the cheap pass, which has compared it with the one before: else a still would end there."""
    at = int(np.searchsorted(glances.media_ms, at_ms, side="right")) - 1
    return max(int(glances.media_ms[at]), 0) if at >= 0 else max(at_ms, 0)


def density(key_ms: NDArray[np.int64], from_ms: int, to_ms: int) -> Density:
    """Every key frame of a stretch; where they lie closer than looks need to, two a second: more show no more, at the cost of a full decode."""
    count = int(np.searchsorted(key_ms, to_ms) - np.searchsorted(key_ms, from_ms))
    return ALL_KEYS if count * CLOSE_MS <= 2 * max(to_ms - from_ms, 1) else Density(CLOSE_MS)


def looked(
    cheap: Glances, missing_ms: Sequence[int], packets: PacketGlances | None, duration_ms: int, rule: ScreeningRule, look: LookAt
) -> tuple[Glances, list[int]]:
    """(all glances, every key frame without a picture) of a recording: the cheap pass, and every key frame where it asks for them.

    The worker's pass and the one over kept looks differ in `look` alone.
    """
    parts, missing = list[Glances](), list(missing_ms)
    for from_ms, to_ms in spans(cheap, duration_ms, rule, packets):
        near, without = look(from_ms, to_ms)
        parts += near
        missing += without
    return merged(cheap, parts), missing


def merged(glances: Glances, closer: Sequence[Glances]) -> Glances:
    """The closer looks in place of the cheap ones of their stretch."""
    parts = [part for part in closer if len(part)]
    if not parts:
        return glances
    outside = np.ones(len(glances), bool)
    for part in parts:
        outside &= (glances.media_ms < part.media_ms[0]) | (glances.media_ms > part.media_ms[-1])
    whole = Glances.joined([glances.where(outside), *(_begun(part, glances) for part in parts)])
    return whole.where(np.argsort(whole.media_ms, kind="stable"))


def _begun(part: Glances, cheap: Glances) -> Glances:
    """The first look of a stretch has none before it in the closer pass; where the cheap pass took it too, it has compared it with the one before."""
    at = int(np.searchsorted(cheap.media_ms, part.media_ms[0]))
    if at == len(cheap) or cheap.media_ms[at] != part.media_ms[0] or not np.isnan(part.still[0]):
        return part
    begun = part.where(np.arange(len(part)))
    begun.still[0], begun.moved[0] = cheap.still[at], cheap.moved[at]
    return begun
