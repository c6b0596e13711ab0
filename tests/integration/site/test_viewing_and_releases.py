"""What an inspector is shown is blurred and goes when the review ends; the original is opened for one person, after another has agreed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import numpy as np
import pytest
from sqlalchemy import select, text

from api.auth.models import FootageView, ViewKind
from api.auth.roles import Role
from api.wiring import job_handlers
from storage.clips import discarding
from storage.clips.models import Clip, ClipState, SpriteSheets
from storage.database.session import SYSTEM
from storage.ledger.models import LedgerEntry, StateMove
from supervision.releases.models import FootageRelease
from supervision.spotchecks.models import ReviewItem
from tests import videos
from tests.factories.county import County, Person, ok
from tests.factories.world import make_world
from tests.integration.spine.test_upload_to_catalogue import send
from tests.site_fixtures import Hands, Site

REASON = "核对授课教师身份，模糊后无法辨认"


@dataclass
class Stage:
    county: County
    officer: Person
    inspector: Person
    id: str

    @property
    def page(self) -> str:
        return f"/review/{self.id}/release"

    def ask(self, person: Person | None = None, **more: object) -> httpx.Response:
        form = {"item": 1, "start": "00:00:05", "end": "00:00:15", "reason": REASON} | more
        return (person or self.inspector).http.post(self.page, data=form)

    def asked(self) -> FootageRelease:
        answer = self.ask()
        assert answer.status_code == 303, answer.text
        return self.release()

    def release(self) -> FootageRelease:
        with self.county.site.services.database.transaction(SYSTEM) as session:
            found = session.scalars(select(FootageRelease).order_by(FootageRelease.id.desc()).limit(1)).one()
            session.expunge(found)
            return found

    def copies(self) -> tuple[list[Clip], list[SpriteSheets]]:
        with self.county.site.services.database.transaction(SYSTEM) as session:
            found = list(session.scalars(select(Clip))), list(session.scalars(select(SpriteSheets)))
            session.expunge_all()
            return found

    def stored(self) -> list[str]:
        """Keys of viewing copies that the bucket really holds of this institution."""
        tenant, viewing = self.county.world.institution.id, self.county.site.services.buckets.viewing
        return [v.key for kind in ("clips", "sheets") for v in viewing.list_versions(f"{tenant}/{kind}/")]

    def count(self, action: str) -> int:
        with self.county.site.services.database.transaction(SYSTEM) as session:
            return len(session.scalars(select(LedgerEntry.id).where(LedgerEntry.action == action)).all())


@pytest.fixture
def stage(site: Site, hands: Hands, run_jobs: Callable[[], None], tmp_path: Path) -> Iterator[Stage]:
    with site.services.database.transaction(SYSTEM) as session:
        world = make_world(session, site.services.clock.now_at(), length=timedelta(seconds=20))
    scene = videos.Scene(seconds=20, fps=5, gop=10, face_px=50)
    send(site.services, world, videos.film(tmp_path / "lesson.mp4", "mp4", scene))
    run_jobs()
    county = County(site, hands, world, run_jobs)
    officer, inspector = county.person(Role.BUREAU_OFFICER), county.person(Role.INSPECTOR)
    line = county.assigned(officer)
    made = Stage(county, officer, inspector, line["id"])
    ok(inspector.http.post(f"/api/v1/assignments/{made.id}/start"))
    yield made
    for client in county.clients:
        client.close()


def test_the_copy_of_an_assigned_item_is_blurred_and_says_how(stage: Stage) -> None:
    (clip,), (sheets,) = stage.copies()
    assert clip.blurred and clip.reencoded and clip.detector and clip.state is ClipState.READY
    assert clip.frames_seen == 100 and clip.faces_found and clip.frames_veiled and clip.frames_veiled >= 50
    assert sheets.blurred and sheets.detector == clip.detector and sheets.faces_found
    with pytest.raises(Exception, match="assignment_is_blurred"), stage.county.site.services.database.transaction(SYSTEM) as session:
        session.execute(text("update clip set blurred = false"))


def test_sheets_are_served_to_the_inspector_alone_and_each_is_on_record(stage: Stage) -> None:
    place = f"/review/{stage.id}/items/1"
    told = ok(stage.inspector.http.get(f"{place}/sheet.json"))
    assert (told["tile_width_px"], told["tile_height_px"], told["columns"], told["rows"]) == (160, 120, 10, 10)
    with stage.county.site.services.database.transaction(SYSTEM) as session:
        item = session.scalars(select(ReviewItem)).one()
        assert item.media_start_ms - 4000 <= told["times_ms"][0] <= item.media_start_ms
        assert told["times_ms"] == sorted(set(told["times_ms"])) and told["times_ms"][-1] < item.media_end_ms
    jpeg = stage.inspector.http.get(told["sheets"][0])
    assert (jpeg.status_code, jpeg.headers["content-type"], jpeg.headers["cache-control"]) == (200, "image/jpeg", "no-store")
    picture = videos.cv2.imdecode(np.frombuffer(jpeg.content, np.uint8), videos.cv2.IMREAD_COLOR)
    assert picture.shape[1] == 1600
    with stage.county.site.services.database.transaction(SYSTEM) as session:
        view = session.scalars(select(FootageView)).one()
        assert (view.kind, view.account_id, view.case_ref) == (ViewKind.STILL, stage.inspector.account.id, f"assignment/{stage.id}")
    for path in (f"{place}/sheet.json", told["sheets"][0]):
        for role, status in ((Role.INSPECTOR, 404), (Role.THIRD_PARTY_VERIFIER, 404), (Role.INSTITUTION_HEAD, 403), (Role.BUREAU_OFFICER, 403)):
            assert stage.county.person(role).http.get(path).status_code == status, (path, role)
    assert stage.inspector.http.get(f"{place}/sheet/1.jpg").status_code == 404
    assert stage.inspector.http.get(f"/review/{stage.id}/items/2/sheet.json").status_code == 404


@pytest.mark.parametrize(
    "form",
    [{"start": "00:00:15", "end": "00:00:05"}, {"end": "00:09:00"}, {"reason": "看"}, {"start": "soon"}, {"start": "-1"}],
    ids=["backwards", "beyond the item", "no reason worth the name", "no position", "before the item"],
)
def test_a_request_with_defects_is_refused_and_keeps_what_was_typed(stage: Stage, form: dict[str, object]) -> None:
    answer = stage.ask(**form)
    assert answer.status_code == 422 and 'role="alert"' in answer.text
    with stage.county.site.services.database.transaction(SYSTEM) as session:
        assert session.scalars(select(FootageRelease)).all() == []


def test_another_person_agrees_and_the_original_plays_for_the_asker_alone_for_some_hours(stage: Stage) -> None:
    row = stage.asked()
    assert stage.ask().status_code == 409  # one at a time
    assert stage.inspector.http.post(f"{stage.page}/{row.id}/open", data={"purpose": "核对教师"}).status_code == 409
    leader = stage.county.person(Role.BUREAU_LEADER)
    assert REASON in leader.http.get("/releases", headers={"Accept": "text/html"}).text
    assert leader.http.post(f"/releases/{row.id}/approve", data={"note": "同意"}).status_code == 303
    assert stage.officer.http.post(f"/releases/{row.id}/refuse", data={"note": "不同意"}).status_code == 409  # decided
    stage.county.work()
    (original,) = [c for c in stage.copies()[0] if not c.blurred]
    assert (original.purpose, original.reencoded) == (f"release/{row.id}", False)  # cut by range reads, no coded byte changed
    assert stage.inspector.http.post(f"{stage.page}/{row.id}/open", data={"purpose": " "}).status_code == 422
    opened = stage.inspector.http.post(f"{stage.page}/{row.id}/open", data={"purpose": "核对教师"}, headers={"Accept": "text/html"})
    assert opened.status_code == 200, opened.text
    url = opened.text.partition('<video src="')[2].partition("#")[0]
    with stage.county.site.services.database.transaction(SYSTEM) as session:
        view = session.scalars(select(FootageView).where(FootageView.kind == ViewKind.PLAY)).one()
        assert (view.purpose, view.case_ref, view.clip_id) == ("核对教师", f"release/{row.id}", original.id)
        moves = session.scalars(select(StateMove.event).where(StateMove.machine == "footage-release").order_by(StateMove.entry_id)).all()
        assert moves == ["ask", "approve"]
    assert stage.inspector.http.get(url, headers={"Range": "bytes=0-99"}).status_code == 206
    refused = {
        role: stage.county.person(role) for role in (Role.INSPECTOR, Role.BUREAU_LEADER, Role.BUREAU_OFFICER, Role.INSTITUTION_HEAD, Role.AUDITOR)
    }
    refused[Role.THIRD_PARTY_VERIFIER] = stage.county.person(Role.THIRD_PARTY_VERIFIER)
    for role, person in refused.items():
        assert person.http.get(url).status_code == 404, role
        assert person.http.post(f"{stage.page}/{row.id}/open", data={"purpose": "看看"}).status_code in (403, 404), role
        assert person.http.get(stage.page).status_code in (403, 404), role
    stage.county.hands.forward(hours=24)
    later = Person(stage.inspector.account, stage.county.signed_in(stage.inspector.account))
    assert later.http.get(url).status_code == 404
    assert later.http.post(f"{stage.page}/{row.id}/open", data={"purpose": "核对教师"}).status_code == 409
    job_handlers(stage.county.site.services)["end-releases"]()
    assert stage.release().state == "ended"
    assert [c.state for c in stage.copies()[0] if not c.blurred] == [ClipState.DELETED]
    assert not any(str(original.id) in key for key in stage.stored())
    assert stage.count(discarding.DISCARDED) == 1


def test_who_may_not_ask_and_who_may_not_decide(stage: Stage) -> None:
    for role in (Role.INSPECTOR, Role.THIRD_PARTY_VERIFIER, Role.INSTITUTION_HEAD, Role.BUREAU_OFFICER, Role.AUDITOR):
        assert stage.ask(stage.county.person(role)).status_code in (403, 404), role
    row = stage.asked()
    for role in (Role.INSPECTOR, Role.THIRD_PARTY_VERIFIER, Role.INSTITUTION_HEAD, Role.LEGAL_OFFICER, Role.AUDITOR, Role.ADMINISTRATOR):
        person = stage.county.person(role)
        for act in ("approve", "refuse"):
            assert person.http.post(f"/releases/{row.id}/{act}", data={"note": "同意"}).status_code == 403, (role, act)
    assert stage.inspector.http.post(f"/releases/{row.id}/approve", data={"note": "同意"}).status_code == 403
    assert stage.officer.http.post(f"/releases/{UUID(int=9)}/approve", data={}).status_code == 404
    assert stage.officer.http.post(f"/releases/{row.id}/refuse", data={"note": " "}).status_code == 409
    assert stage.officer.http.post(f"/releases/{row.id}/refuse", data={"note": "模糊副本足以判断"}).status_code == 303
    assert stage.release().state == "refused"
    assert all(c.blurred for c in stage.copies()[0])


def test_silence_is_no_approval(stage: Stage) -> None:
    row = stage.asked()
    stage.county.hands.forward(hours=48)
    officer = Person(stage.officer.account, stage.county.signed_in(stage.officer.account))
    assert officer.http.post(f"/releases/{row.id}/approve", data={}).status_code == 409
    job_handlers(stage.county.site.services)["end-releases"]()
    assert stage.release().state == "lapsed"


def test_the_next_look_at_the_same_minutes_takes_the_copies_over_and_the_earlier_inspector_plays_nothing_more(stage: Stage) -> None:
    place = f"/api/v1/assignments/{stage.id}"
    item = ok(stage.inspector.http.get(place))["items"][0]["id"]
    playing = ok(stage.inspector.http.post(f"{place}/items/{item}/play", json={}))["url"]
    before = stage.stored()
    successor = stage.county.person(Role.INSPECTOR)
    ok(stage.inspector.http.post(f"{place}/recuse", json={"reason": "与负责人相识"}))
    stage.county.work()
    assert stage.stored() == before  # nothing was blurred a second time, nothing deleted
    assert stage.inspector.http.get(playing, headers={"Range": "bytes=0-9"}).status_code == 404
    (task,) = ok(successor.http.get("/api/v1/assignments"))
    theirs = f"/api/v1/assignments/{task['id']}"
    ok(successor.http.post(f"{theirs}/start"))
    shown = ok(successor.http.get(theirs))["items"][0]
    assert shown["clip_state"] == "ready"
    address = ok(successor.http.post(f"{theirs}/items/{shown['id']}/play", json={}))["url"]
    assert successor.http.get(address, headers={"Range": "bytes=0-9"}).status_code == 206
    clips, sheets = stage.copies()
    assert {c.purpose for c in clips} == {s.purpose for s in sheets} == {f"assignment/{task['id']}"}
    assert stage.count(discarding.DISCARDED) == 0
    ok(successor.http.post(f"{theirs}/recuse", json={"reason": "也相识"}))
    stage.county.work()
    assert stage.stored() == []


def test_copies_are_deleted_when_the_review_ends_and_late_requests_are_refused(stage: Stage) -> None:
    row = stage.asked()
    assert stage.officer.http.post(f"/releases/{row.id}/approve", data={}).status_code == 303
    stage.county.work()
    place = f"/api/v1/assignments/{stage.id}"
    item = ok(stage.inspector.http.get(place))["items"][0]["id"]
    playing = ok(stage.inspector.http.post(f"{place}/items/{item}/play", json={}))["url"]
    told = ok(stage.inspector.http.get(f"/review/{stage.id}/items/1/sheet.json"))
    assert stage.inspector.http.get(playing, headers={"Range": "bytes=0-9"}).status_code == 206
    assert len(stage.stored()) == 3  # blurred copy, sheet, original stretch
    ok(stage.inspector.http.post(f"{place}/recuse", json={"reason": "与负责人相识"}))
    stage.county.work()
    assert stage.stored() == []
    clips, sheets = stage.copies()
    assert {c.state for c in clips} == {s.state for s in sheets} == {ClipState.DELETED}
    assert stage.release().state == "ended"
    assert stage.count(discarding.DISCARDED) == 2  # the assignment's copies, the release's copy
    for answer in (
        stage.inspector.http.get(playing, headers={"Range": "bytes=0-9"}),
        stage.inspector.http.get(told["sheets"][0]),
        stage.inspector.http.get(f"/review/{stage.id}/items/1/sheet.json"),
        stage.inspector.http.post(f"{place}/items/{item}/play", json={}),
    ):
        assert answer.status_code == 404
    assert stage.inspector.http.post(f"{stage.page}/{row.id}/open", data={"purpose": "核对教师"}).status_code == 409
    with stage.county.site.services.database.transaction(SYSTEM) as session:  # the original itself stays, locked
        recording = session.execute(text("select object_key, version_id from recording")).one()
    facts = stage.county.site.services.buckets.evidence.stat(*recording)
    assert facts is not None and facts.retention is not None
