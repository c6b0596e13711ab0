"""Films are made once per run: what one worker encoded, the others copy or read. Outside a run of pytest, once per process.

Whoever takes a film from here must not change it.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Final
from uuid import uuid4

PLACE: Final = "TESTS_STUDIO"


def open_studio() -> None:
    """For the process that starts the workers of a run: they inherit the folder."""
    os.environ[PLACE] = tempfile.mkdtemp(prefix="classproof-films-")


def close_studio() -> None:
    shutil.rmtree(os.environ.pop(PLACE), ignore_errors=True)


def once(key: object, make: Callable[[Path], object]) -> Path:
    """The film that `make` writes to the path it is given. `key`: all that decides its bytes, with a `repr` that says so."""
    path = _place() / f"{hashlib.sha256(repr(key).encode()).hexdigest()}.mp4"
    if not path.exists():
        aside = path.with_name(f"{uuid4()}.mp4")  # two workers may make the same at once: the last rename stands
        make(aside)
        aside.rename(path)
    return path


def _place() -> Path:
    return Path(os.environ[PLACE] if PLACE in os.environ else _own().name)


@lru_cache(maxsize=1)
def _own() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="classproof-films-", ignore_cleanup_errors=True)
