"""Cross-checks where days, lessons and figures begin and end, against a recount of the registers that knows no days. F-11, F-15, F-16; R74, R75."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from uuid import uuid4

import httpx
import pytest
from sqlalchemy.orm import Session

from api.auth.identify import cookie_name
from api.auth.roles import Role
from api.http.services import Services
from api.policy import Policy
from api.wiring import comparer, screener
from compliance.policy.book import Book, DatedValue
from storage.database.session import SYSTEM
from storage.kernel.clock import BUREAU_ZONE
from supervision.classes.models import Lesson, SignRecord, Trainee
from supervision.footage.lifecycle import RecordingState
from supervision.footage.models import Recording
from supervision.screening.crosschecks import Check, CrossLead, CrossRule
from supervision.screening.crosschecks_queries import LONGEST_DAYS, cross_leads
from tests.factories.world import World, make_world
from tests.people import account_of, token_of
from tests.site_fixtures import Hands, serving

LEAP_DAY = date(2028, 2, 29)
LEAST = timedelta(minutes=10)
# (institution, day beside the leap day, begins, minutes): over both midnights, touching, and inside one another
TIMES = (
    (0, -1, "23:00", 120), (1, 0, "00:30", 90), (0, 0, "10:00", 60), (1, 0, "11:00", 60), (0, 0, "14:00", 180), (1, 0, "15:00", 30),
    (0, 0, "23:30", 60), (1, 0, "23:50", 30), (0, 1, "00:00", 45), (1, 1, "00:35", 60), (1, 2, "23:55", 30), (0, 3, "00:10", 60),
)  # fmt: skip


def at(day: date, clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=BUREAU_ZONE)


def lesson(session: Session, world: World, begins_at: datetime, minutes: int, teacher: str) -> Lesson:
    made = Lesson(
        institution_id=world.institution.id, class_id=world.training_class.id, room_id=world.room.id, teacher=teacher,
        natural_id=f"{world.training_class.code}/{begins_at:%m%d%H%M}", starts_at=begins_at, ends_at=begins_at + timedelta(minutes=minutes),
    )  # fmt: skip
    session.add(made)
    return made


@pytest.fixture
def other(services: Services) -> World:
    with services.database.transaction(SYSTEM) as session:
        return make_world(session, services.clock.now_at(), name="对面职业培训学校")


@pytest.fixture
def taught(services: Services, world: World, other: World) -> list[Lesson]:
    """One trainee and one teacher in every lesson of two institutions around the last day of February."""
    with services.database.transaction(SYSTEM) as session:
        made = [
            lesson(session, (world, other)[who], at(LEAP_DAY + timedelta(days=day), clock), minutes, "周　四") for who, day, clock, minutes in TIMES
        ]
        people = [
            Trainee(
                institution_id=one.institution.id,
                name="王小明",
                id_number_hash=b"x" * 32,
                id_number_cipher=b"x",
                id_number_masked="1101***********000X",
            )
            for one in (world, other)
        ]
        session.add_all([*made, *people])
        session.flush()
        for one in made:
            person = next(p for p in people if p.institution_id == one.institution_id)
            session.add(
                SignRecord(
                    institution_id=one.institution_id, lesson_id=one.id, trainee_id=person.id, signed_in_at=one.starts_at,
                    signed_out_at=one.ends_at, device="", source="api",
                )
            )  # fmt: skip
    return made


def looked(services: Services, first_on: date, last_on: date) -> list[CrossLead]:
    rule = services.policy.read(CrossRule, services.clock.today_on())
    with services.database.transaction(SYSTEM) as session:
        return cross_leads(session, first_on, last_on, rule).leads


def recounted(lessons: list[Lesson]) -> Counter[tuple[str, date]]:
    """Every pair held against each other: the later lesson of each that overlap long enough, by the day on which it begins."""
    found = set()
    for one in lessons:
        for two in lessons:
            earlier = (one.starts_at, one.natural_id) < (two.starts_at, two.natural_id)
            if earlier and min(one.ends_at, two.ends_at) - two.starts_at >= LEAST:
                found.add((two.natural_id, two.starts_at.astimezone(BUREAU_ZONE).date()))
    return Counter(found)


@pytest.mark.parametrize("check", [Check.TRAINEE_TWICE, Check.TEACHER_TWICE])
def test_day_by_day_and_all_at_once_tell_what_a_recount_of_all_lessons_finds(services: Services, taught: list[Lesson], check: Check) -> None:
    wanted = recounted(taught)
    assert len(wanted) == 6
    days = [LEAP_DAY + timedelta(days=n) for n in range(-2, 5)]
    by_day = Counter({(lead.what, day): 1 for day in days for lead in looked(services, day, day) if lead.check is check})
    assert by_day == wanted
    at_once = [lead.what for lead in looked(services, days[0], days[-1]) if lead.check is check]
    assert Counter(at_once) == Counter(what for what, _ in wanted)
    for first, last in pairwise(days):
        assert {lead.what for lead in looked(services, first, last) if lead.check is check} == {what for what, on in wanted if on in (first, last)}


def test_lessons_that_touch_are_no_overlap_and_days_without_lessons_say_nothing(services: Services, taught: list[Lesson]) -> None:
    touching = {one.natural_id for one in taught if one.starts_at == at(LEAP_DAY, "11:00")}
    assert touching
    assert not touching & {lead.what for lead in looked(services, LEAP_DAY, LEAP_DAY)}
    assert looked(services, date(2027, 2, 28), date(2027, 3, 1)) == []
    assert looked(services, LEAP_DAY, LEAP_DAY - timedelta(days=1)) == []


def test_a_look_reaches_back_to_its_longest_and_not_a_day_more(services: Services, taught: list[Lesson]) -> None:
    last = LEAP_DAY + timedelta(days=LONGEST_DAYS - 1)
    on_the_day = {what for what, on in recounted(taught) if on >= LEAP_DAY}
    assert {lead.what for lead in looked(services, date(2028, 1, 1), last)} == on_the_day
    after = {what for what, on in recounted(taught) if on > LEAP_DAY}
    assert {lead.what for lead in looked(services, date(2028, 1, 1), last + timedelta(days=1))} == after


def test_recordings_that_come_in_over_midnight_are_one_burst_of_the_day_on_which_it_began(services: Services, world: World) -> None:
    first = at(LEAP_DAY, "23:40")
    with services.database.transaction(SYSTEM) as session:
        for n in range(6):
            session.add(
                Recording(
                    institution_id=world.institution.id, upload_id=uuid4(), camera_id=world.cameras[0].id, file_name=f"{n}.mp4",
                    state=RecordingState.UPLOADING, object_key=str(uuid4()), size_bytes=1, created_at=first + timedelta(minutes=10 * n),
                    declared_start_at=at(LEAP_DAY - timedelta(days=n + 1), "09:00"),
                )
            )  # fmt: skip
    for day, told in ((-1, []), (0, [6]), (1, [])):
        on = LEAP_DAY + timedelta(days=day)
        assert [lead.count for lead in looked(services, on, on) if lead.check is Check.UPLOAD_BURST] == told, on
    assert [lead.count for lead in looked(services, LEAP_DAY, LEAP_DAY + timedelta(days=1))] == [6]


def ahead(services: Services, **figures: int) -> Services:
    """The same product, with figures that are decided and begin to apply tomorrow."""
    tomorrow = services.clock.today_on() + timedelta(days=1)
    book = dict(services.policy.book.parameters)
    for name, value in figures.items():
        book[name] = replace(book[name], values=(*book[name].values, DatedValue(tomorrow, value)))
    return replace(services, policy=Policy(Book(book)))


def test_figures_of_tomorrow_apply_tomorrow(services: Services, taught: list[Lesson], hands: Hands) -> None:
    decided = ahead(services, screening_black_grey=17, recycled_least_windows=9, cross_overlap_minutes=1_000)
    assert screener(decided).rule == screener(services).rule
    assert screener(decided).rule.version == screener(services).rule.version
    assert comparer(decided).recycled == comparer(services).recycled
    days = {"first": "2028-02-28", "last": "2028-03-03"}  # to come: the figures of today are those that are known to be in force
    with serving(decided) as site:
        cookies = {cookie_name(services.settings): token_of(services, account_of(services, Role.BUREAU_OFFICER, None).id)}
        with httpx.Client(base_url=site.url, cookies=cookies) as client:
            shown = client.get("/leads/crosschecks", params=days).text
            assert all(what in shown for what, _ in recounted(taught))
    hands.forward(days=1)
    assert screener(decided).rule.screening_black_grey == 17
    assert screener(decided).rule.version != screener(services).rule.version
    assert comparer(decided).recycled.recycled_least_windows == 9
