"""Working folders of jobs. They go with the job; when its process is killed they go with the next process that looks.

A folder is held by an flock, which the kernel takes away from the dead: whatever of ours is not held is nobody's any more.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

OURS: Final = "classproof-job-"  # the directory may be shared with others: only these names are ever removed


@contextmanager
def working_folder(scratch: Path) -> Iterator[Path]:
    """An empty folder under `scratch` (made when missing) for the length of the block."""
    scratch.mkdir(parents=True, exist_ok=True)
    sweep(scratch)
    with _alone(scratch):
        made = Path(tempfile.mkdtemp(dir=scratch, prefix=OURS))
        held = _take(made)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        if held is not None:
            os.close(held)


def sweep(scratch: Path) -> int:
    """Remove what killed processes left. Returns how many folders."""
    if not scratch.is_dir():
        return 0
    removed = 0
    with _alone(scratch):
        for folder in scratch.glob(f"{OURS}*"):
            held = _take(folder)
            if held is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(held)
                removed += 1
    return removed


@contextmanager
def _alone(scratch: Path) -> Iterator[None]:
    """One maker or sweeper at a time: a folder is never seen between its making and its holding."""
    descriptor = os.open(scratch, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _take(folder: Path) -> int | None:
    """A descriptor that holds the folder; None when somebody else does, or it is gone."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
