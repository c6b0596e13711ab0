"""Closer looks are a second apart, in the spans that are asked for and nowhere else; a recording that is gone meanwhile gives none. R60."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from storage.media.index import build_index
from storage.media.source import FileSource
from storage.objects.errors import ObjectMissing
from supervision.screening.motion import fields_of
from supervision.screening.second_looks import SecondLooks
from tests.integration.screening.test_recycled_footage import filmed

ROOM = np.zeros((180, 320), np.uint8)


class Gone(FileSource):
    """Destroyed between the first pass and the second."""

    def read(self, _start: int, _end: int) -> bytes:
        raise ObjectMissing(key="gone")

    def blocks(self, _start: int, _end: int) -> Iterator[bytes]:
        raise ObjectMissing(key="gone")


def test_looks_are_a_second_apart_in_the_spans_alone(tmp_path: Path) -> None:
    with FileSource(filmed(1)) as source:
        look = SecondLooks(source, build_index(source), ROOM, tmp_path)
        seen = look([(40_000, 70_000), (200_000, 215_000)])
    assert seen is not None
    apart = np.diff(seen.times_ms)
    assert np.all((apart >= 1_000) & ((apart <= 1_400) | (seen.times_ms[1:] >= 200_000)))
    assert np.all(((seen.times_ms >= 40_000) & (seen.times_ms < 70_000)) | ((seen.times_ms >= 200_000) & (seen.times_ms < 215_000)))
    assert look.looks == len(seen.times_ms) == len(seen.fields) >= 38
    assert look.cpu_ms > 0
    assert seen.fields[0].shape == fields_of(ROOM).shape
    assert list(tmp_path.iterdir()) == []  # nothing is left in scratch


def test_a_recording_that_is_gone_gives_none(tmp_path: Path) -> None:
    path = filmed(1)
    with FileSource(path) as source:
        index = build_index(source)
    with Gone(path) as gone:
        assert SecondLooks(gone, index, ROOM, tmp_path)([(40_000, 70_000)]) is None
