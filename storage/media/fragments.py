"""Samples of a fragmented MP4: one `moof` after another. Pure."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from storage.media.boxes import children, find, need, number
from storage.media.errors import Reason, UnreadableMedia
from storage.media.track import MAX_SAMPLES, Longs, Track

NOT_SYNC = 0x10000
BASE_IS_MOOF = 0x20000


@dataclass(frozen=True, slots=True)
class Defaults:
    """trex, or tfhd over it."""

    duration: int
    size: int
    flags: int


class Fragments:
    """Collects the fragments of each known track; `tracks` puts them behind what the `moov` already listed."""

    def __init__(self, tracks: list[Track], moov: memoryview) -> None:
        self._tracks = {t.track_id: t for t in tracks}
        self._parts: dict[int, list[tuple[Longs, Longs, Longs, Longs, NDArray[np.bool_]]]] = {i: [] for i in self._tracks}
        self._clock = {i: int(t.decoded[-1]) if len(t) else 0 for i, t in self._tracks.items()}
        self._count = 0
        self._defaults: dict[int, Defaults] = {}
        extends = find(moov, b"mvex")
        for kind, body in children(extends) if extends is not None else ():
            if kind == b"trex":
                self._defaults[number(body, 4)] = Defaults(number(body, 12), number(body, 16), number(body, 20))

    def add(self, moof: memoryview, at: int) -> None:
        """One `moof` body; `at` is the file position of its box. Raises: UnreadableMedia — damaged."""
        following = at
        for kind, traf in children(moof):
            if kind == b"traf":
                following = self._add_track(traf, at, following)

    def _add_track(self, traf: memoryview, at: int, previous: int) -> int:
        """Where the data of this track end. `previous`: those of the track before, behind which a track without a base of its own begins."""
        head = need(traf, b"tfhd")
        flags, track_id, cursor = number(head, 0) & 0xFFFFFF, number(head, 4), 8
        base = at if flags & BASE_IS_MOOF else previous
        if flags & 1:
            base, cursor = number(head, cursor, 8), cursor + 8
        cursor += 4 if flags & 2 else 0
        known = self._defaults.get(track_id, Defaults(0, 0, 0))
        values = [known.duration, known.size, known.flags]
        for position, bit in enumerate((8, 16, 32)):
            if flags & bit:
                values[position], cursor = number(head, cursor), cursor + 4
        time = find(traf, b"tfdt")
        clock = self._clock.get(track_id, 0) if time is None else number(time, 4, 8 if number(time, 0, 1) == 1 else 4)
        following = base
        for kind, run in children(traf):
            if kind == b"trun":
                clock, following = self._add_run(track_id, run, base, following, clock, Defaults(*values))
        self._clock[track_id] = clock
        return following

    def _add_run(self, track_id: int, run: memoryview, base: int, following: int, clock: int, default: Defaults) -> tuple[int, int]:
        flags, count, cursor = number(run, 0) & 0xFFFFFF, number(run, 4), 8
        self._count += count
        if self._count > MAX_SAMPLES:
            raise UnreadableMedia(Reason.DAMAGED, samples=self._count)
        start = following
        if flags & 1:
            offset = number(run, cursor)
            start, cursor = base + (offset - (1 << 32) if offset >> 31 else offset), cursor + 4
        first_flags = None
        if flags & 4:
            first_flags, cursor = number(run, cursor), cursor + 4
        fields = [bit for bit in (0x100, 0x200, 0x400, 0x800) if flags & bit]
        width = len(fields)
        if cursor + count * width * 4 > len(run):
            raise UnreadableMedia(Reason.DAMAGED, box="trun")
        rows = np.frombuffer(run, ">u4", count * width, cursor).reshape(count, width).astype(np.int64) if width else np.zeros((count, 0), np.int64)
        column = {bit: rows[:, i] for i, bit in enumerate(fields)}
        durations = column.get(0x100, np.full(count, default.duration, np.int64))
        sizes = column.get(0x200, np.full(count, default.size, np.int64))
        sample_flags = column.get(0x400, np.full(count, default.flags, np.int64)).copy()
        if first_flags is not None and count:
            sample_flags[0] = first_flags
        shift = column.get(0x800, np.zeros(count, np.int64)).astype(np.uint32).astype(np.int32).astype(np.int64)
        decoded = clock + np.cumsum(durations) - durations
        offsets = start + np.cumsum(sizes) - sizes
        if track_id in self._parts:  # what other tracks hold lies between
            self._parts[track_id].append((offsets, sizes, decoded, decoded + shift, sample_flags & NOT_SYNC == 0))
        return clock + int(durations.sum()), start + int(sizes.sum())

    def tracks(self, size_bytes: int) -> list[Track]:
        """All tracks with all their samples; from the first sample past the end of the file on, none."""
        return [self._join(track, self._parts[i], size_bytes) for i, track in self._tracks.items()]

    @staticmethod
    def _join(track: Track, parts: list[tuple[Longs, Longs, Longs, Longs, NDArray[np.bool_]]], size_bytes: int) -> Track:
        if not parts:
            return track
        offsets = np.concatenate([track.offsets, *(p[0] for p in parts)])
        sizes = np.concatenate([track.sizes, *(p[1] for p in parts)])
        decoded = np.concatenate([track.decoded, *(p[2] for p in parts)])
        shown = np.concatenate([track.shown, *(p[3] for p in parts)])
        keys = np.concatenate([track.keys, *(p[4] for p in parts)])
        inside = (offsets >= 0) & (offsets + sizes <= size_bytes)
        keep = len(inside) if inside.all() else int(np.argmin(inside))
        return replace(track, offsets=offsets[:keep], sizes=sizes[:keep], decoded=decoded[:keep], shown=shown[:keep], keys=keys[:keep])
