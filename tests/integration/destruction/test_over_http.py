"""The page of what is due and the same over the API: who may do what, and what each refusal says. R73; domain.md 2.3.1."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from api.auth.identify import cookie_name
from api.auth.models import Account
from api.auth.roles import Role
from storage.database.session import SYSTEM
from supervision.footage import receipts
from supervision.footage.destruction_lifecycle import DestructionState
from supervision.footage.lifecycle import RecordingState
from tests.factories.world import make_world
from tests.integration.destruction.stage import REASON, Due, make_due, short_locks
from tests.people import account_of, token_of
from tests.site_fixtures import Hands, Site


class Office:
    """The running site with one due recording, and people who call it."""

    def __init__(self, site: Site, due: Due, stack: ExitStack) -> None:
        self.site, self.due, self._stack = site, due, stack

    def of(self, account: Account, accept: str = "application/json", language: str = "en") -> httpx.Client:
        cookies = {cookie_name(self.site.services.settings): token_of(self.site.services, account.id)}
        headers = {"X-ClassProof": "1", "Accept": accept, "Accept-Language": language}
        return self._stack.enter_context(httpx.Client(base_url=self.site.url, cookies=cookies, headers=headers, timeout=30))

    def person(self, role: Role, institution: object = None) -> httpx.Client:
        return self.of(account_of(self.site.services, role, institution or self.due.world.institution.id))  # type: ignore[arg-type]

    def proposed(self, by: httpx.Client, reason: str = REASON) -> httpx.Response:
        return by.post("/api/v1/destructions", json={"recording_ids": [str(self.due.recording_id)], "reason": reason})


@pytest.fixture
def office(site: Site, run_jobs: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    short_locks(monkeypatch)
    with ExitStack() as stack:
        yield Office(site, make_due(site.services, run_jobs, tmp_path), stack)


def test_from_the_list_to_the_certificate(office: Office) -> None:
    due = office.due
    officer, leader, head = office.of(due.officer), office.of(due.leader), office.person(Role.INSTITUTION_HEAD)
    (listed,) = officer.get("/api/v1/destructions/due").json()["items"]
    assert (listed["recording_id"], listed["overdue"]) == (str(due.recording_id), False)
    (made,) = office.proposed(officer).json()
    assert (made["state"], made["proposed_by"]) == ("proposed", due.officer.login_name)
    assert officer.get("/api/v1/destructions/due").json()["items"] == []
    assert head.get(f"/api/v1/recordings/{due.recording_id}/destruction.json").status_code == 404
    answer = leader.post(f"/api/v1/destructions/{made['id']}/approve", json={"note": "同意"})
    assert (answer.status_code, answer.json()["state"]) == (200, "approved")
    due.run_jobs()
    assert due.row.state is RecordingState.DESTROYED
    (done,) = leader.get("/api/v1/destructions", params={"state": "destroyed"}).json()["items"]
    for reader in (head, officer, leader, office.person(Role.AUDITOR)):
        told = reader.get(f"/api/v1/recordings/{due.recording_id}/destruction.json")
        body, signature = (base64.b64decode(told.json()[name]) for name in ("body", "signature"))
        assert receipts.verify(body, signature, office.site.services.secrets.receipt_key().public_key())
        assert json.loads(body)["number"] == done["certificate"]
        pdf = reader.get(f"/api/v1/recordings/{due.recording_id}/destruction.pdf")
        assert pdf.content.startswith(b"%PDF") and done["certificate"] in pdf.headers["content-disposition"]
        assert reader.get(f"/api/v1/recordings/{due.recording_id}").json()["destruction"]["number"] == done["certificate"]
    with office.site.services.database.transaction(SYSTEM) as session:
        other = make_world(session, office.site.services.clock.now_at())
    stranger = office.person(Role.INSTITUTION_HEAD, other.institution.id)
    assert stranger.get(f"/api/v1/recordings/{due.recording_id}/destruction.json").status_code == 404


def test_who_may_take_which_step(office: Office) -> None:
    due = office.due
    own = due.world.institution.id
    nobody = [office.person(role, own) for role in (Role.INSTITUTION_HEAD, Role.INSTITUTION_OPERATOR, Role.INSPECTOR, Role.ADMINISTRATOR)]
    nobody += [office.person(role) for role in (Role.THIRD_PARTY_VERIFIER, Role.DEPARTMENT_OFFICER)]
    readers = [office.person(Role.LEGAL_OFFICER), office.person(Role.AUDITOR)]
    for person in (*nobody, *readers):
        assert office.proposed(person).status_code == 403
        assert person.post("/recordings/due/propose", data={"recording": str(due.recording_id), "reason": REASON}).status_code == 403
    assert [one.get("/recordings/due").status_code for one in nobody] == [403] * len(nobody)
    assert [one.get("/recordings/due").status_code for one in readers] == [200, 200]
    officer, leader = office.of(due.officer), office.of(due.leader)
    (made,) = office.proposed(leader).json()
    path = f"/api/v1/destructions/{made['id']}"
    assert leader.post(f"{path}/approve", json={}).json()["detail"].count("took no earlier part") == 1
    for person in (*nobody, *readers, officer):
        for act in ("approve", "decline"):
            assert person.post(f"{path}/{act}", json={"note": "同意"}).status_code == 403, act
            assert person.post(f"/recordings/due/{act}", data={"destruction_ids": made["id"], "note": "同意"}).status_code == 403
    assert officer.post(f"{path}/withdraw", json={}).status_code == 409, "not one of the two"
    assert due.proposal().state is DestructionState.PROPOSED


def test_an_approval_needs_a_sign_in_of_the_last_minutes(office: Office, hands: Hands) -> None:
    due = office.due
    (made,) = office.proposed(office.of(due.officer)).json()
    leader = office.of(due.leader)
    hands.forward(minutes=6)
    answer = leader.post(f"/api/v1/destructions/{made['id']}/approve", json={})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/sign-in-again")
    assert due.proposal().state is DestructionState.PROPOSED


def test_every_defect_of_a_proposal_is_told_and_what_was_typed_stays(office: Office) -> None:
    due = office.due
    officer = office.of(due.officer, "text/html")
    answer = officer.post("/recordings/due/propose", data={"reason": "x"})
    assert answer.status_code == 422
    assert "Recordings" in answer.text and "Reason" in answer.text and ">x</textarea>" in answer.text
    assert officer.post("/recordings/due/propose", data={"recording": "nonsense", "reason": REASON}).status_code == 422
    assert officer.post("/recordings/due/withdraw", data={}).status_code == 422
    due.services.buckets.evidence.set_legal_hold(due.row.object_key, due.row.version_id or "", on=True)
    refused = officer.post("/recordings/due/propose", data={"recording": str(due.recording_id), "reason": REASON})
    assert refused.status_code == 409
    assert due.row.file_name in refused.text and "the store itself holds it" in refused.text and REASON in refused.text and "checked" in refused.text
    chinese = office.of(due.officer, "text/html", "zh-CN").post(
        "/recordings/due/propose", data={"recording": str(due.recording_id), "reason": REASON}
    )
    assert "存储中仍有法律保全标记" in chinese.text


def test_a_proposal_is_declined_with_a_reason_and_then_withdrawn_anew_on_the_page(office: Office) -> None:
    due = office.due
    officer, leader = office.of(due.officer, "text/html"), office.of(due.leader, "text/html")
    assert officer.post("/recordings/due/propose", data={"recording": str(due.recording_id), "reason": REASON}).status_code == 303
    first = str(due.proposal().id)
    assert leader.post("/recordings/due/decline", data={"destruction_ids": first, "note": " "}).status_code == 409
    assert leader.post("/recordings/due/decline", data={"destruction_ids": first, "note": "先等审计结束"}).status_code == 303
    assert "先等审计结束" in officer.get("/recordings/due").text
    assert officer.post("/recordings/due/propose", data={"recording": str(due.recording_id), "reason": REASON}).status_code == 303
    assert officer.post("/recordings/due/withdraw", data={"destruction_ids": str(due.proposal().id)}).status_code == 303
    assert due.proposal().state is DestructionState.WITHDRAWN
    assert leader.post("/recordings/due/approve", data={"destruction_ids": first}).status_code == 409
    assert due.row.state is RecordingState.DUE


def test_what_is_due_too_long_is_a_duty_of_the_office(office: Office, hands: Hands) -> None:
    leader = office.due.leader
    assert "longer than they may be" not in office.of(leader, "text/html").get("/dashboard").text
    hands.forward(days=31)
    page = office.of(leader, "text/html").get("/dashboard").text
    assert "longer than they may be" in page
    assert "overdue" in office.of(leader, "text/html").get("/recordings/due").text
