"""What the store lost, as pages: slot, coverage, certificate and draw say it; the institution is asked for its own copy. R71, R73, R84."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from api.auth.roles import Role
from storage.database.session import SYSTEM
from storage.kernel.actor import SYSTEM_ACTOR
from storage.kernel.clock import local_date
from storage.ledger import history
from supervision.classes.models import Lesson, TrainingClass
from supervision.footage.lifecycle import RECORDING_MOVES, RecordingEvent, RecordingState
from supervision.footage.models import Recording, Slot
from tests import videos
from tests.browser.conftest import People, in_both
from tests.factories.world import World
from tests.integration.sampling.stage import Stage
from tests.integration.spine.test_upload_to_catalogue import send


def test_whoever_counts_it_reads_that_it_cannot_be_shown(people: People, world: World, work: Callable[[], None], tmp_path: Path) -> None:
    services = people.site.services
    recording_id = send(services, world, videos.film(tmp_path / "film.mp4", "mp4", videos.Scene(seconds=20, fps=5, noise=8, seed=1)))
    work()
    with services.database.transaction(SYSTEM) as session:
        lost = session.get_one(Recording, recording_id)
        assert lost.state is RecordingState.RETAINED
        lost.reason = "version-missing"
        at = services.clock.now_at()
        history.move(session, lost, RECORDING_MOVES, RecordingEvent.RAISE_ALARM, actor=SYSTEM_ACTOR, at=at, reason=lost.reason)
        slot_id = lost.slot_id
        lesson = session.get_one(Lesson, session.get_one(Slot, slot_id).lesson_id)
        draw = Stage(session, now=at).plan(on=local_date(lesson.starts_at)).code
        code, on = session.get_one(TrainingClass, lesson.class_id).code, local_date(lesson.starts_at)

    officer = people.signed_in(Role.BUREAU_OFFICER)
    pages = {"slot": f"/slots/{slot_id}", "coverage": f"/coverage?last={on}", "certificate": f"/subsidy/classes/{code}", "draw": f"/draws/{draw}"}
    for name, path in pages.items():
        in_both(officer, people, path, f"alarm-{name}")
        expect(officer.get_by_text("be shown").first).to_be_visible()
    own = people.signed_in(Role.INSTITUTION_OPERATOR, world.institution.id)
    in_both(own, people, f"/coverage?last={on}", "alarm-own")
    expect(own.get_by_role("link", name="See which")).to_have_attribute("href", "/recordings?state=integrity-alarm")
