"""Every list of the house is there as a file: its own filters, all its pages, the reader's language, and no row of anybody else. UI.md."""

import csv
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from uuid import uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.auth.roles import Role
from compliance.exit import statutory
from compliance.rating import items
from compliance.rating import service as rating
from compliance.rating.models import Ground
from compliance.subsidy import claims
from compliance.subsidy import service as subsidy
from storage.database.session import SYSTEM
from supervision.classes.models import Category
from supervision.findings.rules import Severity
from supervision.footage.copy_models import CopyCheck
from supervision.footage.lifecycle import RecordingState
from supervision.footage.models import Recording
from tests.factories.county import County, ok
from tests.factories.outcomes import another_class, enrol, licence, published_finding
from tests.factories.subsidised import HEAD, OFFICER, finish, rules_on, tape
from tests.factories.subsidised import enrol as on_roster
from tests.factories.world import World, make_world
from tests.site_fixtures import Hands, Site

MANY = 60  # recordings of each institution: more than one page shows
OFFICE = {  # list → a word in a row of its file, as its page writes it
    "/draws": "按比例抽查（R55）",
    "/public/draws": "按比例抽查（R55）",
    "/recordings": "已编目",
    "/recordings/due": "lesson-0.mp4",
    "/copies": "待应答",
    "/findings": "严重",
    "/subsidy": "中式面点师",
    "/subsidy/claims": "待审核",
    "/subsidy/watch": "200",
    "/employment": "营业执照",
    "/credit": "采集中",
    "/credit/items": "未按课表授课",
    "/credit/selection": "鑫诚职业培训学校",
    "/exit/lists/statutory": "临汾市人社局",
    "/targets/startups": "-X",
    "/targets/classes": "中式面点师",
    "/visits": "封存",
    "/registry": "培训机构",
}
OWN = ("/recordings", "/copies", "/findings", "/subsidy", "/subsidy/claims", "/subsidy/watch", "/employment")


def furnish(county: County, world: World) -> None:
    """Something in each list: written straight into the tables where a walk to it would be long."""
    services = county.site.services
    now, today = services.clock.now_at(), services.clock.today_on()
    by = {"actor": OFFICER, "clock": services.clock}
    school = world.institution
    with services.database.transaction(SYSTEM) as session:
        for n in range(MANY):
            session.add(
                Recording(
                    institution_id=school.id, upload_id=uuid4(), slot_id=world.slot.id, camera_id=world.slot.camera_id,
                    file_name=f"lesson-{n}.mp4", state=RecordingState.CATALOGUED if n else RecordingState.DUE, object_key=f"recordings/{uuid4()}",
                    version_id=f"v{n}", size_bytes=1000, sha256=uuid4().bytes * 2, retain_until=now,
                )
            )  # fmt: skip
        found = published_finding(session, world, severity=Severity.SERIOUS)
        session.add(
            CopyCheck(
                institution_id=school.id, recording_id=found.recording_id, asked_at=now, asked_by="scheduler", due_at=now + timedelta(days=3),
                offset_bytes=0, length_bytes=10, nonce=b"n" * 16,
            )
        )  # fmt: skip
        row, rules = world.training_class, rules_on(now)
        subsidy.issue(session, row, rules, key=Ed25519PrivateKey.generate(), **by)
        claims.submit(session, row, rules, payee="鑫诚", account="6222 0000 1111 2222", actor=HEAD, clock=services.clock)
        days = {"starts_on": today - timedelta(days=9), "ends_on": today - timedelta(days=5)}
        startup = another_class(session, world, Category.STARTUP, task=5, now=now, **days)
        licence(session, startup, enrol(session, startup, 1)[0], today)
        rating.open_rating(session, school, today.year, **by)
        decision = {"document": "古人社罚〔2026〕4号", "decided_on": today, "summary": "未按课表授课"}
        items.record_decision(session, school, ground=Ground.DECISION, **decision, safety=False, repairable=True, **by)
        source = {"list_name": "名单", "authority": "临汾市人社局", "source_document": f"临人社监列〔2026〕{school.code}号", "listed_on": today}
        statutory.bring_in(session, **source, entry_name=school.name, entry_code="", until_on=None, institution_id=school.id, **by)


@pytest.fixture
def worlds(site: Site) -> tuple[World, World]:
    """Two institutions of one name, each with a class that is over and people of its own."""
    now, key = site.services.clock.now_at(), site.services.secrets.master_key()
    made = []
    with site.services.database.transaction(SYSTEM) as session:
        for n in range(2):
            world = make_world(session, now, days_ago=7, length=timedelta(hours=2))
            on_roster(session, world, now, 2, master_key=key, first=1 + 10 * n)
            tape(session, world)
            finish(session, world, now)
            made.append(world)
    return made[0], made[1]


@pytest.fixture
def county(site: Site, hands: Hands, worlds: tuple[World, World], run_jobs: Callable[[], None]) -> Iterator[County]:
    made, now = County(site, hands, worlds[0], run_jobs), site.services.clock.now_at()
    for one in worlds:
        furnish(made, one)
    today, officer = site.services.clock.today_on(), made.person(Role.BUREAU_OFFICER)
    for on_site in (False, True):
        days = [(today + timedelta(days=n if on_site else -n)).isoformat() for n in ((1, 3) if on_site else (3, 1))]
        plan = {"title": "抽查", "public_source": "约定数字", "public_at": (now + timedelta(minutes=9)).isoformat(), "on_site": on_site}
        ok(officer.http.post("/api/v1/draws", json=plan | dict(zip(("period_starts_on", "period_ends_on"), days, strict=True))))
    yield made
    for client in made.clients:
        client.close()


def reader(county: County, role: Role, world: World | None = None) -> httpx.Client:
    http = county.person(role, world).http
    http.headers["Accept"] = "text/html"
    http.cookies.set("lang", "zh")
    return http


def sheet(http: httpx.Client, path: str) -> list[list[str]]:
    """The file of a list by the link on its page: heading, then rows."""
    page = http.get(path)
    assert page.status_code == 200, path
    link = re.search(r'<a href="([^"]*export=csv)" download>CSV</a>', page.text)
    assert link is not None, path
    answer = http.get(page.url.join(unescape(link.group(1))))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8", (path, answer.text)
    return list(csv.reader(answer.content.decode("utf-8-sig").splitlines()))


def test_every_list_of_the_office_is_a_file_in_the_readers_language(county: County) -> None:
    officer, leader = reader(county, Role.BUREAU_OFFICER), reader(county, Role.BUREAU_LEADER)
    viewed = county.person(Role.BUREAU_LEADER)
    for path, word in OFFICE.items():
        heading, *rows = sheet(officer, path)
        assert all(re.search("[一-鿿]", one) for one in heading), (path, heading)
        assert {len(row) for row in rows} == {len(heading)}, path
        assert word in ",".join(cell for row in rows for cell in row), (path, rows)
        assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-|\+00:00", ",".join(cell for row in rows for cell in row)), path
    heading, *rows = sheet(leader, "/watch/decisions")
    assert rows == [] or {len(row) for row in rows} == {len(heading)}
    assert viewed.account.login_name in str(sheet(reader(county, Role.ADMINISTRATOR), "/accounts"))


def test_a_file_holds_all_pages_under_the_filters_of_the_page(county: County) -> None:
    officer = reader(county, Role.BUREAU_OFFICER)
    _, *rows = sheet(officer, "/recordings?state=catalogued&q=lesson-")
    assert len(rows) == 2 * (MANY - 1)
    assert {row[0] for row in rows} == {f"lesson-{n}.mp4" for n in range(1, MANY)}
    assert [row[0] for row in sheet(officer, "/recordings?state=due")[1:]] == ["lesson-0.mp4"] * 2
    assert len(sheet(officer, "/subsidy?q=-X")) == 1 + 2


@pytest.mark.parametrize("path", OWN)
def test_an_institutions_file_is_its_own_rows_alone(county: County, worlds: tuple[World, World], path: str) -> None:
    other = worlds[1]
    mine, theirs = (sheet(reader(county, Role.INSTITUTION_HEAD, world), path)[1:] for world in (county.world, other))
    both = sheet(reader(county, Role.BUREAU_OFFICER), path)[1:]
    assert 0 < len(mine) == len(theirs) == len(both) / 2, path
    assert other.institution.code not in str(mine)
    assert sorted(row[0] for row in mine + theirs) == sorted(row[0] for row in both)


@pytest.mark.parametrize("path", sorted(set(OFFICE) - set(OWN) - {"/public/draws", "/credit"}))
def test_a_list_of_the_office_is_no_file_for_an_institution(county: County, path: str) -> None:
    assert reader(county, Role.INSTITUTION_HEAD).get(f"{path}?export=csv").status_code == 403
