"""Applications over HTTP: whose they are, who reads along, who decides. R21, R23, R78; 2.3.3."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from api.auth.identify import cookie_name
from api.auth.roles import Role
from storage.database.session import SYSTEM
from tests.factories.world import World, make_world
from tests.people import account_of, token_of
from tests.site_fixtures import Site

OWN, OTHER = "古县农业农村局", "古县民政局"


class Door:
    """HTTP clients of the people concerned."""

    def __init__(self, site: Site, stack: ExitStack) -> None:
        self.site, self.stack = site, stack

    def person(self, role: Role, institution_id: UUID | None = None, **more: object) -> httpx.Client:
        account = account_of(self.site.services, role, institution_id, **more)
        cookies = {cookie_name(self.site.services.settings): token_of(self.site.services, account.id)}
        headers = {"X-ClassProof": "1", "Accept": "application/json"}
        return self.stack.enter_context(httpx.Client(base_url=self.site.url, cookies=cookies, headers=headers, timeout=30))


@pytest.fixture
def door(site: Site) -> Iterator[Door]:
    with ExitStack() as stack:
        yield Door(site, stack)


@pytest.fixture
def world(site: Site) -> World:
    with site.services.database.transaction(SYSTEM) as session:
        return make_world(session, site.services.clock.now_at(), ends_in_days=10, department=OWN)


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["type"]).rpartition("/")[2]


def test_an_extension_is_its_institutions_and_its_departments_affair(door: Door, site: Site, world: World) -> None:
    head = door.person(Role.INSTITUTION_HEAD, world.institution.id)
    until_on = (world.training_class.ends_on + timedelta(days=4)).isoformat()
    body = {"kind": "extension", "classes": [world.training_class.code], "days": 4, "until_on": until_on, "reason": "基础薄弱"}
    code = head.post("/api/v1/approvals", json=body).json()["code"]
    place = f"/api/v1/approvals/{code}"
    refused = head.post(f"{place}/submit")
    assert code_of(refused) == (422, "approval-malformed")
    assert [one["code"] for one in refused.json()["errors"]] == ["extension-too-long"]
    assert head.put(place, json=body | {"days": 3}).status_code == 200
    assert door.person(Role.BUREAU_OFFICER).get(place).status_code == 404, "a draft is the institution's own"
    operator = door.person(Role.INSTITUTION_OPERATOR, world.institution.id)
    assert code_of(operator.post(f"{place}/submit")) == (403, "not-allowed")
    sent = head.post(f"{place}/submit").json()
    assert (sent["state"], sent["decider"], sent["department"]) == ("submitted", "department", OWN)

    with site.services.database.transaction(SYSTEM) as session:
        stranger_of = make_world(session, site.services.clock.now_at()).institution.id
    stranger = door.person(Role.INSTITUTION_HEAD, stranger_of)
    civil = door.person(Role.DEPARTMENT_OFFICER, department=OTHER)
    for who in (stranger, civil):
        assert who.get(place).status_code == 404
        assert who.get(f"/approvals/{code}").status_code == 404
        assert who.get("/api/v1/approvals").json()["items"] == []
    assert stranger.put(place, json=body).status_code == 404
    assert stranger.post(f"{place}/withdraw", json={}).status_code == 404
    assert civil.post(f"{place}/accept").status_code == 404
    assert code_of(door.person(Role.BUREAU_LEADER).post(f"{place}/accept")) == (409, "approval-wrong-decider")
    auditor = door.person(Role.AUDITOR)
    assert auditor.get(place).status_code == 200
    assert code_of(auditor.post(f"{place}/accept")) == (403, "read-only-role")

    farm = door.person(Role.DEPARTMENT_OFFICER, department=OWN)
    assert farm.post(f"{place}/accept").json()["state"] == "assigned"
    assert farm.post(f"{place}/assess", json={"aspect": "quality", "passed": True, "note": "属实"}).json()["state"] == "assessed"
    assert farm.post(f"{place}/decide", json={"decision": "approve"}).json()["state"] == "active"
    papers = head.get(place).json()["papers"]
    assert {one["kind"] for one in papers} == {"application", "acceptance", "approval"}, "assessments are the office's own"
    letter = next(one for one in papers if one["kind"] == "approval")
    assert head.get(f"/approvals/{code}/papers/{letter['id']}.pdf").content.startswith(b"%PDF-")
    assert stranger.get(f"/approvals/{code}/papers/{letter['id']}.pdf").status_code == 404
    assert head.get(f"/classes/{world.training_class.code}").status_code == 200
