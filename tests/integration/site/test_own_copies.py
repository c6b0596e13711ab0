"""An institution answers a check of its own copy; the bureau sees who did not. R73; Q3, F-14, G14."""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from api.auth.roles import Role
from api.wiring import job_handlers
from storage.database.session import SYSTEM
from supervision.footage.copy_models import CopyCheck
from supervision.footage.lifecycle import RecordingState
from supervision.footage.models import Recording
from tests.factories.county import County
from tests.factories.world import World, make_world
from tests.site_fixtures import Hands, Site


@dataclass
class Holder:
    county: County
    data: bytes

    def asked(self) -> CopyCheck:
        job_handlers(self.county.site.services)["check-copies"]()
        with self.county.site.services.database.transaction(SYSTEM) as session:
            return session.scalars(select(CopyCheck).order_by(CopyCheck.id.desc())).first()  # type: ignore[return-value]  # one is asked

    def right(self, check: CopyCheck, data: bytes | None = None) -> str:
        stretch = (data or self.data)[check.offset_bytes : check.offset_bytes + check.length_bytes]
        return hashlib.sha256(check.nonce + stretch).hexdigest()


def keep(site: Site, world: World, data: bytes, *, days: int = 700) -> None:
    """A catalogued recording with these bytes in the store."""
    services = site.services
    key = f"recordings/{uuid4()}"
    stored = services.buckets.evidence.put(key, data, "video/mp4")
    with services.database.transaction(SYSTEM) as session:
        session.add(
            Recording(
                institution_id=world.institution.id, upload_id=uuid4(), slot_id=world.slot.id, camera_id=world.slot.camera_id, file_name="lesson.mp4",
                state=RecordingState.CATALOGUED, object_key=key, version_id=stored.version_id, size_bytes=len(data),
                sha256=hashlib.sha256(data).digest(), retain_until=services.clock.now_at() + timedelta(days=days),
            )
        )  # fmt: skip


@pytest.fixture
def holder(site: Site, hands: Hands, run_jobs: Callable[[], None]) -> Iterator[Holder]:
    with site.services.database.transaction(SYSTEM) as session:
        world = make_world(session, site.services.clock.now_at())
    county = County(site, hands, world, run_jobs)
    data = os.urandom(3_000_000)
    keep(site, world, data)
    yield Holder(county, data)
    for client in county.clients:
        client.close()


def test_who_has_the_bytes_answers_and_the_bureau_sees_it(holder: Holder) -> None:
    check = holder.asked()
    assert check.length_bytes == 1024 * 1024
    head, officer = holder.county.person(Role.INSTITUTION_HEAD), holder.county.person(Role.BUREAU_OFFICER)
    for who in (head, officer):
        who.http.headers["Accept"] = "text/html"
        who.http.cookies.set("lang", "en")
    page = head.http.get("/copies").text
    assert "lesson.mp4" in page and check.nonce.hex() in page
    assert "1 to be answered" in head.http.get("/recordings").text
    assert check.nonce.hex() not in officer.http.get("/copies").text
    assert head.http.post(f"/copies/{check.id}/answer", data={"answer": holder.right(check).upper()}).status_code == 303
    assert "the copy is there" in officer.http.get("/copies").text
    assert "the copy is there" in officer.http.get("/copies?state=kept").text
    assert "lesson.mp4" not in officer.http.get("/copies?state=unanswered").text
    again = head.http.post(f"/copies/{check.id}/answer", data={"answer": holder.right(check)})
    assert again.status_code == 409 and "answered already" in again.text


def test_the_answer_of_other_bytes_or_of_an_old_question_is_wrong(holder: Holder) -> None:
    check = holder.asked()
    head = holder.county.person(Role.INSTITUTION_HEAD)
    other = holder.right(check, bytes(len(holder.data)))
    assert head.http.post(f"/api/v1/copies/{check.id}/answer", json={"answer": other}).json()["standing"] == "wrong"
    holder.county.hands.forward(days=10)
    second = holder.asked()
    assert second.id != check.id and second.nonce != check.nonce
    listed = holder.county.person(Role.INSTITUTION_OPERATOR).http.get("/api/v1/copies").json()
    assert [(one["id"], one["offset_bytes"]) for one in listed] == [(str(second.id), second.offset_bytes)]


def test_after_its_hours_no_answer_is_taken_and_the_bureau_sees_who_did_not_answer(holder: Holder) -> None:
    check = holder.asked()
    holder.county.hands.forward(hours=72)
    head, officer = holder.county.person(Role.INSTITUTION_HEAD), holder.county.person(Role.LEGAL_OFFICER)
    assert head.http.post(f"/api/v1/copies/{check.id}/answer", json={"answer": holder.right(check)}).status_code == 409
    assert head.http.get("/api/v1/copies").json() == []
    officer.http.headers["Accept"] = "text/html"
    officer.http.cookies.set("lang", "zh")
    page = officer.http.get("/copies?state=unanswered").text
    assert "lesson.mp4" in page and "逾期未应答" in page


def test_a_check_is_asked_once_in_ten_days_and_only_of_what_must_be_kept(holder: Holder) -> None:
    first = holder.asked()
    assert holder.asked().id == first.id
    holder.county.hands.forward(days=9)
    assert holder.asked().id == first.id
    with holder.county.site.services.database.transaction(SYSTEM) as session:
        session.execute(update(Recording).values(retain_until=holder.county.site.services.clock.now_at()))
    holder.county.hands.forward(days=1)
    assert holder.asked().id == first.id, "its two years are over: nobody has to hold it any more"


@pytest.mark.parametrize("typed", ["", "abc", "g" * 64, "a" * 65])
def test_what_is_no_hash_is_refused_and_may_be_answered_again(holder: Holder, typed: str) -> None:
    check = holder.asked()
    head = holder.county.person(Role.INSTITUTION_HEAD)
    head.http.headers["Accept"] = "text/html"
    head.http.cookies.set("lang", "zh")
    refused = head.http.post(f"/copies/{check.id}/answer", data={"answer": typed})
    assert refused.status_code == 422 and "应答（SHA-256）" in refused.text
    assert f'value="{typed}"' in refused.text
    assert head.http.post(f"/copies/{check.id}/answer", data={"answer": holder.right(check)}).status_code == 303


def test_another_institutions_check_is_not_found(holder: Holder) -> None:
    check = holder.asked()
    services = holder.county.site.services
    with services.database.transaction(SYSTEM) as session:
        other = make_world(session, services.clock.now_at())
    stranger = holder.county.person(Role.INSTITUTION_HEAD, other)
    assert stranger.http.post(f"/api/v1/copies/{check.id}/answer", json={"answer": holder.right(check)}).status_code == 404
    assert stranger.http.get("/api/v1/copies").json() == []
    for role in (Role.INSPECTOR, Role.THIRD_PARTY_VERIFIER, Role.DEPARTMENT_OFFICER):
        assert holder.county.person(role).http.get("/copies").status_code == 403


def test_an_institution_is_not_asked_which_institution(holder: Holder) -> None:
    holder.asked()
    html = {"Accept": "text/html"}
    own = holder.county.person(Role.INSTITUTION_HEAD).http.get("/copies?q=nobody", headers=html).text
    office = holder.county.person(Role.BUREAU_OFFICER).http.get("/copies", headers=html).text
    name = holder.county.world.institution.name
    assert ('name="q"' in own, 'name="state"' in own, f"<td>{name}</td>" in own) == (False, True, False)
    assert "lesson.mp4" in own  # words that only the bureau can type narrow nothing here
    assert ('name="q"' in office, f"<td>{name}</td>" in office) == (True, True)
