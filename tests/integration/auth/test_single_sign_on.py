"""Single sign-on against a small issuer over real HTTP: the honest one, and eleven ways to lie."""

import itertools
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI, Form
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.responses import JSONResponse, Response

from api.auth.oidc import code_challenge
from api.auth.roles import Role
from tests.integration.auth.conftest import Door, Person, serving, site

CLIENT = "classproof"
Claims = dict[str, Any]
_people = itertools.count(1)


@dataclass
class Issuer:
    """Signs what the test tells it to."""

    url: str = ""
    person: str = field(default_factory=lambda: f"person-{next(_people)}")  # a later issuer may stand on the same port
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    now: Callable[[], float] = lambda: 0.0
    asked: dict[str, str] = field(default_factory=dict)
    change: Callable[[Claims], Claims] = lambda claims: claims
    sign: Callable[[Claims], str] | None = None
    claimed_issuer: str = ""

    def token(self) -> str:
        at = int(self.now())
        claims = {"iss": self.url, "sub": self.person, "aud": CLIENT, "nonce": self.asked["nonce"], "iat": at, "exp": at + 300, "amr": ["pwd", "otp"]}
        claims = self.change(claims)
        return self.sign(claims) if self.sign else jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)

    def app(self) -> FastAPI:
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

        @app.get("/.well-known/openid-configuration")
        def discovery() -> dict[str, str]:
            places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
            return {"issuer": self.claimed_issuer or self.url, **{name: f"{self.url}/{place}" for name, place in places.items()}}

        @app.get("/keys")
        def keys() -> dict[str, Any]:
            return {"keys": [self.key.as_dict(private=False)]}

        @app.post("/token")
        def token(code: str = Form(), code_verifier: str = Form(), client_id: str = Form()) -> Response:
            if code != "good-code" or client_id != CLIENT or code_challenge(code_verifier) != self.asked["code_challenge"]:
                return JSONResponse({"error": "invalid_grant"}, status_code=400)
            return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": self.token()})

        return app


@pytest.fixture
def issuer(door: Door) -> Iterator[Issuer]:
    made = Issuer()
    made.now = door.hands.at.timestamp
    with serving(made.app()) as url:
        made.url = url
        yield made


@pytest.fixture
def sso(door: Door, issuer: Issuer) -> Iterator[Door]:
    """The same door with single sign-on configured."""
    settings = door.services.settings.model_copy(update={"oidc_issuer": issuer.url, "oidc_client_id": CLIENT})
    services = replace(door.services, settings=settings)
    with serving(site(services)) as url:
        configured = replace(door, url=url, services=services, clients=[])
        yield configured
        configured.next_test()


def linked(sso: Door, issuer: Issuer, role: Role = Role.INSPECTOR) -> Person:
    return sso.account(role, oidc_subject=f"{issuer.url}|{issuer.person}")


def go(sso: Door, issuer: Issuer, browser: httpx.Client, *, code: str = "good-code", state: str = "") -> httpx.Response:
    sent = browser.get("/login/oidc", params={"next": "/page"}).headers["location"]
    issuer.asked = {name: values[0] for name, values in parse_qs(urlsplit(sent).query).items()}
    return browser.get("/login/oidc/callback", params={"code": code, "state": state or issuer.asked["state"]})


def test_a_linked_identity_with_a_second_factor_is_signed_in(sso: Door, issuer: Issuer) -> None:
    person = linked(sso, issuer)
    browser = sso.browser()
    answer = go(sso, issuer, browser)
    assert answer.headers["location"] == "/page", answer.text
    assert issuer.asked["code_challenge_method"] == "S256"
    assert sso.script(browser).get("/api/v1/me").json()["login_name"] == person.name


def test_an_identity_without_a_second_factor_still_owes_the_code(sso: Door, issuer: Issuer) -> None:
    linked(sso, issuer)
    issuer.change = lambda claims: claims | {"amr": ["pwd"]}
    assert go(sso, issuer, sso.browser()).headers["location"].startswith("/login/code")


def test_an_identity_nobody_linked_is_refused_whatever_name_it_claims(sso: Door, issuer: Issuer) -> None:
    person = linked(sso, issuer)
    issuer.change = lambda claims: claims | {"sub": "somebody-else", "preferred_username": person.name, "email": person.name}
    assert go(sso, issuer, sso.browser()).status_code == 401


def _unsigned(claims: Claims) -> str:
    parts = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({"alg": "none"}, claims)]
    return ".".join(parts) + "."


LIES: dict[str, Callable[[Claims], Claims]] = {
    "another issuer": lambda claims: claims | {"iss": claims["iss"] + "/"},
    "another audience": lambda claims: claims | {"aud": "someone-else"},
    "us and others as audience": lambda claims: claims | {"aud": [CLIENT, "someone-else"]},
    "another nonce": lambda claims: claims | {"nonce": "replayed"},
    "no nonce": lambda claims: {name: value for name, value in claims.items() if name != "nonce"},
    "expired": lambda claims: claims | {"exp": claims["iat"] - 60},
    "no subject": lambda claims: {name: value for name, value in claims.items() if name != "sub"},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_claims_something_else_is_refused(sso: Door, issuer: Issuer, lie: str) -> None:
    linked(sso, issuer)
    issuer.change = LIES[lie]
    browser = sso.browser()
    assert go(sso, issuer, browser).status_code == 401
    assert sso.script(browser).get("/api/v1/me").status_code == 401


@pytest.mark.parametrize("forgery", ["none", "own-key-in-header", "public-key-as-hmac-secret", "other-key-same-kid"])
def test_a_token_signed_by_anything_but_the_issuers_key_is_refused(sso: Door, issuer: Issuer, forgery: str) -> None:
    linked(sso, issuer)
    mallory = RSAKey.generate_key(2048)
    own = mallory.as_dict(private=False)
    issuer.sign = {
        "none": _unsigned,
        "own-key-in-header": lambda claims: jwt.encode({"alg": "RS256", "jwk": own}, claims, mallory),
        "public-key-as-hmac-secret": lambda claims: jwt.encode({"alg": "HS256", "kid": "one"}, claims, OctKey.import_key(_modulus(issuer.key))),
        "other-key-same-kid": lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims, mallory),
    }[forgery]
    assert go(sso, issuer, sso.browser()).status_code == 401


def _modulus(key: RSAKey) -> bytes:
    number = str(key.as_dict(private=False)["n"])
    return urlsafe_b64decode(number + "=" * (-len(number) % 4))


def test_a_callback_that_this_browser_did_not_start_is_refused(sso: Door, issuer: Issuer) -> None:
    linked(sso, issuer)
    browser = sso.browser()
    assert go(sso, issuer, browser, state="another-state").status_code == 401
    go(sso, issuer, sso.browser(), code="unused")
    assert sso.browser().get("/login/oidc/callback", params={"code": "good-code", "state": issuer.asked["state"]}).status_code == 401


def test_a_provider_that_names_another_issuer_is_not_believed(sso: Door, issuer: Issuer) -> None:
    linked(sso, issuer)
    issuer.claimed_issuer = "https://other.example"
    assert sso.browser().get("/login/oidc").status_code == 401


def test_without_configuration_there_is_no_single_sign_on(door: Door) -> None:
    assert door.browser().get("/login/oidc").status_code == 404
