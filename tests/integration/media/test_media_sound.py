"""Levels of sound: right whatever the container, for few bytes; numbers and nothing else leave the child. R60, R71."""

from pathlib import Path

import numpy as np
import pytest

from bench.screening.sounds import Microphone, Muted, envelope, film, waves
from storage.media import sandbox, sound
from storage.media.errors import UnreadableMedia
from storage.media.facts import Limits
from storage.media.index import SampleIndex, from_bytes
from storage.media.inspect import inspect_and_index
from storage.media.sandbox import Answer
from storage.media.sound import QUIETEST_DB, hear, hear_stretch
from storage.media.source import FileSource
from tests.integration.media.test_media_looks import _film

TONE_DB = 20 * np.log10(3000 / 32768 / np.sqrt(2))  # of the films of these tests
OUTSIDE = 20_000


@pytest.mark.parametrize("container", ["mp4", "mp4-fragmented", "mkv", "ts", "avi", "ps"])
def test_the_level_of_a_piece_of_each_step_is_that_of_its_sound(tmp_path: Path, container: str) -> None:
    path = _film(tmp_path, container)
    with FileSource(path) as source:
        index = from_bytes(inspect_and_index(path).index)
        heard = hear(source, index, 8_000, scratch=tmp_path)
        whole = hear_stretch(source, index, 5_000, 9_000, 100, scratch=tmp_path)
    expected = QUIETEST_DB if container == "ps" else TONE_DB  # our program stream carries G.711 silence
    assert heard.levels == pytest.approx([expected] * 3, abs=0.5)
    assert np.abs(heard.media_ms - [0, 8_000, 16_000]).max() <= sound.SEARCHED_MS
    assert heard.requests == 3
    assert heard.bytes_read < path.stat().st_size / 2
    assert 38 <= len(whole.levels) <= 40
    assert whole.levels == pytest.approx(np.full(len(whole.levels), expected), abs=0.5)


@pytest.mark.parametrize("codec", ["aac", "pcm_alaw"])
def test_an_input_without_a_microphone_is_far_below_a_quiet_room(tmp_path: Path, codec: str) -> None:
    own = Microphone(room_db=-60, codec=codec)
    muted = (Muted(20, 30, None), Muted(30, 41, -90))
    path = film(tmp_path / ("f.avi" if codec == "pcm_alaw" else "f.mp4"), waves(1, envelope(1, 40, own, ((10, 20),)), own, muted), codec)
    with FileSource(path) as source:
        index = from_bytes(inspect_and_index(path).index)
        levels = hear(source, index, 2_000).levels
        assert levels[:4].max() > -40
        assert levels[6:9] == pytest.approx([-60] * 3, abs=4)
        assert levels[11:18].max() < -70
        refused = hear(source, index, 2_000, limits=Limits(streams=0))
    assert len(refused.levels) == 0 or np.isnan(refused.levels).all()  # a batch that hits a limit gives no level, and no error


def test_a_child_that_answers_something_else_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _film(tmp_path, "mp4")
    index = from_bytes(inspect_and_index(path).index)
    assert isinstance(index, SampleIndex)
    with FileSource(path) as source:
        for value in ({}, {"pieces": []}, {"pieces": [["loud"]]}, {"pieces": [[0.0] * (sound.MOST_BINS + 1)]}):
            monkeypatch.setattr(sandbox, "run", lambda *_, value=value, **__: Answer(value, "", 0, 0))
            with pytest.raises(UnreadableMedia):
                hear_stretch(source, index, 0, 9_000, 100)
        with pytest.raises(ValueError, match="too long"):
            hear_stretch(source, index, 0, sound.MOST_STRETCH_MS + 1, 100)
        assert len(hear(source, SampleIndex(index.tracks[:1]), 1_000).levels) == 0  # no sound track
