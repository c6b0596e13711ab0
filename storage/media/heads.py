"""How many faces a few key frames of a stored recording show: looked at in the confined child, which answers numbers only. F-01, F-17; R75.

Faces are not heads: whoever sits with the back to the camera, bends over a desk or sits in the dark is missed, so a count is a lower bound with now
and then a face that is none (docs/design/screening-heads.md says how far it is off).
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from storage.media import sandbox
from storage.media.errors import Reason, UnreadableMedia
from storage.media.facts import Limits
from storage.media.fetching import asked, fetch_keys
from storage.media.index import MarkIndex, SampleIndex, turns_of
from storage.media.looks import key_frames
from storage.media.source import ByteSource, Metered
from storage.media.still import BLUR_MEMORY_BYTES

MOST_INSTANTS: Final = 240  # of one call
PICTURE_S: Final = 5  # of processor time for one picture, decoding and looking


@dataclass(frozen=True, slots=True)
class Counting:
    """How faces are looked for: width of the picture, and what the network must be sure of, in permille."""

    width_px: int
    score_permille: int


@dataclass(frozen=True, slots=True)
class Headcount:
    """Faces in the key frame shown at `media_ms`, the last one at or before `asked_ms`. `tallest_permille` of the picture's height, else 0."""

    asked_ms: int
    media_ms: int
    faces: int
    tallest_permille: int


@dataclass(frozen=True, slots=True)
class Counted:
    """Instants whose key frame gave no picture are not there."""

    heads: tuple[Headcount, ...]
    bytes_read: int
    requests: int
    cpu_ms: int


def count_heads(
    source: ByteSource,
    index: SampleIndex | MarkIndex,
    ats_ms: Sequence[int],
    how: Counting,
    *,
    scratch: Path | None = None,
    limits: Limits | None = None,
    background: bool = True,
) -> Counted:
    """Faces at these media times, in order. Only the bytes of the key frames are read. `background`: it gives way to everything else.

    Raises: UnreadableMedia — no key frame, or the child hit a limit; SandboxFailed; SandboxStopped; StoreUnavailable.
    """
    if not 0 < len(ats_ms) <= MOST_INSTANTS:
        raise ValueError(f"1 to {MOST_INSTANTS} instants at a time, not {len(ats_ms)}")
    limits = limits or Limits(memory_bytes=BLUR_MEMORY_BYTES)
    numbers, shown_ms = key_frames(index)
    if not len(shown_ms):
        raise UnreadableMedia(Reason.DECODE_FAILED, key_frames=0)
    places = [max(int(np.searchsorted(shown_ms, at, "right")) - 1, 0) for at in ats_ms]
    chosen = sorted(set(places))
    metered = Metered(source)
    picked = [int(numbers[place]) for place in chosen]
    with tempfile.NamedTemporaryFile(dir=scratch, suffix=".keys") as media:
        parts = fetch_keys(metered, index, picked, media)
        media.flush()
        answer = sandbox.run(
            "heads",
            asked(index, parts, limits, width_px=how.width_px, score_permille=how.score_permille, turns=turns_of(index)),
            reads={"media": Path(media.name)},
            limits=Limits(base_s=limits.base_s + PICTURE_S * len(chosen), memory_bytes=limits.memory_bytes),
            size_bytes=media.tell(),
            background=background,
        )
    found = _checked(answer.value, len(chosen))
    heads = tuple(
        Headcount(at, int(shown_ms[place]), *found[number])
        for at, place in zip(ats_ms, places, strict=True)
        if (number := chosen.index(place)) in found
    )
    return Counted(heads, metered.bytes_read, metered.requests, answer.cpu_ms)


def _checked(value: dict[str, Any], count: int) -> dict[int, tuple[int, int]]:  # Any: what the confined child says, not trusted
    """By number of the key frame: faces, and the height of the tallest. Raises: UnreadableMedia(hostile)."""
    try:
        found = {int(number): [int(height) for height in heights] for number, heights in value["pictures"]}
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableMedia(Reason.HOSTILE, limit="output") from error
    if any(not 0 <= number < count for number in found):
        raise UnreadableMedia(Reason.HOSTILE, limit="output")
    return {number: (len(heights), min(max(heights, default=0), 1000)) for number, heights in found.items()}
