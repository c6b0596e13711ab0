"""Sprite sheets: small pictures of a span in grids, for hovering over a time axis. Only key frames are read, by their own byte ranges.

The index says where the key frames lie; nothing between them is fetched or decoded. Decoding, blurring, scaling and the grid are the confined
child's work. Faces are looked for in twice the width of a tile: one too small to be found there is a few pixels wide in the tile.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import numpy as np

from storage.media import mp4, sandbox
from storage.media.errors import NothingToCut, Reason, UnreadableMedia
from storage.media.facts import Limits
from storage.media.index import MarkIndex, SampleIndex, turns_of
from storage.media.marked import read_from
from storage.media.select import key_frame_bytes
from storage.media.source import ByteSource, Metered

TILE_WIDTH_PX: Final = 160
COLUMNS: Final = 10
ROWS: Final = 10
LEAST_STEP_MS: Final = 2000
MOST_STEP_MS: Final = 10_000
MOST_TILES: Final = 2000
TILE_BYTES: Final = 100_000  # a tile is about 5 KB; the bound is for the child


@dataclass(frozen=True, slots=True)
class Sheets:
    """`times_ms[n]` is the media time of tile n, counted row by row and sheet by sheet. `jpegs` are the grids."""

    tile_width_px: int
    tile_height_px: int
    columns: int
    rows: int
    times_ms: tuple[int, ...]
    jpegs: tuple[bytes, ...]
    bytes_read: int
    requests: int
    faces: int


def step_ms(span_ms: int) -> int:
    """Distance of two tiles: one sheet for up to a quarter of an hour, a tile every ten seconds for more; longer still where it would be too many."""
    wanted = min(max(-(-span_ms // (COLUMNS * ROWS)), LEAST_STEP_MS), MOST_STEP_MS)
    return max(wanted, -(-span_ms // MOST_TILES))


def chosen_keys(shown_ms: list[int], start_ms: int, end_ms: int) -> list[int]:
    """Which key frames (indices into `shown_ms`, in order of showing) become tiles: the one shown at the start, then one each step.

    Pure. Empty when nothing is shown in the span.
    """
    step, found, due = step_ms(end_ms - start_ms), [], start_ms
    order = sorted(range(len(shown_ms)), key=lambda n: shown_ms[n])
    before = [n for n in order if shown_ms[n] <= start_ms]
    if before:
        found.append(before[-1])
        due = start_ms + step
    for n in order:
        if start_ms < shown_ms[n] < end_ms and shown_ms[n] >= due:
            found.append(n)
            due = shown_ms[n] + step
    return found


def make_sheets(
    source: ByteSource,
    index: SampleIndex | MarkIndex,
    start_ms: int,
    end_ms: int,
    *,
    blurred: bool = True,
    scratch: Path | None = None,
    limits: Limits | None = None,
) -> Sheets:
    """Grids of the key frames of [start_ms, end_ms). Raises: NothingToCut; UnreadableMedia; SandboxFailed."""
    metered, limits = Metered(source), limits or Limits(memory_bytes=3_000_000_000)
    with tempfile.NamedTemporaryFile(dir=scratch, suffix=".keys") as keys, tempfile.NamedTemporaryFile(dir=scratch, suffix=".sheets") as out:
        if isinstance(index, SampleIndex):
            times_ms, parts = _fetch_samples(metered, index, start_ms, end_ms, keys)
            demuxer = "mov"
        else:
            times_ms, parts = _fetch_marks(metered, index, start_ms, end_ms, keys)
            demuxer = index.demuxer
        keys.flush()
        arguments = {
            "demuxer": demuxer,
            "parts": parts,
            "count": len(times_ms),
            "tile_width_px": TILE_WIDTH_PX,
            "columns": COLUMNS,
            "rows": ROWS,
            "blur": blurred,
            "turns": turns_of(index),
            "streams": limits.streams,
            "picture_px": limits.picture_px,
        }
        answer = sandbox.run(
            "sheets",
            arguments,
            reads={"media": Path(keys.name)},
            writes={"sheets": Path(out.name)},
            limits=Limits(base_s=limits.base_s + len(times_ms), memory_bytes=limits.memory_bytes),
            size_bytes=keys.tell(),
            output_bytes=1_000_000 + TILE_BYTES * len(times_ms),
        )
        jpegs = _read_jpegs(Path(out.name))
    height, shown, faces = (answer.value.get(k) for k in ("tile_height_px", "shown", "faces"))
    if not isinstance(height, int) or not isinstance(faces, int) or not isinstance(shown, list) or len(jpegs) != -(-len(shown) // (COLUMNS * ROWS)):
        raise UnreadableMedia(Reason.HOSTILE, limit="output")
    if not shown:
        raise UnreadableMedia(Reason.DECODE_FAILED, key_frames=len(times_ms), decoded=0)
    if not all(isinstance(n, int) and 0 <= n < len(times_ms) for n in shown):
        raise UnreadableMedia(Reason.HOSTILE, limit="output")
    return Sheets(TILE_WIDTH_PX, height, COLUMNS, ROWS, tuple(times_ms[n] for n in shown), tuple(jpegs), metered.bytes_read, metered.requests, faces)


def _fetch_samples(source: Metered, index: SampleIndex, start_ms: int, end_ms: int, file: IO[bytes]) -> tuple[list[int], list[list[int]]]:
    """An MP4 of the chosen key frames alone; each is one range of the source. Answers times and the one part of the file."""
    video = index.video
    numbers = np.flatnonzero(video.keys)
    shown_ms = ((video.shown[numbers] - index.zero) * 1000 // video.timescale).tolist()
    chosen = chosen_keys(shown_ms, start_ms, end_ms)
    if not chosen:
        raise NothingToCut(start_ms=start_ms, end_ms=end_ms, duration_ms=index.duration_ms)
    samples = np.array(sorted(int(numbers[n]) for n in chosen), np.intp)
    plan = mp4.plan([mp4.lone(video, samples)])
    file.write(plan.head)
    for start, end in plan.runs:
        file.write(source.read(start, end))
    times = sorted(int(shown_ms[n]) for n in chosen)
    return times, [[0, 0, file.tell()]]


def _fetch_marks(source: Metered, index: MarkIndex, start_ms: int, end_ms: int, file: IO[bytes]) -> tuple[list[int], list[list[int]]]:
    """One part for each key frame: what a demuxer must have seen first, then its bytes."""
    marks = np.flatnonzero(index.keys)
    shown_ms = (index.shown_us[marks] // 1000).tolist()
    chosen = chosen_keys(shown_ms, start_ms, end_ms) if len(marks) else []
    if not chosen:
        raise NothingToCut(start_ms=start_ms, end_ms=end_ms, duration_ms=index.duration_ms)
    file.write(index.head)
    parts, head = [], len(index.head)
    for n in chosen:
        at = file.tell()
        file.write(read_from(source, index, int(marks[n]), key_frame_bytes(index, int(marks[n]))[1]))
        parts.append([head, at, file.tell()])
    return [int(shown_ms[n]) for n in chosen], parts


def _read_jpegs(path: Path) -> list[bytes]:
    """4 bytes of length and a JPEG, again and again. Raises: UnreadableMedia."""
    raw, found, at = path.read_bytes(), [], 0
    while at + 4 <= len(raw):
        length = int.from_bytes(raw[at : at + 4], "big")
        found.append(raw[at + 4 : at + 4 + length])
        at += 4 + length
    if at != len(raw) or any(jpeg[:2] != b"\xff\xd8" for jpeg in found):
        raise UnreadableMedia(Reason.HOSTILE, limit="output")
    return found
