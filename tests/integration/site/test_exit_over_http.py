"""The API by which the bureau excludes: each step by its role, and what an exclusion refuses, with the number of the decision. R43, R47."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from api.auth.identify import cookie_name
from api.auth.roles import Role
from api.wiring import job_handlers
from compliance.exit.rules import LEGAL_CHECKS
from storage.database.session import SYSTEM
from tests.factories.world import World, make_world
from tests.people import account_of, token_of
from tests.site_fixtures import Hands, Site


class Street:
    """Opens clients of people; a new one signs in again, for the clock may have been turned."""

    def __init__(self, site: Site, world: World, stack: ExitStack) -> None:
        self.site, self.world, self.stack = site, world, stack

    def person(self, role: Role) -> httpx.Client:
        account = account_of(self.site.services, role, self.world.institution.id)
        cookies = {cookie_name(self.site.services.settings): token_of(self.site.services, account.id)}
        headers = {"Accept": "application/json", "X-ClassProof": "1"}
        return self.stack.enter_context(httpx.Client(base_url=self.site.url, headers=headers, cookies=cookies, timeout=30))


@pytest.fixture
def street(site: Site) -> Iterator[Street]:
    with site.services.database.transaction(SYSTEM) as session:
        world = make_world(session, site.services.clock.now_at())
    with ExitStack() as stack:
        yield Street(site, world, stack)


def ok(answer: httpx.Response) -> dict[str, object]:
    assert answer.status_code < 300, answer.text
    return answer.json()  # type: ignore[no-any-return]  # JSON


def test_the_api_excludes_step_by_step_and_then_refuses_agreement_and_class(street: Street, hands: Hands) -> None:
    school = street.world.institution
    problem = {
        "institution_id": str(school.id),
        "issuer": "临汾市审计局",
        "level": "city",
        "document": "临审报〔2026〕12号",
        "issued_on": "2026-10-08",
        "summary": "以虚假签到套取补贴",
        "major": True,
        "reason": "涉及多期",
    }
    code = ok(street.person(Role.BUREAU_OFFICER).post("/api/v1/audit-problems", json=problem))["code"]
    path = f"/api/v1/exit-cases/{code}"
    head, officer = street.person(Role.INSTITUTION_HEAD), street.person(Role.BUREAU_OFFICER)
    assert head.get(path).status_code == 404
    ok(officer.post(f"{path}/submission", json={"reasons": "事实清楚", "effect": "exclude", "months": 12}))
    checks = dict.fromkeys(LEGAL_CHECKS, True)
    ok(street.person(Role.LEGAL_OFFICER).post(f"{path}/legal-review", json={"checks": checks, "opinion": "合法", "passed": True}))
    ok(officer.post(f"{path}/notice"))
    assert ok(head.get(path))["turn"] == "state"
    ok(head.post(f"{path}/statement", json={"points": ["设备故障"]}))
    early = street.person(Role.BUREAU_OFFICER).post(f"{path}/recheck", json={"opinion": "成立", "stands": True})
    assert early.status_code == 409
    hands.forward(days=14)
    ok(street.person(Role.BUREAU_OFFICER).post(f"{path}/recheck", json={"opinion": "事实成立", "stands": True}))
    proposal = {
        "reasons": "证据充分",
        "effect": "exclude",
        "months": 12,
        "running_classes": "continue",
        "answers": ["日志正常，不予采纳"],
        "collective": "局长办公会研究同意",
    }
    officer = street.person(Role.BUREAU_OFFICER)
    ok(officer.post(f"{path}/proposal", json=proposal))
    leader = street.person(Role.BUREAU_LEADER)
    hands.forward(minutes=6)
    stale = leader.post(f"{path}/decision")
    assert (stale.status_code, stale.json()["type"]) == (403, "/problems/sign-in-again"), stale.text
    ok(street.person(Role.BUREAU_LEADER).post(f"{path}/decision"))
    ok(officer.post(f"{path}/service", json={"how": "直接送达", "received_by": "赵一"}))
    assert ok(officer.get("/api/v1/exclusions")) == []
    ok(officer.post(f"{path}/publication"))
    (listed,) = ok(street.person(Role.AUDITOR).get("/api/v1/exclusions"))
    assert listed["institution"] == school.name  # type: ignore[index]
    agreement = {
        "number": "2027-001",
        "year": 2027,
        "category": "universal",
        "task_persons": 30,
        "signed_on": "2027-01-05",
        "valid_from": "2027-01-05",
        "valid_until": "2027-12-31",
        "teaching_points": [f"{school.code}-P1"],
    }
    refused = officer.post(f"/api/v1/institutions/{school.id}/agreements", json=agreement)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/institution-barred-by-decision")
    assert "古人社退决〔" in refused.json()["detail"]
    job_handlers(street.site.services)["detect-exits"]()
    job_handlers(street.site.services)["end-exit-terms"]()


def test_the_case_file_holds_sheet_letters_and_hashes_and_is_the_same_bytes_each_time(street: Street) -> None:
    """2.3.5: the full case bundle in one export, checked without this system."""
    problem = {
        "institution_id": str(street.world.institution.id),
        "issuer": "临汾市审计局",
        "level": "city",
        "document": "临审报〔2026〕12号",
        "issued_on": "2026-10-08",
        "summary": "以虚假签到套取补贴",
        "major": True,
        "reason": "涉及多期",
    }
    officer = street.person(Role.BUREAU_OFFICER)
    code = ok(officer.post("/api/v1/audit-problems", json=problem))["code"]
    path = f"/api/v1/exit-cases/{code}"
    ok(officer.post(f"{path}/submission", json={"reasons": "以虚假签到套取补贴，属于重大问题。", "effect": "exclude", "months": 12}))
    review = {"checks": dict.fromkeys(LEGAL_CHECKS, True), "opinion": "事实清楚，证据充分。", "passed": True}
    ok(street.person(Role.LEGAL_OFFICER).post(f"{path}/legal-review", json=review))
    ok(officer.post(f"{path}/notice"))
    whole = officer.get(f"/exit/{code}/bundle.zip")
    assert whole.headers["content-type"] == "application/zip"
    assert officer.get(f"/exit/{code}/bundle.zip").content == whole.content
    with zipfile.ZipFile(io.BytesIO(whole.content)) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    manifest = json.loads(files["manifest.json"])["files"]
    assert {name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name != "manifest.json"} == manifest
    case = ok(officer.get(path))
    told = {paper["sha256"] for paper in case["papers"]}  # type: ignore[attr-defined]  # JSON
    assert told and told <= set(manifest.values())  # each letter is the JSON whose hash the case names
    assert ok(officer.get(f"{path}/sheet"))["sha256"] in manifest.values()
    assert [name for name in files if name.endswith("-notice.pdf") and files[name].startswith(b"%PDF-")]
    assert "notice" in {move["event"] for move in json.loads(files["moves.json"])}
    assert street.person(Role.INSTITUTION_HEAD).get(f"/exit/{code}/bundle.zip").status_code == 403
    assert officer.get("/exit/E2026-9999/bundle.zip").status_code == 404
