"""Camera by camera the burned-in clock is learned, kept, read, and thrown away by name; its leads stand where others do. R60, R72; F-11, F-19."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from api.auth.roles import Role
from api.http.services import Services
from api.wiring import bench, screener
from storage.database.session import PUBLIC, SYSTEM, Scope
from storage.kernel.actor import Actor
from storage.kernel.clock import BUREAU_ZONE
from storage.ledger.models import LedgerEntry
from supervision.footage.models import Recording
from supervision.footage.verification import verify
from supervision.screening import clocks
from supervision.screening.clock_models import CameraClock
from supervision.screening.clock_shape import METHOD
from supervision.screening.errors import ClockNotFound, ClockWithoutReason
from supervision.screening.looks import Code
from supervision.screening.screening_models import HeadCountRow, RunState, ScreeningLead, ScreeningRun
from supervision.screening.service import screen
from tests.factories.world import World
from tests.integration.screening.conftest import Filmed
from tests.integration.screening.test_leads import page
from tests.site_fixtures import serving

OFFICER = Actor(kind="account", name="李四", role="bureau-officer")
PARTS = ((120.0, "busy"),)
FPS = 5  # a clock shows whole seconds: more pictures tell nothing more


def wall(world: World, lesson: int = 0, **ahead: float) -> Callable[[float], str]:
    """What the recorder writes at a second of the film, when it is ahead by so much."""
    begins = world.lessons[lesson].starts_at.astimezone(BUREAU_ZONE).replace(microsecond=0) + timedelta(**ahead)
    return lambda at: f"{begins + timedelta(seconds=at):%Y-%m-%d %H:%M:%S}"


def kept(services: Services, world: World) -> list[CameraClock]:
    with services.database.transaction(SYSTEM) as session:
        return list(session.scalars(select(CameraClock).where(CameraClock.camera_id == world.cameras[0].id).order_by(CameraClock.id)))


def clock_leads(services: Services, recording_id: UUID) -> list[ScreeningLead]:
    wanted = (Code.CLOCK_OTHER_TIME, Code.CLOCK_JUMP)
    with services.database.transaction(SYSTEM) as session:
        return list(session.scalars(select(ScreeningLead).where(ScreeningLead.recording_id == recording_id, ScreeningLead.code.in_(wanted))))


def the_run(services: Services, recording_id: UUID) -> ScreeningRun:
    with services.database.transaction(SYSTEM) as session:
        return session.scalars(select(ScreeningRun).where(ScreeningRun.recording_id == recording_id)).one()


def test_a_camera_is_learned_once_and_an_old_recording_told(services: Services, filmed: Filmed, world: World) -> None:
    honest = filmed(PARTS, fps=FPS, clock=wall(world, seconds=70))
    (clock,) = kept(services, world)
    assert (clock.layout, clock.method, clock.learned_from, clock.read, clock.asked) == ("ymd hms", METHOD, honest, 40, 40)
    assert clock_leads(services, honest) == []
    run = the_run(services, honest)
    assert (run.clock_id, run.clock_asked, run.clock_read) == (clock.id, 40, 40)
    old = filmed(PARTS, fps=FPS, lesson=1, clock=wall(world, lesson=1, days=-33, minutes=5))
    assert len(kept(services, world)) == 1
    (lead,) = clock_leads(services, old)
    assert (lead.code, lead.technical, lead.from_ms, lead.to_ms, lead.strength) == (Code.CLOCK_OTHER_TIME, True, 0, 120_000, 1000)
    assert round(lead.figure) == 33 * 24 * 60 - 5
    assert lead.still_key is not None
    assert the_run(services, old).requests < the_run(services, honest).requests  # nothing to learn any more


def test_seconds_cut_out_are_told_to_the_key_frame(services: Services, filmed: Filmed, world: World) -> None:
    shown = wall(world)
    recording_id = filmed(PARTS, fps=FPS, clock=lambda at: shown(at if at < 101 else at + 25))
    (lead,) = clock_leads(services, recording_id)
    assert (lead.code, lead.technical, round(lead.figure)) == (Code.CLOCK_JUMP, False, 25)
    assert (lead.from_ms, lead.to_ms) == (100_000, 102_000)


def test_a_camera_without_a_clock_has_none_and_is_not_tried_every_day(services: Services, filmed: Filmed, world: World) -> None:
    first = filmed(PARTS, fps=FPS)
    (none,) = kept(services, world)
    assert (none.body, none.layout) == (None, "")
    second = filmed(PARTS, fps=FPS, lesson=1)
    assert len(kept(services, world)) == 1
    assert the_run(services, first).clock_asked is None
    with services.database.transaction(SYSTEM) as session:
        counted = len(session.scalars(select(HeadCountRow).where(HeadCountRow.recording_id == second)).all())
    assert the_run(services, second).requests == the_run(services, second).looks + counted  # no clock was looked for
    with services.database.transaction(SYSTEM) as session:
        days = screener(services).rule.screening_clock_retry_days
        session.execute(
            update(CameraClock).where(CameraClock.id == none.id).values(learned_at=services.clock.now_at() - timedelta(days=days, hours=1))
        )
    filmed(PARTS, fps=FPS, lesson=2, clock=wall(world, lesson=2))
    assert [one.layout for one in kept(services, world)] == ["", "ymd hms"]


def test_a_clock_hidden_once_is_not_forgotten(services: Services, filmed: Filmed, world: World) -> None:
    filmed(PARTS, fps=FPS, clock=wall(world))
    hidden = filmed(PARTS, fps=FPS, lesson=1)
    assert [one.layout for one in kept(services, world)] == ["ymd hms"]
    assert (the_run(services, hidden).clock_asked, the_run(services, hidden).clock_read) == (40, 0)
    assert clock_leads(services, hidden) == []


def test_a_named_person_discards_what_was_learned_and_the_next_recording_is_learned_from(services: Services, filmed: Filmed, world: World) -> None:
    filmed(PARTS, fps=FPS, clock=wall(world))
    (clock,) = kept(services, world)
    at = services.clock.now_at()
    with services.database.transaction(SYSTEM) as session:
        with pytest.raises(ClockWithoutReason):
            clocks.discard(session, clock.id, why="  ", actor=OFFICER, at=at)
        with pytest.raises(ClockNotFound):
            clocks.discard(session, UUID(int=3), why="读错", actor=OFFICER, at=at)
        clocks.discard(session, clock.id, why="日月颠倒", actor=OFFICER, at=at)
        clocks.discard(session, clock.id, why="again", actor=OFFICER, at=at + timedelta(minutes=1))
        entries = session.scalars(
            select(LedgerEntry).where(LedgerEntry.action == "camera-clock.discarded", LedgerEntry.subject.endswith(str(clock.id)))
        )
        assert len(entries.all()) == 1
        assert clocks.standing(session, world.cameras[0].id, (clock.width_px, clock.height_px)) is None
    second = filmed(PARTS, fps=FPS, lesson=1, clock=wall(world, lesson=1))
    gone, fresh = kept(services, world)
    assert (gone.discarded_by, gone.discarded_why) == ("李四", "日月颠倒")
    assert (fresh.learned_from, fresh.discarded_at) == (second, None)


def test_a_recording_that_says_no_time_is_not_read(services: Services, filmed: Filmed, world: World) -> None:
    recording_id = filmed(((30, "busy"),), screened=False, clock=wall(world))
    verify(bench(services), recording_id)
    with services.database.transaction(SYSTEM) as session:
        session.execute(update(Recording).where(Recording.id == recording_id).values(camera_id=None, slot_id=None))
    assert screen(replace(screener(services)), recording_id) is RunState.DONE
    assert kept(services, world) == []


def test_the_page_lists_what_was_learned_and_only_officers_discard(services: Services, filmed: Filmed, world: World) -> None:
    old = filmed(PARTS, fps=FPS, clock=wall(world, days=-3))
    (lead,) = clock_leads(services, old)
    (clock,) = kept(services, world)
    with serving(services) as site:
        text = page(site, Role.BUREAU_OFFICER, "/leads/clocks").text
        assert world.cameras[0].code in text
        assert "YYYY-MM-DD hh:mm:ss" in text
        assert "可能是机位时钟不准" in page(site, Role.BUREAU_OFFICER, f"/leads/{lead.id}").text
        assert "40 个时刻中读出时钟 40 个" in page(site, Role.BUREAU_OFFICER, f"/leads/{lead.id}").text
        assert "可能是机位时钟不准" in page(site, Role.INSTITUTION_HEAD, f"/recordings/{old}", world.institution.id).text
        assert page(site, Role.INSPECTOR, "/leads/clocks").status_code == 403
        assert page(site, Role.INSTITUTION_HEAD, "/leads/clocks", world.institution.id).status_code == 403
        assert page(site, Role.AUDITOR, f"/leads/clocks/{clock.id}/discard", why="no").status_code == 403
        assert page(site, Role.BUREAU_OFFICER, f"/leads/clocks/{clock.id}/discard", why=" ").status_code == 422
        assert "时钟换过" in page(site, Role.BUREAU_OFFICER, f"/leads/clocks/{clock.id}/discard", why="时钟换过").text


def test_what_was_learned_is_the_bureaus_own(services: Services, filmed: Filmed, world: World) -> None:
    filmed(PARTS, fps=FPS, clock=wall(world))
    for scope in (PUBLIC, Scope("institution", world.institution.id)):
        with services.database.transaction(scope) as session:
            assert session.scalar(select(func.count()).select_from(CameraClock)) == 0
