"""Remux, transcode, picture: the confined child's work on a span that the parent fetched. The span begins at a key frame."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import av
import av.filter
from av.container import InputContainer, OutputContainer

from storage.media.demux import open_media, video_of
from storage.media.errors import Reason, UnreadableMedia
from storage.media.facts import Limits
from storage.media.timeline import REORDER

CLOCK: Final = Fraction(1, 90_000)
HALF_MS_US: Final = 500  # positions come in whole milliseconds
ENCODER: Final = {"preset": "veryfast", "crf": "25", "g": "50", "bf": "0"}


def _limits(arguments: dict[str, Any]) -> Limits:  # Any: parsed JSON, here and below
    return Limits(streams=arguments["streams"], picture_px=arguments["picture_px"])


def _open_clip(path: str) -> OutputContainer:
    return av.open(path, "w", format="mp4", options={"movflags": "+faststart"})


def _us(ticks: int, base: Fraction) -> int:
    return int(ticks * base * 1_000_000)


def _aac(media: InputContainer) -> Any:  # Any: AudioStream | None, typed per stream kind in PyAV
    return next((s for s in media.streams.audio if s.codec_context is not None and s.codec_context.codec.canonical_name == "aac"), None)


def remux_task(arguments: dict[str, Any], reads: dict[str, str], writes: dict[str, str]) -> dict[str, object]:
    """Copy packets from the first key frame until decode time passes `to_us` after it."""
    to_us = int(arguments["to_us"])
    zero_us: int | None = None
    shown_us, step_us, packet_bytes, last_us = 0, 40_000, 0, -1
    with open_media(reads["media"], arguments["demuxer"]) as media, _open_clip(writes["clip"]) as clip:
        video, sound = video_of(media, arguments["demuxer"], _limits(arguments)), _aac(media)
        targets = {s.index: clip.add_stream_from_template(s) for s in (video, sound) if s is not None}
        heard = False
        for packet in _with_decode_times(_until_damage(media, [video, sound] if sound is not None else [video]), video.index):
            base, dts = Fraction(packet.time_base), packet.dts
            pts = packet.pts if packet.pts is not None else dts
            is_video = packet.stream.index == video.index
            if zero_us is None:
                if not (is_video and packet.is_keyframe):
                    continue
                zero_us = _us(pts, base)
            at_us = _us(dts, base) - zero_us
            if at_us >= to_us or (not is_video and at_us < 0):
                continue
            shift = round(Fraction(zero_us, 1_000_000) / base)
            packet.pts, packet.dts = pts - shift, dts - shift
            if is_video:
                if at_us > last_us >= 0:
                    step_us = at_us - last_us
                last_us, shown_us = at_us, max(shown_us, _us(packet.pts, base))
            heard = heard or not is_video
            packet_bytes += packet.size
            packet.stream = targets[packet.stream.index]
            clip.mux(packet)
    if zero_us is None:
        raise UnreadableMedia(Reason.DAMAGED, key_frames=0)
    return {"shown_us": shown_us + step_us, "packet_bytes": packet_bytes, "has_audio": int(heard)}


def _until_damage(media: InputContainer, streams: list[Any]) -> Any:
    """Packets with bytes, up to the point where the demuxer gives up: the span simply ends there."""
    try:
        for packet in media.demux(*streams):
            if packet.size:
                yield packet
    except av.error.MemoryError:
        raise
    except av.error.FFmpegError:
        return


def _with_decode_times(packets: Any, video: int) -> Any:
    """Matroska stores no decode times; FFmpeg works them out, but not for the first few pictures: count back from the first known one."""
    held: list[Any] = []
    known = False
    for packet in packets:
        if packet.stream.index != video:
            if packet.pts is not None or packet.dts is not None:
                packet.dts = packet.dts if packet.dts is not None else packet.pts
                yield packet
            continue
        if not known and packet.dts is None and len(held) < REORDER:
            held.append(packet)
            continue
        if not known:
            yield from _count_back(held, packet.dts)
            known = True
        packet.dts = packet.dts if packet.dts is not None else packet.pts
        if packet.dts is not None:
            yield packet
    if not known:
        yield from _count_back(held, None)


def _count_back(held: list[Any], known_dts: int | None) -> list[Any]:
    shown = sorted(p.pts for p in held if p.pts is not None)
    step = min((b - a for a, b in pairwise(shown) if b > a), default=1)
    known = known_dts if known_dts is not None else (shown[0] if shown else 0) + step
    for n, packet in enumerate(held):
        packet.dts = known - step * (len(held) - n)
    return held


def transcode_task(arguments: dict[str, Any], reads: dict[str, str], writes: dict[str, str]) -> dict[str, object]:
    """An H.264 viewing copy of [from_us, to_us) after the first key frame, no higher than `height_px`; AAC is copied, other sound left out.

    `blur`: faces are made unrecognisable on the way (`storage.media.veil`, loaded before the child confined itself).
    """
    veil = _veil(int(arguments["turns"])) if arguments.get("blur") else None
    from_us, to_us, limits = int(arguments["from_us"]), int(arguments["to_us"]), _limits(arguments)
    with open_media(reads["media"], arguments["demuxer"]) as media, _open_clip(writes["clip"]) as clip:
        video, sound = video_of(media, arguments["demuxer"], limits), _aac(media)
        height = min(video.height, int(arguments["height_px"])) & ~1
        width = max(round(video.width * height / video.height) & ~1, 2)
        target: Any = clip.add_stream("libx264", rate=video.average_rate or 25)
        target.width, target.height, target.pix_fmt, target.options = width, height, "yuv420p", ENCODER
        target.codec_context.time_base = CLOCK
        if arguments["turns"]:
            target.set_display_rotation(90 * int(arguments["turns"]))
        target.codec_context.thread_count = 2
        video.thread_type, video.codec_context.thread_count = "AUTO", 2
        heard_target = clip.add_stream_from_template(sound) if sound is not None else None
        zero_us: int | None = None
        packet_bytes, heard, span = 0, False, (from_us, to_us)
        made = (-1, 40_000, 0)
        for packet in _until_damage(media, [video, sound] if sound is not None else [video]):
            base = Fraction(packet.time_base)
            if packet.stream.index != video.index:
                if zero_us is not None and packet.pts is not None and from_us <= _us(packet.pts, base) - zero_us < to_us:
                    shift = round(Fraction(zero_us + from_us, 1_000_000) / base)
                    packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.pts - shift, heard_target
                    packet_bytes, heard = packet_bytes + packet.size, True
                    clip.mux(packet)
                continue
            if zero_us is None:
                if not packet.is_keyframe:
                    continue
                zero_us = _us(packet.pts if packet.pts is not None else packet.dts or 0, base)
            packet_bytes += packet.size
            for frame in _decoded(video, packet):
                made = _encode(clip, target, veil, frame, base, zero_us, span, made)
        for frame in _decoded(video, None):
            made = _encode(clip, target, veil, frame, Fraction(video.time_base or CLOCK), zero_us or 0, span, made)
        for picture in veil.flush() if veil is not None else ():
            clip.mux(target.encode(picture))
        clip.mux(target.encode(None))
    if not made[2]:
        raise UnreadableMedia(Reason.DECODE_FAILED, frames=0)
    seen = veil.seen if veil is not None else None
    return {
        "shown_us": made[0] + made[1],
        "packet_bytes": packet_bytes,
        "has_audio": int(heard),
        "frames_seen": seen.frames if seen else 0,
        "frames_veiled": seen.frames_veiled if seen else 0,
        "looked_at": seen.looked_at if seen else 0,
        "faces": seen.faces if seen else 0,
    }


def _veil(turns: int) -> Any:
    from storage.media import blur, veil

    return veil.Veil(blur.looking_upright(blur.finder().find, turns))


def _decoded(video: Any, packet: Any) -> list[Any]:
    try:
        return list(video.codec_context.decode(packet))
    except av.error.MemoryError:
        raise
    except av.error.FFmpegError:  # one damaged picture does not end the clip
        return []


def _encode(
    clip: OutputContainer,
    target: Any,
    veil: Any,
    frame: Any,
    base: Fraction,
    zero_us: int,
    span: tuple[int, int],
    state: tuple[int, int, int],
) -> tuple[int, int, int]:
    """(last time, step, pictures so far) after this frame, which is left out when outside the span or not later than the last."""
    last_us, step_us, count = state
    if frame.pts is None:
        return state
    at_us = _us(frame.pts, base) - zero_us
    if not span[0] <= at_us < span[1] or at_us - span[0] <= last_us:
        return state
    at_us -= span[0]
    picture = frame.reformat(width=target.width, height=target.height, format="yuv420p")
    picture.pts, picture.time_base, picture.pict_type = round(Fraction(at_us, 1_000_000) / CLOCK), CLOCK, 0
    for ready in veil.push(at_us, picture) if veil is not None else (picture,):
        clip.mux(target.encode(ready))
    return at_us, at_us - last_us if last_us >= 0 else step_us, count + 1


def stills_task(arguments: dict[str, Any], reads: dict[str, str], writes: dict[str, str]) -> dict[str, object]:
    """Decode the first `count` key frames; write each as 4 bytes of length and a JPEG."""
    found: list[bytes] = []
    with open_media(reads["media"], arguments["demuxer"]) as media:
        video = video_of(media, arguments["demuxer"], _limits(arguments))
        for packet in _until_damage(media, [video]):
            if not packet.is_keyframe:
                continue
            context: Any = av.CodecContext.create(video.codec_context.codec.canonical_name, "r")
            context.extradata, context.thread_count = video.codec_context.extradata, 1
            frames = [*context.decode(av.Packet(bytes(packet))), *context.decode(None)]
            if frames:
                found.append(_jpeg(_upright(frames[0], int(arguments["turns"])), int(arguments["width_px"])))
            if len(found) == arguments["count"]:
                break
    Path(writes["stills"]).write_bytes(b"".join(len(j).to_bytes(4, "big") + j for j in found))
    return {"stills": len(found)}


def frame_task(arguments: dict[str, Any], reads: dict[str, str], writes: dict[str, str]) -> dict[str, object]:
    """The picture shown `at_us` after the first key frame (the last one that is not later), as JPEG; answers when it is really shown.

    `blur`: the same picture with its faces made unrecognisable goes into `veiled`, and how many were found into the answer.
    """
    at_us = int(arguments["at_us"])
    best: Any = None
    zero_us: int | None = None
    with open_media(reads["media"], arguments["demuxer"]) as media:
        video = video_of(media, arguments["demuxer"], _limits(arguments))
        for packet in [*_until_damage(media, [video]), None]:
            if zero_us is None:
                if packet is None or not packet.is_keyframe:
                    continue
                zero_us = _us(packet.pts if packet.pts is not None else packet.dts or 0, Fraction(packet.time_base))
            for frame in _decoded(video, packet):
                if frame.pts is None:
                    continue
                shown_us = _us(frame.pts, Fraction(frame.time_base or video.time_base or CLOCK)) - zero_us
                if shown_us <= at_us + HALF_MS_US and (best is None or shown_us >= best[0]):
                    best = (shown_us, frame)
        if best is None:
            raise UnreadableMedia(Reason.DECODE_FAILED, at_us=at_us)
        picture, faces = _upright(best[1], int(arguments["turns"])), 0
        Path(writes["still"]).write_bytes(_jpeg(picture, int(arguments["width_px"])))
        if arguments.get("blur"):
            from storage.media import blur

            veiled, faces = blur.veil_still(picture.to_ndarray(format="bgr24"))
            Path(writes["veiled"]).write_bytes(_jpeg(av.VideoFrame.from_ndarray(veiled, format="bgr24"), int(arguments["width_px"])))
    return {"at_us": best[0], "faces": faces}


def _upright(frame: Any, turns: int) -> Any:
    """As it is meant to be shown. By a filter of the library: an array module could no longer be loaded in the confined child."""
    if not turns:
        return frame
    plain = frame.reformat(format="yuv420p")
    graph = av.filter.Graph()
    steps = [graph.add_buffer(width=plain.width, height=plain.height, format=plain.format, time_base=CLOCK)]
    steps += [graph.add("transpose", "cclock") for _ in range(turns)]
    steps.append(graph.add("buffersink"))
    for one, other in pairwise(steps):
        one.link_to(other)
    graph.configure()
    graph.push(plain)
    return graph.pull()


def _jpeg(frame: Any, width_px: int) -> bytes:
    width = min(frame.width, width_px) & ~1
    height = max(round(frame.height * width / frame.width) & ~1, 2)
    encoder: Any = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = width, height, "yuvj420p", Fraction(1, 25)
    encoder.options = {"qmin": "3", "qmax": "3"}
    picture = frame.reformat(width=width, height=height, format="yuvj420p")
    picture.pts, picture.pict_type = 0, 0
    return b"".join(bytes(p) for p in [*encoder.encode(picture), *encoder.encode(None)])
