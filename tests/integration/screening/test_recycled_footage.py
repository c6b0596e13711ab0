"""Footage that was used before is found when it comes again, told once, and to the bureau alone. R60, R72; F-05, F-06, F-07, F-13."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import cv2
import httpx
import pytest
from sqlalchemy import func, select

from api.auth.identify import cookie_name
from api.auth.models import FootageView
from api.auth.roles import Role
from api.http.services import Services
from api.wiring import comparer, job_handlers
from bench.screening.camera import Camera, Defect
from bench.screening.encoding import Change, Encoder, altered, encode, remux
from bench.screening.lessons import Lesson
from bench.screening.rooms import Luma, room
from bench.screening.sounds import Microphone, envelope, voiced, waves
from storage.clips.models import Clip
from storage.database.session import BUREAU, PUBLIC, SYSTEM, Scope
from storage.kernel.clock import BUREAU_ZONE
from supervision.footage.models import Recording
from supervision.screening.comparing import compare_recording, near_views
from supervision.screening.kinship import Kind
from supervision.screening.looks import Code
from supervision.screening.recycled_models import CameraView, PacketMark, RecordingMotion, RecycledMatch, Way
from supervision.screening.same_sound import Sounding, said
from supervision.screening.screening_models import ScreeningLead
from tests.factories.world import World, make_world
from tests.integration.spine.test_upload_to_catalogue import send
from tests.people import account_of, token_of
from tests.site_fixtures import Site, serving
from tests.studio import once

Jobs = Callable[[], None]
SMALL = Encoder(width=320, height=180, crf=30)
SECONDS = 330


def filmed(seed: int, *, place: int = 5, seconds: int = SECONDS, defects: tuple[Defect, ...] = ()) -> Path:
    """One lesson, filmed once per run: not to be changed."""
    camera = Camera(Lesson(room(place), seed, seconds, people=10), datetime(2026, 3, 2, 1, 0, tzinfo=UTC), noise_seed=seed, defects=defects)
    return once((place, seed, seconds, defects, SMALL), lambda path: encode(path, camera.pictures(SMALL.fps), SMALL))


@pytest.fixture
def other(services: Services) -> World:
    with services.database.transaction(SYSTEM) as session:
        return make_world(session, services.clock.now_at(), lessons=2, name="另一职业培训学校", days_ago=4)


def matches(services: Services) -> list[RecycledMatch]:
    with services.database.transaction(SYSTEM) as session:
        return list(session.scalars(select(RecycledMatch).order_by(RecycledMatch.id)))


def leads(services: Services, code: Code) -> list[ScreeningLead]:
    with services.database.transaction(SYSTEM) as session:
        return list(session.scalars(select(ScreeningLead).where(ScreeningLead.code == code).order_by(ScreeningLead.id)))


def test_a_changed_copy_under_another_institution_is_found_with_its_line_and_told_once(
    services: Services, world: World, other: World, run_jobs: Jobs, tmp_path: Path
) -> None:
    source = filmed(1)
    change = Change(begin_s=30, mirror=True, crop=0.05, gain=1.15, lift=6, speed=1.01, clock=datetime(2026, 5, 1, 2, 0, tzinfo=UTC))
    copy = encode(tmp_path / "copy.mp4", altered(source, change), Encoder(width=426, height=240, crf=32))
    honest = filmed(2)
    first = send(services, world, source)
    run_jobs()
    send(services, world, honest, file_name=world.file_name(lesson=1))
    run_jobs()
    assert matches(services) == []
    second = send(services, other, copy)
    run_jobs()
    (match,) = matches(services)
    assert (match.first_id, match.second_id) == (first, second)
    assert (match.kind, match.way, match.mirrored, match.sound_permille) == (Kind.AGAIN, Way.MOVEMENT, True, None)  # without a sound track
    # the first one's t is the copy's (t - 30 s) / 1.01
    assert abs(match.slope_ppm - 1_000_000 / 1.01) < 8_000
    assert abs(match.offset_ms + 30_000 / 1.01) < 4_000
    (lead,) = leads(services, Code.RECYCLED)
    assert (lead.recording_id, lead.related_recording_id, lead.institution_id) == (second, first, other.institution.id)
    assert not lead.technical
    assert lead.related_from_ms is not None
    assert abs(lead.related_from_ms - (30_000 + 1.01 * lead.from_ms)) < 4_000
    # a second run, and a run for the older one, tell nothing new
    for recording_id in (first, second):
        assert compare_recording(comparer(services), recording_id) == []
    assert len(matches(services)) == len(leads(services, Code.RECYCLED)) == 1
    for scope in (Scope("institution", other.institution.id), Scope("institution", world.institution.id), PUBLIC):
        with services.database.transaction(scope) as session:
            for table in (RecycledMatch, RecordingMotion, PacketMark, CameraView):
                assert session.scalar(select(func.count()).select_from(table)) == 0
            assert session.scalar(select(func.count()).where(ScreeningLead.code == Code.RECYCLED)) == 0
    with services.database.transaction(BUREAU) as session:
        assert session.scalar(select(func.count()).select_from(RecycledMatch)) == 1


def test_a_piece_cut_out_without_re_encoding_is_found_by_its_packets(
    services: Services, world: World, other: World, run_jobs: Jobs, tmp_path: Path
) -> None:
    loud = waves(3, envelope(3, SECONDS, Microphone()), Microphone())
    source = voiced(filmed(1), tmp_path / "source.mp4", loud)
    first = send(services, world, source)
    second = send(services, other, remux(source, tmp_path / "cut.ts", 60, 270), file_name=other.file_name(suffix="ts"))
    run_jobs()
    (match,) = matches(services)
    assert match.way is Way.PACKETS
    assert said(match.sound_permille) is Sounding.ALIKE
    assert {match.first_id, match.second_id} == {first, second}
    line = match.offset_ms if match.first_id == second else -match.offset_ms
    assert abs(line - 60_000) <= 2_000


def test_the_same_minutes_claimed_by_two_institutions_are_one_class_filmed_for_two(
    services: Services, world: World, run_jobs: Jobs, tmp_path: Path
) -> None:
    with services.database.transaction(SYSTEM) as session:
        twin = make_world(session, services.clock.now_at(), lessons=1, name="同时开班学校")
    lesson = Lesson(room(6), 4, SECONDS, people=10)
    paths = []
    for n, beside in enumerate((None, (1.0, 1.03, 4.0, -3.0))):
        camera = Camera(lesson, datetime(2026, 3, 2, 1, 0, tzinfo=UTC), noise_seed=n, beside=beside)
        paths.append(encode(tmp_path / f"{n}.mp4", camera.pictures(SMALL.fps), SMALL))
    send(services, world, paths[0])
    send(services, twin, paths[1])
    run_jobs()
    (match,) = matches(services)
    assert match.kind is Kind.TOGETHER
    assert match.way is Way.MOVEMENT


def test_one_lesson_sent_twice_is_nothing(services: Services, world: World, run_jobs: Jobs, tmp_path: Path) -> None:
    source = filmed(1)
    again = encode(tmp_path / "again.mp4", altered(source, Change()), Encoder(width=320, height=180, crf=33))
    send(services, world, source)
    send(services, world, again, file_name=world.file_name(camera=1))
    run_jobs()
    with services.database.transaction(SYSTEM) as session:
        assert session.scalar(select(func.count()).where(RecordingMotion.compared_at.is_not(None))) == 2
    assert matches(services) == []
    assert leads(services, Code.RECYCLED) == []


def test_the_beginning_of_a_lesson_sent_again_as_its_middle_is_used_again(services: Services, run_jobs: Jobs, tmp_path: Path) -> None:
    with services.database.transaction(SYSTEM) as session:
        hourly = make_world(session, services.clock.now_at(), length=timedelta(minutes=60), name="按时切片学校")
    begin = hourly.lessons[0].starts_at.astimezone(BUREAU_ZONE)
    first = send(services, hourly, filmed(1))
    later = begin + timedelta(minutes=30)
    second = send(
        services, hourly, remux(filmed(1), tmp_path / "again.ts", 0, SECONDS), file_name=f"{hourly.cameras[0].code}_{later:%Y%m%d%H%M%S}.ts"
    )
    run_jobs()
    with services.database.transaction(SYSTEM) as session:
        assert session.get_one(Recording, first).slot_id == session.get_one(Recording, second).slot_id is not None
    (match,) = matches(services)
    assert (match.kind, match.way) == (Kind.AGAIN, Way.PACKETS)


def test_a_loop_inside_a_recording_is_a_lead_and_recordings_of_a_view_share_its_keys(services: Services, world: World, run_jobs: Jobs) -> None:
    looped = filmed(6, defects=(Defect("loop", 110, 300, 60),))
    recording_id: UUID = send(services, world, looped)
    run_jobs()
    (lead,) = leads(services, Code.LOOP)
    assert lead.recording_id == recording_id
    assert abs(lead.from_ms - 110_000) <= 12_000
    assert abs(lead.to_ms - 300_000) <= 12_000
    assert (lead.related_recording_id, lead.technical) == (recording_id, False)
    assert lead.related_from_ms is not None
    assert abs(lead.from_ms - lead.related_from_ms - 60_000) <= 2_000
    send(services, world, filmed(7, place=9, seconds=90), file_name=world.file_name(lesson=1))
    run_jobs()
    with services.database.transaction(SYSTEM) as session:
        views = list(session.scalars(select(RecordingMotion.view_id).order_by(RecordingMotion.made_at)))
        assert len(set(views)) == 2
        mirrored = cv2.resize(room(9).picture, (320, 180), interpolation=cv2.INTER_AREA)[:, ::-1]
        assert near_views(session, mirrored, 72)[:1] == [views[1]]
        assert near_views(session, cv2.resize(room(77).picture, (320, 180)), 72) == []


def test_what_the_first_pass_leaves_open_is_read_again_second_by_second(services: Services, world: World) -> None:
    recording_id: UUID = send(services, world, filmed(6, defects=(Defect("loop", 110, 300, 60),)))
    for job in ("verify-recording", "screen-recording"):
        job_handlers(services)[job](str(recording_id))
    work = comparer(services)
    compare_recording(replace(work, loop=replace(work.loop, loop_evidence=1000)), recording_id)
    (lead,) = leads(services, Code.LOOP)
    assert lead.figure >= lead.threshold == work.loop.loop_closer_evidence
    assert lead.related_from_ms is not None
    assert min(abs(lead.from_ms - lead.related_from_ms - times * 60_000) for times in (1, 2, 3)) <= 1_000
    assert 110_000 - 2_000 <= lead.from_ms < lead.to_ms <= 300_000 + 6_000


def spliced(path: Path, begin_s: float, end_s: float, back_s: float) -> Path:
    """Lesson 8 of the room, which between two seconds shows what lesson 1 showed `back_s` before."""
    host, source = (Camera(Lesson(room(5), seed, SECONDS, people=10), datetime(2026, 3, 9, 1, 0, tzinfo=UTC), noise_seed=seed) for seed in (8, 1))
    shown = {round(at * SMALL.fps): picture for at, picture in source.pictures(SMALL.fps)}

    def pictures() -> Iterator[tuple[float, Luma]]:
        for at, picture in host.pictures(SMALL.fps):
            yield at, shown[round((at - back_s) * SMALL.fps)] if begin_s <= at < end_s else picture

    return encode(path, pictures(), SMALL)


def test_a_minute_and_a_half_of_another_lesson_is_a_lead_of_its_own_with_both_places(
    services: Services, world: World, other: World, run_jobs: Jobs, tmp_path: Path
) -> None:
    first = send(services, world, filmed(1))
    run_jobs()
    second = send(services, other, spliced(tmp_path / "spliced.mp4", 151, 241, 63))
    run_jobs()
    (lead,) = leads(services, Code.SPLICED)
    assert leads(services, Code.RECYCLED) == []
    assert (lead.recording_id, lead.related_recording_id, lead.technical) == (second, first, False)
    assert abs(lead.from_ms - 151_000) <= 12_000
    assert abs(lead.to_ms - 241_000) <= 12_000
    assert lead.related_from_ms is not None
    assert abs(lead.from_ms - lead.related_from_ms - 63_000) <= 2_000
    assert lead.figure >= lead.threshold
    (match,) = matches(services)
    assert (match.way, match.kind, match.windows) == (Way.PIECES, Kind.AGAIN, 1)
    assert match.agreement_permille > 350
    assert compare_recording(comparer(services), second) == []
    with serving(services) as site:
        shown = page(site, Role.BUREAU_OFFICER, f"/leads/recycled/{lead.id}")
        assert shown.status_code == 200
        assert shown.text.count("<polygon") == 1


def test_both_showings_of_a_loop_are_looked_at_in_step(services: Services, world: World, run_jobs: Jobs) -> None:
    recording_id: UUID = send(services, world, filmed(6, defects=(Defect("loop", 110, 300, 60),)))
    run_jobs()
    (lead,) = leads(services, Code.LOOP)
    with serving(services) as site:
        path = f"/leads/recycled/{lead.id}"
        assert f'href="{path}"' in page(site, Role.BUREAU_OFFICER, f"/leads/{lead.id}").text
        assert page(site, Role.BUREAU_OFFICER, path).status_code == 200
        asked = page(site, Role.BUREAU_OFFICER, path, post=True)
        run_jobs()
        assert page(site, Role.BUREAU_OFFICER, asked.url.raw_path.decode()).text.count("<video") == 2
        assert page(site, Role.INSTITUTION_HEAD, path, world.institution.id).status_code in (403, 404)
    with services.database.transaction(SYSTEM) as session:
        copies = list(session.scalars(select(Clip).where(Clip.purpose == f"lead/{lead.id}").order_by(Clip.start_ms)))
        assert [(clip.recording_id, clip.blurred) for clip in copies] == [(recording_id, True)] * 2
        assert copies[1].start_ms - copies[0].start_ms == lead.from_ms - (lead.related_from_ms or 0)
        shown = session.scalars(select(FootageView.recording_id).where(FootageView.case_ref == f"lead/{lead.id}")).all()
        assert list(shown) == [recording_id] * 2


def page(site: Site, role: Role, path: str, institution_id: UUID | None = None, *, post: bool = False) -> httpx.Response:
    account = account_of(site.services, role, institution_id)
    cookies = {cookie_name(site.services.settings): token_of(site.services, account.id)}
    with httpx.Client(base_url=site.url, cookies=cookies, headers={"X-ClassProof": "1"}, follow_redirects=True) as client:
        return client.post(path) if post else client.get(path)


def test_the_bureau_looks_at_both_recordings_in_step_each_opening_on_record_and_nobody_else_does(
    services: Services, world: World, other: World, run_jobs: Jobs, tmp_path: Path
) -> None:
    source = filmed(1)
    send(services, world, source)
    second = send(services, other, remux(source, tmp_path / "cut.mkv", 20, 200), file_name=other.file_name(suffix="mkv"))
    run_jobs()
    (lead,) = leads(services, Code.RECYCLED)
    with serving(services) as site:
        path = f"/leads/recycled/{lead.id}"
        before = page(site, Role.BUREAU_OFFICER, path)
        assert before.status_code == 200, before.text
        assert "<video" not in before.text
        assert other.institution.name in before.text
        assert world.institution.name in before.text
        assert f'href="{path}"' in page(site, Role.BUREAU_OFFICER, f"/leads/{lead.id}").text
        asked = page(site, Role.BUREAU_OFFICER, path, post=True)
        assert "data-look-again" in asked.text
        run_jobs()
        ready = page(site, Role.BUREAU_OFFICER, asked.url.raw_path.decode())
        assert ready.text.count("<video") == 2
        assert page(site, Role.AUDITOR, asked.url.raw_path.decode()).text.count("<video") == 2
        for role, institution in ((Role.INSPECTOR, None), (Role.INSTITUTION_HEAD, other.institution.id), (Role.THIRD_PARTY_VERIFIER, None)):
            assert page(site, role, path, institution).status_code in (403, 404), role
        assert page(site, Role.BUREAU_OFFICER, f"/leads/recycled/{UUID(int=7)}").status_code == 404
    with services.database.transaction(SYSTEM) as session:
        copies = list(session.scalars(select(Clip).where(Clip.purpose == f"lead/{lead.id}")))
        assert [clip.blurred for clip in copies] == [True, True]
        assert {clip.recording_id for clip in copies} == {second, lead.related_recording_id}
        shown = session.scalars(select(FootageView.recording_id).where(FootageView.case_ref == f"lead/{lead.id}")).all()
        assert sorted(map(str, shown)) == sorted(map(str, [second, lead.related_recording_id] * 2))
