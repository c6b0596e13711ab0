"""Cross-checks on a county's registers: for the office and the auditor, never for an institution or a reviewer. F-02, F-15, F-16; R74, R75."""

from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from api.auth.identify import cookie_name
from api.auth.roles import Role
from api.http.services import Services
from api.pages.formats import lesson_text
from storage.database.session import SYSTEM
from storage.kernel.clock import BUREAU_ZONE
from supervision.classes.models import Lesson, SignRecord, Trainee
from supervision.screening import crosschecks_queries, rehearsal
from supervision.screening.crosschecks import Check, CrossRule
from supervision.screening.crosschecks_queries import cross_leads
from tests.factories.world import World, make_world
from tests.people import account_of, token_of
from tests.site_fixtures import serving


def signed_in_twice(services: Services, world: World, other: World) -> Lesson:
    """One identity number signs in at two institutions at once, nine more with it on one device; one teacher stands in both."""
    with services.database.transaction(SYSTEM) as session:
        lessons = [session.get_one(Lesson, w.lessons[0].id) for w in (world, other)]
        lessons[1].starts_at, lessons[1].ends_at = lessons[0].starts_at, lessons[0].ends_at = (
            lessons[0].starts_at, lessons[0].starts_at + timedelta(minutes=90),
        )  # fmt: skip
        lessons[1].teacher = lessons[0].teacher
        for n in range(10):
            for lesson in lessons[: 2 if n == 0 else 1]:
                person = Trainee(
                    institution_id=lesson.institution_id, name="王小明", id_number_hash=n.to_bytes(32, "big") if n == 0 else uuid4().bytes * 2,
                    id_number_cipher=b"x", id_number_masked=f"1101***********{n:03}X",
                )  # fmt: skip
                session.add(person)
                session.flush()
                at = lesson.starts_at + timedelta(seconds=n)
                session.add(
                    SignRecord(
                        institution_id=lesson.institution_id, lesson_id=lesson.id, trainee_id=person.id, signed_in_at=at, device="门禁1", source="api"
                    )
                )
        return lessons[0]


def test_two_places_at_once_and_batches_are_read_from_the_registers(services: Services, world: World) -> None:
    with services.database.transaction(SYSTEM) as session:
        other = make_world(session, services.clock.now_at(), name="对面职业培训学校")
    lesson = signed_in_twice(services, world, other)
    on = lesson.starts_at.astimezone(BUREAU_ZONE).date()
    rule = services.policy.read(CrossRule, on)
    with services.database.transaction(SYSTEM) as session:
        mine = {world.institution.id, other.institution.id}
        found = [lead for lead in cross_leads(session, on, on, rule).leads if lead.institution_id in mine]
        natural_id = session.scalar(select(Lesson.natural_id).where(Lesson.id == other.lessons[0].id))
    by = {check: [lead for lead in found if lead.check is check] for check in Check}
    assert [lead.who for lead in by[Check.TRAINEE_TWICE]] == ["1101***********000X"]
    assert natural_id in (by[Check.TEACHER_TWICE][0].what, by[Check.TEACHER_TWICE][0].other)
    assert [(lead.what, lead.count, lead.who) for lead in by[Check.BATCH_SIGN_IN]] == [(lesson.natural_id, 10, "门禁1")]
    assert by[Check.EARLY_SIGN_IN] == by[Check.UPLOAD_BURST] == []

    with serving(services) as site:
        asking = {Role.BUREAU_OFFICER: 200, Role.AUDITOR: 200, Role.INSPECTOR: 403, Role.INSTITUTION_HEAD: 403}
        for role, status in asking.items():
            account = account_of(services, role, world.institution.id if role is Role.INSTITUTION_HEAD else None)
            with httpx.Client(base_url=site.url, cookies={cookie_name(services.settings): token_of(services, account.id)}) as client:
                answer = client.get("/leads/crosschecks", params={"first": on.isoformat(), "last": on.isoformat()})
                taken = client.get("/leads/crosschecks", params={"first": on.isoformat(), "last": on.isoformat(), "export": "csv"})
                assert (answer.status_code, taken.status_code) == (status, status), role
                if status == 200:
                    assert lesson_text(lesson.natural_id, "zh") in answer.text
                    assert "王小明" not in answer.text + taken.text
                    heading, *lines = taken.content.decode("utf-8-sig").splitlines()
                    assert (heading, len(lines)) == ("线索,依据,具体情况,机构,时间", answer.text.count('<td class="figures">'))
                    assert lesson_text(lesson.natural_id, "zh") in taken.text
                    narrowed = client.get("/leads/crosschecks", params={"last": on.isoformat(), "check": "teacher-twice"})
                    assert "门禁1" not in narrowed.text


def test_a_look_that_is_not_whole_says_so(services: Services, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with services.database.transaction(SYSTEM) as session:
        other = make_world(session, services.clock.now_at(), name="对面职业培训学校")
    on = signed_in_twice(services, world, other).starts_at.astimezone(BUREAU_ZONE).date()
    days = {"first": on.isoformat(), "last": on.isoformat()}
    with serving(services) as site:
        cookies = {cookie_name(services.settings): token_of(services, account_of(services, Role.BUREAU_OFFICER, None).id)}
        with httpx.Client(base_url=site.url, cookies=cookies) as client:
            assert "没有看完" not in client.get("/leads/crosschecks", params=days).text
            monkeypatch.setattr(crosschecks_queries, "MOST_ROWS", 3)
            assert "没有看完" in client.get("/leads/crosschecks", params=days).text
            last = client.get("/leads/crosschecks", params=days | {"export": "csv"}).content.decode("utf-8-sig").splitlines()[-1]
            assert "没有看完" in last


def test_days_that_cannot_be_and_days_before_there_were_figures_are_no_crash(services: Services) -> None:
    with serving(services) as site:
        cookies = {cookie_name(services.settings): token_of(services, account_of(services, Role.BUREAU_OFFICER, None).id)}
        with httpx.Client(base_url=site.url, cookies=cookies) as client:
            asked = {day: client.get("/leads/crosschecks", params={"last": day}).status_code for day in ("0001-01-01", "9999-12-31", "2020-01-01")}
            assert set(asked.values()) == {200}
            figures = client.get("/machine/figures", params={"figure": "screening_black_s", "value": "9" * 5000})
            assert figures.status_code == 200
            assert "请填写" in figures.text
            others = client.get("/machine/figures", params={"figure": "screening_flag_strength", "value": "20"}).text
            assert "请从列表中选择参数" in others  # the number is none the worse
            least = client.get("/machine/figures", params={"figure": "screening_jump_s", "value": "0"})
            assert f"{rehearsal.LEAST['screening_jump_s']} 至 1,000,000" in least.text
