"""Refusals of the media stage."""

from enum import StrEnum

from storage.kernel.errors import DomainError


class Reason(StrEnum):
    """Why a file is not evidence. The machine reason; the wording is looked up by it."""

    EMPTY = "empty"
    NOT_A_VIDEO = "not-a-video"
    UNSUPPORTED_CONTAINER = "unsupported-container"
    TRUNCATED_NO_INDEX = "truncated-no-index"  # an MP4 whose end, and with it its index (moov), never arrived
    DAMAGED = "damaged"  # the container is known but its structure contradicts itself
    NO_VIDEO_STREAM = "no-video-stream"
    NO_PROGRAM_STREAM_MAP = "no-program-stream-map"  # MPEG-PS that does not say, and does not show, what it holds
    UNSUPPORTED_CODEC = "unsupported-codec"
    TOO_MANY_STREAMS = "too-many-streams"
    PICTURE_TOO_LARGE = "picture-too-large"
    DECODE_FAILED = "decode-failed"
    HOSTILE = "hostile"  # a limit was hit; fact `limit` names it: time, memory, output, segments, crash


class UnreadableMedia(DomainError):
    """The file cannot be measured or cut. Facts: reason (`Reason`), and what explains it."""

    code = "unreadable-media"

    def __init__(self, reason: Reason, **facts: object) -> None:
        super().__init__(reason=reason.value, **facts)
        self.reason = reason


class NothingToCut(DomainError):
    """The recording holds no picture in the asked span. Facts: start_ms, end_ms, duration_ms."""

    code = "nothing-to-cut"


class SandboxStopped(DomainError):
    """The work was broken off because this process ends; whoever takes it up again goes on from its last checkpoint."""

    code = "media-sandbox-stopped"
    passing = True


class SandboxFailed(DomainError):
    """The confined child could not be started or answered nonsense: our fault, not the file's. Facts: why."""

    code = "media-sandbox-failed"
