"""Open a file with the demuxer its magic names, and nothing else. Runs in the confined child only."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from storage.media.errors import Reason, UnreadableMedia
from storage.media.facts import Limits
from storage.media.sniff import Shape, sniff
from storage.media.source import FileSource

VIDEO_CODECS: Final = frozenset({"h264", "hevc", "mpeg4", "mjpeg"})
# what FFmpeg may open to find stream parameters; any other stream stays closed
CODECS: Final = (
    "h264,hevc,mpeg4,mjpeg,aac,aac_latm,mp3,mp3float,mp2,mp2float,pcm_alaw,pcm_mulaw,pcm_s16le,pcm_s16be,adpcm_ms,adpcm_ima_wav,g722,g726,g726le"
)
OPTIONS: Final = {
    "protocol_whitelist": "file",
    "codec_whitelist": CODECS,
    "max_streams": "64",
    "probesize": "10000000",
    "analyzeduration": "10000000",
}
# in a transport stream the pictures may begin long after the sound; it is read no further than `probesize`, and only while a stream is unknown
TS_OPTIONS: Final = {"analyzeduration": "300000000"}
# samples are evidence, the edit list that selects and repeats them is not
MOV_OPTIONS: Final = {"ignore_editlist": "1", "enable_drefs": "0", "use_absolute_path": "0"}


def shape_of(path: str) -> Shape:
    with FileSource(Path(path)) as source:
        return sniff(source)


def open_media(path: str | BinaryIO, demuxer: str) -> InputContainer:
    """A file by its path, or bytes that were read from one. Raises: UnreadableMedia — damaged, not-a-video, hostile."""
    options = OPTIONS | {"format_whitelist": _NAMES[demuxer]} | {"mov": MOV_OPTIONS, "mpegts": TS_OPTIONS}.get(demuxer, {})
    try:
        return av.open(path, "r", format=demuxer, options=options, metadata_errors="replace")
    except av.error.MemoryError as error:
        raise UnreadableMedia(Reason.HOSTILE, limit="memory") from error
    except (av.error.FFmpegError, ValueError, OverflowError) as error:
        reason = Reason.NO_PROGRAM_STREAM_MAP if demuxer == "mpeg" else Reason.DAMAGED
        raise UnreadableMedia(reason, detail=str(error)[:120]) from error


_NAMES: Final = {"mov": "mov,mp4,m4a,3gp,3g2,mj2", "matroska": "matroska,webm", "mpegts": "mpegts", "mpeg": "mpeg", "avi": "avi"}


def video_of(media: InputContainer, demuxer: str, limits: Limits) -> VideoStream:
    """The one video stream that counts: the first that is no cover picture.

    Raises: UnreadableMedia — too-many-streams, no-video-stream, no-program-stream-map, unsupported-codec, picture-too-large.
    """
    if len(media.streams) > limits.streams:
        raise UnreadableMedia(Reason.TOO_MANY_STREAMS, streams=len(media.streams), limit=limits.streams)
    videos = [s for s in media.streams.video if not s.disposition & s.disposition.attached_pic]
    if not videos:
        raise UnreadableMedia(Reason.NO_PROGRAM_STREAM_MAP if demuxer == "mpeg" else Reason.NO_VIDEO_STREAM)
    video = videos[0]
    context = video.codec_context
    # mypy: PyAV types this as never None, yet an unknown codec has no context
    name = context.codec.canonical_name if context is not None else "unknown"
    if name not in VIDEO_CODECS:
        raise UnreadableMedia(Reason.UNSUPPORTED_CODEC, codec=name)
    if context.width * context.height > limits.picture_px:
        raise UnreadableMedia(Reason.PICTURE_TOO_LARGE, width_px=context.width, height_px=context.height)
    if context.width <= 0 or context.height <= 0:
        raise UnreadableMedia(Reason.NO_PROGRAM_STREAM_MAP if demuxer == "mpeg" else Reason.DECODE_FAILED)
    return video


def enumerate_decoded(
    media: InputContainer, demuxer: str, limits: Limits, options: Mapping[str, str] | None = None
) -> Iterator[tuple[int, Any]]:  # Any: av.VideoFrame
    """Every key frame decoded alone, numbered as they come; numbers of damaged ones are skipped. `options` are the decoder's."""
    video = video_of(media, demuxer, limits)
    context: Any = av.CodecContext.create(video.codec_context.codec.canonical_name, "r")
    context.extradata, context.thread_count = video.codec_context.extradata, 1
    context.options = {**(options or {}), "max_pixels": str(limits.picture_px)}  # a later key frame may have another size
    number = -1
    try:
        for packet in media.demux(video):
            # an MP4 of ours holds nothing but the asked ones; a damaged one no longer looks like a key frame to FFmpeg and counts all the same
            if not packet.size or not (packet.is_keyframe or demuxer == "mov"):
                continue
            number += 1
            try:
                frames = [*context.decode(av.Packet(bytes(packet))), *context.decode(None)]
            except av.error.MemoryError:
                raise
            except av.error.FFmpegError:
                frames = []
            context.flush_buffers()
            if frames:
                yield number, frames[0]
    except av.error.MemoryError:
        raise
    except av.error.FFmpegError:
        return
