"""How loud a stored recording is: levels of short pieces of its sound, decoded in the confined child, which answers numbers only. R60, R71.

No sound leaves the child and no word of it is looked at: of each piece its effective level in dB below full scale, a constant offset taken off.
MP4: the bytes between the first and the last packet of a piece, where in a step the piece lies closest together. Other containers: from the mark of
a key frame on for a second.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from storage.media import mp4, sandbox
from storage.media.errors import Reason, UnreadableMedia
from storage.media.facts import Limits
from storage.media.index import MarkIndex, SampleIndex
from storage.media.looks import key_frames
from storage.media.mp4 import Piece
from storage.media.source import ByteSource, Metered
from storage.media.track import Track

PIECE_MS: Final = 400
MARKED_MS: Final = 1_000  # of a container without a table: its packets of sound may be a good part of a second apart
SEARCHED_MS: Final = 2_000  # of a step: in the middle of it no piece lies closer together than here
BATCH: Final = 240
MOST_BINS: Final = 100_000  # of one call
QUIETEST_DB: Final = -120.0  # digital silence
MOST_STRETCH_MS: Final = 300_000
BATCH_BYTES: Final = 200_000_000
Levels = NDArray[np.float32]  # dB of full scale, QUIETEST_DB … 0; NaN: not heard


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """`levels[n]` is of the piece that begins at `media_ms[n]`, in order of time."""

    media_ms: NDArray[np.int64]
    levels: Levels
    bytes_read: int
    requests: int
    cpu_ms: int


def hear(
    source: ByteSource,
    index: SampleIndex | MarkIndex,
    step_ms: int,
    *,
    start_ms: int = 0,
    end_ms: int | None = None,
    scratch: Path | None = None,
    limits: Limits | None = None,
) -> Heard:
    """One short piece of each step. A batch that hits a limit gives no level. Raises: SandboxFailed; SandboxStopped; StoreUnavailable."""
    metered, cpu_ms = Metered(source), 0
    end_ms = index.duration_ms if end_ms is None else min(end_ms, index.duration_ms)
    pieces = _pieces(index, step_ms, start_ms, end_ms)
    times: list[int] = []
    levels: list[float] = []
    for first in range(0, len(pieces), BATCH):
        batch = pieces[first : first + BATCH]
        with tempfile.NamedTemporaryFile(dir=scratch, suffix=".sound") as media:
            try:
                parts = _fetch(metered, index, batch, media)
                media.flush()
                found, spent_ms = _levels(index, parts, Path(media.name), media.tell(), 0, len(batch), limits or Limits())
            except UnreadableMedia:
                continue
        cpu_ms += spent_ms
        times += [at for at, _, _ in batch]
        levels += [row[0] if row else np.nan for row in found]
    return Heard(np.array(times, np.int64), np.array(levels, np.float32), metered.bytes_read, metered.requests, cpu_ms)


def hear_stretch(
    source: ByteSource,
    index: SampleIndex | MarkIndex,
    start_ms: int,
    end_ms: int,
    bin_ms: int,
    *,
    scratch: Path | None = None,
    limits: Limits | None = None,
) -> Heard:
    """Everything of a stretch of at most five minutes, a level for each `bin_ms` of it. Everything of the stretch is read.

    Raises: UnreadableMedia; SandboxFailed; SandboxStopped; StoreUnavailable.
    """
    if not 0 < end_ms - start_ms <= MOST_STRETCH_MS:
        raise ValueError("too long a stretch, or none")
    metered = Metered(source)
    if isinstance(index, SampleIndex):
        track = sound_of(index)
        span = _between(index, track, start_ms, end_ms) if track is not None else range(0)
        if track is None or not len(span):
            raise UnreadableMedia(Reason.DECODE_FAILED, sound=0)
        pieces = [(_media_ms(index, track, span.start), span.start, span.stop)]
    else:
        pieces = _marked(index, [start_ms], end_ms - start_ms)
    with tempfile.NamedTemporaryFile(dir=scratch, suffix=".sound") as media:
        parts = _fetch(metered, index, pieces, media)
        media.flush()
        (row,), cpu_ms = _levels(index, parts, Path(media.name), media.tell(), bin_ms, 1, limits or Limits())
    times = pieces[0][0] + np.arange(len(row), dtype=np.int64) * bin_ms
    inside = (times >= start_ms) & (times < end_ms)
    return Heard(times[inside], np.array(row, np.float32)[inside], metered.bytes_read, metered.requests, cpu_ms)


def sound_of(index: SampleIndex) -> Track | None:
    """The track of an MP4 that is sound."""
    return next((track for track in index.tracks[1:] if len(track)), None)


def _pieces(index: SampleIndex | MarkIndex, step_ms: int, start_ms: int, end_ms: int) -> list[tuple[int, int, int]]:
    """(media_ms, first, end) of each piece: numbers of samples of an MP4, else bytes."""
    wanted = range(-(-start_ms // step_ms) * step_ms, end_ms, step_ms)
    if isinstance(index, MarkIndex):
        return _marked(index, wanted, MARKED_MS)
    track = sound_of(index)
    if track is None:
        return []
    found = []
    for at in wanted:
        near = _between(index, track, at, min(at + min(SEARCHED_MS, step_ms), end_ms))
        if not len(near):
            continue
        tick = max(int(track.timescale * PIECE_MS // 1000), 1)
        firsts = np.arange(near.start, near.stop)
        stops = np.minimum(np.searchsorted(track.decoded, track.decoded[firsts] + tick), near.stop)
        whole = firsts[stops < near.stop] if (stops < near.stop).any() else firsts[:1]
        stops = np.maximum(stops[: len(whole)], whole + 1)
        # bytes that are not of the piece decide, never its own: those are fewer where it is quiet. Near it alone: a day's track has millions
        sizes, offsets = track.sizes[near.start : near.stop], track.offsets[near.start : near.stop]
        own = np.concatenate([[0], np.cumsum(sizes)])
        begins, last = whole - near.start, stops - near.start
        between = (offsets + sizes)[last - 1] - offsets[begins] - (own[last] - own[begins])
        best = int(np.argmin(np.where(between < 0, np.iinfo(np.int64).max, between)))
        first = int(whole[best])
        found.append((_media_ms(index, track, first), first, int(stops[best])))
    return found


def _between(index: SampleIndex, track: Track, start_ms: int, end_ms: int) -> range:
    """Samples of the sound that play in [start_ms, end_ms) of the pictures' time."""
    begin = (index.zero - index.video.origin) / index.video.timescale
    ticks = [round((begin + ms / 1000) * track.timescale) + track.origin for ms in (start_ms, end_ms)]
    first, stop = (int(n) for n in np.searchsorted(track.decoded, ticks))
    return range(first, stop)


def _media_ms(index: SampleIndex, track: Track, sample: int) -> int:
    begin = (index.zero - index.video.origin) / index.video.timescale
    return round(((int(track.decoded[sample]) - track.origin) / track.timescale - begin) * 1000)


def _marked(index: MarkIndex, wanted: Sequence[int], length_ms: int) -> list[tuple[int, int, int]]:
    """From the key frame at or before each time to the first mark `length_ms` later."""
    numbers, shown_ms = key_frames(index)
    found: list[tuple[int, int, int]] = []
    for at in wanted:
        place = int(np.searchsorted(shown_ms, at, "right")) - 1
        if place < 0 or (found and found[-1][0] == int(shown_ms[place])):
            continue
        mark = int(numbers[place])
        later = np.flatnonzero(index.decoded_us[mark:] >= (max(at, int(shown_ms[place])) + length_ms) * 1000)
        end = int(index.places[mark + int(later[0])]) if len(later) else index.size_bytes
        if end > int(index.starts[mark]):
            found.append((int(shown_ms[place]), int(index.starts[mark]), end))
    return found


def _fetch(source: Metered, index: SampleIndex | MarkIndex, pieces: Sequence[tuple[int, int, int]], file: IO[bytes]) -> list[list[int]]:
    """An MP4 of the sound alone, one request a piece; or each piece behind what a demuxer must have seen first."""
    if isinstance(index, MarkIndex):
        file.write(index.head)
        parts = []
        for _, start, end in pieces:
            at = file.tell()
            for block in source.blocks(start, end):
                file.write(block)
            parts.append([len(index.head), at, file.tell()])
        return parts
    track = sound_of(index)
    if track is None or not pieces:
        raise UnreadableMedia(Reason.DECODE_FAILED, sound=0)
    samples = np.concatenate([np.arange(first, stop) for _, first, stop in pieces])
    plan = mp4.plan([Piece(track, samples, int(track.decoded[samples[0]]), track.timescale)])
    file.write(plan.head)
    if plan.packet_bytes > BATCH_BYTES:
        raise UnreadableMedia(Reason.HOSTILE, limit="output")
    runs = iter(plan.runs)
    run = next(runs, None)
    for _, first, stop in sorted(pieces, key=lambda piece: int(track.offsets[piece[1]])):
        begin = int(track.offsets[first:stop].min())
        end = int((track.offsets[first:stop] + track.sizes[first:stop]).max())
        data = memoryview(source.read(begin, end))
        while run is not None and run[0] < end:
            if run[0] < begin or run[1] > end:  # runs of neighbouring pieces are one
                data = memoryview(source.read(run[0], run[1]))
                begin, end = run
            file.write(data[run[0] - begin : run[1] - begin])
            run = next(runs, None)
    return [[stop - first] for _, first, stop in pieces]


def _levels(
    index: SampleIndex | MarkIndex, parts: list[list[int]], media: Path, size_bytes: int, bin_ms: int, count: int, limits: Limits
) -> tuple[list[list[float]], int]:
    """Of each piece its levels, an empty row where nothing was heard; and the child's processor time."""
    arguments: dict[str, Any] = {  # Any: plain JSON
        "demuxer": "mov" if isinstance(index, SampleIndex) else index.demuxer,
        "parts": parts,
        "bin_ms": bin_ms,
        "most": MOST_BINS,
        "streams": limits.streams,
    }
    answer = sandbox.run("sound", arguments, reads={"media": media}, limits=limits, size_bytes=size_bytes, background=True)
    try:
        rows = [[min(max(float(level), QUIETEST_DB), 0.0) for level in row] for row in answer.value["pieces"]]
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableMedia(Reason.HOSTILE, limit="output") from error
    if len(rows) != count or sum(map(len, rows)) > MOST_BINS:
        raise UnreadableMedia(Reason.HOSTILE, limit="output")
    return rows, answer.cpu_ms
