"""Which files are recordings, whether a recorder has finished writing one, and what identifies it cheaply."""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SUFFIXES: Final = frozenset({".mp4", ".mkv", ".ts", ".ps", ".avi", ".mpg", ".mpeg"})
EDGE_BYTES: Final = 1 << 20
BLOCK_BYTES: Final = 1 << 20
QUIET_S: Final = 8.0  # recorders write at least every few seconds


@dataclass(frozen=True, slots=True)
class Version:
    """What tells one state of a file from another without reading it."""

    size_bytes: int
    mtime_ns: int


def version_of(path: Path) -> Version:
    """Raises: FileNotFoundError."""
    found = path.stat()
    return Version(found.st_size, found.st_mtime_ns)


def recordings_in(place: Path, *, shut: Callable[[Path], None] = lambda _: None) -> list[Path]:
    """The recordings under a folder, oldest name first; a file is itself. Linked folders are not entered, so none is a loop.

    `shut` is told each folder inside that may not be opened; the others are searched all the same. Raises: OSError — `place` itself may not.
    """
    if place.is_file():
        return [place]

    def told(error: OSError) -> None:
        if isinstance(error, FileNotFoundError):
            return  # it was removed meanwhile
        if os.fspath(error.filename) == os.fspath(place):
            raise error
        shut(Path(error.filename))

    found = [Path(folder, name) for folder, _, names in os.walk(place, onerror=told) for name in names]
    return sorted(path for path in found if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and _may_be_a_file(path))


def _may_be_a_file(path: Path) -> bool:
    try:
        return path.is_file()
    except PermissionError:
        return True  # reading it will say so, in words and with its name


class Stillness:
    """Tells a finished file from one that is being written: not empty, and the same at every look for `quiet_s`.

    Time stamps are compared with each other, never with a clock: recorders and network drives are wrong by hours.
    """

    def __init__(self, quiet_s: float = QUIET_S) -> None:
        self._quiet_s = quiet_s
        self._since: dict[Path, tuple[Version, float]] = {}

    def is_finished(self, path: Path, version: Version, *, now_s: float) -> bool:
        """`now_s` only has to grow."""
        known = self._since.get(path)
        if known is None or known[0] != version:
            self._since[path] = known = (version, now_s)
        return version.size_bytes > 0 and now_s - known[1] >= self._quiet_s

    def forget_all_but(self, paths: set[Path]) -> None:
        """What left the folder need not be remembered."""
        self._since = {path: seen for path, seen in self._since.items() if path in paths}


def shown(path: Path | str) -> str:
    """A path or name as text. Old recorders write names in GB 18030, which Python keeps as escapes that no JSON and no terminal takes."""
    return "/".join(_decoded(part) for part in os.fsencode(path).split(b"/"))


def _decoded(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name.decode("gb18030", errors="replace")


def fingerprint(path: Path) -> str:
    """SHA-256 of the first and the last MiB, then the size: the same rule as the upload page (api/static/js/fingerprint.js)."""
    size = path.stat().st_size
    with path.open("rb") as file:
        digest = hashlib.sha256(file.read(EDGE_BYTES))
        file.seek(max(0, size - EDGE_BYTES))
        digest.update(file.read(EDGE_BYTES))
    return f"{digest.hexdigest()}:{size}"


def blocks(path: Path, start: int, end: int, *, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Bytes `[start, end)` in blocks: memory stays flat whatever a part measures. Ends early when the file does."""
    with path.open("rb", buffering=0) as file:
        file.seek(start)
        left = end - start
        while left > 0 and (data := file.read(min(block_bytes, left))):
            left -= len(data)
            yield data
