"""A muted microphone is told to those who can mend it; a camera that was never heard once, and weakly. Levels are kept and nothing else. R60, R71."""

from dataclasses import replace
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from api.auth.roles import Role
from api.http.services import Services
from api.wiring import bench, screener
from bench.screening.sounds import Microphone, Muted, envelope, voiced, waves
from storage.database.session import SYSTEM, Scope
from supervision.footage.verification import verify
from supervision.screening.levels import Sound
from supervision.screening.looks import Code
from supervision.screening.screening_models import RunState, ScreeningLead, ScreeningRun
from supervision.screening.service import screen
from supervision.screening.signals.silence import WEAK
from tests.factories.world import World
from tests.integration.screening.test_leads import page
from tests.integration.spine.test_upload_to_catalogue import send
from tests.screened import film
from tests.site_fixtures import serving

SECONDS, CAMERA = 70, Microphone()
WHOLE, LATE = Muted(-1, SECONDS + 1, None), Muted(25, SECONDS + 1, -85)


def silences(services: Services, recording_id: UUID, scope: Scope = SYSTEM) -> list[ScreeningLead]:
    with services.database.transaction(scope) as session:
        found = select(ScreeningLead).where(ScreeningLead.recording_id == recording_id, ScreeningLead.code == Code.SILENT)
        return list(session.scalars(found.order_by(ScreeningLead.id)))


def test_a_camera_is_told_once_weakly_until_it_was_heard_and_then_each_time(services: Services, world: World, tmp_path: Path) -> None:
    tool = screener(services)
    tool = replace(tool, rule=replace(tool.rule, screening_sound_step_s=10, screening_silent_s=40, screening_heads_instants=1))
    picture = film(tmp_path / "picture.mp4", ((SECONDS, "busy"),), fps=2)
    told, sent = [], []
    for lesson, muted in enumerate((WHOLE, WHOLE, LATE)):
        blocks = waves(lesson, envelope(lesson, SECONDS, CAMERA), CAMERA, (muted,))
        path = voiced(picture, tmp_path / f"{lesson}.mp4", blocks)
        sent.append(send(services, world, path, file_name=world.file_name(lesson=lesson)))
        verify(bench(services), sent[-1])
        assert screen(tool, sent[-1]) is RunState.DONE
        told.append(silences(services, sent[-1]))
    assert [[(one.technical, one.clause) for one in found] for found in told] == [[(True, "R71")], [], [(True, "R71")]]
    assert told[0][0].strength <= WEAK  # nobody knows whether this camera has a microphone
    (late,) = told[2]  # heard before it was muted: a matter of this lesson, as strong as it is long
    assert abs(late.from_ms - 25_000) <= 6_000
    assert late.to_ms >= (SECONDS - 1) * 1000
    assert late.figure < late.threshold == -65
    other = replace(tool, rule=replace(tool.rule, screening_black_grey=17))
    assert screen(other, sent[1], again=True) is RunState.DONE
    (again,) = silences(services, sent[1])  # the camera has a microphone after all
    assert again.strength > WEAK
    with services.database.transaction(SYSTEM) as session:
        run = session.scalars(select(ScreeningRun).where(ScreeningRun.recording_id == sent[2])).one()
        assert run.sound is not None
        levels = Sound.from_bytes(run.sound)
    assert levels.levels[levels.media_ms < 20_000].max() > -40
    assert levels.levels[levels.media_ms > 30_000].max() < -65
    assert len(levels) > SECONDS // 10 + 3  # listened to closer where it was silent
    assert len(silences(services, sent[0], Scope("institution", world.institution.id))) == 1
    with serving(services) as site:
        text = page(site, Role.BUREAU_OFFICER, f"/leads/{late.id}").text
        assert 'id="sound"' in text
        assert "The clock was read" not in text
        assert "看不出该麦克风在无人讲话时是否写入教室环境声" in text  # a few pieces are too few to say
        assert 'id="defects"' in page(site, Role.INSTITUTION_OPERATOR, f"/recordings/{sent[2]}", world.institution.id).text
