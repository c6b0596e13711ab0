"""The evidence of a case file, from real footage and a real visit: every object it names is in the store, held, and hashes as it says. 2.3.5, R46."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from api.auth.roles import Role
from storage.database.session import SYSTEM
from storage.objects.port import ObjectStore
from tests import videos
from tests.factories.county import County, Json, Person, ok
from tests.factories.world import make_world
from tests.integration.spine.test_upload_to_catalogue import send
from tests.integration.visits.conftest import Door, door
from tests.site_fixtures import Hands, Site

__all__ = ["door"]  # a fixture
HTML = {"Accept": "text/html", "Accept-Language": "en"}
NO_TEACHER: Json = {"defect": "lesson-not-held", "severity": "serious", "note": "无教师"}


def act(who: Person, path: str, **form: str) -> None:
    answer = who.http.post(path, data=form, headers=HTML)
    assert answer.status_code == 303, answer.text


def escalated(leader: Person, finding: str) -> str:
    """The leader classifies it as a major problem; the code of the case."""
    answer = leader.http.post(f"/findings/{finding}/escalate", data={"reason": "情节严重，涉及多期"}, headers=HTML)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removeprefix("/exit/")


def case_file(who: Person, code: str) -> dict[str, bytes]:
    """Unpacked; every file but the manifest stands in it with its hash, and the second download is the same."""
    answer = who.http.get(f"/exit/{code}/bundle.zip")
    assert answer.status_code == 200, answer.text
    assert who.http.get(f"/exit/{code}/bundle.zip").content == answer.content
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    manifest = json.loads(files["manifest.json"])["files"]
    assert {name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name != "manifest.json"} == manifest
    return files


def checked(store: ObjectStore, told: Json) -> bytes:
    """The bytes of an object that the evidence names: there, held, and as large and with the hash that it says."""
    facts = store.stat(told["object"], told["version"])
    assert facts is not None
    assert facts.legal_hold
    data = store.read_range(told["object"], told["version"], 0, told["size_bytes"])
    assert (len(data), hashlib.sha256(data).hexdigest()) == (facts.size_bytes, told["sha256"])
    return data


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


def test_a_case_that_rests_on_footage_names_the_bytes_the_minutes_and_every_letter(county: County, tmp_path: Path) -> None:
    officer, leader, head = (county.person(role) for role in (Role.BUREAU_OFFICER, Role.BUREAU_LEADER, Role.INSTITUTION_HEAD))
    inspectors = [county.person(Role.INSPECTOR) for _ in range(3)]
    task = county.assigned(officer)
    first, place = county.task_of(inspectors, task["natural_id"])
    made = county.look(first, place, finding=NO_TEACHER)
    assert made is not None
    code = made["code"]
    county.work()
    second, again = county.task_of([one for one in inspectors if one is not first], task["natural_id"])
    county.look(second, again, finding=NO_TEACHER)  # the blind second look confirms it
    county.work()
    act(officer, f"/findings/{code}/notice")
    act(head, f"/findings/{code}/reply", said="当日停电")
    case = escalated(leader, code)
    files = case_file(officer, case)
    (told,) = json.loads(files["evidence.json"])
    assert (told["finding"], told["defect"], told["severity"]) == (code, "lesson-not-held", "serious")
    assert (told["start_ms"], told["end_ms"]) == (made["start_ms"], made["end_ms"])
    begins_at, ends_at = (datetime.fromisoformat(told[name]) for name in ("begins_at", "ends_at"))
    assert (ends_at - begins_at).total_seconds() * 1000 == told["end_ms"] - told["start_ms"]
    assert told["footage_sha256"] == told["recording"]["sha256"]
    assert checked(county.site.services.buckets.evidence, told["recording"]) == (tmp_path / "lesson.mp4").read_bytes()
    names = sorted(name for name in files if name.startswith(f"findings/{code}/"))
    assert f"findings/{code}/01-notice.json" in names
    assert "当日停电" in files[f"findings/{code}/02-reply.json"].decode()
    page = officer.http.get(f"/exit/{case}", headers=HTML).text
    assert code in page


def test_a_case_that_rests_on_a_visit_names_the_signed_record_and_its_photos(door: Door) -> None:
    door.through(no="fire")
    officer, leader = door.county.person(Role.BUREAU_OFFICER), door.county.person(Role.BUREAU_LEADER)
    act(officer, f"/visits/{door.sent.visit}/findings", item="fire", severity="serious")
    (listed,) = ok(officer.http.get("/api/v1/findings"))
    act(leader, f"/findings/{listed['code']}/confirm")
    act(officer, f"/findings/{listed['code']}/notice")
    case = escalated(door.county.person(Role.BUREAU_LEADER), listed["code"])
    files = case_file(door.county.person(Role.AUDITOR), case)
    (told,) = json.loads(files["evidence.json"])
    assert (told["visit"], told["item"], told["record_sha256"]) == (door.sent.visit, "fire", listed["record_sha256"])
    assert "recording" not in told
    (photo,) = told["photos"]
    assert checked(door.county.site.services.buckets.evidence, photo).startswith(b"\xff\xd8")
    assert json.loads(files[f"findings/{listed['code']}/01-notice.json"])["facts"]["record_sha256"] == told["record_sha256"]


def test_a_case_without_findings_says_so_with_an_empty_list(county: County) -> None:
    officer = county.person(Role.BUREAU_OFFICER)
    problem = {
        "institution_id": str(county.world.institution.id), "issuer": "临汾市审计局", "level": "city", "document": "临审报〔2026〕12号",
        "issued_on": "2026-10-08", "summary": "以虚假签到套取补贴", "major": True, "reason": "涉及多期",
    }  # fmt: skip
    files = case_file(officer, ok(officer.http.post("/api/v1/audit-problems", json=problem))["code"])
    assert json.loads(files["evidence.json"]) == []
    assert not [name for name in files if name.startswith("findings/")]
