"""Which minutes are shown: drawn inside the proven coverage, so that nobody chose them. R55; domain.md 2.3.2. Pure.

Wall-clock milliseconds since the epoch, half-open. ticket = SHA-256(seed ‖ 0x01 ‖ UTF-8 natural id), read as a big-endian number.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

_STEP_MS: Final = 1000  # a clip starts on a whole second after the start of its stretch


@dataclass(frozen=True, slots=True, order=True)
class Stretch:
    """`[start_ms, end_ms)` on the wall."""

    start_ms: int
    end_ms: int

    @property
    def length_ms(self) -> int:
        return self.end_ms - self.start_ms


@dataclass(frozen=True, slots=True)
class Footage:
    """A stretch of a lesson that one recording of one camera proves; `media_start_ms` is where it begins in the file."""

    slot_id: UUID
    camera_id: UUID
    recording_id: UUID
    stretch: Stretch
    media_start_ms: int


@dataclass(frozen=True, slots=True)
class Shown:
    """What one item of the review shows."""

    footage: Footage
    stretch: Stretch
    media_start_ms: int
    media_end_ms: int


def merge(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Sorted, disjoint, non-touching, covering the same instants."""
    merged: list[Stretch] = []
    for stretch in sorted(stretches):
        if merged and stretch.start_ms <= merged[-1].end_ms:
            merged[-1] = Stretch(merged[-1].start_ms, max(merged[-1].end_ms, stretch.end_ms))
        else:
            merged.append(stretch)
    return merged


def overlap(left: Sequence[Stretch], right: Sequence[Stretch]) -> list[Stretch]:
    """The instants that both hold."""
    both = [Stretch(max(a.start_ms, b.start_ms), min(a.end_ms, b.end_ms)) for a in merge(left) for b in merge(right)]
    return [s for s in both if s.length_ms > 0]


def total_ms(stretches: Iterable[Stretch]) -> int:
    """Each instant once."""
    return sum(s.length_ms for s in merge(stretches))


def stretch_ticket(seed: bytes, natural_id: str) -> int:
    """A number below 2^256."""
    return int.from_bytes(hashlib.sha256(seed + b"\x01" + natural_id.encode()).digest(), "big")


def draw_stretch(proven: Sequence[Stretch], *, clip_s: int, seed: bytes, natural_id: str) -> list[Stretch]:
    """The stretches to be shown of a lesson.

    `clip_s` 0: all of `proven`. Else one stretch of `clip_s` seconds: every place where it fits whole, second by second in order of time,
    is equally likely (ticket modulo number of places). If it fits nowhere, the longest stretch, the earliest of equals.
    """
    pieces = merge(proven)
    if clip_s == 0 or not pieces:
        return pieces
    clip_ms = clip_s * 1000
    places = [max(0, (piece.length_ms - clip_ms) // _STEP_MS + 1) for piece in pieces]
    if not sum(places):
        return [max(pieces, key=lambda piece: (piece.length_ms, -piece.start_ms))]
    number = stretch_ticket(seed, natural_id) % sum(places)
    for piece, count in zip(pieces, places, strict=True):
        if number < count:
            start_ms = piece.start_ms + number * _STEP_MS
            return [Stretch(start_ms, start_ms + clip_ms)]
        number -= count
    raise AssertionError(number)  # the number is below the sum of the counts


def items(footage: Iterable[Footage], drawn: Sequence[Stretch]) -> list[Shown]:
    """What to play of each recording, camera by camera. Where two files of a camera hold the same instant, the earlier one shows it."""
    shown: list[Shown] = []
    reached: dict[UUID, int] = {}
    for piece in sorted(footage, key=lambda f: (f.camera_id, f.stretch, f.recording_id)):
        start_ms = max(piece.stretch.start_ms, reached.get(piece.camera_id, piece.stretch.start_ms))
        if start_ms >= piece.stretch.end_ms:
            continue
        reached[piece.camera_id] = piece.stretch.end_ms
        for part in overlap([Stretch(start_ms, piece.stretch.end_ms)], drawn):
            offset_ms = piece.media_start_ms - piece.stretch.start_ms
            shown.append(Shown(piece, part, part.start_ms + offset_ms, part.end_ms + offset_ms))
    return shown
