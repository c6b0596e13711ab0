"""The confined child's part of a pass: decode, scale to a small grey picture, write it down. Nothing is kept between two pictures."""

import io
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import av.video.reformatter
import numpy as np

from storage.media.demux import enumerate_decoded, open_media, video_of
from storage.media.errors import Reason, UnreadableMedia
from storage.media.facts import Limits
from storage.media.looks import HEIGHT_PX, RECORD, WIDTH_PX

# a look is a thirty-sixth of a 1080p picture: what the deblocking filter smooths is gone in it
DECODER: Final = {"skip_loop_filter": "all"}
# what one part is refused for, and nothing better is expected of the others
ALL_REFUSED: Final = frozenset({Reason.HOSTILE, Reason.TOO_MANY_STREAMS})


def looks_task(arguments: dict[str, Any], reads: dict[str, str], writes: dict[str, str]) -> dict[str, object]:  # Any: parsed JSON
    """Write a RECORD for each picture: which key frame it belongs to, microseconds after the first one, luma. Answers how many."""
    most, count = int(arguments["most"]), 0
    row = np.zeros(1, RECORD)
    scaler = av.video.reformatter.VideoReformatter()
    with Path(writes["looks"]).open("wb") as out:
        for number, after_us, picture in pictures(arguments, reads["media"], DECODER):
            if count >= most:
                break
            small = scaler.reformat(picture, width=WIDTH_PX, height=HEIGHT_PX, format="gray", interpolation="AREA")
            row["number"], row["after_us"], row["luma"] = number, after_us, small.to_ndarray()
            out.write(row.tobytes())
            count += 1
    return {"looks": count}


def pictures(arguments: dict[str, Any], path: str, options: Mapping[str, str]) -> Iterator[tuple[int, int, Any]]:
    """(number of the key frame asked for, microseconds after the first one, picture). `options`: of the decoder, for key frames decoded alone."""
    demuxer, parts = arguments["demuxer"], arguments["parts"]
    limits = Limits(streams=arguments["streams"], picture_px=arguments["picture_px"])
    wanted = _every(int(arguments["from_us"]), int(arguments["step_us"])) if arguments["full"] else None
    if demuxer == "mov":
        with open_media(path, demuxer) as media:
            yield from _stretch(media, demuxer, limits, wanted) if wanted else _alone(media, demuxer, limits, options)
        return
    with Path(path).open("rb") as file:
        for number, (head, start, end) in enumerate(parts):
            file.seek(0)
            first = file.read(head)
            file.seek(start)
            try:
                with open_media(io.BytesIO(first + file.read(end - start)), demuxer) as media:
                    if wanted:
                        yield from _stretch(media, demuxer, limits, wanted)
                        continue
                    for _, _, picture in _alone(media, demuxer, limits, options):
                        yield number, 0, picture
                        break
            except UnreadableMedia as refused:  # bytes of one key frame that are damaged hide no other
                if len(parts) == 1 or refused.reason in ALL_REFUSED:
                    raise


def _alone(media: Any, demuxer: str, limits: Limits, options: Mapping[str, str]) -> Iterator[tuple[int, int, Any]]:
    return ((number, 0, picture) for number, picture in enumerate_decoded(media, demuxer, limits, options))


def _stretch(media: Any, demuxer: str, limits: Limits, wanted: Any) -> Iterator[tuple[int, int, Any]]:
    """Every picture from the first key frame on that `wanted` asks for."""
    video = video_of(media, demuxer, limits)
    video.codec_context.thread_count = 1
    zero_us: int | None = None
    packets = media.demux(video)
    while True:
        try:
            packet = next(packets, None)
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError:
            packet = None
        if zero_us is None:
            if packet is None:
                return
            if not packet.size or not packet.is_keyframe:
                continue
            zero_us = _us(packet.pts if packet.pts is not None else packet.dts or 0, packet.time_base)
        try:
            frames = video.codec_context.decode(packet if packet is not None and packet.size else None)
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError:
            frames = []
        for frame in frames:
            after_us = _us(frame.pts, frame.time_base or video.time_base) - zero_us if frame.pts is not None else 0
            if wanted(after_us):
                yield 0, after_us, frame
        if packet is None or not packet.size:
            return


def _us(ticks: int, base: Any) -> int:
    return int(ticks * Fraction(base) * 1_000_000)


def _every(from_us: int, step_us: int) -> Any:
    """A predicate over rising times: at least `step_us` since the last one taken."""
    last = [-(1 << 62)]

    def wanted(after_us: int) -> bool:
        if after_us < from_us or after_us - last[0] < step_us:
            return False
        last[0] = after_us
        return True

    return wanted
