"""A visit as its members' phones make it: two are there, everything is answered and shown, all sign the same, and nothing counts twice. 2.3.2."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, select

from api.auth.roles import Role
from api.fsck import run_fsck
from api.log_keeper import publish_heads, sequence_pending
from storage.database.session import SYSTEM
from storage.ledger import history
from storage.ledger.models import LedgerEntry
from storage.objects.errors import StoreUnavailable
from storage.retention.models import KeptVersion
from supervision.spotchecks.models import Recusal
from supervision.visits import record
from supervision.visits.checklist import ITEMS
from supervision.visits.models import Visit, VisitAnswer, VisitMember, VisitPhoto, VisitSignature
from tests.factories.county import ok
from tests.factories.visits import JPEG
from tests.integration.visits.conftest import Door


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json().get("type", "")).rpartition("/")[2]


def why(answer: httpx.Response) -> str:
    assert problem(answer) == (409, "forbidden-move"), answer.text
    return str(answer.json()["detail"])


def test_from_the_door_to_the_last_signature(door: Door) -> None:
    assert ok(door.a.http.get(door.path))["state"] == "sealed"
    assert door.open()["state"] == "opened"
    assert door.open(door.b)["state"] == "opened", "opening again changes nothing"
    assert ok(door.present(door.a))["state"] == "opened"
    assert ok(door.present(door.b))["state"] == "under-way"
    door.fill()
    assert ok(door.sign(door.a))["state"] == "under-way"
    signed = ok(door.sign(door.b, note="场地偏小"))
    assert signed["state"] == "signed"
    assert [m["signed"] for m in signed["members"]] == [True, True]
    with door.county.site.services.database.transaction(SYSTEM) as session:
        visit = session.scalars(select(Visit)).one()
        assert visit.record_sha256 == record.digest(session, visit), "what is stored is what was signed"
        assert {s.record_sha256 for s in session.scalars(select(VisitSignature))} == {visit.record_sha256}
        assert [m.event for m in history.timeline(session, "visit", visit.id)] == ["assign", "open", "begin", "countersign", "sign"]
    late = door.answer(door.a, "food", "no", "后厨脏乱")
    assert problem(late) == (409, "visit-not-open")


def test_one_person_cannot_sign_for_two(door: Door) -> None:
    door.open()
    ok(door.present(door.a))
    door.fill()
    assert "两名" in why(door.sign(door.a))
    ok(door.present(door.b))
    ok(door.sign(door.a))
    again = ok(door.sign(door.a))
    assert [m["signed"] for m in again["members"]].count(True) == 1
    assert again["state"] == "under-way"


@pytest.mark.parametrize(("left_out", "said"), [("answers", "items are unanswered"), ("photo", "a photo"), ("presence", "two members")])
def test_nothing_is_signed_in_part(door: Door, left_out: str, said: str) -> None:
    door.open()
    ok(door.present(door.a))
    if left_out != "presence":
        ok(door.present(door.b))
    if left_out != "answers":
        door.fill()
    if left_out == "photo":
        ok(door.answer(door.a, "food", "no", "后厨脏乱"))
    body = {"record_sha256": ok(door.a.http.get(door.path))["record_sha256"]}
    refused = door.a.http.post(f"{door.path}/sign", json=body, headers={"Accept-Language": "en"})
    assert said in why(refused)


def test_the_same_answer_twice_is_one_and_the_last_one_stands(door: Door) -> None:
    door.open()
    client_id = str(uuid4())
    first = ok(door.answer(door.a, "fire", client_id=client_id))
    assert ok(door.answer(door.a, "fire", "no", "看错了", client_id=client_id)) == first, "a repeat is answered with what is known"
    early = (door.county.site.services.clock.now_at() - timedelta(seconds=5)).isoformat()
    door.county.hands.forward(minutes=5)
    ok(door.answer(door.b, "fire", "no", "灭火器过期"))
    ok(door.answer(door.a, "fire", "cannot-tell", "离线时所答", answered_at=early))
    standing = {a["item"]: a for a in ok(door.a.http.get(door.path))["answers"]}
    assert standing["fire"]["answer"] == "no", "an older answer that arrives later does not win"
    with door.county.site.services.database.transaction(SYSTEM) as session:
        assert session.scalar(select(func.count()).select_from(VisitAnswer)) == 3
    ahead = (door.county.site.services.clock.now_at() + timedelta(days=3)).isoformat()
    assert ok(door.answer(door.a, "food", answered_at=ahead))["answered_at"] <= door.now(), "a device's clock is held within opening and arrival"


@pytest.mark.parametrize(
    "wrong",
    [
        {"item": "no-such-item"},
        {"answer": "no", "note": "  "},
        {"answer": "not-applicable"},
        {"answer": "maybe"},
        {"note": "长" * 2001},
        {"answered_at": "2026-11-25T09:00:00"},
    ],
)
def test_a_malformed_answer_is_refused(door: Door, wrong: dict[str, str]) -> None:
    door.open()
    body = {"item": "fire", "answer": "yes", "note": ""} | wrong
    answer = door.answer(door.a, body.pop("item"), body.pop("answer"), body.pop("note"), **body)
    assert answer.status_code == 422, answer.text


def test_a_photo_is_kept_like_footage_and_once(door: Door) -> None:
    door.open()
    place = {"place": "given", "latitude_udeg": "36266000", "longitude_udeg": "111920000", "accuracy_m": "12"}
    first = ok(door.photo(door.a, "fire", **place))
    same = ok(door.photo(door.b, "fire", **place))
    assert same["id"] == first["id"], "the same picture of the same item is one"
    other = ok(door.photo(door.a, "equipment"))
    assert other["id"] != first["id"], "it may show two things"
    services = door.county.site.services
    with services.database.transaction(SYSTEM) as session:
        row = session.scalars(select(VisitPhoto).order_by(VisitPhoto.received_at)).first()
        assert row is not None
        kept = session.scalars(select(KeptVersion).where(KeptVersion.object_key == row.object_key)).first()
        assert kept is not None
        assert (row.latitude_udeg, row.longitude_udeg, row.accuracy_m) == (36266000, 111920000, 12)
    lock = services.buckets.evidence.retention(row.object_key, row.version_id)
    assert lock is not None
    assert (lock.mode, lock.until >= row.retain_until) == ("COMPLIANCE", True)
    assert row.retain_until > services.clock.now_at() + timedelta(days=729)
    shown = door.b.http.get(f"/visits/{door.sent.visit}/photos/{first['id']}")
    assert (shown.content, shown.headers["content-type"]) == (JPEG, "image/jpeg")
    with services.database.transaction(SYSTEM) as session:
        viewed = session.scalars(select(LedgerEntry).where(LedgerEntry.action == "visit.photo-shown")).one()
        assert viewed.actor_name == door.b.name, "who looked is on record"


def test_bytes_that_are_not_what_the_device_hashed_are_refused_and_nothing_is_stored(door: Door) -> None:
    door.open()
    damaged = door.photo(door.a, "fire", JPEG, sha256=hashlib.sha256(b"something else").hexdigest())
    assert problem(damaged) == (422, "visit-photo-mismatch")
    with door.county.site.services.database.transaction(SYSTEM) as session:
        assert session.scalar(select(func.count()).select_from(VisitPhoto)) == 0
        assert session.scalar(select(func.count()).select_from(KeptVersion)) == 0
    assert ok(door.photo(door.a, "fire"))["item"] == "fire"


@pytest.mark.parametrize(
    ("data", "code"), [(b"", "visit-photo-malformed"), (b"GIF89a....", "visit-photo-malformed"), (JPEG + bytes(10 << 20), "visit-photo-malformed")]
)
def test_only_pictures_of_a_fair_size_are_taken(door: Door, data: bytes, code: str) -> None:
    door.open()
    answer = door.photo(door.a, "fire", data)
    assert answer.status_code in (413, 422)
    if answer.status_code == 422:
        assert problem(answer)[1] in (code, "visit-photo-mismatch", "invalid-input")


def test_two_who_sign_at_once_sign_one_visit(door: Door) -> None:
    door.open()
    ok(door.present(door.a))
    ok(door.present(door.b))
    door.fill()
    digest = ok(door.a.http.get(door.path))["record_sha256"]
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(p.http.post, f"{door.path}/sign", json={"record_sha256": digest}) for p in (door.a, door.b, door.a, door.b)]
        assert [ok(call.result())["code"] for call in calls] == [door.sent.visit] * 4
    with door.county.site.services.database.transaction(SYSTEM) as session:
        visit = session.scalars(select(Visit)).one()
        assert visit.state.value == "signed"
        assert session.scalar(select(func.count()).select_from(VisitSignature)) == 2
        assert [m.event for m in history.timeline(session, "visit", visit.id)].count("sign") == 1


def test_the_same_photo_sent_twice_at_once_is_one_locked_version(door: Door) -> None:
    door.open()
    client_id = str(uuid4())
    with ThreadPoolExecutor(3) as pool:
        calls = [pool.submit(door.photo, door.a, "fire", client_id=client_id) for _ in range(3)]
        assert len({ok(call.result())["id"] for call in calls}) == 1
    with door.county.site.services.database.transaction(SYSTEM) as session:
        (row,) = session.scalars(select(VisitPhoto))
    assert len(door.county.site.services.buckets.evidence.list_versions(row.object_key)) == 1


def test_what_arrives_after_a_signature_makes_it_lapse(door: Door) -> None:
    door.open()
    ok(door.present(door.a))
    ok(door.present(door.b))
    door.fill()
    stale = ok(door.b.http.get(door.path))["record_sha256"]
    ok(door.sign(door.a))
    ok(door.answer(door.b, "food", "cannot-tell", "后厨上锁"))
    seen = ok(door.a.http.get(door.path))
    assert [m["signed"] for m in seen["members"]] == [False, False]
    assert problem(door.b.http.post(f"{door.path}/sign", json={"record_sha256": stale})) == (409, "visit-record-changed")
    assert ok(door.sign(door.b))["state"] == "under-way"
    assert ok(door.sign(door.a))["state"] == "signed"


def test_whoever_steps_back_is_out_and_the_register_learns_of_it_afterwards(door: Door) -> None:
    door.open()
    ok(door.present(door.a))
    ok(door.present(door.b))
    assert problem(door.b.http.post(f"{door.path}/recuse", json={"reason": " "}))[0] == 422
    ok(door.b.http.post(f"{door.path}/recuse", json={"reason": "校长是我姐夫"}))
    assert door.b.http.get(door.path).status_code == 404
    assert problem(door.answer(door.b, "fire")) == (404, "visit-not-found")
    seen = ok(door.c.http.get(door.path))
    assert seen["state"] == "opened", "one is there again"
    with door.county.site.services.database.transaction(SYSTEM) as session:
        assert session.scalar(select(func.count()).select_from(Recusal)) == 0
        assert [m.is_lead for m in session.scalars(select(VisitMember).where(VisitMember.recused_at.is_(None)))].count(True) == 1
        told = "".join(bytes(body).decode() for body in session.scalars(select(LedgerEntry.body)))
        assert "姐夫" not in told
    ok(door.present(door.c))
    for number, item in enumerate(["held", "headcount", "equipment", "coverage", "fire"]):
        ok(door.photo(door.c, item, JPEG + bytes([number])))
    for one in ITEMS:
        ok(door.answer(door.c, one.code))
    ok(door.sign(door.a))
    ok(door.sign(door.c))
    with door.county.site.services.database.transaction(SYSTEM) as session:
        entered = session.scalars(select(Recusal)).one()
        assert (entered.inspector_account_id, entered.reason, entered.source) == (door.b.account.id, "校长是我姐夫", "declared")


def test_nobody_is_left_to_step_in(door: Door) -> None:
    ok(door.b.http.post(f"{door.path}/recuse", json={"reason": "亲属任教"}))
    assert problem(door.c.http.post(f"{door.path}/recuse", json={"reason": "亲属任教"})) == (409, "visit-too-few-inspectors")


def test_a_day_that_ends_without_an_opening_is_missed_and_the_office_is_told(door: Door, run_jobs: Callable[[], None]) -> None:
    services = door.county.site.services
    with services.database.transaction(SYSTEM) as session:
        services.events.enqueue(session, "miss-visits", {})
    run_jobs()
    assert ok(door.a.http.get(door.path))["state"] == "sealed", "the day is not over"
    door.county.hands.forward(hours=16)
    with services.database.transaction(SYSTEM) as session:
        services.events.enqueue(session, "miss-visits", {})
    run_jobs()
    a = door.county.signed_in(door.a.account)
    assert ok(a.get(door.path))["state"] == "missed"
    assert problem(a.post(f"{door.path}/open")) == (409, "forbidden-move")
    officer = door.county.person(Role.BUREAU_OFFICER).http
    page = officer.get(f"/visits/rounds/{door.sent.code}", headers={"Accept": "text/html", "Accept-Language": "en"}).text
    assert "Visits missed: 1" in page


def test_rows_objects_locks_and_ledger_say_the_same_of_a_signed_visit(door: Door) -> None:
    door.through(no="fire")
    sequence_pending(door.county.site.services)
    publish_heads(door.county.site.services)
    with door.county.site.services.database.transaction(SYSTEM) as session:
        ours = {f"visit/{visit}" for visit in session.scalars(select(Visit.id))} | {str(p) for p in session.scalars(select(VisitPhoto.id))}
        ours |= set(session.scalars(select(VisitPhoto.object_key)))
    found = [d for d in run_fsck(door.county.site.services, deep=True) if any(one in d.subject for one in ours)]
    assert found == []


def test_a_photo_that_the_store_can_no_longer_read_is_named_and_the_rest_is_compared_all_the_same(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = door.county.site.services
    door.through(no="fire")
    with services.database.transaction(SYSTEM) as session:
        lost = session.scalars(select(VisitPhoto).order_by(VisitPhoto.id)).first()
        assert lost is not None
    store = type(services.buckets.evidence)
    for method in ("stream", "read_range"):
        whole = getattr(store, method)

        def read(self: object, key: str, *more: object, real: Callable[..., object] = whole, **how: object) -> object:
            if key == lost.object_key:
                raise StoreUnavailable(act="read", why="InternalError")
            return real(self, key, *more, **how)

        monkeypatch.setattr(store, method, read)
    found = [d.kind for d in run_fsck(services, deep=True) if d.subject.startswith("visit-photo/")]
    assert found == ["bytes-unreadable"]
