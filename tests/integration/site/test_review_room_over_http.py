"""What the review room saves, over HTTP: nothing typed is lost, nothing is signed half, no lead is shown too early, nobody else reads it."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import cv2
import httpx
import numpy as np
import pytest
from sqlalchemy import select

from api.auth.models import FootageView, ViewKind
from api.auth.roles import Role
from storage.database.session import SYSTEM
from supervision.footage.models import Recording
from supervision.spotchecks.flags import WORDS
from supervision.spotchecks.room_models import ReviewMark, ReviewStill
from tests import videos
from tests.factories.county import County, Json, Person, ok
from tests.factories.world import make_world
from tests.integration.spine.test_upload_to_catalogue import send
from tests.site_fixtures import Hands, Site

LEADS = ("below-minimum-height", "no-sound", "gap-inside")  # what the catalogue notices about the clip of these tests


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json().get("type", "")).rpartition("/")[2]


@pytest.fixture
def county(site: Site, hands: Hands, run_jobs: Callable[[], None], tmp_path: Path) -> Iterator[County]:
    with site.services.database.transaction(SYSTEM) as session:
        world = make_world(session, site.services.clock.now_at())
    # a hole of two seconds inside the file: one of the leads that nobody may see before the verdict
    scene = videos.Scene(seconds=122, fps=10, gop=20, gaps=((30_000, 32_000),))
    send(site.services, world, videos.film(tmp_path / "lesson.mp4", "mp4", scene))
    run_jobs()
    made = County(site, hands, world, run_jobs)
    yield made
    for client in made.clients:
        client.close()


@dataclass
class Desk:
    """An inspector in the room, the review under way, everything watched."""

    county: County
    officer: Person
    inspector: Person
    place: str
    item: Json

    def mark(self, mark: UUID, sequence: int, **changes: object) -> httpx.Response:
        begin = self.item["media_start_ms"]
        body: Json = {"item_id": self.item["id"], "start_ms": begin + 1000, "end_ms": begin + 9000, "defect": "too-few-trainees"}
        return self.inspector.http.put(f"{self.place}/marks/{mark}", json=body | {"severity": "minor", "note": "", "sequence": sequence} | changes)

    def still(self, mark: UUID, at_ms: int, still: UUID | None = None) -> httpx.Response:
        body = {"id": str(still or uuid4()), "mark": str(mark), "item_id": self.item["id"], "at_ms": at_ms}
        return self.inspector.http.post(f"{self.place}/stills", json=body)

    def judge(self, verdict: str = "ok") -> httpx.Response:
        return self.inspector.http.post(f"{self.place}/verdict", json={"verdict": verdict})

    def page(self) -> httpx.Response:
        return self.inspector.http.get(f"/review/{self.place.rpartition('/')[2]}", headers={"Accept": "text/html", "Accept-Language": "en"})


@pytest.fixture
def desk(county: County) -> Desk:
    officer, inspector = county.person(Role.BUREAU_OFFICER), county.person(Role.INSPECTOR)
    line = county.assigned(officer)
    place = f"/api/v1/assignments/{line['id']}"
    ok(inspector.http.post(f"{place}/start"))
    item = ok(inspector.http.get(place))["items"][0]
    for one in ok(inspector.http.get(place))["items"]:
        beat = {"item_id": one["id"], "player": "p", "rate_permille": 8000, "visible": True}
        for position_ms in (*range(one["media_start_ms"], one["media_end_ms"], 40_000), one["media_end_ms"]):
            ok(inspector.http.post(f"{place}/beats", json=beat | {"position_ms": position_ms}))
            county.hands.forward(seconds=5)
    return Desk(county, officer, inspector, place, item)


def test_of_two_versions_of_a_mark_the_later_typed_stands_whichever_arrives_last(desk: Desk) -> None:
    mark = uuid4()
    assert ok(desk.mark(mark, 10, note="少"))["note"] == "少"
    assert ok(desk.mark(mark, 30, note="少了十二人", end_ms=None))["end_ms"] is None
    assert ok(desk.mark(mark, 20, note="少了"))["note"] == "少了十二人"  # delayed on the line
    (kept,) = ok(desk.inspector.http.get(f"{desk.place}/marks"))
    assert (kept["id"], kept["note"], kept["sequence"], kept["clause"], kept["state"]) == (str(mark), "少了十二人", 30, "R75", "open")


def test_a_mark_that_says_nothing_possible_is_refused(desk: Desk) -> None:
    wrong: list[tuple[Json, int]] = [
        ({"end_ms": 500, "start_ms": 600}, 422),
        ({"end_ms": 1 << 39}, 422),
        ({"start_ms": -1}, 422),
        ({"defect": "hearsay"}, 422),
        ({"severity": "dreadful"}, 422),
        ({"note": "长" * 4001}, 422),
        ({"item_id": str(UUID(int=7))}, 404),
    ]
    assert [(changes, answer.status_code) for changes, _ in wrong if (answer := desk.mark(uuid4(), 1, **changes))] == wrong
    assert desk.mark(uuid4(), 0).status_code == 422
    assert ok(desk.inspector.http.get(f"{desk.place}/marks")) == []


def test_to_another_inspector_nothing_of_it_exists(desk: Desk) -> None:
    mark = uuid4()
    ok(desk.mark(mark, 1))
    shown = ok(desk.still(mark, desk.item["media_start_ms"] + 2000))
    other = desk.county.person(Role.INSPECTOR)
    body = {"item_id": desk.item["id"], "start_ms": 0, "end_ms": 5, "defect": "other", "severity": "minor", "sequence": 9}
    still = {"id": str(uuid4()), "mark": str(mark), "item_id": desk.item["id"], "at_ms": 0}
    calls: list[tuple[str, str, Json | None]] = [
        ("GET", f"{desk.place}/marks", None),
        ("PUT", f"{desk.place}/marks/{mark}", body),
        ("POST", f"{desk.place}/marks/{mark}/record", None),
        ("POST", f"{desk.place}/marks/{mark}/drop", {"reason": "并非如此"}),
        ("POST", f"{desk.place}/stills", still),
        ("GET", shown["url"], None),
        ("GET", f"{desk.place}/answers", None),
        ("PUT", f"{desk.place}/answers/held", {"answer": "yes", "sequence": 1}),
        ("GET", f"{desk.place}/watched", None),
    ]
    answers = {(method, path): other.http.request(method, path, json=sent).status_code for method, path, sent in calls}
    assert {call: status for call, status in answers.items() if status != 404} == {}
    for role in (Role.INSTITUTION_HEAD, Role.BUREAU_OFFICER, Role.BUREAU_LEADER):
        assert desk.county.person(role).http.get(f"{desk.place}/marks").status_code == 403, role
    with desk.county.site.services.database.transaction(SYSTEM) as session:
        assert session.scalars(select(ReviewMark.note)).all() == [""]


def test_a_still_is_the_very_frame_of_the_stored_object_with_its_proof(desk: Desk) -> None:
    mark, still = uuid4(), uuid4()
    assert problem(desk.still(mark, 0)) == (404, "review-mark-not-found")
    ok(desk.mark(mark, 1))
    at_ms = desk.item["media_start_ms"] + 7_460
    taken = desk.still(mark, at_ms, still)
    assert taken.status_code == 201, taken.text
    again = ok(desk.still(mark, at_ms + 900, still))  # the answer was lost, the request is sent again
    assert again == taken.json()
    picture = desk.inspector.http.get(again["url"])
    image = cv2.imdecode(np.frombuffer(picture.content, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert again["at_ms"] // 100 == at_ms // 100  # ten pictures a second
    with desk.county.site.services.database.transaction(SYSTEM) as session:
        recording = session.scalars(select(Recording)).one()
        kept = session.scalars(select(ReviewStill)).one()
        assert hashlib.sha256(kept.data).hexdigest() == again["sha256"]
        assert picture.content == kept.veiled  # the room shows the blurred one, the case file keeps the original
        assert kept.veiled != kept.data
        assert recording.sha256 is not None and recording.sha256.hex() == again["footage_sha256"]
        views = session.scalars(select(FootageView).where(FootageView.kind == ViewKind.STILL)).all()
        assert len(views) == 2  # cut once, shown once
        assert {view.account_id for view in views} == {desk.inspector.account.id}
    (shown,) = ok(desk.inspector.http.get(f"{desk.place}/marks"))
    assert [one["sha256"] for one in shown["stills"]] == [again["sha256"]]


def test_nothing_is_signed_while_a_mark_is_open_or_a_question_unanswered(desk: Desk) -> None:
    first, second = uuid4(), uuid4()
    ok(desk.mark(first, 1, note="只见八人", severity="serious"))
    ok(desk.mark(second, 1, end_ms=None))
    assert problem(desk.judge()) == (409, "review-marks-open")
    assert problem(desk.inspector.http.post(f"{desk.place}/marks/{second}/record")) == (422, "finding-malformed")  # it has no end
    recorded = ok(desk.inspector.http.post(f"{desk.place}/marks/{first}/record"))
    assert (recorded["state"], recorded["finding"]) == ("recorded", "F2026-0001")
    assert problem(desk.mark(first, 9, note="改口")) == (409, "review-mark-settled")
    assert problem(desk.inspector.http.post(f"{desk.place}/marks/{first}/record")) == (409, "review-mark-settled")
    assert desk.inspector.http.post(f"{desk.place}/marks/{second}/drop", json={"reason": " "}).status_code == 422
    assert ok(desk.inspector.http.post(f"{desk.place}/marks/{second}/drop", json={"reason": "镜头反光"}))["dropped_reason"] == "镜头反光"
    refused = desk.judge("finding")
    assert problem(refused) == (409, "review-checklist-unanswered")
    required = [one["item"] for one in ok(desk.inspector.http.get(f"{desk.place}/answers")) if one["required"]]
    assert [error["where"] for error in refused.json()["errors"]] == required
    desk.county.answered(desk.inspector, desk.place)
    assert problem(desk.judge("ok"))[0] == 409  # a finding is recorded
    assert ok(desk.judge("finding"))["state"] == "judged-finding"
    assert desk.mark(uuid4(), 1).status_code == 404  # the review is over
    assert desk.inspector.http.put(f"{desk.place}/answers/held", json={"answer": "no", "note": "x", "sequence": 9}).status_code == 404


def test_an_answer_stands_as_last_ticked_and_needs_its_word(desk: Desk) -> None:
    desk.county.answered(desk.inspector, desk.place)
    held = f"{desk.place}/answers/held"
    assert ok(desk.inspector.http.put(held, json={"answer": "cannot-tell", "sequence": 30}))["answer"] == "cannot-tell"
    assert ok(desk.inspector.http.put(held, json={"answer": "yes", "sequence": 20}))["answer"] == "cannot-tell"
    assert problem(desk.judge()) == (409, "review-checklist-unanswered")
    for path, body in (("nothing", {"answer": "yes", "sequence": 40}), ("held", {"answer": "not-applicable", "sequence": 40})):
        assert problem(desk.inspector.http.put(f"{desk.place}/answers/{path}", json=body)) == (422, "review-answer-malformed")
    assert desk.inspector.http.put(held, json={"answer": "perhaps", "sequence": 40}).status_code == 422
    ok(desk.inspector.http.put(held, json={"answer": "cannot-tell", "note": "镜头被挡", "sequence": 40}))
    assert ok(desk.judge())["state"] == "judged-ok"


def test_before_their_own_verdict_no_route_shows_an_inspector_what_the_machine_noticed(desk: Desk) -> None:
    words = [word for code in LEADS for word in (*WORDS[code], code)] + ["gaps-inside"]
    with desk.county.site.services.database.transaction(SYSTEM) as session:
        recording = session.scalars(select(Recording)).one()
        assert {"below-minimum-height", "no-sound", "gaps-inside"} <= set((recording.media or {})["remarks"])
    reached = [
        desk.place,
        f"{desk.place}/marks",
        f"{desk.place}/answers",
        f"{desk.place}/watched",
        "/api/v1/recordings",
        f"/api/v1/recordings/{recording.id}",
        f"/recordings/{recording.id}",
        "/recordings",
        f"/slots/{recording.slot_id}",
        f"/review/{desk.place.rpartition('/')[2]}",
    ]

    def told(person: Person) -> list[tuple[str, str]]:
        answers = {path: person.http.get(path, headers={"Accept": "*/*"}) for path in reached}
        return [(path, word) for path, answer in answers.items() for word in words if word in answer.text]

    assert told(desk.inspector) == []
    proofs = [step["ledger_entry"] for step in ok(desk.officer.http.get(f"/api/v1/recordings/{recording.id}"))["custody"]]
    assert {desk.inspector.http.get(f"/api/v1/recordings/{recording.id}/proof/{entry}").status_code for entry in proofs} == {403}
    desk.county.answered(desk.inspector, desk.place)
    ok(desk.judge())
    shown = desk.page()
    assert shown.status_code == 200
    assert [word for code in LEADS for word in WORDS[code][1:] if word not in shown.text] == []
