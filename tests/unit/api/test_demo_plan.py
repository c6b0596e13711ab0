"""The demo's story: consistent with itself, in the past, and with every misdeed that it promises."""

from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import av
import numpy as np

from api.auth.roles import Role
from api.demo.accounts import demo_accounts
from api.demo.clips import real_clips
from api.demo.institutions import build_plan
from api.demo.plan import Conduct, RealClip, Repeat
from api.demo.recorder import Film
from storage.kernel.clock import local_date
from storage.kernel.identity import parse_identity_number
from supervision.classes.models import Category
from supervision.footage.matching import camera_in_name, time_in_name
from supervision.institutions.models import InstitutionKind

TODAY = date(2026, 9, 3)
PLAN = build_plan(TODAY)
TRAINING = [i for i in PLAN.institutions if i.kind is InstitutionKind.TRAINING]


def test_the_same_day_is_the_same_story() -> None:
    assert build_plan(TODAY) == PLAN
    assert build_plan(TODAY + timedelta(days=1)) != PLAN


def test_three_training_institutions_and_an_evaluator_stand_in_it() -> None:
    assert [i.conduct for i in PLAN.institutions] == [Conduct.HONEST, Conduct.CARELESS, Conduct.CHEATING, Conduct.EVALUATING]
    assert {a.category for i in TRAINING for a in i.agreements} == {Category.UNIVERSAL, Category.ORDER, Category.ENTERPRISE}


def test_every_lesson_is_over_and_stands_in_its_class_and_agreement() -> None:
    for institution in TRAINING:
        agreements = {a.number: a for a in institution.agreements}
        rooms = {r.code for p in institution.teaching_points for r in p.rooms}
        for group in institution.classes:
            agreement = agreements[group.agreement_number]
            assert 12 <= len(group.trainees) <= 30
            for lesson in group.lessons:
                assert lesson.on < TODAY and lesson.on == local_date(lesson.starts_at) and lesson.ends_at > lesson.starts_at
                assert group.starts_on <= lesson.on <= group.ends_on and agreement.valid_from <= lesson.on <= agreement.valid_until
                assert lesson.room_code in rooms
        licence = institution.qualifications[0]
        assert all(licence.valid_from <= a.valid_from and licence.valid_until >= a.valid_until for a in institution.agreements)


def test_no_room_is_used_twice_at_once() -> None:
    lessons = sorted((s for i in TRAINING for s in i.lessons), key=lambda s: (s.room_code, s.starts_at))
    for before, after in pairwise(lessons):
        assert before.room_code != after.room_code or before.ends_at <= after.starts_at
    assert len({s.natural_id for s in lessons}) == len(lessons)


def test_identity_numbers_are_valid_in_form_of_no_real_area_and_different() -> None:
    numbers = [t.id_number for i in TRAINING for g in i.classes for t in g.trainees]
    assert len(set(numbers)) == len(numbers)
    assert all(parse_identity_number(n).value == n and n.startswith("99") for n in numbers)


def test_only_people_of_the_roster_sign_in() -> None:
    for group in (g for i in TRAINING for g in i.classes):
        roster = {t.id_number for t in group.trainees}
        for lesson in group.lessons:
            assert {s.id_number for s in lesson.signs} <= roster and lesson.signs
            assert all(s.signed_in_at < lesson.starts_at < lesson.ends_at <= s.signed_out_at for s in lesson.signs)


def test_recorder_names_tell_camera_and_time() -> None:
    for institution in TRAINING:
        codes = [c.code for p in institution.teaching_points for r in p.rooms for c in r.cameras]
        names = [f.file_name for f in institution.footage]
        assert len(set(names)) == len(names)
        for footage in institution.footage:
            assert camera_in_name(footage.file_name, codes) == footage.camera_code
            assert time_in_name(footage.file_name) == footage.start_at


def test_the_honest_institution_films_every_second_with_every_camera() -> None:
    honest = TRAINING[0]
    cameras = {r.code: [c.code for c in r.cameras] for p in honest.teaching_points for r in p.rooms}
    for lesson in honest.lessons:
        for camera in cameras[lesson.room_code]:
            films = [f.source for f in lesson.footage if f.camera_code == camera and isinstance(f.source, Film)]
            assert sum(f.recorded_s for f in films) == (lesson.ends_at - lesson.starts_at).total_seconds()


def test_the_careless_and_the_cheating_do_what_the_story_promises() -> None:
    careless, cheating = TRAINING[1], TRAINING[2]
    assert [s.expects for s in careless.lessons if not s.footage] == [("missing",)]
    agreed = {location for a in careless.agreements for location in a.locations}
    elsewhere = {r.code for p in careless.teaching_points if p.code not in agreed for r in p.rooms}
    assert [s.expects for s in careless.lessons if s.room_code in elsewhere] == [("place-not-agreed",)]
    assert any(isinstance(f.source, Film) and f.source.cuts for f in careless.footage)
    assert {f.source.container for f in cheating.footage if isinstance(f.source, Repeat)} == {None, "mkv"}
    films = [f.source for f in cheating.footage if isinstance(f.source, Film)]
    assert any(f.frozen for f in films) and any(f.scene.covered for f in films) and any(f.scene.people == 3 for f in films)


def test_there_are_ten_hours_of_it_in_every_container_and_codec() -> None:
    assert 14 <= len(PLAN.films) <= 20 and PLAN.play_time_s >= 10 * 3600
    assert {f.container for f in PLAN.films} == {"mp4", "mp4-tail", "mkv", "ts", "ps"}
    assert {f.codec for f in PLAN.films} == {"h264", "h265"} and {f.sound for f in PLAN.films} == {True, False}


def test_every_role_has_an_account_and_no_password_is_written_down() -> None:
    first, second = demo_accounts(), demo_accounts()
    assert {a.role for a in first} == set(Role)
    assert all(len(a.password) >= 16 and a.password != b.password and a.password not in repr(a) for a, b in zip(first, second, strict=True))


def test_a_missing_folder_of_real_clips_is_no_clips(tmp_path: Path) -> None:
    assert real_clips(tmp_path / "none", tmp_path) == []


def test_a_moving_picture_file_becomes_an_mp4_and_a_lesson(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    with av.open(str(folder / "walk.gif"), "w", format="gif") as gif:
        stream = gif.add_stream("gif", rate=10)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "rgb8"
        for shade in range(20):
            frame = av.VideoFrame.from_ndarray(np.full((64, 96, 3), shade * 12, np.uint8), format="rgb24")
            gif.mux(stream.encode(frame.reformat(format="rgb8")))
        gif.mux(stream.encode(None))
    (clip,) = real_clips(folder, tmp_path / "cache")
    assert clip.path.suffix == ".mp4" and abs(clip.seconds - 2) < 0.2 and "CC BY" in clip.credit
    extra = [f for f in build_plan(TODAY, [clip]).institutions[1].footage if isinstance(f.source, RealClip)]
    assert [f.source for f in extra] == [clip]
