"""Single pictures out of a stored recording: poster, timeline, contact sheet, and the exact frame for a case file.

One range read per key frame, or from the key frame to the wanted one; decoded in the sandbox.
"""

import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np

from storage.media import mp4, sandbox
from storage.media.errors import Reason, UnreadableMedia
from storage.media.facts import Limits
from storage.media.index import MarkIndex, SampleIndex, turns_of
from storage.media.marked import MOST_WHOLE_BYTES, blocks_from, read_from
from storage.media.mp4 import Piece
from storage.media.select import key_before, key_frame_bytes, mark_before, marked_span
from storage.media.source import ByteSource

MOST_STILLS: Final = 240
STILL_BYTES: Final = 2_000_000
BLUR_MEMORY_BYTES: Final = 3_000_000_000  # address space, most of it reserved by the network's library
JPEG: Final = b"\xff\xd8"
MARK_SLACK_MS: Final = 1000  # marks lie up to 200 ms apart, and pictures are decoded before they are shown


@dataclass(frozen=True, slots=True)
class Still:
    """`at_ms` is the media time of the picture that was really decoded. `veiled`: the same with its faces unrecognisable, where that was asked."""

    at_ms: int
    jpeg: bytes
    veiled: bytes = b""


def keyframe_at(source: ByteSource, index: SampleIndex | MarkIndex, at_ms: int, *, width_px: int = 640) -> bytes:
    """The key frame shown at or before `at_ms` as JPEG, at most `width_px` wide. Raises: UnreadableMedia, NothingToCut, SandboxFailed."""
    return stills(source, index, [at_ms], width_px=width_px)[0].jpeg


def stills(
    source: ByteSource, index: SampleIndex | MarkIndex, ats_ms: Sequence[int], *, width_px: int = 320, limits: Limits | None = None
) -> list[Still]:
    """One still per asked time, in order; times that share a key frame share the picture. At most MOST_STILLS.

    Raises: UnreadableMedia(decode-failed) when a key frame yields no picture.
    """
    if not 0 < len(ats_ms) <= MOST_STILLS:
        raise ValueError(f"1 to {MOST_STILLS} stills at a time, not {len(ats_ms)}")
    limits = limits or Limits()
    if isinstance(index, SampleIndex):
        return _of_samples(source, index, ats_ms, width_px, limits)
    known: dict[int, Still] = {}
    found = []
    for at_ms in ats_ms:
        mark = mark_before(index, at_ms * 1000)
        if mark not in known:
            data = index.head + read_from(source, index, mark, key_frame_bytes(index, mark)[1])
            known[mark] = Still(int(index.shown_us[mark]) // 1000, _decode([data], index.demuxer, 1, width_px, limits, turns_of(index))[0])
        found.append(known[mark])
    return found


def frame_at(
    source: ByteSource, index: SampleIndex | MarkIndex, at_ms: int, *, width_px: int = 1920, limits: Limits | None = None, blurred: bool = False
) -> Still:
    """The very picture that a player shows at `at_ms`: the last one that is not later. `at_ms` of the answer is when it is really shown.

    Only the bytes from the key frame before it are read, and where these are more than MOST_WHOLE_BYTES none. `blurred`: a veiled copy comes with it.

    Raises: UnreadableMedia, NothingToCut, SandboxFailed.
    """
    limits = limits or (Limits(memory_bytes=BLUR_MEMORY_BYTES) if blurred else Limits())
    if isinstance(index, SampleIndex):
        video = index.video
        tick = index.zero + at_ms * video.timescale // 1000
        key = key_before(video, tick)
        # pictures are decoded in another order than shown: whatever is decoded up to the wanted one is needed, nothing after it
        behind = np.flatnonzero(video.shown[key:] <= tick)
        wanted = key + int(behind[np.argmax(video.shown[key:][behind])]) if len(behind) else key
        samples = np.arange(key, wanted + 1)
        plan = mp4.plan([Piece(video, samples, int(video.shown[key]), video.timescale)])
        size = sum(end - start for start, end in plan.runs)
        data: Iterable[bytes] = chain([plan.head], *(source.blocks(*run) for run in plan.runs))
        key_us, at_us = _us_of(index, int(video.shown[key])), _us_of(index, int(video.shown[wanted]))
        demuxer = "mov"
    else:
        mark, last, key_us = marked_span(index, at_ms, at_ms + MARK_SLACK_MS)
        size = last - int(index.starts[mark])
        data, at_us, demuxer = chain([index.head], blocks_from(source, index, mark, last)), at_ms * 1000, index.demuxer
    if size > MOST_WHOLE_BYTES:
        raise UnreadableMedia(Reason.HOSTILE, limit="bytes", bytes=size)
    jpeg, veiled, shown_us = _decode_one(data, demuxer, at_us - key_us, width_px, limits, turns_of(index), blurred=blurred)
    return Still((key_us + shown_us) // 1000, jpeg, veiled)


def _us_of(index: SampleIndex, tick: int) -> int:
    return (tick - index.zero) * 1_000_000 // index.video.timescale


def _decode_one(
    data: Iterable[bytes], demuxer: str, at_us: int, width_px: int, limits: Limits, turns: int, *, blurred: bool
) -> tuple[bytes, bytes, int]:
    with ExitStack() as files:
        span, *made = (files.enter_context(tempfile.NamedTemporaryFile(suffix=end)) for end in (".span", ".jpeg", ".veiled.jpeg"))
        for part in data:
            span.write(part)
        span.flush()
        arguments = {
            "demuxer": demuxer,
            "at_us": at_us,
            "width_px": width_px,
            "streams": limits.streams,
            "picture_px": limits.picture_px,
            "blur": blurred,
            "turns": turns,
        }
        writes = {name: Path(file.name) for name, file in zip(("still", "veiled"), made, strict=True)}
        answer = sandbox.run(
            "frame", arguments, reads={"media": Path(span.name)}, writes=writes, limits=limits, size_bytes=span.tell(), output_bytes=2 * STILL_BYTES
        )
        (picture, veiled), shown_us = (file.read() for file in made), answer.value.get("at_us")
    if not isinstance(shown_us, int) or picture[:2] != JPEG or (veiled[:2] == JPEG) != blurred:
        raise UnreadableMedia(Reason.HOSTILE, limit="output")
    return picture, veiled, shown_us


def _of_samples(source: ByteSource, index: SampleIndex, ats_ms: Sequence[int], width_px: int, limits: Limits) -> list[Still]:
    video = index.video
    asked = [key_before(video, index.zero + at * video.timescale // 1000) for at in ats_ms]
    samples = np.array(sorted(set(asked)), np.intp)
    plan = mp4.plan([mp4.lone(video, samples)])
    data = [plan.head, *(source.read(*run) for run in plan.runs)]
    pictures = dict(zip(samples.tolist(), _decode(data, "mov", len(samples), width_px, limits, turns_of(index)), strict=True))
    return [Still((int(video.shown[i]) - index.zero) * 1000 // video.timescale, pictures[i]) for i in asked]


def _decode(data: Sequence[bytes], demuxer: str, count: int, width_px: int, limits: Limits, turns: int) -> list[bytes]:
    with tempfile.NamedTemporaryFile(suffix=".keys") as keys, tempfile.NamedTemporaryFile(suffix=".jpegs") as jpegs:
        for part in data:
            keys.write(part)
        keys.flush()
        bounds = {"streams": limits.streams, "picture_px": limits.picture_px}
        arguments = {"demuxer": demuxer, "count": count, "width_px": width_px, "turns": turns, **bounds}
        size = keys.tell()
        reads, writes = {"media": Path(keys.name)}, {"stills": Path(jpegs.name)}
        sandbox.run("stills", arguments, reads=reads, writes=writes, limits=limits, size_bytes=size, output_bytes=STILL_BYTES * count)
        raw, found, at = jpegs.read(), [], 0
    while at + 4 <= len(raw):
        length = int.from_bytes(raw[at : at + 4], "big")
        found.append(raw[at + 4 : at + 4 + length])
        at += 4 + length
    if len(found) != count or any(f[:2] != b"\xff\xd8" for f in found):
        raise UnreadableMedia(Reason.DECODE_FAILED, key_frames=count, decoded=len(found))
    return found
