"""Where a marked range of a file lies on the wall. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.kernel.span import Span


@dataclass(frozen=True, slots=True)
class Piece:
    """A continuous piece of a recording: `span` on the wall begins at `media_start_ms` in the file."""

    span: Span
    media_start_ms: int

    @property
    def media_end_ms(self) -> int:
        return self.media_start_ms + self.span.length // timedelta(milliseconds=1)

    def wall_at(self, media_ms: int) -> datetime:
        return self.span.start_at + timedelta(milliseconds=media_ms - self.media_start_ms)


def place(pieces: Iterable[Piece], start_ms: int, end_ms: int) -> Span | None:
    """Wall-clock span of `[start_ms, end_ms)`, or None when one of its ends lies on no piece. It may run over a hole between pieces."""
    start = end = None
    for piece in pieces:
        if piece.media_start_ms <= start_ms < piece.media_end_ms:
            start = piece.wall_at(start_ms)
        if piece.media_start_ms < end_ms <= piece.media_end_ms:
            end = piece.wall_at(end_ms)
    return Span(start, end) if start is not None and end is not None and start < end else None
