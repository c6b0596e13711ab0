"""Cross-checks of the registers with a row of every kind: what cannot be is told so that whoever reads it knows where to look. R60, R74, R75."""

from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from api.auth.roles import Role
from api.http.services import Services
from storage.database.session import SYSTEM
from storage.kernel.clock import BUREAU_ZONE
from supervision.classes.models import Category, Lesson, SignRecord, Trainee
from supervision.footage.lifecycle import RecordingState
from supervision.footage.models import Recording
from supervision.screening.crosschecks import Check
from tests.browser.conftest import People, in_both
from tests.factories.outcomes import another_class
from tests.factories.world import World, make_world
from tests.integration.screening.test_crosschecks import signed_in_twice

NOW = datetime(2026, 6, 28, 9, 0, tzinfo=BUREAU_ZONE)  # two days before the first deadline of a year
DAYS = "first=2026-06-01&last=2026-06-30"


@pytest.fixture
def june(services: Services) -> World:
    """In one month: a trainee and a teacher in two places, a batch, an early sign-in, classes before the deadline, a burst of uploads."""
    with services.database.transaction(SYSTEM) as session:
        world = make_world(session, NOW, lessons=2)
        other = make_world(session, NOW, name="古县岳阳镇巧手家政服务职业技能培训中心")
    signed_in_twice(services, world, other)
    with services.database.transaction(SYSTEM) as session:
        lesson = session.get_one(Lesson, world.lessons[1].id)
        for n in range(2):
            person = Trainee(
                institution_id=lesson.institution_id, name="李小红", id_number_hash=uuid4().bytes * 2, id_number_cipher=b"x",
                id_number_masked=f"1410***********{n:03}1",
            )  # fmt: skip
            session.add(person)
            session.flush()
            at = lesson.starts_at - timedelta(minutes=95 + n)
            session.add(
                SignRecord(
                    institution_id=lesson.institution_id, lesson_id=lesson.id, trainee_id=person.id, signed_in_at=at, device="门禁2", source="api"
                )
            )
        for n in range(4):
            days = {"starts_on": date(2026, 6, 20 + n), "ends_on": date(2026, 7, 20 + n)}
            another_class(session, other, Category.ORDER, task=30, now=NOW, **days)
        for n in range(6):
            begun = NOW - timedelta(days=3 + n)
            session.add(
                Recording(
                    institution_id=other.institution.id, upload_id=uuid4(), slot_id=other.slot.id, camera_id=other.slot.camera_id,
                    file_name=f"{n}.mp4", state=RecordingState.CATALOGUED, object_key=f"recordings/{uuid4()}", version_id=f"v{n}", size_bytes=1000,
                    sha256=uuid4().bytes * 2, declared_start_at=begun, created_at=NOW + timedelta(minutes=n),
                )
            )  # fmt: skip
    return world


def test_every_kind_of_cross_check_is_told_and_taken_along(people: People, june: World) -> None:
    page = people.signed_in(Role.BUREAU_OFFICER)
    in_both(page, people, f"/leads/crosschecks?{DAYS}", "crosschecks")
    for name in (
        "One trainee in two lessons at once",
        "One teacher in two lessons at once",
        "Many sign-ins on one device within seconds",
        "Signed in long before the lesson",
        "Classes bunch before a deadline",
        "Recordings of many days came in at once",
    ):
        expect(page.get_by_role("cell", name=name).first).to_be_visible()
    page.get_by_label("Kind").select_option(Check.EARLY_SIGN_IN.value)
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("row")).to_have_count(2)
    with page.expect_download() as taken:
        page.get_by_role("link", name="CSV", exact=True).click()
    assert taken.value.suggested_filename == "crosschecks.csv"
    assert len(taken.value.path().read_text("utf-8-sig").splitlines()) == 2
    in_both(page, people, "/leads/crosschecks?last=2023-06-01", "crosschecks-none")
