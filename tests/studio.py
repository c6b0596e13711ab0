"""Films are made once per run: what one worker encoded, the others copy or read. Outside a run of pytest, once per process.

Whoever takes a film from here must not change it.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Final

PLACE: Final = "TESTS_STUDIO"


def open_studio() -> None:
    """For the process that starts the workers of a run: they inherit the folder."""
    os.environ[PLACE] = tempfile.mkdtemp(prefix="classproof-films-")


def close_studio() -> None:
    shutil.rmtree(os.environ.pop(PLACE), ignore_errors=True)


def once(key: object, make: Callable[[Path], object]) -> Path:
    """The film that `make` writes to the path it is given. `key`: all that decides its bytes, with a `repr` that says so."""
    path = _place() / f"{hashlib.sha256(repr(key).encode()).hexdigest()}.mp4"
    with alone(path):
        if not path.exists():
            aside = path.with_name(f"new-{path.name}")  # whole or not at all
            make(aside)
            aside.rename(path)
    return path


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """One process and one thread at a time makes what belongs at `path`: two workers often come to the same test file at once."""
    with path.with_suffix(".lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _place() -> Path:
    return Path(os.environ[PLACE] if PLACE in os.environ else _own().name)


@lru_cache(maxsize=1)
def _own() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="classproof-films-", ignore_cleanup_errors=True)
