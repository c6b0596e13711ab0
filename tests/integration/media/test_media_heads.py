"""Faces in a few key frames, counted in the confined child: every container, those bytes only, numbers and nothing else. F-01, F-17."""

from pathlib import Path

import pytest

from storage.media.errors import Reason, UnreadableMedia
from storage.media.heads import MOST_INSTANTS, Counting, _checked, count_heads
from storage.media.index import SampleIndex, from_bytes
from storage.media.inspect import inspect_and_index
from storage.media.source import FileSource
from tests.videos import Scene, film

HOW = Counting(width_px=960, score_permille=300)
SCENE = Scene(seconds=8, fps=10, width=640, height=360, gop=20, face_px=70, crf=20)


@pytest.mark.parametrize(("container", "codec"), [("mp4", "h264"), ("ts", "h264"), ("mkv", "hevc")])
def test_a_face_is_counted_where_it_is_and_only_those_key_frames_are_read(tmp_path: Path, container: str, codec: str) -> None:
    scene = Scene(**{**{name: getattr(SCENE, name) for name in ("seconds", "fps", "width", "height", "gop", "face_px", "crf")}, "codec": codec})
    path = film(tmp_path / "lesson", container, scene)
    index = from_bytes(inspect_and_index(path).index)
    with FileSource(path) as source:
        counted = count_heads(source, index, [500, 2500, 4900, 7900], HOW, background=False)
    assert [head.faces for head in counted.heads] == [0, 1, 1, 0]
    assert [head.media_ms for head in counted.heads] == pytest.approx([0, 2000, 4000, 6000], abs=100)
    assert counted.heads[0].tallest_permille == 0
    assert 100 <= counted.heads[1].tallest_permille <= 300  # 70 of 360 lines, the box somewhat larger
    assert counted.requests <= 4
    assert counted.cpu_ms > 0
    if isinstance(index, SampleIndex):
        assert counted.bytes_read == int(index.video.sizes[index.video.keys != 0].sum())


def test_instants_of_one_key_frame_are_decoded_once_and_too_many_are_refused(tmp_path: Path) -> None:
    path = film(tmp_path / "lesson.mp4", "mp4", SCENE)
    index = from_bytes(inspect_and_index(path).index)
    with FileSource(path) as source:
        counted = count_heads(source, index, [4100, 4200, 5000], HOW, background=False)
        assert ([head.faces for head in counted.heads], counted.requests) == ([1, 1, 1], 1)
        for wrong in ([], [0] * (MOST_INSTANTS + 1)):
            with pytest.raises(ValueError, match="instants"):
                count_heads(source, index, wrong, HOW)


@pytest.mark.parametrize(
    "said", [{}, {"pictures": 3}, {"pictures": [[0]]}, {"pictures": [[2, [10]]]}, {"pictures": [[-1, []]]}, {"pictures": [[0, ["x"]]]}]
)
def test_what_a_child_gone_wrong_says_is_not_believed(said: dict[str, object]) -> None:
    with pytest.raises(UnreadableMedia) as refused:
        _checked(said, 2)
    assert refused.value.reason is Reason.HOSTILE
