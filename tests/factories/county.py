"""A county that draws and reviews, driven over HTTP by the people concerned: what a test needs around the step it looks at."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx

from api.auth.identify import cookie_name
from api.auth.models import Account
from api.auth.roles import Role
from tests.factories.world import World
from tests.people import account_of, token_of
from tests.site_fixtures import Hands, Site

Json = dict[str, Any]  # Any: JSON


@dataclass
class Person:
    account: Account
    http: httpx.Client

    @property
    def name(self) -> str:
        return self.account.login_name


@dataclass
class County:
    """One lesson on tape in the catalogue, and whoever is needed to draw and to review it."""

    site: Site
    hands: Hands
    world: World
    work: Callable[[], None]
    clients: list[httpx.Client] = field(default_factory=list)

    def person(self, role: Role, world: World | None = None) -> Person:
        """Somebody of a role; of an institution's role in that of `world`."""
        account = account_of(self.site.services, role, (world or self.world).institution.id)
        return Person(account, self.signed_in(account))

    def signed_in(self, account: Account) -> httpx.Client:
        cookies = {cookie_name(self.site.services.settings): token_of(self.site.services, account.id)}
        self.clients.append(
            httpx.Client(base_url=self.site.url, cookies=cookies, headers={"X-ClassProof": "1", "Accept": "application/json"}, timeout=30)
        )
        return self.clients[-1]

    def planned(self, officer: Person, **plan: object) -> str:
        today = self.site.services.clock.today_on()
        body: Json = {
            "title": "抽查",
            "period_starts_on": (today - timedelta(days=5)).isoformat(),
            "period_ends_on": today.isoformat(),
            "public_source": "约定数字",
            "public_at": (self.site.services.clock.now_at() + timedelta(minutes=1)).isoformat(),
        }
        code: str = ok(officer.http.post("/api/v1/draws", json=body | plan))["code"]
        ok(officer.http.post(f"/api/v1/draws/{code}/freeze"))
        return code

    def committed(self, code: str, parties: list[Person]) -> dict[str, bytes]:
        values = {party.name: secrets.token_bytes(32) for party in parties}
        for party in parties:
            ok(party.http.post(f"/api/v1/draws/{code}/commitments", json=commitment(party.name, values[party.name])))
        return values

    def seeded(self, officer: Person, parties: list[Person], **plan: object) -> str:
        code = self.planned(officer, **plan)
        values = self.committed(code, parties)
        self.hands.forward(minutes=2)
        for party in parties:
            ok(party.http.post(f"/api/v1/draws/{code}/reveals", json={"party": party.name, "value": values[party.name].hex()}))
        ok(officer.http.post(f"/api/v1/draws/{code}/public-value", json={"value": "314159"}))
        return code

    def drawn(self, officer: Person, **plan: object) -> str:
        code = self.seeded(officer, [officer, self.person(Role.LEGAL_OFFICER)], **plan)
        assert [line["natural_id"] for line in ok(officer.http.post(f"/api/v1/draws/{code}/draw"))] == [self.world.lessons[0].natural_id]
        return code

    def assigned(self, officer: Person, **plan: object) -> Json:
        """The one assignment of a drawn round; its clip is cut."""
        code = self.drawn(officer, **plan)
        (line,) = ok(officer.http.post(f"/api/v1/draws/{code}/assign"))
        self.work()
        return {"code": code, **line}

    def task_of(self, people: list[Person], natural_id: str) -> tuple[Person, str]:
        """Who among these has this lesson as an open task, and the task's address."""
        found = [(p, t) for p in people for t in ok(p.http.get("/api/v1/assignments")) if t["natural_id"] == natural_id]
        ((person, task),) = found
        return person, f"/api/v1/assignments/{task['id']}"

    def answered(self, person: Person, place: str) -> None:
        """The whole checklist: everything as it should be."""
        for question in ok(person.http.get(f"{place}/answers")):
            ok(person.http.put(f"{place}/answers/{question['item']}", json={"answer": "yes", "sequence": 1}))

    def look(self, person: Person, place: str, *, finding: Json | None = None) -> Json | None:
        """One whole look: start, every second in real time, the finding if there is one, the verdict. Returns the finding."""
        ok(person.http.post(f"{place}/start"))
        item = ok(person.http.get(place))["items"][0]
        beat = {"item_id": item["id"], "player": "p", "rate_permille": 8000, "visible": True}
        for position_ms in range(item["media_start_ms"], item["media_end_ms"] + 1, 40_000):
            ok(person.http.post(f"{place}/beats", json=beat | {"position_ms": position_ms}))
            self.hands.forward(seconds=5)
        ok(person.http.post(f"{place}/beats", json=beat | {"position_ms": item["media_end_ms"]}))
        made = None
        if finding:
            start_ms = item["media_start_ms"] + 1000
            body = {"recording_id": item["recording_id"], "start_ms": start_ms, "end_ms": start_ms + 8000} | finding
            made = ok(person.http.post(f"{place}/findings", json=body))
        self.answered(person, place)
        ok(person.http.post(f"{place}/verdict", json={"verdict": "finding" if finding else "ok"}))
        return made


def ok(answer: httpx.Response) -> Any:  # Any: JSON
    assert answer.is_success, (answer.request.url, answer.text)
    return answer.json() if answer.content else None


def commitment(party: str, value: bytes) -> dict[str, str]:
    return {"party": party, "commitment": hashlib.sha256(party.encode() + b"\x00" + value).hexdigest()}
