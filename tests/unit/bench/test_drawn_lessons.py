"""The generator that screening is measured with: the same seed films the same lesson, and each defect is where it is said to be."""

import itertools
from datetime import UTC, datetime

import numpy as np
import pytest

from bench.screening import cases
from bench.screening.camera import Camera, Defect
from bench.screening.encoding import Capped, Encoder, encode, pictures_of
from bench.screening.lessons import Lesson
from bench.screening.rooms import room
from bench.screening_looks import added, numbers, wanted
from supervision.screening.glances import Glances
from supervision.screening.kept_looks import Kept

LESSON = Lesson(room(3), 7, seconds=120, people=6)
AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def shown(*defects, seconds=120, **more):
    return dict(Camera(LESSON, AT, defects=defects, **more).pictures(1, seconds))


def test_the_same_seed_films_the_same_lesson():
    again = Lesson(room(3), 7, seconds=120, people=6)
    first, second = (list(itertools.islice(Camera(lesson, AT).pictures(1), 5)) for lesson in (LESSON, again))
    assert all(a[0] == b[0] and np.array_equal(a[1], b[1]) for a, b in zip(first, second, strict=True))
    other = Lesson(room(3), 8, seconds=120, people=6)
    assert not np.array_equal(LESSON.picture(30), other.picture(30))


def test_each_defect_begins_and_ends_where_it_is_said_to():
    clean = shown()
    for kind in ("black", "covered", "defocused", "frozen", "moved", "other-room"):
        spoilt = shown(Defect(kind, 40, 60, other=room(9)))
        changed = [at for at in clean if not np.array_equal(clean[at], spoilt[at])]
        assert min(changed) in (40, 41), kind
        assert max(changed) == 59, kind


def test_a_loop_shows_the_piece_before_it_again_with_its_noise_under_a_clock_that_goes_on():
    pictures = shown(Defect("loop", 60, 100, 30), clock=None)
    assert np.array_equal(pictures[62], pictures[32])
    assert np.array_equal(pictures[92], pictures[32])
    assert not np.array_equal(pictures[102], pictures[42])


@pytest.mark.parametrize("in_time", [True, False])
def test_a_jump_leaves_seconds_out_and_shows_in_the_times_only_when_asked(in_time):
    times = list(shown(Defect("jump", 50, 1e9, 20, in_time=in_time)))
    assert len(times) == 100
    assert max(np.diff(times)) == (21 if in_time else 1)


def test_the_parts_share_no_room_and_no_lesson():
    rooms = {part: {f.camera.lesson.room.seed for f in cases.honest(part)} for part in cases.SEEDS}
    assert not rooms["tuning"] & rooms["held-out"]
    seeds = {part: {f.camera.lesson.seed for f in [*cases.honest(part), *cases.spoilt(part)]} for part in cases.SEEDS}
    assert not seeds["tuning"] & seeds["held-out"]


@pytest.mark.slow
def test_every_attack_is_a_file_that_decodes_and_the_line_says_which_second_it_shows(tmp_path):
    source = cases.honest("tuning", 1, 1, seconds=180)[0]
    original = dict(pictures_of(source.write(tmp_path)))
    for copy in cases.copies("tuning", [source]):
        pictures = list(pictures_of(copy.write(tmp_path)))
        assert len(pictures) > 10, copy.attack
        if copy.attack in ("re-encoded", "trimmed", "quicker", "slower", "clock-replaced"):
            at, picture = pictures[40]
            near = copy.offset_s + copy.slope * at
            errors = {s: float(np.abs(original[s][60:340].astype(int) - picture[60:340]).mean()) for s in original if abs(s - near) < 8}
            assert abs(min(errors, key=errors.get) - near) <= 0.41, copy.attack


def test_each_defect_has_recordings_with_its_truth():
    made = list(cases.spoilt("held-out", 2))
    assert {f.truths[0].kind for f in made} == set(cases.DEFECTS)
    assert all(0 <= f.truths[0].begin_ms <= f.truths[0].end_ms for f in made)


def test_a_measurement_that_is_added_to_films_only_what_is_not_there_or_was_made_of_something_else(tmp_path):
    looked = []

    def wish(name, case):
        def look(folder):
            looked.append(name)
            return Kept(name, "", 0, 0, 1, (), Glances.joined([]), Glances.joined([]), case=case)

        return name, case, look

    known = {}
    assert list(added(known, [wish("one", "a"), wish("two", "b")], tmp_path)) == ["one", "two"]
    rest = added(known, [wish("one", "a"), wish("two", "other"), wish("three", "c")], tmp_path)
    assert next(rest) == "two"
    assert (set(known), known["two"].case) == ({"one", "two"}, "other")  # broken off here, this much is kept
    assert list(rest) == ["three"]
    assert looked == ["one", "two", "two", "three"]
    assert list(added(known, [wish("three", "c")], tmp_path)) == []
    assert set(known) == {"one", "two", "three"}


def test_more_recordings_begin_with_those_that_are_there_and_each_names_what_it_is_made_of():
    few, more = (list(cases.spoilt("held-out", count, kinds=("black", "jump"))) for count in (2, 25))
    by_name = {film.name: film.case for film in more}
    assert all(by_name[film.name] == film.case for film in few)
    assert len(set(by_name.values())) == len(more) == 50
    assert len({film.camera.lesson.seed for film in more}) == 50
    rooms = {film.name: film.case for film in cases.honest("held-out", rooms=5)}
    assert all(rooms[film.name] == film.case for film in cases.honest("held-out"))


def test_brief_recordings_are_other_lessons_in_other_rooms_and_one_kind_follows_the_other():
    long, short = list(cases.spoilt("held-out", 12)), list(cases.brief("held-out", range(3), ("black", "frozen", "no-movement")))
    assert [film.truths[0].kind for film in short] == ["black", "frozen"] * 3
    assert not {film.camera.lesson.seed for film in long} & {film.camera.lesson.seed for film in short}
    assert not {film.camera.lesson.room.seed for film in long} & {film.camera.lesson.room.seed for film in short}
    for film in short:
        (truth,) = film.truths
        assert 20_000 <= truth.end_ms - truth.begin_ms <= 90_000
        assert truth.end_ms <= (cases.BRIEF_S - 60) * 1000


def test_recordings_that_no_earlier_count_asked_for_can_be_added_by_their_numbers():
    assert (list(numbers("3")), list(numbers("60-62"))) == ([0, 1, 2], [60, 61, 62])
    names = [name for name, _, _ in wanted(0, 0, 0, ["frozen", "frozen-quiet"], numbers("60-61"), numbers("2-3"))]
    assert names[:6] == [
        f"held-out-{name}" for name in ("frozen-brief-60", "frozen-brief-61", "quiet-2", "quiet-3", "frozen-quiet-2", "frozen-quiet-3")
    ]
    cases_of = {name: case for name, case, _ in wanted(0, 0, 0, ["frozen"], numbers("62"))}
    again = [(name, case) for name, case, _ in wanted(0, 0, 0, ["frozen"], numbers("60-61")) if name.startswith("held-out-frozen")]
    assert [cases_of[name] for name, _ in again] == [case for _, case in again]  # a range asks for the very recordings that a count asks for


def test_quiet_rooms_are_honest_and_their_freezes_are_of_the_same_cameras(tmp_path):
    rooms, freezes = list(cases.quiet("tuning", range(16))), list(cases.quiet_freezes("tuning", range(16)))
    assert not any(film.truths for film in rooms)
    assert sum(not film.camera.lesson.people for film in rooms) == 2
    assert sum(bool(film.camera.defects) for film in rooms) == 12
    for film in (*rooms, *freezes):
        assert 0.3 <= film.camera.noise <= 1.2
    assert {film.truths[0].kind for film in freezes} == {"frozen-quiet"}
    encoders = {type(film.encoder) for film in (*rooms, *freezes)}
    assert encoders == {Encoder, Capped}
    others = {film.camera.lesson.seed for film in cases.brief("tuning", range(16), ("frozen",))}
    assert not others & {film.camera.lesson.seed for film in (*rooms, *freezes)}


def test_a_recorder_of_so_many_bits_a_second_uses_no_more(tmp_path):
    lively = cases.honest("tuning", 1, 1, seconds=30)[0].camera
    sizes = [encode(tmp_path / f"{kbps}.mp4", lively.pictures(5), Capped(kbps=kbps)).stat().st_size for kbps in (40, 160)]
    assert sizes[0] * 2 < sizes[1]
    assert sizes[0] <= 40_000 / 8 * 30 * 1.5
