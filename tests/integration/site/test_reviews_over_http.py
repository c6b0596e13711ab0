"""A draw and its reviews as people meet them over HTTP: what each may see, when, and what nobody can shorten, forge or do twice."""

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from sqlalchemy import func, select

from api.auth.models import FootageView
from api.auth.roles import Role
from api.play_models import PlaySession
from storage.database.session import SYSTEM
from supervision.sampling.models import DrawContribution
from tests import videos
from tests.engine_fixtures import TestDatabase
from tests.factories.county import County, Json, Person, commitment, ok
from tests.factories.world import make_world
from tests.integration.spine.test_upload_to_catalogue import send
from tests.site_fixtures import Hands, Site

NO_TEACHER: Json = {"defect": "lesson-not-held", "severity": "serious", "note": "无教师"}


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json().get("type", "")).rpartition("/")[2]


@pytest.fixture
def county(site: Site, hands: Hands, run_jobs: Callable[[], None], tmp_path: Path) -> Iterator[County]:
    with site.services.database.transaction(SYSTEM) as session:
        world = make_world(session, site.services.clock.now_at())
    send(site.services, world, videos.film(tmp_path / "lesson.mp4", "mp4", videos.Scene(seconds=120, fps=10, gop=20)))
    run_jobs()
    made = County(site, hands, world, run_jobs)
    yield made
    for client in made.clients:
        client.close()


@dataclass
class Room:
    """The review room with its inspector inside."""

    county: County
    officer: Person
    inspector: Person
    place: str
    code: str
    item: str

    def beat(self, position_ms: int, **more: object) -> httpx.Response:
        body: Json = {"item_id": self.item, "player": "p1", "position_ms": position_ms, "rate_permille": 1000, "visible": True}
        return self.inspector.http.post(f"{self.place}/beats", json=body | more)

    def play(self, **body: object) -> httpx.Response:
        return self.inspector.http.post(f"{self.place}/items/{self.item}/play", json=body)

    def judge(self, verdict: str = "ok") -> httpx.Response:
        return self.inspector.http.post(f"{self.place}/verdict", json={"verdict": verdict})

    def count(self, model: type[Any]) -> int:  # Any: a table
        with self.county.site.services.database.transaction(SYSTEM) as session:
            return session.scalar(select(func.count()).select_from(model)) or 0


@pytest.fixture
def room(county: County) -> Room:
    officer, inspector = county.person(Role.BUREAU_OFFICER), county.person(Role.INSPECTOR)
    line = county.assigned(officer)
    place = f"/api/v1/assignments/{line['id']}"
    assert line["inspector"] == inspector.name
    shown = ok(inspector.http.get(place))
    assert (shown["required_watch_s"], shown["items"][0]["clip_state"]) == (114, "ready")
    return Room(county, officer, inspector, place, line["code"], shown["items"][0]["id"])


def test_another_inspectors_assignment_does_not_exist(room: Room) -> None:
    other = room.county.person(Role.INSPECTOR)
    ok(room.inspector.http.post(f"{room.place}/start"))
    beat = {"item_id": room.item, "player": "p", "position_ms": 0, "rate_permille": 1000, "visible": True}
    finding = {"recording_id": str(UUID(int=7)), "start_ms": 0, "end_ms": 1000, "defect": "short-lesson", "severity": "serious", "note": "x"}
    calls: dict[str, Json | None] = {
        f"{room.place}/start": None,
        f"{room.place}/items/{room.item}/play": {},
        f"{room.place}/beats": beat,
        f"{room.place}/findings": finding,
        f"{room.place}/verdict": {"verdict": "ok"},
        f"{room.place}/recuse": {"reason": "认识负责人"},
    }
    answers = {path.removeprefix(room.place): other.http.post(path, json=body) for path, body in calls.items()} | {"": other.http.get(room.place)}
    assert {path: answer.status_code for path, answer in answers.items() if answer.status_code != 404} == {}, [a.text for a in answers.values()]
    assert ok(other.http.get("/api/v1/assignments")) == []
    assert other.http.get(f"/review/{room.place.rpartition('/')[2]}", headers={"Accept": "text/html"}).status_code == 404
    assert ok(room.inspector.http.get(room.place))["state"] == "reviewing"


def test_an_institution_and_the_officer_who_drew_read_no_assignment(room: Room) -> None:
    for role in (Role.INSTITUTION_HEAD, Role.INSTITUTION_OPERATOR):
        theirs = room.county.person(role)
        for path in ("/api/v1/assignments", room.place, "/review"):
            assert theirs.http.get(path).status_code == 403, path
        for page in ("/draws", f"/draws/{room.code}", f"/api/v1/draws/{room.code}.json"):
            shown = theirs.http.get(page, headers={"Accept": "*/*"}).text
            assert room.inspector.name not in shown
            assert room.inspector.account.display_name not in shown
    assert room.officer.http.get(room.place).status_code == 403


def test_bytes_come_only_after_the_view_is_on_record_and_to_that_person_only(room: Room) -> None:
    assert room.play().status_code == 404  # not begun
    ok(room.inspector.http.post(f"{room.place}/start"))
    assert room.play(purpose=" ").status_code == 422
    assert (room.count(FootageView), room.count(PlaySession)) == (0, 0)
    opened = ok(room.play(purpose="spot check"))
    with room.county.site.services.database.transaction(SYSTEM) as session:
        view = session.scalars(select(FootageView)).one()
        assert (view.account_id, view.purpose) == (room.inspector.account.id, "spot check")
        assert session.scalars(select(PlaySession.bytes_served)).one() == 0
    piece = room.inspector.http.get(opened["url"], headers={"Range": "bytes=0-99"})
    assert (piece.status_code, len(piece.content)) == (206, 100)
    assert piece.headers["cache-control"] == "no-store"
    for role in (Role.INSPECTOR, Role.BUREAU_LEADER, Role.ADMINISTRATOR, Role.INSTITUTION_HEAD):
        assert room.county.person(role).http.get(opened["url"]).status_code == 404, role
    assert httpx.get(room.county.site.url + opened["url"], headers={"Accept": "application/json"}).status_code == 401
    assert room.inspector.http.get(opened["url"][:-1] + ("A" if opened["url"][-1] != "A" else "B")).status_code == 404


def test_a_play_address_ends_after_two_hours(room: Room) -> None:
    ok(room.inspector.http.post(f"{room.place}/start"))
    url = ok(room.play())["url"]
    room.county.hands.forward(minutes=119)
    assert room.county.signed_in(room.inspector.account).get(url).status_code == 206
    room.county.hands.forward(minutes=1)
    assert room.county.signed_in(room.inspector.account).get(url).status_code == 404


def test_when_the_view_cannot_be_written_there_is_no_address(room: Room, fresh_database: TestDatabase) -> None:
    ok(room.inspector.http.post(f"{room.place}/start"))
    with psycopg.connect(fresh_database.owner_url, autocommit=True) as owner:
        owner.execute("alter table footage_view add constraint broken check (kind = 'nothing') not valid")
    assert room.play().status_code >= 500
    assert (room.count(FootageView), room.count(PlaySession)) == (0, 0)


def test_seconds_are_watched_in_seconds_and_a_verdict_waits_for_them(room: Room) -> None:
    assert room.judge().status_code in (404, 409)  # not begun
    ok(room.inspector.http.post(f"{room.place}/start"))
    ok(room.play())
    begun_at = room.county.site.services.clock.now_at()
    for position_ms in range(0, 120_000, 1000):  # a script sends two minutes of beats in a moment
        answer = room.beat(position_ms)
        assert answer.status_code == 204, answer.text
    for rate in (16_000, 8_000):
        room.beat(119_000, rate_permille=rate)
    spent_s = (room.county.site.services.clock.now_at() - begun_at).total_seconds()
    assert ok(room.inspector.http.get(room.place))["watched_s"] <= min(spent_s + 1, 110)
    refused = room.judge()
    assert problem(refused) == (409, "not-watched-enough")
    assert room.beat(0, rate_permille=16_001).status_code == 422
    assert room.beat(0, item_id=str(UUID(int=7))).status_code == 404
    room.beat(0)
    for position_ms in range(5000, 120_001, 5000):
        room.county.hands.forward(seconds=5)
        assert room.beat(position_ms).status_code == 204
    assert ok(room.inspector.http.get(room.place))["watched_s"] >= 114
    room.county.answered(room.inspector, room.place)
    assert problem(room.judge("finding"))[0] == 409  # nothing was recorded
    assert ok(room.judge())["state"] == "judged-ok"
    assert room.judge().status_code in (404, 409)
    assert room.beat(0).status_code == 404
    assert room.play().status_code == 404


def test_a_finding_of_a_draw_is_decided_by_blind_looks_and_by_nobodys_hand(room: Room) -> None:
    made = room.county.look(room.inspector, room.place, finding=NO_TEACHER)
    assert made is not None
    place = f"/api/v1/findings/{made['code']}"
    assert room.inspector.http.post(f"{place}/confirm").status_code == 403
    assert problem(room.officer.http.post(f"{place}/confirm")) == (409, "finding-blind-look-decides")
    assert problem(room.officer.http.post(f"{place}/reject", json={"reason": "误记"})) == (409, "finding-blind-look-decides")
    head = room.county.person(Role.INSTITUTION_HEAD)
    assert ok(head.http.get("/api/v1/findings")) == []  # not before the notice
    assert head.http.post(f"{place}/confirm").status_code == 403
    assert room.officer.http.post(f"{place}/reject", json={"reason": ""}).status_code == 422


def test_a_recused_inspector_gets_nothing_of_the_institution_and_who_recuses_is_replaced(county: County) -> None:
    officer, barred, free = county.person(Role.BUREAU_OFFICER), county.person(Role.INSPECTOR), county.person(Role.INSPECTOR)
    today = county.site.services.clock.today_on()
    recusal = {"inspector_login": barred.name, "institution_id": str(county.world.institution.id), "reason": "亲属任教", "from_on": today.isoformat()}
    assert officer.http.post("/api/v1/recusals", json=recusal).status_code == 201
    line = county.assigned(officer)
    assert line["inspector"] == free.name
    assert ok(barred.http.get("/api/v1/assignments")) == []
    place = f"/api/v1/assignments/{line['id']}/recuse"
    assert free.http.post(place, json={"reason": ""}).status_code == 422
    third = county.person(Role.INSPECTOR)
    ok(free.http.post(place, json={"reason": "本人曾在该校任教"}))
    assert [len(ok(person.http.get("/api/v1/assignments"))) for person in (barred, free, third)] == [0, 0, 1]


def test_before_its_time_nobody_reads_a_share_a_seed_or_a_ticket(county: County) -> None:
    officer, other, theirs = county.person(Role.BUREAU_OFFICER), county.person(Role.LEGAL_OFFICER), county.person(Role.INSTITUTION_HEAD)
    code = county.planned(officer)
    values = county.committed(code, [officer, other])
    for cookies in (theirs.http.cookies, officer.http.cookies, None):
        with httpx.Client(base_url=county.site.url, cookies=cookies) as client:
            texts = [client.get(path).text for path in (f"/api/v1/draws/{code}.json", f"/draws/{code}", "/api/v1/draws", "/draws")]
        published = httpx.get(f"{county.site.url}/api/v1/draws/{code}.json").json()
        assert (published["seed"], published["selected"], [c["value"] for c in published["contributions"]]) == (None, None, [None, None])
        assert [value.hex() in text for value in values.values() for text in texts] == [False] * 8
    for path, body in (("freeze", None), ("draw", None), ("assign", None), ("void", {"reason": "不想抽"}), ("public-value", {"value": "1"})):
        assert theirs.http.post(f"/api/v1/draws/{code}/{path}", json=body).status_code == 403
    assert problem(officer.http.post(f"/api/v1/draws/{code}/public-value", json={"value": "1"}))[0] == 409  # not yet known
    assert officer.http.post(f"/api/v1/draws/{code}/draw").status_code == 409
    assert officer.http.post(f"/api/v1/draws/{code}/assign").status_code == 409


def test_two_officers_at_once_make_one_commitment_one_draw_and_one_assignment(county: County) -> None:
    first, second = county.person(Role.BUREAU_OFFICER), county.person(Role.BUREAU_OFFICER)
    inspectors = [county.person(Role.INSPECTOR) for _ in range(2)]
    both: list[Person] = [first, second]
    code = county.planned(first)
    with ThreadPoolExecutor(4) as pool:
        shares = [commitment("县人社局培训科", secrets.token_bytes(32)) for _ in both]
        place = f"/api/v1/draws/{code}/commitments"
        taken = list(pool.map(lambda person, share: person.http.post(place, json=share).status_code, both, shares))
        assert sorted(taken) == [201, 409]
        with county.site.services.database.transaction(SYSTEM) as session:
            assert session.scalar(select(func.count()).select_from(DrawContribution)) == 1
        code = county.seeded(first, [second, county.person(Role.LEGAL_OFFICER)])
        draws = list(pool.map(lambda person: ok(person.http.post(f"/api/v1/draws/{code}/draw")), both * 2))
        assert all(drawn == draws[0] for drawn in draws)
        given = list(pool.map(lambda person: ok(person.http.post(f"/api/v1/draws/{code}/assign")), both * 2))
    assert all(lines == given[0] for lines in given)
    assert sum(len(ok(person.http.get("/api/v1/assignments"))) for person in inspectors) == 1


def test_a_round_is_void_with_a_reason_only_and_stays_readable(room: Room) -> None:
    place = f"/api/v1/draws/{room.code}/void"
    for body in ({}, {"reason": ""}, {"reason": " "}):
        assert room.officer.http.post(place, json=body).status_code == 422
    assert room.inspector.http.post(place, json={"reason": "不想看"}).status_code == 403
    assert ok(room.officer.http.post(place, json={"reason": "名单有误，重新抽取"}))["state"] == "void"
    published = httpx.get(f"{room.county.site.url}/api/v1/draws/{room.code}.json").json()
    assert published["void"]["reason"] == "名单有误，重新抽取"
    assert published["selected"]
    assert ok(room.inspector.http.get("/api/v1/assignments")) == []
    assert room.inspector.http.post(f"{room.place}/start").status_code in (404, 409)
    assert room.play().status_code == 404
