"""A viewing copy that is being made when its review ends is deleted or handed over, never orphaned: late, killed, repeated, twice at once. 2.3.2."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import select

from api.auth.roles import Role
from api.http.services import Services
from api.wiring import job_handlers
from storage.clips.models import Clip, ClipState, SpriteSheets
from storage.database.session import SYSTEM
from storage.kernel.actor import Actor
from storage.objects.port import ObjectStore, StoredVersion
from supervision.releases import service as releases
from supervision.releases.lifecycle import ReleaseState
from supervision.releases.models import FootageRelease
from supervision.releases.rules import ReleaseRule
from supervision.spotchecks.lifecycle import OutcomeState
from supervision.spotchecks.models import ReviewOutcome
from tests import videos
from tests.engine_fixtures import TestDatabase
from tests.factories.county import County, Json, Person, ok
from tests.factories.world import make_world
from tests.integration.spine.test_upload_to_catalogue import send
from tests.site_fixtures import Hands, Site, drain

FIRST = {"cut-clip": Clip, "make-sheets": SpriteSheets}  # the job, and whose rows it makes


class Killed(BaseException):
    """What a worker that is gone does: nothing more."""


@dataclass
class Interrupted:
    """A viewing bucket beside which something happens before and after each put."""

    store: ObjectStore
    before: Callable[[], None]
    after: Callable[[], None]

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)

    def put(self, key: str, data: bytes | Path, content_type: str) -> StoredVersion:
        self.before()
        stored = self.store.put(key, data, content_type)
        self.after()
        return stored


@dataclass
class Stage:
    """A review is assigned and its copies are asked for; the jobs that make them have not run."""

    county: County
    url: str
    inspector: Person
    id: str
    made: list[str] = field(default_factory=list)
    purpose: str = "assignment/%"  # of the copies looked at here

    @property
    def services(self) -> Services:
        return self.county.site.services

    def end(self) -> None:
        ok(self.inspector.http.post(f"/api/v1/assignments/{self.id}/recuse", json={"reason": "与负责人相识"}))

    def row(self, kind: type[Clip] | type[SpriteSheets]) -> Clip | SpriteSheets:
        with self.services.database.transaction(SYSTEM) as session:
            found = session.scalars(select(kind).where(kind.purpose.like(self.purpose))).one()  # type: ignore[arg-type]  # either
            session.expunge(found)
            return found

    def work(self, job: str, after: Callable[[], None] = lambda: None, *, before: Callable[[], None] = lambda: None) -> object:
        """One run of the job in this process; `after` happens between the store and the commit."""
        buckets = replace(self.services.buckets, viewing=Interrupted(self.services.buckets.viewing, before, after))  # type: ignore[arg-type]  # a port
        return job_handlers(replace(self.services, buckets=buckets))[job](str(self.row(FIRST[job]).id))

    def end_viewing(self) -> None:
        job_handlers(self.services)["end-viewing"](self.id)

    def rest(self) -> None:
        """Everything else that is due, as workers that live would do it."""
        drain(self.services, self.url)

    def stored(self) -> list[str]:
        """Viewing copies; what screening keeps of a recording is not theirs."""
        tenant, viewing = self.county.world.institution.id, self.services.buckets.viewing
        return [v.key for kind in ("clips", "sheets") for v in viewing.list_versions(f"{tenant}/{kind}/")]

    def nothing_is_left(self) -> None:
        with self.services.database.transaction(SYSTEM) as session:
            states = {*session.scalars(select(Clip.state)), *session.scalars(select(SpriteSheets.state))}
        assert states == {ClipState.DELETED}
        assert self.stored() == []


@pytest.fixture
def stage(site: Site, hands: Hands, fresh_database: TestDatabase, run_jobs: Callable[[], None], tmp_path: Path) -> Iterator[Stage]:
    with site.services.database.transaction(SYSTEM) as session:
        world = make_world(session, site.services.clock.now_at(), length=timedelta(seconds=20))
    send(site.services, world, videos.film(tmp_path / "lesson.mp4", "mp4", videos.Scene(seconds=20, fps=5, gop=10)))
    run_jobs()
    county = County(site, hands, world, run_jobs)
    officer, inspector = county.person(Role.BUREAU_OFFICER), county.person(Role.INSPECTOR)
    code = county.drawn(officer)
    line: Json = ok(officer.http.post(f"/api/v1/draws/{code}/assign"))[0]
    job_handlers(site.services)["prepare-review"](line["id"])
    with psycopg.connect(fresh_database.superuser_url) as connection:  # who runs the jobs, and when, is what these tests are about
        connection.execute("delete from procrastinate_jobs where status = 'todo' and task_name in ('cut-clip', 'make-sheets', 'prepare-review')")
    ok(inspector.http.post(f"/api/v1/assignments/{line['id']}/start"))
    yield Stage(county, fresh_database.app_url, inspector, line["id"])
    for client in county.clients:
        client.close()


@pytest.mark.parametrize("job", FIRST)
def test_a_copy_finished_after_its_review_has_ended_is_deleted(stage: Stage, job: str) -> None:
    def meanwhile() -> None:
        stage.end()
        stage.end_viewing()

    stage.work(job, meanwhile)
    stage.rest()
    stage.nothing_is_left()


@pytest.mark.parametrize("job", FIRST)
def test_a_worker_killed_with_the_copy_stored_and_not_told_leaves_nothing_when_the_review_ends(stage: Stage, job: str) -> None:
    def killed() -> None:
        raise Killed

    with pytest.raises(Killed):
        stage.work(job, killed)
    assert len(stage.stored()) == 1
    assert stage.row(FIRST[job]).state is ClipState.QUEUED
    stage.end()
    stage.end_viewing()
    assert stage.stored() == []
    stage.work(job)  # the job is given to another worker: nothing is made of what nobody wants
    stage.rest()
    stage.nothing_is_left()


@pytest.mark.parametrize("job", FIRST)
def test_a_worker_killed_after_the_review_has_ended_leaves_nothing_once_its_job_is_given_back(stage: Stage, job: str) -> None:
    def ended() -> None:
        stage.end()
        stage.end_viewing()

    def killed() -> None:
        raise Killed

    with pytest.raises(Killed):
        stage.work(job, killed, before=ended)
    assert len(stage.stored()) == 1  # put after everything was swept
    stage.work(job)
    stage.rest()
    stage.nothing_is_left()


@pytest.mark.parametrize("job", FIRST)
def test_a_copy_handed_over_while_it_is_made_is_the_successor_s_when_it_is_ready(stage: Stage, job: str) -> None:
    successor = stage.county.person(Role.INSPECTOR)

    def meanwhile() -> None:
        stage.end()
        stage.end_viewing()

    stage.work(job, meanwhile)
    (task,) = ok(successor.http.get("/api/v1/assignments"))
    row = stage.row(FIRST[job])
    assert (row.state, row.purpose) == (ClipState.READY, f"assignment/{task['id']}")
    (key,) = stage.stored()
    assert str(row.id) in key
    stage.rest()
    assert key in stage.stored()


@pytest.mark.parametrize("job", FIRST)
def test_a_job_that_runs_twice_at_once_keeps_the_copy_that_was_told_of(stage: Stage, job: str) -> None:
    """A worker taken for dead goes on while another has its job: whoever comes second takes away its own copy, not the other's."""
    stage.work(job, lambda: stage.made.append("first") or (stage.work(job) if len(stage.made) == 1 else None))  # type: ignore[func-returns-value]
    row = stage.row(FIRST[job])
    assert row.state is ClipState.READY
    (key,) = stage.stored()
    told = [row.object_key] if isinstance(row, Clip) else [sheet["key"] for sheet in row.sheets]
    assert told == [key]
    assert UUID(key.rpartition("/")[2][:36]) == row.id


@pytest.mark.parametrize(("state", "kept"), [(OutcomeState.LOOKING, True), (OutcomeState.WAITING, False)])
def test_the_sweep_leaves_copies_to_the_next_look_while_one_is_being_drawn(stage: Stage, state: OutcomeState, kept: bool) -> None:
    stage.work("cut-clip")
    stage.end()
    with stage.services.database.transaction(SYSTEM) as session:
        session.scalars(select(ReviewOutcome)).one().state = state  # looking: the last look has ended and what follows is being worked out
    job_handlers(stage.services)["expire-clips"]()
    assert stage.row(Clip).state is (ClipState.READY if kept else ClipState.DELETED)


@pytest.fixture
def release(stage: Stage, fresh_database: TestDatabase) -> Stage:
    """Somebody else agreed to a stretch of the original; its cut has not begun."""
    officer = stage.county.person(Role.BUREAU_OFFICER)
    asked = {"item": 1, "start": "00:00:05", "end": "00:00:15", "reason": "核对授课教师身份，模糊后无法辨认"}
    assert stage.inspector.http.post(f"/review/{stage.id}/release", data=asked).status_code == 303
    assert officer.http.post(f"/releases/{release_of(stage).id}/approve", data={"note": "同意"}).status_code == 303
    with psycopg.connect(fresh_database.superuser_url) as connection:
        connection.execute("delete from procrastinate_jobs where status = 'todo' and task_name = 'cut-clip'")
    return replace(stage, purpose="release/%")


def release_of(stage: Stage) -> FootageRelease:
    with stage.services.database.transaction(SYSTEM) as session:
        found = session.scalars(select(FootageRelease)).one()
        session.expunge(found)
        return found


def test_a_stretch_of_the_original_that_is_finished_after_its_review_has_ended_is_deleted(release: Stage) -> None:
    def meanwhile() -> None:
        release.end()
        release.end_viewing()

    release.work("cut-clip", meanwhile)
    release.rest()
    release.nothing_is_left()
    assert release_of(release).state is ReleaseState.ENDED


def test_a_stretch_of_the_original_whose_worker_was_killed_goes_when_its_hours_are_over(release: Stage) -> None:
    def killed() -> None:
        raise Killed

    with pytest.raises(Killed):
        release.work("cut-clip", killed)
    assert len(release.stored()) == 1
    release.county.hands.forward(hours=25)
    job_handlers(release.services)["end-releases"]()
    assert release.stored() == []
    release.work("cut-clip")  # the job is given back: nothing is made of what nobody may see any more
    assert (release.row(Clip).state, release.stored()) == (ClipState.DELETED, [])
    assert release_of(release).state is ReleaseState.ENDED


def test_an_approval_that_meets_the_end_of_its_review_leaves_no_copy(stage: Stage) -> None:
    """The officer's yes and the inspector's last word at the same moment: whichever commits first, in the end nothing plays and nothing is stored."""
    asked = {"item": 1, "start": "00:00:05", "end": "00:00:15", "reason": "核对授课教师身份，模糊后无法辨认"}
    assert stage.inspector.http.post(f"/review/{stage.id}/release", data=asked).status_code == 303
    row, services = release_of(stage), stage.services
    officer = stage.county.person(Role.BUREAU_OFFICER).account
    rule = services.policy.read(ReleaseRule, services.clock.today_on())
    actor = Actor("account", officer.login_name, officer.role.value, officer.id)
    with ThreadPoolExecutor(1) as pool:
        with services.database.transaction(SYSTEM) as session:
            releases.approve(session, row.id, note="同意", rule=rule, actor=actor, clock=services.clock, events=services.events)
            ending = pool.submit(stage.end)
            with pytest.raises(TimeoutError):
                ending.result(1)  # moves are written one after the other: it waits for the decision, which it cannot read yet
        ending.result(30)
    stage.end_viewing()
    assert release_of(stage).state is ReleaseState.ENDED
    stage.rest()
    stage.nothing_is_left()
