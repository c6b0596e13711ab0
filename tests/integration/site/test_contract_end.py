"""A third-party verifier after the contract's end: no route knows them any more, with the browser that was signed in and with a key. R57."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from api.auth.identify import cookie_name
from api.auth.models import Account
from api.auth.roles import Role
from storage.database.session import SYSTEM
from tests.integration.site.test_matrix import code_of, filled
from tests.people import account_of, token_of
from tests.site_fixtures import Site, rows_of_routes


@pytest.fixture
def verifier(site: Site) -> Iterator[httpx.Client]:
    account = account_of(site.services, Role.THIRD_PARTY_VERIFIER)
    headers = {"X-ClassProof": "1", "Accept": "application/json"}
    with httpx.Client(base_url=site.url, timeout=30, headers=headers) as client:
        client.cookies.set(cookie_name(site.services.settings), token_of(site.services, account.id))
        assert client.get("/today").status_code == 303, "signed in, while the contract runs"
        with site.services.database.transaction(SYSTEM) as session:
            session.get_one(Account, account.id).valid_until = site.services.clock.now_at() - timedelta(seconds=1)
        yield client


def test_every_route_treats_a_verifier_whose_contract_ended_as_a_stranger(site: Site, verifier: httpx.Client) -> None:
    wrong = []
    for row in rows_of_routes(site.services):
        answer = verifier.request(row.method, filled(row.path))
        if not row.rule.public and code_of(answer) != "sign-in-needed":
            wrong.append((row.method, row.path, answer.status_code, code_of(answer)))
    assert not wrong, "\n".join(map(str, wrong))
