"""Looks are blind: over every route an inspector can call, a second look and a known item look like any other task. 2.3.2; G9, G16."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.auth.origin import SAFE_METHODS
from api.auth.roles import Role
from api.inspectors import eligible_inspectors, review_due
from storage.database.session import SYSTEM
from storage.kernel.actor import SYSTEM_ACTOR
from supervision.spotchecks import queries
from supervision.spotchecks import service as spotchecks
from supervision.spotchecks.rules import ReviewRule
from tests import videos
from tests.factories.county import County, Json, Person, ok
from tests.factories.world import World, make_world
from tests.integration.spine.test_upload_to_catalogue import send
from tests.site_fixtures import Hands, Site, rows_of_routes

SAID = "讲台无人，学员自习"
NO_TEACHER: Json = {"defect": "lesson-not-held", "severity": "serious", "note": SAID}
HTML = {"Accept": "text/html"}


@pytest.fixture
def county(site: Site, hands: Hands, run_jobs: Callable[[], None], tmp_path: Path) -> Iterator[County]:
    made = County(site, hands, taped(site, tmp_path / "one.mp4"), run_jobs)
    run_jobs()
    yield made
    for client in made.clients:
        client.close()


def taped(site: Site, film: Path) -> World:
    with site.services.database.transaction(SYSTEM) as session:
        world = make_world(session, site.services.clock.now_at())
    send(site.services, world, videos.film(film, "mp4", videos.Scene(seconds=120, fps=10, gop=20)))
    return world


def anonymous(text: str, person: Person) -> str:
    """A page without what differs between any two people and any two tasks: ids, tokens, names, times of the day."""
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "ID", text)
    text = re.sub(r'(name="csrf[^"]*" value=")[^"]*', r"\1TOKEN", text)
    text = re.sub(r'(content=")[A-Za-z0-9_\-.]{30,}', r"\1TOKEN", text)
    for name in (person.account.display_name, person.name):
        text = text.replace(name, "NAME")
    text = re.sub(r"\d{4}年\d{1,2}月\d{1,2}日|\d{1,2} [A-Z][a-z]+ \d{4}", "DAY", text)
    return re.sub(r"\d{2}:\d{2}(:\d{2})?(\.\d+)?|/play/[^\"#]+", "TIME", text)


def pages(person: Person, place: str) -> list[str]:
    task = place.rpartition("/")[2]
    return [anonymous(person.http.get(path, headers=HTML).text, person) for path in ("/review", f"/review/{task}")]


def shape(value: Any) -> Any:  # Any: JSON
    """Keys and kinds of a JSON answer."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return [shape(inner) for inner in value] if isinstance(value, list) else type(value).__name__


def test_whoever_looks_second_learns_nothing_of_the_first_look_on_any_route(county: County) -> None:
    officer = county.person(Role.BUREAU_OFFICER)
    inspectors = [county.person(Role.INSPECTOR) for _ in range(3)]
    line = county.assigned(officer)
    first, place = county.task_of(inspectors, line["natural_id"])
    assigned = pages(first, place), shape(ok(first.http.get(place)))
    found = county.look(first, place, finding=NO_TEACHER)
    assert found is not None
    judged_at = ok(officer.http.get("/api/v1/findings"))
    assert [f["state"] for f in judged_at] == ["recorded"]
    county.work()
    second, again = county.task_of([p for p in inspectors if p is not first], line["natural_id"])
    county.work()
    assert ok(first.http.get("/api/v1/assignments")) == []
    assert (pages(second, again), shape(ok(second.http.get(again)))) == assigned

    task = ok(second.http.get(again))
    secrets = [first.name, first.account.display_name, found["code"], SAID, place.rpartition("/")[2]]
    ids = {
        "assignment_id": task["id"],
        "item_id": task["items"][0]["id"],
        "recording_id": task["items"][0]["recording_id"],
        "institution_id": task["institution_id"],
        "round_code": line["code"],
        "class_code": county.world.training_class.code,
        "camera": "1",
    }
    told = []
    routes = [row for row in rows_of_routes(county.site.services) if row.refusals[Role.INSPECTOR] is None and row.method in SAFE_METHODS]
    assert len(routes) > 15
    for row in routes:
        codes = (line["code"], found["code"], county.world.training_class.code, county.world.institution.code) if "{code}" in row.path else ("",)
        for code in codes:
            path = re.sub(r"\{(\w+)(?::\w+)?\}", lambda m, c=code: c if m[1] == "code" else ids.get(m[1], task["id"]), row.path)  # type: ignore[misc]
            for accept in ("application/json", "text/html"):
                answer = second.http.get(path, headers={"Accept": accept})
                told += [(path, accept, word) for word in secrets if word in answer.text.replace(path, "")]
    assert told == []
    for path in (f"/api/v1/assignments/{place.rpartition('/')[2]}", f"/review/{place.rpartition('/')[2]}"):
        assert second.http.get(path).status_code == 404
    for path in (f"/api/v1/findings/{found['code']}/confirm", f"/api/v1/findings/{found['code']}/reject"):
        assert second.http.post(path, json={"reason": "看过"}).status_code == 403
    for path in (
        "/findings",
        f"/findings/{found['code']}",
        "/api/v1/findings",
        "/reviewers",
        f"/draws/{line['code']}/looks",
        f"/draws/{line['code']}/looks.json",
    ):
        assert second.http.get(path).status_code == 403, path


def test_two_blind_looks_confirm_a_finding_and_close_the_round(county: County) -> None:
    officer = county.person(Role.BUREAU_OFFICER)
    inspectors = [county.person(Role.INSPECTOR) for _ in range(2)]
    line = county.assigned(officer)
    first, place = county.task_of(inspectors, line["natural_id"])
    found = county.look(first, place, finding=NO_TEACHER)
    assert found is not None
    county.work()
    second, again = county.task_of([p for p in inspectors if p is not first], line["natural_id"])
    repeated = county.look(second, again, finding=NO_TEACHER)
    assert repeated is not None
    county.work()
    states = {f["code"]: f["state"] for f in ok(officer.http.get("/api/v1/findings"))}
    assert states == {found["code"]: "confirmed", repeated["code"]: "void"}
    shown = officer.http.get(f"/draws/{line['code']}/looks", headers=HTML).text
    assert first.account.display_name in shown and second.account.display_name in shown
    told = ok(officer.http.get(f"/draws/{line['code']}/looks.json"))
    assert (told["salt"], [one["state"] for one in told["lessons"]]) == (None, ["decided-finding"])
    assert officer.http.post(f"/draws/{line['code']}/close").status_code == 303
    assert len(bytes.fromhex(ok(officer.http.get(f"/draws/{line['code']}/looks.json"))["salt"])) == 32


def test_a_known_item_looks_like_any_task_and_its_marks_reach_nobody(county: County, tmp_path: Path) -> None:
    officer, services = county.person(Role.BUREAU_OFFICER), county.site.services
    inspectors = [county.person(Role.INSPECTOR) for _ in range(2)]
    line = county.assigned(officer)
    first, place = county.task_of(inspectors, line["natural_id"])
    county.look(first, place, finding=NO_TEACHER)
    county.work()
    second, again = county.task_of([p for p in inspectors if p is not first], line["natural_id"])
    county.look(second, again, finding=NO_TEACHER)
    county.work()
    assert officer.http.post(f"/draws/{line['code']}/close").status_code == 303

    county.hands.forward(days=7)  # the old lesson lies outside the new period
    officer = county.person(Role.BUREAU_OFFICER)
    old, county.world = county.world, taped(county.site, tmp_path / "two.mp4")
    county.work()
    newcomer = county.person(Role.INSPECTOR)
    code = county.drawn(officer)
    with services.database.transaction(SYSTEM) as session:
        rule = replace(services.policy.read(ReviewRule, services.clock.today_on()), planted_permille=1000, clean_second_look_permille=0)
        made = spotchecks.assign(
            session,
            code,
            inspectors=[one for one in eligible_inspectors(session, services) if one.login == newcomer.name],
            rule=rule,
            due_at=review_due(services),
            actor=SYSTEM_ACTOR,
            clock=services.clock,
            events=services.events,
        )
        (planted,) = queries.planted_of_round(session, made[0].round_id)
        real_place, known_place = (f"/api/v1/assignments/{one.id}" for one in (made[0], planted))
    county.work()
    alike = [
        (shape(ok(newcomer.http.get(one))), anonymous(newcomer.http.get(f"/review/{one.rpartition('/')[2]}", headers=HTML).text, newcomer))
        for one in (real_place, known_place)
    ]
    names = (county.world, old)
    (real_json, real_page), (known_json, known_page) = (
        (told, re.sub("|".join((w.lessons[0].natural_id, w.institution.code, w.training_class.code)), "LESSON", page))
        for (told, page), w in zip(alike, names, strict=True)
    )
    assert (known_json, known_page) == (real_json, real_page)
    listed = ok(newcomer.http.get("/api/v1/assignments"))
    assert len({(task["state"], task["due_at"], task["required_watch_s"]) for task in listed}) == 1
    assert [len(ok(officer.http.post(f"/api/v1/draws/{code}/assign")))] == [1]  # not even the officer's list of the round names it
    mark = county.look(newcomer, known_place, finding=NO_TEACHER)
    assert mark is not None
    county.work()
    states = {f["code"]: f["state"] for f in ok(officer.http.get("/api/v1/findings"))}
    assert states[mark["code"]] == "void"
    head = county.person(Role.INSTITUTION_HEAD)
    assert mark["code"] not in head.http.get("/api/v1/findings").text
    assert mark["code"] not in ok(officer.http.get(f"/draws/{code}/looks.json")).__repr__()


def test_a_relative_on_a_new_roster_bars_the_inspector_before_the_next_draw(county: County) -> None:
    officer, own = county.person(Role.BUREAU_OFFICER), county.person(Role.INSPECTOR)
    other = county.person(Role.INSPECTOR)
    said = {"kind": "kin", "person_name": "王小明", "relation": "子女", "id_number": "11010519491231002X"}
    assert own.http.post("/reviewers/me/interests", data=said).status_code == 303
    refused = own.http.post("/reviewers/me/interests", data=said | {"id_number": "110105194912310021"}, headers=HTML)
    assert (refused.status_code, "110105194912310021" in refused.text) == (422, False)  # a wrong number is not sent back either
    sheet = ("roster.csv", "姓名,身份证号\n王小明,11010519491231002X\n")
    ok(officer.http.post(f"/api/v1/classes/{county.world.training_class.code}/roster", files={"sheet": sheet}))
    county.work()
    assert county.assigned(officer)["inspector"] == other.name
    register = officer.http.get(f"/inspectors/{own.name}/interests", headers=HTML).text
    assert "身份证号一致" in register or "identity number" in register
    assert "11010519491231002X" not in register
    assert own.http.get(f"/inspectors/{own.name}/interests").status_code == 403
