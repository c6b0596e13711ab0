"""A visit with its two members at the door, over HTTP."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from api.auth.roles import Role
from storage.kernel.clock import local_instant
from supervision.visits.checklist import ITEMS
from tests.factories.county import County, Json, Person, ok
from tests.factories.visits import JPEG, Sent, inspectors_of, on_the_day, send_out, world_ahead
from tests.site_fixtures import Hands, Site


@dataclass
class Door:
    """`a` leads, `b` is the other member, `c` was not drawn."""

    county: County
    sent: Sent
    a: Person
    b: Person
    c: Person

    @property
    def path(self) -> str:
        return f"/api/v1/visits/{self.sent.visit}"

    def now(self) -> str:
        return local_instant(self.county.site.services.clock.now_at()).isoformat()

    def open(self, who: Person | None = None) -> Json:
        return ok((who or self.a).http.post(f"{self.path}/open"))

    def present(self, who: Person, **more: Any) -> httpx.Response:  # Any: JSON
        body: Json = {"client_id": str(uuid4()), "said_at": self.now(), "place": {"state": "refused"}} | more
        return who.http.post(f"{self.path}/presence", json=body)

    def answer(self, who: Person, item: str, answer: str = "yes", note: str = "", **more: Any) -> httpx.Response:  # Any: JSON
        body: Json = {"client_id": str(uuid4()), "item": item, "answer": answer, "note": note, "answered_at": self.now()} | more
        return who.http.post(f"{self.path}/answers", json=body)

    def photo(self, who: Person, item: str, data: bytes = JPEG, **more: Any) -> httpx.Response:  # Any: form fields
        form: Json = {"client_id": str(uuid4()), "item": item, "sha256": hashlib.sha256(data).hexdigest(), "taken_at": self.now(), "place": "refused"}
        return who.http.post(f"{self.path}/photos", data=form | more, files={"photo": ("p.jpg", data, "image/jpeg")})

    def fill(self, *, no: str = "") -> None:
        """Everything answered and shown; `no` is the item with a problem."""
        for number, item in enumerate(ITEMS):
            ok(self.answer(self.a, item.code, *(("no", "灭火器已过期") if item.code == no else ("yes", ""))))
            if item.photo or item.code == no:
                ok(self.photo(self.b, item.code, JPEG + bytes([number])))

    def sign(self, who: Person, **more: Any) -> httpx.Response:  # Any: JSON
        body = {"record_sha256": ok(who.http.get(self.path))["record_sha256"]} | more
        return who.http.post(f"{self.path}/sign", json=body)

    def through(self, *, no: str = "") -> None:
        """From the door to the last signature."""
        self.open()
        ok(self.present(self.a))
        ok(self.present(self.b))
        self.fill(no=no)
        ok(self.sign(self.a))
        ok(self.sign(self.b))


@pytest.fixture
def door(site: Site, hands: Hands) -> Iterator[Door]:
    world = world_ahead(site.services)
    people = inspectors_of(site.services, 3)
    sent = send_out(site.services, hands, world, people)
    on_the_day(site.services, hands, world)
    county = County(site, hands, world, lambda: None)
    by_id: dict[UUID, Person] = {p.id: Person(p, county.signed_in(p)) for p in people}
    a, b = (by_id.pop(account) for account in sent.members[sent.visit])
    yield Door(county, sent, a, b, *by_id.values())
    for client in county.clients:
        client.close()


OFFICE = (Role.BUREAU_OFFICER, Role.BUREAU_LEADER, Role.LEGAL_OFFICER, Role.AUDITOR)
