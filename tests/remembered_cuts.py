"""Viewing copies of the same bytes are made once per run: the detector of faces takes as long as everything else around a review together.

The same bytes give the same copy (`tests/integration/media/test_media_blurred.py`), so a copy made for one test may serve another that shows the
same film. Only what the product's jobs ask for in this process is remembered; tests of the media themselves make every copy anew.
"""

import hashlib
import pickle
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from storage.clips import service, sheets
from storage.media.index import MediaIndex
from storage.media.source import ByteSource


@contextmanager
def remembering(place: Path) -> Iterator[None]:
    """Copies and sheets are kept in `place`, which the workers of a run share."""
    place.mkdir(exist_ok=True)
    cut, make_sheets = service.cut, sheets.make_sheets

    def remembered_cut(source: ByteSource, index: MediaIndex, start_ms: int, end_ms: int, out: Path, *, blurred: bool = False) -> Any:
        film = place / f"{_key(source, start_ms, end_ms, blurred)}.mp4"
        facts = _once(film.with_suffix(".cut"), lambda: _keep(cut(source, index, start_ms, end_ms, out, blurred=blurred), out, film))
        if not out.exists():
            shutil.copyfile(film, out)
        return facts

    def remembered_sheets(source: ByteSource, index: MediaIndex, start_ms: int, end_ms: int, *, blurred: bool, scratch: Path) -> Any:
        made = place / f"{_key(source, start_ms, end_ms, blurred)}.sheets"
        return _once(made, lambda: make_sheets(source, index, start_ms, end_ms, blurred=blurred, scratch=scratch))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service, "cut", remembered_cut)
        patch.setattr(sheets, "make_sheets", remembered_sheets)
        yield


def _key(source: ByteSource, start_ms: int, end_ms: int, blurred: bool) -> str:
    return hashlib.sha256(source.read(0, source.size_bytes) + f"/{start_ms}/{end_ms}/{blurred}".encode()).hexdigest()


def _keep(facts: Any, out: Path, film: Path) -> Any:  # Any: handed through
    _whole(film, lambda aside: shutil.copyfile(out, aside))
    return facts


def _once(path: Path, make: Callable[[], Any]) -> Any:  # Any: what the maker answers
    """What was made before; a refusal is made anew each time."""
    if path.exists():
        return pickle.loads(path.read_bytes())  # noqa: S301  # written by this run
    made = make()
    _whole(path, lambda aside: aside.write_bytes(pickle.dumps(made)))
    return made


def _whole(path: Path, write: Callable[[Path], object]) -> None:
    """Two workers may make the same at once: each writes aside, the last rename stands."""
    aside = path.with_name(f"{path.name}.{uuid4()}")
    write(aside)
    aside.rename(path)
