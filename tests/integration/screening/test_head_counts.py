"""Faces are counted with the screening, joined over the cameras of a room, and held beside sign-ins and places. R60, R75; F-01, F-17."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import delete, func, select, update

from api.http.services import Services
from api.wiring import screener
from storage.database.session import BUREAU, PUBLIC, SYSTEM, Scope
from supervision.classes.models import SignRecord
from supervision.institutions.models import Room
from supervision.screening.lessons_judged import CODES, judge_lately, judge_recording
from supervision.screening.looks import Code
from supervision.screening.screening_models import HeadCountRow, RunState, ScreeningLead, ScreeningRun
from supervision.screening.service import screen
from tests.class_film import Class, film_class
from tests.factories.subsidised import enrol
from tests.factories.world import World, make_world
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
    def make(facing: int, away: int = 0, *, lesson: int = 0, camera: int = 0, run: bool = True) -> UUID:
        path = film_class(tmp_path / f"{lesson}-{camera}.mp4", Class(facing, away, seed=lesson + 7, seconds=120))
        recording_id = send(services, taught, path, file_name=taught.file_name(lesson=lesson, camera=camera))
        if run:
            run_jobs()
        return recording_id

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


def test_a_class_seen_from_behind_is_told_of_no_more_than_an_honest_one(services: Services, taught: World, filmed_class: Taught) -> None:
    for lesson in (0, 1):
        filmed_class(1, SIGNED - 1, lesson=lesson)
    judge_lately(screener(services))
    assert told(services, taught) == []


def test_the_other_camera_of_the_room_is_waited_for_and_speaks_for_those_it_sees(services: Services, taught: World, filmed_class: Taught) -> None:
    filmed_class(SIGNED, lesson=1, camera=0)
    filmed_class(SIGNED, lesson=1, camera=1)
    behind = filmed_class(1, lesson=0, camera=0, run=False)
    filmed_class(SIGNED, lesson=0, camera=1)  # both are screened now
    judge_lately(screener(services))
    assert counts(services, behind) == pytest.approx([1] * 12, abs=1)
    assert told(services, taught) == []


def test_while_a_recording_of_the_lesson_is_not_screened_nothing_is_said(services: Services, taught: World, filmed_class: Taught) -> None:
    empty, other = filmed_class(2, lesson=0), filmed_class(2, lesson=0, camera=1)
    with services.database.transaction(SYSTEM) as session:
        session.execute(update(ScreeningRun).where(ScreeningRun.recording_id == other).values(state=RunState.RUNNING, ended_at=None))
    filmed_class(SIGNED, lesson=1)  # now the camera has shown a class
    assert told(services, taught) == []
    assert judge_recording(screener(services), empty) == 0
    with services.database.transaction(SYSTEM) as session:
        session.execute(update(ScreeningRun).where(ScreeningRun.recording_id == other).values(state=RunState.DONE, ended_at=services.clock.now_at()))
    assert judge_recording(screener(services), empty) == 1


def test_sign_ins_that_come_later_are_judged_with_the_counts_that_were_kept(services: Services, taught: World, filmed_class: Taught) -> None:
    filmed_class(SIGNED, lesson=1)
    with services.database.transaction(SYSTEM) as session:
        late = session.scalars(select(SignRecord).where(SignRecord.lesson_id == taught.lessons[0].id)).all()
        kept = [(one.trainee_id, one.signed_in_at) for one in late]
        session.execute(delete(SignRecord).where(SignRecord.lesson_id == taught.lessons[0].id))
    filmed_class(2, lesson=0)
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


def test_more_people_than_places_are_told_whoever_signed_in(services: Services, taught: World, filmed_class: Taught) -> None:
    with services.database.transaction(SYSTEM) as session:
        session.execute(update(Room).where(Room.id == taught.room.id).values(capacity=12))
    crowded = filmed_class(20, lesson=2)
    (lead,) = told(services, taught)
    assert (lead.code, lead.recording_id, lead.threshold, lead.clause) == (Code.OVER_CAPACITY, crowded, 12, "R79, F-17")
    assert lead.figure == pytest.approx(20, abs=2)


def test_counts_are_the_bureaus_and_a_second_pass_replaces_them(services: Services, taught: World, filmed_class: Taught) -> None:
    recording_id = filmed_class(4)
    assert screen(screener(services), recording_id) is RunState.DONE
    counted = select(func.count()).select_from(HeadCountRow).where(HeadCountRow.recording_id == recording_id)
    for scope, rows in ((BUREAU, 12), (Scope("institution", taught.institution.id), 0), (PUBLIC, 0)):
        with services.database.transaction(scope) as session:
            assert session.scalar(counted) == rows
