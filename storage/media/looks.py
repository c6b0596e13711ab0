"""Small grey pictures of a stored recording at a chosen density, read by the byte ranges they need and no others. R60, R72.

The index says where the key frames lie. A pass goes in batches: fetch the bytes of a few hundred key frames into scratch, decode them in the
confined child, hand over the pictures. Between two batches nothing is held, so a pass may stop after any of them and begin again at `until_ms`;
memory does not grow with the recording. Where key frames lie far apart the pictures between are decoded (`sparse`). Packets alone (sizes, times,
key frames) need no pass at all: `storage.media.packets`.
"""

import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from storage.media import sandbox
from storage.media.errors import Reason, UnreadableMedia
from storage.media.facts import Limits
from storage.media.fetching import asked, fetch_keys, fetch_whole
from storage.media.index import MarkIndex, SampleIndex
from storage.media.select import key_frame_sizes
from storage.media.source import ByteSource, Metered
from storage.media.sparse import Stretch, stretches

WIDTH_PX: Final = 320
HEIGHT_PX: Final = 180
PICTURE_BYTES: Final = WIDTH_PX * HEIGHT_PX
BATCH_LOOKS: Final = 240
FULL_SPAN_MS: Final = 120_000
MOST_BATCH_BYTES: Final = 200_000_000  # of scratch; a key frame of 8K is a few megabytes
RECORD: Final = np.dtype([("number", "<u4"), ("after_us", "<i8"), ("luma", "u1", (HEIGHT_PX, WIDTH_PX))])
Luma = NDArray[np.uint8]  # (HEIGHT_PX, WIDTH_PX)


@dataclass(frozen=True, slots=True)
class Density:
    """Which pictures: the first key frame of each `step_ms`, every key frame (`step_ms` 0), or, `full`, decoded pictures at least `step_ms` apart.

    Of key frames too: where they lie further apart than `sparse.SPARSE_MS` and two steps, decoded pictures between them.
    """

    step_ms: int
    full: bool = False


ALL_KEYS: Final = Density(0)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Everything shown before `until_ms` has now been looked at.

    `missing_ms`: key frames, and steps without any, that gave no picture; `refused`: why the whole batch gave none.
    """

    until_ms: int
    looks: list[tuple[int, Luma]]
    missing_ms: list[int]
    refused: str
    bytes_read: int
    requests: int
    cpu_ms: int
    peak_bytes: int


@dataclass(slots=True)
class _Fetched:
    """What lies in scratch for one batch."""

    times_ms: list[int]
    parts: list[list[int]] = field(default_factory=list)


def read_looks(
    source: ByteSource,
    index: SampleIndex | MarkIndex,
    density: Density,
    *,
    start_ms: int = 0,
    end_ms: int | None = None,
    scratch: Path | None = None,
    limits: Limits | None = None,
    batch_looks: int = BATCH_LOOKS,
) -> Iterator[Batch]:
    """Pictures shown in [start_ms, end_ms), batch by batch, in order of time. To go on after a stop give the last `until_ms` as `start_ms`.

    A batch that hits a limit or drives the decoder into a contradiction is `refused`, and the pass goes on behind it: a hostile stretch costs at
    most its limits. Raises: SandboxFailed; StoreUnavailable.
    """
    limits = limits or Limits()
    end_ms = index.duration_ms + 1000 if end_ms is None else end_ms  # the last mark may lie before the last picture
    numbers, shown_ms = key_frames(index)
    known = (index, numbers, shown_ms)
    if density.full:
        for chosen, until_ms in _full_spans(shown_ms, start_ms, end_ms):
            yield _read(Metered(source), *known, chosen, until_ms, density, (start_ms, end_ms), scratch, limits)
        return
    far = {one.place: one for one in stretches(*known, density.step_ms, start_ms, end_ms)}
    for chosen, until_ms in _key_spans(shown_ms, density.step_ms, start_ms, end_ms, batch_looks, _key_bytes(index, numbers), far):
        if chosen[0] in far:
            yield _read_far(Metered(source), *known, far[chosen[0]], until_ms, (start_ms, end_ms), scratch, limits)
        else:
            yield _read(Metered(source), *known, chosen, until_ms, density, (start_ms, end_ms), scratch, limits)


def _read_far(
    source: Metered,
    index: SampleIndex | MarkIndex,
    numbers: NDArray[np.int64],
    shown_ms: NDArray[np.int64],
    far: Stretch,
    until_ms: int,
    span: tuple[int, int],
    scratch: Path | None,
    limits: Limits,
) -> Batch:
    """A stretch without key frames: its pictures a step apart; where it is too long or gives no more pictures, its steps are missing."""
    if not far.decodable:
        alone = _read(source, index, numbers, shown_ms, [far.place], until_ms, ALL_KEYS, span, scratch, limits)
        looks = [(at, luma) for at, luma in alone.looks if at >= span[0]]
        missing = sorted({*far.cells} - {at for at, _ in looks})
        return replace(alone, looks=looks, missing_ms=missing)
    # an eighth of its length is what decoding a stretch may take; a slow camera's packets are few and small
    allowed = replace(limits, base_s=limits.base_s + (until_ms - int(shown_ms[far.place])) // 8000)
    density = Density(far.step_ms, full=True)
    made = _read(source, index, numbers, shown_ms, [far.place], until_ms, density, span, scratch, allowed, most=len(far.cells) + 2)
    last_ms = max((at for at, _ in made.looks), default=-1)
    return replace(made, missing_ms=[at for at in far.cells if at - far.step_ms > last_ms or last_ms < 0])


def key_frames(index: SampleIndex | MarkIndex) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(number of the sample or mark, media_ms) of every key frame, in order of time. An MP4 that names none begins with one, or nothing is one."""
    if isinstance(index, SampleIndex):
        numbers = np.flatnonzero(index.video.keys).astype(np.int64)
        numbers = numbers if len(numbers) else np.zeros(1, np.int64)
        shown = (index.video.shown[numbers] - index.zero) * 1000 // index.video.timescale
    else:
        numbers = np.flatnonzero(index.keys).astype(np.int64)
        shown = index.shown_us[numbers] // 1000
    order = np.argsort(shown, kind="stable")
    return numbers[order], shown[order]


def _key_bytes(index: SampleIndex | MarkIndex, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    if isinstance(index, SampleIndex):
        return np.asarray(index.video.sizes[numbers], np.int64)
    return key_frame_sizes(index, numbers)


def _key_spans(
    shown_ms: NDArray[np.int64], step_ms: int, start_ms: int, end_ms: int, most: int, sizes: NDArray[np.int64], far: Collection[int]
) -> Iterator[tuple[list[int], int]]:
    """(places of the chosen key frames, media time that is done with them). The grid of steps begins at 0, wherever a pass begins.

    Those in `far` begin a stretch of their own, also where it began before `start_ms`.
    """
    within = np.flatnonzero((shown_ms >= start_ms) & (shown_ms < end_ms))
    if step_ms > 0 and len(within):
        cells = shown_ms[within] // step_ms
        within = within[np.concatenate([[True], cells[1:] != cells[:-1]])]
    places = sorted({*within.tolist(), *far})
    at = 0
    while at < len(places):
        stop, total = at + 1, int(sizes[places[at]])
        while (
            stop < len(places)
            and stop - at < most
            and total + int(sizes[places[stop]]) <= MOST_BATCH_BYTES
            and places[at] not in far
            and places[stop] not in far
        ):
            total += int(sizes[places[stop]])
            stop += 1
        # what lies between the last chosen key frame and the next one is done with
        until_ms = int(shown_ms[places[stop]]) if stop < len(places) else end_ms
        yield places[at:stop], until_ms
        at = stop


def _full_spans(shown_ms: NDArray[np.int64], start_ms: int, end_ms: int) -> Iterator[tuple[list[int], int]]:
    """Spans of whole groups of pictures, about FULL_SPAN_MS each, from the key frame before `start_ms` on."""
    first = max(int(np.searchsorted(shown_ms, start_ms, "right")) - 1, 0)
    last = int(np.searchsorted(shown_ms, end_ms, "left"))
    at = first
    while at < last:
        stop = min(max(int(np.searchsorted(shown_ms, shown_ms[at] + FULL_SPAN_MS, "left")), at + 1), last)
        until_ms = int(shown_ms[stop]) if stop < len(shown_ms) and stop < last else end_ms
        yield list(range(at, stop)), until_ms
        at = stop


def _most(density: Density, times: list[int], until_ms: int) -> int:
    """Pictures that a batch may give."""
    if not density.full:
        return len(times)
    most = (until_ms - times[0]) * 60 // 1000 + 240
    return min(most, (until_ms - times[0]) // density.step_ms + 2) if density.step_ms else most


def _read(
    source: Metered,
    index: SampleIndex | MarkIndex,
    numbers: NDArray[np.int64],
    shown_ms: NDArray[np.int64],
    chosen: list[int],
    until_ms: int,
    density: Density,
    span: tuple[int, int],
    scratch: Path | None,
    limits: Limits,
    *,
    most: int | None = None,
) -> Batch:
    times = [int(shown_ms[n]) for n in chosen]
    picked = [int(numbers[n]) for n in chosen]
    with tempfile.NamedTemporaryFile(dir=scratch, suffix=".keys") as media, tempfile.NamedTemporaryFile(dir=scratch, suffix=".looks") as out:
        try:
            parts = fetch_whole(source, index, picked, until_ms, media) if density.full else fetch_keys(source, index, picked, media)
            media.flush()
            if most is None:
                most = _most(density, times, until_ms)
            span_us = {"step_us": density.step_ms * 1000, "from_us": max(span[0] - times[0], 0) * 1000}
            arguments = asked(index, parts, limits, most=most, full=density.full, **span_us)
            allowed = Limits(base_s=limits.base_s + most // 4, memory_bytes=limits.memory_bytes)
            answer = sandbox.run(
                "looks",
                arguments,
                reads={"media": Path(media.name)},
                writes={"looks": Path(out.name)},
                limits=allowed,
                size_bytes=media.tell(),
                output_bytes=most * RECORD.itemsize + 4096,
                background=True,
            )
            found = np.fromfile(out.name, RECORD)
        except UnreadableMedia as unreadable:
            return Batch(until_ms, [], times, unreadable.reason.value, source.bytes_read, source.requests, 0, 0)
    if len(found) > most or (len(found) and int(found["number"].max()) >= len(times)):
        return Batch(until_ms, [], times, Reason.HOSTILE.value, source.bytes_read, source.requests, answer.cpu_ms, answer.peak_bytes)
    if density.full:
        looks = [(times[0] + int(row["after_us"]) // 1000, row["luma"]) for row in found]
        looks = sorted(((at, luma) for at, luma in looks if span[0] <= at < min(span[1], until_ms)), key=lambda look: look[0])
        missing = [] if looks else times
    else:
        looks = [(times[int(row["number"])], row["luma"]) for row in found]
        shown = {int(number) for number in found["number"]}
        missing = [at for n, at in enumerate(times) if n not in shown]
    return Batch(until_ms, looks, missing, "", source.bytes_read, source.requests, answer.cpu_ms, answer.peak_bytes)
