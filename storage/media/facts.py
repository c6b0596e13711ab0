"""What is measured of a recording, and the limits under which it may be measured. Integers only: these facts go into the ledger.

`media_ms` is a position in the file: 0 is the first picture shown.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may cost. Time grows with its size, memory does not."""

    gap_tolerance_ms: int = 1000  # a longer jump between two pictures ends a segment
    memory_bytes: int = 1_500_000_000  # address space of the child
    base_s: int = 30
    bytes_per_s: int = 10_000_000  # slowest acceptable progress: 1 s more for each of these
    streams: int = 8
    picture_px: int = 40_000_000  # 8K is 33 million
    segments: int = 20_000
    longest_s: int = 400 * 86_400  # from the first picture to the last, as their times say: no slot is older when its file comes

    def time_s(self, size_bytes: int) -> int:
        """CPU and wall seconds allowed for a file of this size."""
        return self.base_s + size_bytes // self.bytes_per_s


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """Measured from the packets, never copied from a header (`declared_ms` and `created_at` are the header's claims, kept apart)."""

    container: str  # mp4 mkv ts ps avi
    fragmented: bool  # MP4 in fragments
    size_bytes: int
    video_codec: str  # h264 hevc mpeg4 mjpeg
    audio_codec: str | None
    has_audio: bool
    width_px: int
    height_px: int
    first_pts_ms: int  # presentation time that the file gives its first picture; media_ms counts from there
    duration_ms: int  # first picture shown to the end of the last
    held_ms: int  # the same without the gaps
    declared_ms: int | None  # what the header claims, where a header exists
    truncated: bool  # the file holds less than its own structure claims
    segments: tuple[tuple[int, int], ...]  # media_ms, half-open, in order; between two lies a gap longer than the tolerance
    frame_rate_milli: int  # pictures per 1000 s, mean inside the segments
    variable_frame_rate: bool
    bit_rate_bps: int  # of the video packets
    packet_count: int
    packet_bytes: int
    key_frame_count: int
    max_gop_ms: int
    corrupt_packets: int
    time_jumps: int  # times at which decode time leapt, either way
    key_frames_tried: int
    key_frames_decoded: int
    packet_hash: str  # SHA-256, hex; see nal.py
    packet_hash_kind: str  # "vcl" for H.264 and H.265, "payload" for the rest
    created_at: str | None  # the container's creation time, ISO 8601 UTC, as claimed
    sandbox: str  # how the child was confined, for example "bwrap+limits+landlock+seccomp"

    @property
    def gaps(self) -> tuple[tuple[int, int], ...]:
        """Media time without pictures between the segments."""
        return tuple((a[1], b[0]) for a, b in zip(self.segments, self.segments[1:], strict=False))


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """A clip and its true cost. The file starts at `start_ms` of the recording; seek `offset_ms` into it to reach what was asked."""

    start_ms: int
    end_ms: int
    offset_ms: int
    bytes_read: int  # from the source
    packet_bytes: int  # of the coded packets of the span
    requests: int
    reencoded: bool
    has_audio: bool
    veil: "VeilFacts | None" = None  # None: nothing was blurred


@dataclass(frozen=True, slots=True)
class VeilFacts:
    """How a copy was blurred, counted while it was made. Pictures between those looked at are veiled by what is seen around them."""

    detector: str  # name and version
    frames_seen: int
    frames_veiled: int
    looked_at: int
    faces: int  # found, over all pictures looked at
