"""Viewing copies and sprite sheets with faces made unrecognisable: every picture of a known face, in every codec, and nothing else."""

import hashlib
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from storage.media.blur import THREADS, blur_faces, finder
from storage.media.cut import cut
from storage.media.faces import DETECTOR
from storage.media.facts import ClipFacts
from storage.media.heads import Counting, count_heads
from storage.media.index import from_bytes, turns_of
from storage.media.inspect import inspect_and_index
from storage.media.sheets import TILE_WIDTH_PX, make_sheets
from storage.media.source import FileSource
from storage.media.still import frame_at, stills
from tests.faces import face_place
from tests.videos import Picture, Scene, film, number_in, picture

SCENE = Scene(seconds=8, fps=10, width=640, height=360, gop=20, face_px=70, sound=True, crf=20)
PLAIN = Scene(seconds=4, fps=10, width=640, height=360, gop=20)


def _copy(tmp_path: Path, scene: Scene, container: str = "mp4", *, start_ms: int = 0, end_ms: int = 8000) -> tuple[ClipFacts, Path]:
    path = film(tmp_path / f"lesson-{container}", container, scene)
    out = tmp_path / f"copy-{container}.mp4"
    with FileSource(path) as source:
        return cut(source, from_bytes(inspect_and_index(path).index), start_ms, end_ms, out, blurred=True), out


def _pictures(path: Path) -> list[Picture]:
    with av.open(str(path)) as clip:
        return [np.asarray(f.to_ndarray(format="bgr24"), np.uint8) for f in clip.decode(video=0)]


def _face(scene: Scene, n: int) -> tuple[slice, slice] | None:
    place = face_place(scene, n)
    if place is None:
        return None
    x, y, height = place
    return slice(y - height // 2, y + height // 2), slice(x - height // 3, x + height // 3)


def _changed(a: Picture, b: Picture) -> float:
    """Mean difference of two pictures; re-encoding alone stays below 4."""
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


def test_the_detector_takes_the_drawn_face_for_a_face_and_the_empty_wall_for_none() -> None:
    n = SCENE.frames // 2
    place = face_place(SCENE, n)
    assert place is not None
    (found,) = finder().find(picture(SCENE, n, 0))
    assert found.left * 640 < place[0] < found.right * 640 and found.top * 360 < place[1] < found.bottom * 360
    assert finder().find(picture(PLAIN, 5, 0)) == ()


@pytest.mark.parametrize(("container", "codec"), [("mp4", "h264"), ("mp4", "hevc"), ("ts", "h264"), ("mkv", "hevc")])
def test_no_picture_of_a_blurred_copy_shows_the_face(tmp_path: Path, container: str, codec: str) -> None:
    scene = Scene(**{**vars_of(SCENE), "codec": codec})
    facts, out = _copy(tmp_path, scene, container)
    shown = _pictures(out)
    assert facts.reencoded and facts.has_audio and facts.offset_ms == 0
    assert facts.veil is not None and facts.veil.detector == DETECTOR
    assert facts.veil.frames_seen == len(shown) == scene.frames
    with_face = 0
    for n, image in enumerate(shown):
        assert number_in(image) == n
        face = _face(scene, n)
        if face is None:
            continue
        with_face += 1
        assert _changed(image[face], picture(scene, n, 0)[face]) > 8, n
    assert with_face == scene.frames // 2
    assert with_face <= facts.veil.frames_veiled < scene.frames
    below = slice(300, 340), slice(0, 640)
    first = shown[0]
    assert _changed(first[below][:, 300:], picture(scene, 0, 0)[below][:, 300:]) < 4
    again = [image for n, image in enumerate(shown) if n % 4 == 0 and _face(scene, n) is not None]
    assert not any(finder().find(image) for image in again)  # what is left looks like no face


def vars_of(scene: Scene) -> dict[str, object]:
    return {name: getattr(scene, name) for name in scene.__dataclass_fields__}


def test_the_same_bytes_give_the_same_copy(tmp_path: Path) -> None:
    sums = {hashlib.sha256(_copy(tmp_path, SCENE, end_ms=3000)[1].read_bytes()).hexdigest() for _ in range(2)}
    assert len(sums) == 1


def test_a_film_without_faces_is_not_touched(tmp_path: Path) -> None:
    facts, out = _copy(tmp_path, PLAIN, end_ms=4000)
    assert facts.veil is not None and (facts.veil.faces, facts.veil.frames_veiled) == (0, 0)
    assert facts.veil.looked_at == 20  # five a second
    assert all(_changed(image, picture(PLAIN, n, n * 9000)) < 4 for n, image in enumerate(_pictures(out)))


def test_a_still_is_blurred_by_the_same_detector() -> None:
    n = SCENE.frames // 2
    image, face = picture(SCENE, n, 0), _face(SCENE, n)
    assert face is not None
    veiled = blur_faces(image)
    assert _changed(veiled[face], image[face]) > 8
    assert finder().find(veiled) == ()
    assert _changed(veiled[300:], image[300:]) == 0


@pytest.mark.parametrize("container", ["mp4", "mp4-fragmented", "mkv", "ts", "avi", "ps"])
def test_sheets_read_key_frames_only_and_show_no_face(tmp_path: Path, container: str) -> None:
    path = film(tmp_path / "lesson", container, SCENE if container != "avi" else Scene(**{**vars_of(SCENE), "sound": False}))
    index = from_bytes(inspect_and_index(path).index)
    with FileSource(path) as source:
        made = make_sheets(source, index, 1000, 8000)
        plain = make_sheets(source, index, 1000, 8000, blurred=False)
        assert made.bytes_read < source.size_bytes / 2
        assert made.requests <= len(made.times_ms)
    assert made.times_ms == plain.times_ms
    assert [round(at_ms / 1000) for at_ms in made.times_ms] == [0, 4, 6]  # a fragmented film with sound begins some milliseconds late
    tiles, clear = (cv2.imdecode(np.frombuffer(m.jpegs[0], np.uint8), cv2.IMREAD_COLOR) for m in (made, plain))
    assert len(made.jpegs) == 1 and tiles.shape == (made.tile_height_px, TILE_WIDTH_PX * made.columns, 3)
    assert made.faces >= 1
    scale = TILE_WIDTH_PX / SCENE.width
    for tile, at_ms in enumerate(made.times_ms):
        number = round(at_ms / 1000) * 10
        place = face_place(SCENE, number)
        left = tile * TILE_WIDTH_PX
        if place is not None:
            x, y, half = round(place[0] * scale) + left, round(place[1] * scale), round(place[2] * scale / 3)
            face = slice(y - half, y + half), slice(x - half, x + half)
            assert _changed(tiles[face], clear[face]) > 8, at_ms
        assert number_in(cv2.resize(clear[:, left : left + TILE_WIDTH_PX], (640, 360))) == number


def test_two_threads_find_what_one_finds() -> None:
    pictures = [picture(SCENE, n, 0) for n in (0, 20, SCENE.frames // 2, 60)]
    found = [finder().find(image) for image in pictures]
    assert any(found)
    try:
        cv2.setNumThreads(1)
        assert [finder().find(image) for image in pictures] == found
    finally:
        cv2.setNumThreads(THREADS)


def _lying(path: Path, turns: int) -> Path:
    """The scene as a telephone stores it that was held otherwise: `turns` quarter turns to the left show it upright."""
    with av.open(str(path), "w") as media:
        stream = media.add_stream("libx264", rate=SCENE.fps)
        first = np.rot90(picture(SCENE, 0, 0), -turns)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = first.shape[1], first.shape[0], "yuv420p", SCENE.gop
        stream.set_display_rotation(90 * turns)
        for n in range(SCENE.frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(np.rot90(picture(SCENE, n, 0), -turns)), format="bgr24")
            media.mux(stream.encode(frame))
        media.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_faces_of_a_picture_on_its_side_are_veiled_and_it_is_shown_upright(tmp_path: Path, turns: int) -> None:
    path, out, n = _lying(tmp_path / "lying.mp4", turns), tmp_path / "copy.mp4", SCENE.frames // 2
    face = _face(SCENE, n)
    assert face is not None
    with FileSource(path) as source:
        index = from_bytes(inspect_and_index(path).index)
        assert turns_of(index) == turns
        facts = cut(source, index, 0, 8000, out, blurred=True)
        still = frame_at(source, index, n * 100, blurred=True)
        key = stills(source, index, [4000])[0]
        sheets = make_sheets(source, index, 0, 8000)
        heads = count_heads(source, index, [4000], Counting(640, 200)).heads
    assert facts.veil is not None and facts.veil.faces > 15
    with av.open(str(out)) as clip:
        frames = list(clip.decode(video=0))
    assert {round(frame.rotation / 90) % 4 for frame in frames} == {turns}
    shown = np.rot90(frames[n].to_ndarray(format="bgr24"), turns)
    assert shown.shape == (360, 640, 3)
    assert _changed(shown[face], picture(SCENE, n, 0)[face]) > 8
    assert _changed(shown[300:, 300:], picture(SCENE, n, 0)[300:, 300:]) < 6
    for jpeg in (still.jpeg, still.veiled, key.jpeg):
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None and image.shape[1] * 360 == image.shape[0] * 640
    assert len(sheets.times_ms) > 3 and sheets.faces > 0
    assert [one.faces for one in heads] == [1]
