"""Keys and addresses in the wrong hands: of another institution, after revocation, for other bytes, another method, after the end."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from api.auth.keys import create_key, revoke_key
from api.auth.roles import Role
from storage.database.session import SYSTEM
from storage.ledger.models import LedgerEntry
from storage.uploads.models import UploadSession, UploadState
from supervision.footage.lifecycle import RecordingState
from supervision.footage.models import Recording
from tests.factories.world import World, make_world
from tests.people import account_of
from tests.site_fixtures import Site

DATA = b"some bytes of a lesson"
DIGEST = hashlib.sha256(DATA).hexdigest()
FILE = {"file_name": "lesson.mp4", "size_bytes": len(DATA), "fingerprint": DIGEST}
SCOPES = frozenset({"upload:write", "upload:read"})


class Sender:
    """An institution's recorder with an API key."""

    def __init__(self, site: Site, world: World, *, lives: timedelta | None = None) -> None:
        self.site, self.world = site, world
        account = account_of(site.services, Role.INSTITUTION_HEAD, world.institution.id)
        with site.services.database.transaction(SYSTEM) as session:
            at = site.services.clock.now_at()
            made = create_key(session, account, name="recorder", scopes=SCOPES, expires_at=at + lives if lives else None, at=at)
            self.key_id, secret = made.row.id, made.secret
        self.http = httpx.Client(base_url=site.url, headers={"Authorization": f"Bearer {secret}"}, timeout=30)

    def open(self, **more: object) -> dict[str, Any]:
        answer = self.http.post("/api/v1/uploads", json=FILE | more)
        assert answer.status_code in (200, 201), answer.text
        found: dict[str, Any] = answer.json()
        return found

    def address(self, upload_id: str) -> tuple[str, dict[str, str]]:
        answer = self.http.post(f"/api/v1/uploads/{upload_id}/parts", json={"parts": [{"number": 1, "sha256": DIGEST}]})
        (part,) = answer.json()["parts"]
        return part["url"], part["headers"]

    def revoke(self) -> None:
        with self.site.services.database.transaction(SYSTEM) as session:
            revoke_key(session, self.key_id, self.world.institution.id, at=self.site.services.clock.now_at())


@pytest.fixture
def worlds(site: Site) -> tuple[World, World]:
    with site.services.database.transaction(SYSTEM) as session:
        now = site.services.clock.now_at()
        return make_world(session, now), make_world(session, now)


@pytest.fixture
def sender(site: Site, worlds: tuple[World, World]) -> Iterator[Sender]:
    made = Sender(site, worlds[0])
    yield made
    made.http.close()


@pytest.fixture
def stranger(site: Site, worlds: tuple[World, World]) -> Iterator[Sender]:
    made = Sender(site, worlds[1])
    yield made
    made.http.close()


def state_of(site: Site, upload_id: str) -> UploadState:
    with site.services.database.transaction(SYSTEM) as session:
        return session.get_one(UploadSession, UUID(upload_id)).state


def test_another_institutions_key_finds_no_upload_and_no_recording_and_changes_none(site: Site, sender: Sender, stranger: Sender) -> None:
    upload = sender.open()
    place = f"/api/v1/uploads/{upload['id']}"
    calls: dict[str, httpx.Response] = {
        "show": stranger.http.get(place),
        "choose": stranger.http.patch(place, json={"slot_id": str(sender.world.slot.id)}),
        "addresses": stranger.http.post(f"{place}/parts", json={"parts": [{"number": 1, "sha256": DIGEST}]}),
        "complete": stranger.http.post(f"{place}/complete", json={"sha256": DIGEST}),
        "discard": stranger.http.delete(place),
        "recording": stranger.http.get(f"/api/v1/recordings/{upload['recording_id']}"),
    }
    assert {name: answer.status_code for name, answer in calls.items()} == dict.fromkeys(calls, 404)
    nobody = stranger.http.get(f"/api/v1/uploads/{UUID(int=7)}")
    assert calls["show"].text.replace(upload["id"], "") == nobody.text.replace(str(UUID(int=7)), "")  # as if it did not exist
    assert stranger.http.get("/api/v1/uploads").json()["items"] == []
    assert stranger.http.get("/api/v1/recordings").json().get("items") == []
    assert state_of(site, upload["id"]) is UploadState.OPEN
    assert sender.http.get(place).status_code == 200


def test_another_institutions_lesson_cannot_be_claimed(site: Site, sender: Sender, stranger: Sender) -> None:
    theirs = str(sender.world.slot.id)
    refused = stranger.http.post("/api/v1/uploads", json=FILE | {"slot_id": theirs})
    upload = stranger.open()
    chosen = stranger.http.patch(f"/api/v1/uploads/{upload['id']}", json={"slot_id": theirs})
    unknown = stranger.http.patch(f"/api/v1/uploads/{upload['id']}", json={"slot_id": str(UUID(int=7))})
    assert refused.status_code == chosen.status_code == unknown.status_code
    assert refused.status_code in (404, 422)
    assert sender.world.slot.natural_id not in refused.text + chosen.text
    assert chosen.text.replace(theirs, "") == unknown.text.replace(str(UUID(int=7)), "")
    named = stranger.open(file_name=sender.world.file_name(), fingerprint="f" * 64)  # a name that would match the other's camera
    assert named["slot"] is None
    with site.services.database.transaction(SYSTEM) as session:
        assert session.scalars(select(Recording.id).where(Recording.slot_id == sender.world.slot.id)).all() == []


def test_the_same_idempotency_key_in_two_institutions_names_two_uploads(sender: Sender, stranger: Sender) -> None:
    key = {"Idempotency-Key": "the-same-key-of-both"}
    first, second = (one.http.post("/api/v1/uploads", json=FILE, headers=key) for one in (sender, stranger))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]


def test_a_key_replayed_after_its_revocation_does_nothing_from_the_next_call_on(site: Site, sender: Sender) -> None:
    upload = sender.open()
    url, headers = sender.address(upload["id"])
    assert httpx.put(url, content=DATA, headers=headers).status_code == 200
    sender.revoke()
    place = f"/api/v1/uploads/{upload['id']}"
    for method, path, body in (
        ("GET", place, None),
        ("POST", f"{place}/parts", {"parts": [{"number": 1, "sha256": DIGEST}]}),
        ("POST", f"{place}/complete", {}),
        ("DELETE", place, None),
        ("POST", "/api/v1/uploads", FILE),
        ("GET", "/login", None),
    ):
        answer = sender.http.request(method, path, json=body)
        assert answer.status_code == 401, (method, path)
    assert state_of(site, upload["id"]) is UploadState.OPEN


def test_a_key_works_until_it_expires_and_not_after(site: Site, worlds: tuple[World, World], hands: Any) -> None:  # Any: Hands of the site
    sender = Sender(site, worlds[0], lives=timedelta(minutes=5))
    assert sender.http.get("/api/v1/uploads").status_code == 200
    hands.forward(minutes=5)
    refused = sender.http.get("/api/v1/uploads")
    assert (refused.status_code, refused.json()["type"]) == (401, "/problems/key-refused")
    sender.http.close()


def test_an_address_given_out_by_the_site_is_good_for_its_bytes_its_method_and_its_upload_only(site: Site, sender: Sender, stranger: Sender) -> None:
    upload, other = sender.open(), stranger.open()
    url, headers = sender.address(upload["id"])
    theirs, _ = stranger.address(other["id"])
    assert url.split("?")[0] != theirs.split("?")[0]
    signature = url.split("X-Amz-Signature=")[1].split("&")[0]
    flipped = ("0" if signature[0] != "0" else "1") + signature[1:]
    tries = {
        "other bytes": httpx.put(url, content=DATA[::-1], headers=headers),
        "forged signature": httpx.put(url.replace(signature, flipped), content=DATA, headers=headers),
        "another's path": httpx.put(url.replace(url.split("?")[0], theirs.split("?")[0]), content=DATA, headers=headers),
        "read instead": httpx.get(url, headers=headers),
        "delete instead": httpx.delete(url, headers=headers),
    }
    assert {name: answer.status_code for name, answer in tries.items() if answer.status_code not in (400, 403)} == {}
    assert sender.http.get(f"/api/v1/uploads/{upload['id']}").json()["arrived"] == []
    assert httpx.put(url, content=DATA, headers=headers).status_code == 200
    assert sender.http.delete(f"/api/v1/uploads/{upload['id']}").status_code == 204
    assert httpx.put(url, content=DATA, headers=headers).status_code == 404  # after the end
    assert site.services.buckets.evidence.list_versions(url.split("?")[0].split("/", 4)[4]) == []


def test_an_address_used_again_after_completion_changes_no_byte_of_the_recording(site: Site, sender: Sender) -> None:
    upload = sender.open()
    url, headers = sender.address(upload["id"])
    assert httpx.put(url, content=DATA, headers=headers).status_code == 200
    assert sender.http.post(f"/api/v1/uploads/{upload['id']}/complete", json={}).status_code == 200
    again = httpx.put(url, content=DATA, headers=headers)
    assert again.status_code in (400, 403, 404)
    assert sender.http.delete(f"/api/v1/uploads/{upload['id']}").status_code == 409
    with site.services.database.transaction(SYSTEM) as session:
        row = session.get_one(UploadSession, UUID(upload["id"]))
        recording = session.get_one(Recording, UUID(upload["recording_id"]))
        assert recording.state is RecordingState.RECEIVED
        assert row.version_id is not None
        assert [v.version_id for v in site.services.buckets.evidence.list_versions(row.object_key)] == [row.version_id]
        assert b"".join(site.services.buckets.evidence.stream(row.object_key, row.version_id)) == DATA


def test_completion_that_is_repeated_answers_the_same_and_is_written_once(site: Site, sender: Sender) -> None:
    upload = sender.open()
    url, headers = sender.address(upload["id"])
    early = sender.http.post(f"/api/v1/uploads/{upload['id']}/complete", json={})
    assert (early.status_code, early.json()["type"]) == (409, "/problems/upload-incomplete")
    assert httpx.put(url, content=DATA, headers=headers).status_code == 200
    answers = [sender.http.post(f"/api/v1/uploads/{upload['id']}/complete", json={}) for _ in range(3)]
    assert [answer.json() for answer in answers] == [{"id": upload["id"], "state": "received", "recording_id": upload["recording_id"]}] * 3
    with site.services.database.transaction(SYSTEM) as session:
        entries = session.scalars(select(LedgerEntry).where(LedgerEntry.subject.contains(upload["recording_id"]))).all()
    assert sum("receive" in entry.action for entry in entries) == 1


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b.mp4", "a\\b.mp4", "\u202egpj.mp4", "a\x00.mp4", "", "x" * 256])
def test_a_name_that_could_mislead_a_reader_or_a_path_is_refused(sender: Sender, name: str) -> None:
    assert sender.http.post("/api/v1/uploads", json=FILE | {"file_name": name}).status_code == 422


def test_footage_is_not_carried_by_the_site(sender: Sender, tmp_path: Path) -> None:
    refused = sender.http.post("/api/v1/uploads", content=bytes(13 << 20), headers={"Content-Type": "application/json"})
    assert refused.status_code == 413
