"""Faces are counted with the screening, joined over the cameras of a room, and held beside sign-ins and places. R60, R75; F-01, F-17."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import delete, func, select, update

from api.http.services import Services
from api.wiring import screener
from storage.database.session import BUREAU, PUBLIC, SYSTEM, Scope
from supervision.classes.models import SignRecord
from supervision.institutions.models import Room
from supervision.screening.headcounts import asked_of
from supervision.screening.lessons_judged import CODES, judge_lately, judge_recording
from supervision.screening.looks import Code
from supervision.screening.screening_models import HeadCountRow, RunState, ScreeningLead, ScreeningRun
from supervision.screening.service import screen
from tests.class_film import Class, film_class
from tests.factories.subsidised import enrol
from tests.factories.world import World, make_world
from tests.integration.sampling.stage import Stage
from tests.integration.spine.test_upload_to_catalogue import send

SIGNED = 10


@pytest.fixture
def taught(services: Services) -> World:
    """Three lessons of one room with two cameras; ten people signed in to each."""
    with services.database.transaction(SYSTEM) as session:
        now = services.clock.now_at()
        world = make_world(session, now, lessons=3, cameras=2)
        enrol(session, world, now, SIGNED)
        return world


Taught = Callable[..., UUID]


@pytest.fixture
def filmed_class(services: Services, taught: World, tmp_path: Path, run_jobs: Callable[[], None]) -> Taught:
    def make(facing: int, *, lesson: int = 0) -> UUID:
        path = film_class(tmp_path / f"{lesson}.mp4", Class(facing, seed=lesson + 7, seconds=120))
        recording_id = send(services, taught, path, file_name=taught.file_name(lesson=lesson))
        run_jobs()
        return recording_id

    return make


@pytest.fixture
def counted(services: Services, taught: World) -> Taught:
    """A whole recording of a lesson as it stands once it has been screened: so many faces at every instant. Nothing is filmed."""

    def make(faces: int, *, lesson: int = 0, camera: int = 0, state: RunState = RunState.DONE) -> UUID:
        rule, now = screener(services).rule, services.clock.now_at()
        with services.database.transaction(SYSTEM) as session:
            taken = taught.lessons[lesson]
            slot = next(s for s in taught.slots if s.lesson_id == taken.id and s.camera_id == taught.cameras[camera].id)
            recording = Stage(session, now=now).tape(taught, slot.id)
            recording.declared_start_at = taken.starts_at
            recording.media = {"duration_ms": (taken.ends_at - taken.starts_at) // timedelta(milliseconds=1)}
            run = ScreeningRun(recording_id=recording.id, rules_version=rule.version, duration_ms=recording.media["duration_ms"], started_at=now)
            run.state, run.ended_at = state, None if state is RunState.RUNNING else now
            session.add(run)
            session.flush()
            for one in asked_of(session, recording.id, rule):
                row = HeadCountRow(recording_id=recording.id, lesson_id=one.lesson_id, number=one.number, run_id=run.id, at=one.at)
                row.media_ms, row.faces, row.tallest_permille = one.media_ms, faces, 80
                session.add(row)
            return recording.id

    return make


def told(services: Services, world: World) -> list[ScreeningLead]:
    with services.database.transaction(SYSTEM) as session:
        query = select(ScreeningLead).where(ScreeningLead.institution_id == world.institution.id, ScreeningLead.code.in_(CODES))
        return list(session.scalars(query.order_by(ScreeningLead.id)))


def counts(services: Services, recording_id: UUID) -> list[int]:
    with services.database.transaction(SYSTEM) as session:
        query = select(HeadCountRow.faces).where(HeadCountRow.recording_id == recording_id).order_by(HeadCountRow.number)
        return list(session.scalars(query))


def test_a_nearly_empty_lesson_is_told_of_once_the_camera_has_shown_a_full_one(services: Services, taught: World, filmed_class: Taught) -> None:
    empty = filmed_class(3, lesson=0)
    assert counts(services, empty) == pytest.approx([3] * 12, abs=1)
    assert told(services, taught) == []  # nobody knows yet what this camera can show
    full = filmed_class(SIGNED, lesson=1)
    assert counts(services, full) == pytest.approx([SIGNED] * 12, abs=1)
    (lead,) = told(services, taught)
    assert (lead.code, lead.recording_id, lead.technical, lead.clause) == (Code.FEW_PEOPLE, empty, False, "R75, F-01")
    assert lead.figure == pytest.approx(3, abs=1)
    assert 5 <= lead.threshold <= 6
    assert lead.still_key is not None
    with services.database.transaction(SYSTEM) as session:
        run = session.scalars(select(ScreeningRun).where(ScreeningRun.recording_id == empty)).one()
    assert 0 < run.heads_cpu_ms < run.cpu_ms
    judge_lately(screener(services))
    judge_recording(screener(services), empty)
    assert [one.id for one in told(services, taught)] == [lead.id]


def test_a_class_seen_from_behind_is_told_of_no_more_than_an_honest_one(services: Services, taught: World, counted: Taught) -> None:
    for lesson in (0, 1):
        counted(1, lesson=lesson)
    judge_lately(screener(services))
    assert told(services, taught) == []


def test_the_other_camera_of_the_room_is_waited_for_and_speaks_for_those_it_sees(services: Services, taught: World, counted: Taught) -> None:
    for camera in (0, 1):
        counted(SIGNED, lesson=1, camera=camera)
    behind, other = counted(1, lesson=0, camera=0), counted(SIGNED, lesson=0, camera=1, state=RunState.RUNNING)
    assert judge_recording(screener(services), behind) == 0
    _ended(services, other)
    assert judge_recording(screener(services), behind) == 0
    assert told(services, taught) == []


def test_while_a_recording_of_the_lesson_is_not_screened_nothing_is_said(services: Services, taught: World, counted: Taught) -> None:
    empty, other = counted(2, lesson=0), counted(2, lesson=0, camera=1, state=RunState.RUNNING)
    counted(SIGNED, lesson=1)  # now the camera has shown a class
    assert judge_recording(screener(services), empty) == 0
    _ended(services, other)
    assert judge_recording(screener(services), empty) == 1
    assert [one.code for one in told(services, taught)] == [Code.FEW_PEOPLE]


def _ended(services: Services, recording_id: UUID) -> None:
    with services.database.transaction(SYSTEM) as session:
        now = services.clock.now_at()
        session.execute(update(ScreeningRun).where(ScreeningRun.recording_id == recording_id).values(state=RunState.DONE, ended_at=now))


def test_sign_ins_that_come_later_are_judged_with_the_counts_that_were_kept(services: Services, taught: World, counted: Taught) -> None:
    counted(SIGNED, lesson=1)
    with services.database.transaction(SYSTEM) as session:
        late = session.scalars(select(SignRecord).where(SignRecord.lesson_id == taught.lessons[0].id)).all()
        kept = [(one.trainee_id, one.signed_in_at) for one in late]
        session.execute(delete(SignRecord).where(SignRecord.lesson_id == taught.lessons[0].id))
    counted(2, lesson=0)
    judge_lately(screener(services))
    assert told(services, taught) == []
    with services.database.transaction(SYSTEM) as session:
        for trainee_id, at in kept:
            session.add(
                SignRecord(
                    institution_id=taught.institution.id, lesson_id=taught.lessons[0].id, trainee_id=trainee_id, signed_in_at=at, source="import"
                )
            )
    judge_lately(screener(services))
    assert [one.code for one in told(services, taught)] == [Code.FEW_PEOPLE]


def test_more_people_than_places_are_told_whoever_signed_in_and_a_second_pass_replaces_the_counts(
    services: Services, taught: World, filmed_class: Taught
) -> None:
    with services.database.transaction(SYSTEM) as session:
        session.execute(update(Room).where(Room.id == taught.room.id).values(capacity=12))
    crowded = filmed_class(20, lesson=2)
    (lead,) = told(services, taught)
    assert (lead.code, lead.recording_id, lead.threshold, lead.clause) == (Code.OVER_CAPACITY, crowded, 12, "R79, F-17")
    assert lead.figure == pytest.approx(20, abs=2)
    assert screen(screener(services), crowded) is RunState.DONE
    held = select(func.count()).select_from(HeadCountRow).where(HeadCountRow.recording_id == crowded)
    for scope, rows in ((BUREAU, 12), (Scope("institution", taught.institution.id), 0), (PUBLIC, 0)):
        with services.database.transaction(scope) as session:
            assert session.scalar(held) == rows
