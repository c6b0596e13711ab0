"""Cut a clip out of a stored recording by range reads.

H.264 in MP4: the index says where every sample lies, so one range read fetches the span and new tables are written in front of it; no
re-encoding, no FFmpeg, no download. H.264 elsewhere: the marked range is fetched and remuxed in the sandbox. Anything else becomes an
H.264 viewing copy of the span alone, in the sandbox. The same call for all. A blurred copy is such a viewing copy whatever the codec.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from storage.media import mp4, sandbox
from storage.media.errors import Reason, UnreadableMedia
from storage.media.faces import DETECTOR
from storage.media.facts import ClipFacts, Limits, VeilFacts
from storage.media.index import MarkIndex, SampleIndex, turns_of
from storage.media.marked import entry
from storage.media.select import marked_span, pieces, ranges
from storage.media.source import ByteSource, Metered

SLACK_RATIO: Final = 50  # up to a fiftieth of the wanted bytes may be unwanted ones in between, to save requests
VIEWING_HEIGHT_PX: Final = 720


def cut(
    source: ByteSource, index: SampleIndex | MarkIndex, start_ms: int, end_ms: int, out: Path, *, blurred: bool = False, limits: Limits | None = None
) -> ClipFacts:
    """Write [start_ms, end_ms) to `out` as an MP4 that plays while it loads.

    `blurred`: faces are made unrecognisable, as far as a plain detector finds them (`storage.media.blur`).
    A stream copy starts at the key frame before, `offset_ms` earlier than asked; a viewing copy starts exactly.
    Raises: NothingToCut; UnreadableMedia; SandboxFailed.
    """
    metered = Metered(source)
    limits = limits or Limits()
    copy = index.video_codec == "h264" and not blurred
    if isinstance(index, SampleIndex) and copy:
        return _copy_samples(metered, index, start_ms, end_ms, out)
    with _scratch(out) as (span, file):
        if isinstance(index, SampleIndex):
            taken = _copy_samples(metered, index, start_ms, end_ms, span)
            key_us, demuxer, packet_bytes = taken.start_ms * 1000, "mov", taken.packet_bytes
        else:
            mark, last, key_us = marked_span(index, start_ms, end_ms)
            front, first = entry(metered, index, mark)
            file.write(index.head + front)
            _fetch(metered, [(first, last)], [(first, last)], file)
            file.flush()
            demuxer, packet_bytes = index.demuxer, 0
        value = _in_child(
            span, out, demuxer, copy=copy, blurred=blurred, turns=turns_of(index), key_us=key_us, start_ms=start_ms, end_ms=end_ms, limits=limits
        )
    begin_ms = round(key_us / 1000) if copy else start_ms
    return ClipFacts(
        start_ms=begin_ms,
        end_ms=begin_ms + value["shown_us"] // 1000,
        offset_ms=max(start_ms - begin_ms, 0),
        bytes_read=metered.bytes_read,
        packet_bytes=packet_bytes or value["packet_bytes"],
        requests=metered.requests,
        reencoded=not copy,
        has_audio=bool(value["has_audio"]),
        veil=VeilFacts(DETECTOR, value["frames_seen"], value["frames_veiled"], value["looked_at"], value["faces"]) if blurred else None,
    )


def _copy_samples(source: Metered, index: SampleIndex, start_ms: int, end_ms: int, out: Path) -> ClipFacts:
    chosen = pieces(index, start_ms, end_ms)
    plan = mp4.plan(chosen)
    with out.open("wb") as file:
        file.write(plan.head)
        _fetch(source, ranges(plan.runs, plan.packet_bytes // SLACK_RATIO), plan.runs, file)
    video = chosen[0]
    begin_ms = (video.start - index.zero) * 1000 // video.track.timescale
    return ClipFacts(
        start_ms=begin_ms,
        end_ms=begin_ms + video.length * 1000 // video.track.timescale,
        offset_ms=max(start_ms - begin_ms, 0),
        bytes_read=source.bytes_read,
        packet_bytes=plan.packet_bytes,
        requests=source.requests,
        reencoded=False,
        has_audio=len(chosen) > 1,
    )


def _fetch(source: ByteSource, requests: list[tuple[int, int]], runs: Any, file: IO[bytes]) -> None:
    """Read `requests`, write only the bytes of `runs` (both sorted). Any: a sequence of (start, end).

    Raises: UnreadableMedia(damaged) when the source is shorter than its index says.
    """
    waiting = iter(runs)
    run = next(waiting, None)
    for start, end in requests:
        at = start
        for block in source.blocks(start, end):
            data, stop = memoryview(block), at + len(block)
            while run is not None and run[0] < stop:
                file.write(data[max(run[0] - at, 0) : min(run[1], stop) - at])
                if run[1] > stop:
                    break
                run = next(waiting, None)
            at = stop
        if at != end:
            raise UnreadableMedia(Reason.DAMAGED, missing_bytes=end - at)


@contextmanager
def _scratch(out: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """A file beside the result that lives only as long as the cut."""
    with tempfile.NamedTemporaryFile(dir=out.parent, suffix=".span") as file:
        yield Path(file.name), file


def _in_child(
    span: Path, out: Path, demuxer: str, *, copy: bool, blurred: bool, turns: int, key_us: int, start_ms: int, end_ms: int, limits: Limits
) -> dict[str, Any]:
    out.write_bytes(b"")
    arguments = {
        "demuxer": demuxer,
        "from_us": 0 if copy else max(start_ms * 1000 - key_us, 0),
        "to_us": end_ms * 1000 - key_us,
        "height_px": VIEWING_HEIGHT_PX,
        "blur": blurred,
        "turns": turns,
        "streams": limits.streams,
        "picture_px": limits.picture_px,
    }
    size = span.stat().st_size
    bound = size + 50_000_000 if copy else 200_000_000 + (end_ms - start_ms) * 4000
    # decoding and encoding take their time: at least ten seconds of it for each second of film
    allowed = limits if copy else Limits(base_s=limits.base_s + (end_ms - start_ms) // 100, memory_bytes=max(limits.memory_bytes, 3_000_000_000))
    answer = sandbox.run(
        "remux" if copy else "transcode", arguments, reads={"media": span}, writes={"clip": out}, limits=allowed, size_bytes=size, output_bytes=bound
    )
    value = answer.value
    counted = ("shown_us", "packet_bytes", "has_audio", *(("frames_seen", "frames_veiled", "looked_at", "faces") if blurred else ()))
    if not all(isinstance(value.get(k), int) for k in counted):
        raise UnreadableMedia(Reason.HOSTILE, limit="output")
    return value
