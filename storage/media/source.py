"""Where bytes of a recording come from: an object version in the store, or a file. Ranges are half-open."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

BLOCK_BYTES = 1 << 20


class ByteSource(Protocol):
    """Random access to one immutable byte string. `read` returns exactly `end - start` bytes, fewer only past the end; `blocks` gives the
    same in pieces by one request, so that a long stretch is written away while it arrives and never stands whole in memory.
    """

    @property
    def size_bytes(self) -> int: ...

    def read(self, start: int, end: int) -> bytes: ...
    def blocks(self, start: int, end: int) -> Iterator[bytes]: ...


class FileSource:
    """A local file. Keeps it open; use as a context manager or let go."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self.size_bytes = os.fstat(self._file.fileno()).st_size

    def read(self, start: int, end: int) -> bytes:
        parts: list[bytes] = []
        while start < end:
            part = os.pread(self._file.fileno(), min(end - start, 1 << 30), start)
            if not part:
                break
            parts.append(part)
            start += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def blocks(self, start: int, end: int) -> Iterator[bytes]:
        for at in range(start, end, BLOCK_BYTES):
            yield self.read(at, min(at + BLOCK_BYTES, end))

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> "FileSource":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Metered:
    """Counts what is really asked of a source: the honest cost of a clip."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self.size_bytes = source.size_bytes
        self.bytes_read = 0
        self.requests = 0

    def read(self, start: int, end: int) -> bytes:
        data = self._source.read(start, end)
        self.bytes_read += len(data)
        self.requests += 1
        return data

    def blocks(self, start: int, end: int) -> Iterator[bytes]:
        self.requests += 1
        for block in self._source.blocks(start, end):
            self.bytes_read += len(block)
            yield block


class ReadAhead:
    """Serves many small neighbouring reads from few requests: a window that doubles from 64 KB to 2 MB while reading goes on in order."""

    def __init__(self, source: ByteSource, first_bytes: int = 1 << 16, most_bytes: int = 1 << 21) -> None:
        self._source = source
        self.size_bytes = source.size_bytes
        self._first, self._most, self._window = first_bytes, most_bytes, 1 << 20  # the first read usually wants an index in front
        self._start, self._data = 0, b""

    def read(self, start: int, end: int) -> bytes:
        end = min(end, self.size_bytes)
        have = self._start + len(self._data)
        if not self._start <= start <= end <= have:
            if self._data:
                self._window = min(self._window * 2, self._most) if self._start <= start <= have + self._window else self._first
            kept = self._data[start - self._start :] if self._start <= start < have else b""
            at = start + len(kept)
            self._data = kept + self._source.read(at, min(max(end, start + self._window), self.size_bytes))
            self._start = start
        return self._data[start - self._start : end - self._start]

    def blocks(self, start: int, end: int) -> Iterator[bytes]:
        return self._source.blocks(start, end)
