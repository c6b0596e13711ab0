"""Strips of full-size pictures of a stored recording, grey: what stands along the upper and the lower edge. R60, R72; F-19.

A recorder writes its clock there, in letters too small for the looks of the cheap pass. Few pictures are asked for: some key frames, each by its own
byte range, or a stretch of a minute decoded whole. Decoding and cutting are the confined child's work; it answers rows of grey levels and nothing
else, as many as were asked for and no more.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from storage.media import sandbox
from storage.media.errors import Reason, UnreadableMedia
from storage.media.facts import Limits
from storage.media.fetching import asked, fetch_keys, fetch_whole
from storage.media.index import MarkIndex, SampleIndex
from storage.media.looks import key_frames
from storage.media.source import ByteSource, Metered

MOST_WIDTH_PX: Final = 1920  # wider pictures are scaled down to it
MOST_HEIGHT_PX: Final = 1440
MOST_PICTURES: Final = 160
MOST_STRETCH_MS: Final = 120_000
HEAD: Final = np.dtype([("number", "<u4"), ("after_us", "<i8")])
Band = tuple[int, int]  # permille of the height, half-open
Luma = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Strips:
    """`luma` is (pictures, rows, width): of each band its rows, one band under the other, as `rows_of` counts them.

    `width_px` and `height_px` are those of the picture, after it was brought down to 1920 × 1440 at most.
    """

    width_px: int
    height_px: int
    media_ms: NDArray[np.int64]
    luma: Luma
    bytes_read: int
    requests: int
    cpu_ms: int


def rows_of(band: Band, height_px: int) -> tuple[int, int]:
    """The rows of a picture that belong to a band."""
    return band[0] * height_px // 1000, -(-band[1] * height_px // 1000)


def size_of(width_px: int, height_px: int) -> tuple[int, int]:
    """The size to which a picture is brought down, its shape kept."""
    share = min(MOST_WIDTH_PX / width_px, MOST_HEIGHT_PX / height_px, 1.0)
    return max(int(width_px * share), 1), max(int(height_px * share), 1)


def key_strips(
    source: ByteSource,
    index: SampleIndex | MarkIndex,
    numbers: Sequence[int],
    bands: Sequence[Band],
    *,
    scratch: Path | None = None,
    limits: Limits | None = None,
) -> Strips:
    """Of key frames, by their places in `key_frames(index)`, in rising order. Those that give no picture are missing from the answer.

    Raises: UnreadableMedia; SandboxFailed; SandboxStopped; StoreUnavailable.
    """
    if not 0 < len(numbers) <= MOST_PICTURES:
        raise ValueError(f"1 to {MOST_PICTURES} pictures at a time, not {len(numbers)}")
    samples, shown_ms = key_frames(index)
    picked, times = [int(samples[n]) for n in numbers], [int(shown_ms[n]) for n in numbers]
    metered = Metered(source)
    with tempfile.NamedTemporaryFile(dir=scratch, suffix=".keys") as media:
        parts = fetch_keys(metered, index, picked, media)
        media.flush()
        return _decoded(metered, index, Path(media.name), media.tell(), parts, times, bands, None, len(picked), scratch, limits or Limits())


def stretch_strips(
    source: ByteSource,
    index: SampleIndex | MarkIndex,
    start_ms: int,
    end_ms: int,
    step_ms: int,
    bands: Sequence[Band],
    *,
    scratch: Path | None = None,
    limits: Limits | None = None,
) -> Strips:
    """Decoded pictures at least `step_ms` apart, shown in [start_ms, end_ms), at most two minutes. Everything of the stretch is read.

    Raises: UnreadableMedia — also when no key frame lies there; SandboxFailed; SandboxStopped; StoreUnavailable.
    """
    if not 0 < end_ms - start_ms <= MOST_STRETCH_MS or (end_ms - start_ms) // step_ms + 2 > MOST_PICTURES:
        raise ValueError("too long a stretch, or too many pictures of it")
    samples, shown_ms = key_frames(index)
    first = max(int(np.searchsorted(shown_ms, start_ms, "right")) - 1, 0)
    last = int(np.searchsorted(shown_ms, end_ms, "left"))
    picked = [int(n) for n in samples[first:last]]
    if not picked:
        raise UnreadableMedia(Reason.DECODE_FAILED, key_frames=0)
    begin_ms, metered = int(shown_ms[first]), Metered(source)
    until_ms = int(shown_ms[last]) if last < len(shown_ms) else index.duration_ms + 1000
    with tempfile.NamedTemporaryFile(dir=scratch, suffix=".stretch") as media:
        parts = fetch_whole(metered, index, picked, until_ms, media)
        media.flush()
        span, most = (max(start_ms - begin_ms, 0) * 1000, step_ms * 1000), (end_ms - start_ms) // step_ms + 2
        found = _decoded(metered, index, Path(media.name), media.tell(), parts, [begin_ms], bands, span, most, scratch, limits or Limits())
    inside = (found.media_ms >= start_ms) & (found.media_ms < end_ms)
    return Strips(
        found.width_px, found.height_px, found.media_ms[inside], found.luma[inside], found.bytes_read, found.requests, found.cpu_ms
    )  # fmt: skip


def _decoded(
    metered: Metered,
    index: SampleIndex | MarkIndex,
    media: Path,
    size_bytes: int,
    parts: list[list[int]],
    times_ms: list[int],
    bands: Sequence[Band],
    span: tuple[int, int] | None,
    most: int,
    scratch: Path | None,
    limits: Limits,
) -> Strips:
    """`span`: (microseconds after the first key frame from which on, least distance) of a stretch; None for key frames alone."""
    more: dict[str, object] = {"full": True, "from_us": span[0], "step_us": span[1]} if span else {}
    arguments = asked(index, parts, limits, most=most, bands=[list(band) for band in bands], **more)
    tallest = sum(top_bottom[1] - top_bottom[0] for top_bottom in (rows_of(band, MOST_HEIGHT_PX) for band in bands)) + len(bands)
    with tempfile.NamedTemporaryFile(dir=scratch, suffix=".strips") as out:
        answer = sandbox.run(
            "strips",
            arguments,
            reads={"media": media},
            writes={"strips": Path(out.name)},
            limits=Limits(base_s=limits.base_s + most, memory_bytes=limits.memory_bytes),
            size_bytes=size_bytes,
            output_bytes=most * (HEAD.itemsize + tallest * MOST_WIDTH_PX) + 4096,
            background=True,
        )
        width, height = answer.value.get("width_px"), answer.value.get("height_px")
        if not isinstance(width, int) or not isinstance(height, int) or not (0 <= width <= MOST_WIDTH_PX and 0 <= height <= MOST_HEIGHT_PX):
            raise UnreadableMedia(Reason.HOSTILE, limit="output")
        rows = sum(bottom - top for top, bottom in (rows_of(band, height) for band in bands))
        if not width or not rows:
            return Strips(0, 0, np.zeros(0, np.int64), np.zeros((0, 0, 0), np.uint8), metered.bytes_read, metered.requests, answer.cpu_ms)
        found = np.fromfile(out.name, np.dtype([*HEAD.descr, ("luma", "u1", (rows, width))]))
    if len(found) > most or (len(found) and int(found["number"].max()) >= len(times_ms)):
        raise UnreadableMedia(Reason.HOSTILE, limit="output")
    at = np.array(times_ms, np.int64)[found["number"]] + found["after_us"] // 1000
    order = np.argsort(at, kind="stable")
    return Strips(width, height, at[order], found["luma"][order], metered.bytes_read, metered.requests, answer.cpu_ms)
