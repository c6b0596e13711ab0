"""Which samples or byte ranges a span needs. Pure."""

import numpy as np
from numpy.typing import NDArray

from storage.media.errors import NothingToCut
from storage.media.index import MarkIndex, SampleIndex
from storage.media.mp4 import Piece
from storage.media.track import Track


def pieces(index: SampleIndex, start_ms: int, end_ms: int, *, sound: bool = True) -> list[Piece]:
    """From the key frame at or before `start_ms` to the last picture shown before `end_ms`, with the AAC sound of that time.

    Raises: NothingToCut — no picture is shown in [start_ms, end_ms).
    """
    video = index.video
    start, end = (index.zero + ms * video.timescale // 1000 for ms in (start_ms, end_ms))
    if not ((video.shown >= start) & (video.shown < end)).any():
        raise NothingToCut(start_ms=start_ms, end_ms=end_ms, duration_ms=index.duration_ms)
    first = key_before(video, start)
    # pictures are decoded a little before they are shown; two seconds cover any reordering
    limit = int(np.searchsorted(video.decoded, end + 2 * video.timescale))
    last = first + int(np.flatnonzero(video.shown[first : max(limit, first + 1)] < end)[-1]) + 1
    samples = np.arange(first, last)
    begin = int(video.shown[first])
    shown = int(video.shown[samples].max()) + _step(video) - begin
    chosen = [Piece(video, samples, begin, shown)]
    if sound and len(index.tracks) > 1 and index.tracks[1].codec == "aac":
        piece = _sound(index.tracks[1], (begin - video.origin) / video.timescale, shown / video.timescale)
        chosen += [piece] if piece is not None else []
    return chosen


def key_before(video: Track, tick: int) -> int:
    """The key frame shown last at or before `tick`, else the first of all."""
    keys = np.flatnonzero(video.keys)
    if not len(keys):
        return 0
    before = keys[video.shown[keys] <= tick]
    return int(before[np.argmax(video.shown[before])]) if len(before) else int(keys[0])


def _step(track: Track) -> int:
    """Usual distance between two samples, in ticks."""
    return int(np.median(np.diff(track.decoded))) if len(track) > 1 else track.timescale // 25


def _sound(track: Track, start_s: float, length_s: float) -> Piece | None:
    start = round(start_s * track.timescale) + track.origin
    length = round(length_s * track.timescale)
    first = max(int(np.searchsorted(track.decoded, start, "right")) - 1, 0)
    last = int(np.searchsorted(track.decoded, start + length))
    if last <= first:
        return None
    return Piece(track, np.arange(first, last), start, min(length, int(track.decoded[last - 1]) + _step(track) - start))


def ranges(runs: tuple[tuple[int, int], ...], slack_bytes: int) -> list[tuple[int, int]]:
    """Requests to make: neighbouring runs are fetched together while the bytes between them stay within `slack_bytes` in all."""
    requests: list[tuple[int, int]] = []
    for start, end in runs:
        if requests and start - requests[-1][1] <= slack_bytes:
            slack_bytes -= start - requests[-1][1]
            requests[-1] = (requests[-1][0], end)
        else:
            requests.append((start, end))
    return requests


def marked_span(index: MarkIndex, start_ms: int, end_ms: int) -> tuple[int, int, int]:
    """(key-frame mark to begin with, last byte, microsecond at which that key frame is shown). Raises: NothingToCut."""
    start, end = start_ms * 1000, end_ms * 1000
    if start_ms >= index.duration_ms or end <= start:
        raise NothingToCut(start_ms=start_ms, end_ms=end_ms, duration_ms=index.duration_ms)
    first = mark_before(index, start)
    later = np.flatnonzero(index.decoded_us[first:] < end)
    last = first + (int(later[-1]) if len(later) else 0)
    return first, _end_after(index, last), int(index.shown_us[first])


def mark_before(index: MarkIndex, at_us: int) -> int:
    """The key-frame mark shown last at or before `at_us`, else the first of all. Raises: NothingToCut — no key frame was ever seen."""
    keys = np.flatnonzero(index.keys)
    if not len(keys):
        raise NothingToCut(start_ms=at_us // 1000, end_ms=at_us // 1000, duration_ms=index.duration_ms)
    before = keys[index.shown_us[keys] <= at_us]
    return int(before[np.argmax(index.shown_us[before])]) if len(before) else int(keys[0])


def _end_after(index: MarkIndex, mark: int) -> int:
    """The next packet's place ends the span."""
    later = index.places[mark + 1 :]
    later = later[later > index.places[mark]]
    return int(later[0]) if len(later) else index.size_bytes


def key_frame_bytes(index: MarkIndex, mark: int) -> tuple[int, int]:
    """A range that surely holds the key frame at `mark` whole."""
    return int(index.starts[mark]), _end_after(index, mark)


def key_frame_sizes(index: MarkIndex, marks: NDArray[np.int64]) -> NDArray[np.int64]:
    """How long the ranges of many key frames are, up to the next packet of the file: a hostile file has millions of them."""
    places = np.append(np.unique(index.places), index.size_bytes)
    ends = places[np.minimum(np.searchsorted(places, index.places[marks], "right"), len(places) - 1)]
    return np.asarray(np.maximum(ends - index.starts[marks], 0), np.int64)
