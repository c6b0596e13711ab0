"""The door on a real PostgreSQL behind a real HTTP server: tables made by the owner, everything else done as the application's role."""

import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, cast
from uuid import UUID

import httpx
import pyotp
import pytest
import uvicorn
from fastapi import FastAPI, Request
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session
from starlette.responses import PlainTextResponse

import api.auth.models  # noqa: F401 — tables
import supervision.institutions.models as institutions
from api.auth.access import access
from api.auth.account_views import router as account_pages
from api.auth.accounts import NewAccount, create_account
from api.auth.caller import Caller
from api.auth.roles import BUREAU, EVERYBODY, INSTITUTION, Role
from api.auth.routes import router as json_routes
from api.auth.views import router as pages
from api.http.problem import install_problem_handlers
from api.http.services import Services
from api.http.session import SessionDep
from storage.database.base import Base
from storage.database.rls import grants, policy_statements
from storage.database.session import SYSTEM, Database, make_engine
from storage.engines.ports import PortBook
from storage.engines.postgres import Postgres
from storage.engines.roles import APP, DATABASE, OWNER, prepare_roles
from storage.kernel.actor import SYSTEM_ACTOR
from storage.kernel.clock import Clock
from storage.kernel.settings import Settings
from storage.ledger.ddl import STATEMENTS
from storage.ledger.models import TABLES

PASSWORD = "only-for-this-test-run"
SECRET = "vier falbe Pferde 77"
STARTED_AT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


@dataclass
class Hands:
    """A clock that tests turn."""

    at: datetime = STARTED_AT

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)


class FixedSecrets:
    def master_key(self) -> bytes:
        return bytes(range(32))


@dataclass
class Door:
    """The running site and what tests look behind it with."""

    url: str
    services: Services
    hands: Hands
    owner: Engine
    institutions: dict[str, UUID] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))
    clients: list[httpx.Client] = field(default_factory=list)

    def account(self, role: Role, institution: str | None = None, **changes: Any) -> "Person":
        name = f"{role.value}-{next(self.numbers)}"
        given = {"login_name": name, "display_name": f"Somebody {name[-3:]}", "role": role, "password": SECRET, "must_change_password": False}
        given |= {"institution_id": self.institutions[institution] if institution else None}
        given |= {"valid_until": self.hands.at + timedelta(days=30)} if role is Role.THIRD_PARTY_VERIFIER else {}
        given |= {"department": "古县农业农村局"} if role is Role.DEPARTMENT_OFFICER else {}
        with self.services.database.transaction(SYSTEM) as session:
            account = create_account(session, NewAccount(**(given | changes)), actor=SYSTEM_ACTOR, at=self.hands.at)
            return Person(self, account.id, account.login_name)

    def browser(self, **headers: str) -> httpx.Client:
        return self._opened(base_url=self.url, headers={"Accept": "text/html", "Accept-Language": "en", **headers})

    def script(self, browser: httpx.Client | None = None, **headers: str) -> httpx.Client:
        """A client that speaks JSON, with the cookies of `browser`."""
        given = {"Accept": "application/json", "Accept-Language": "en", **headers}
        return self._opened(base_url=self.url, headers=given, cookies=dict(browser.cookies) if browser else None)

    def _opened(self, **how: Any) -> httpx.Client:
        self.clients.append(httpx.Client(**how))
        return self.clients[-1]

    def next_test(self) -> None:
        """Close what was opened, and let the address's bucket fill up again."""
        for client in self.clients:
            client.close()
        self.clients.clear()
        self.hands.forward(minutes=10)


@dataclass
class Person:
    door: Door
    id: UUID
    name: str
    secret: str = ""

    def sign_in(self, browser: httpx.Client | None = None, password: str = SECRET) -> httpx.Client:
        """All the way in, enrolling a code device on the first time."""
        browser = browser or self.door.browser()
        answer = self.password_step(browser, password)
        assert answer.status_code == 303, answer.text
        if answer.headers["location"].startswith("/login/code"):
            self.door.hands.forward(seconds=30)  # the step before may be used up
            answer = self.code_step(browser)
            assert answer.status_code == 303, answer.text
        return browser

    def password_step(self, browser: httpx.Client, password: str = SECRET, **headers: str) -> httpx.Response:
        token = form_token_of(browser.get("/login").text)
        return browser.post("/login", data={"name": self.name, "password": password, "next": "/", "csrf_token": token}, headers=headers)

    def code_step(self, browser: httpx.Client, code: str = "") -> httpx.Response:
        shown = browser.get("/login/code").text
        key = re.search(r"<code>([A-Z2-7 ]+)</code>", shown)
        if key:
            self.secret = key[1].replace(" ", "")
        return browser.post("/login/code", data={"code": code or self.code(), "next": "/", "csrf_token": form_token_of(shown)})

    def code(self) -> str:
        return pyotp.TOTP(self.secret).at(self.door.hands.at)


def form_token_of(html: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', html)
    assert found, html
    return found[1]


@pytest.fixture(scope="package")
def postgres_url() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="door-tests-") as place:
        data_dir = Path(place)
        data_dir.chmod(0o755)
        server = Postgres(data_dir, PortBook(data_dir / "ports.json"), PASSWORD)
        server.start()
        try:
            prepare_roles(server.superuser_url(), owner_password=PASSWORD, app_password=PASSWORD)
            superuser = make_engine(server.superuser_url(DATABASE))
            with superuser.begin() as connection:
                connection.execute(text(f"grant create on schema public to {OWNER}"))
            superuser.dispose()
            yield server.url("{role}", PASSWORD, DATABASE)
        finally:
            server.stop()


@pytest.fixture(scope="package")
def owner(postgres_url: str) -> Iterator[Engine]:
    engine = make_engine(postgres_url.format(role=OWNER), pool_size=2)
    names = [
        *(table.__tablename__ for table in TABLES),
        "institution",
        "account",
        "credential",
        "login_session",
        "api_key",
        "login_throttle",
        "footage_view",
    ]
    tables = [Base.metadata.tables[name] for name in names]
    with engine.begin() as connection:
        Base.metadata.create_all(connection, tables=tables)
        wanted = {f'"{name}"' for name in names}
        for statement in [*policy_statements(Base.metadata), *grants(Base.metadata)]:
            if wanted & set(statement.split()):
                connection.execute(text(statement))
        for statement in STATEMENTS:
            connection.execute(text(statement))
        connection.execute(text("create table late (id int unique deferrable initially deferred)"))  # fails at commit, not before
        connection.execute(text(f"grant insert on late to {APP}"))
    yield engine
    engine.dispose()


@pytest.fixture(scope="package")
def database(postgres_url: str, owner: Engine) -> Iterator[Database]:
    engine = make_engine(postgres_url.format(role=APP))
    yield Database(engine)
    engine.dispose()


@pytest.fixture(scope="package")
def two_institutions(database: Database) -> dict[str, UUID]:
    with database.transaction(SYSTEM) as session:
        rows = [
            institutions.Institution(code=code, name=code, kind=institutions.InstitutionKind.TRAINING, principal="P", legal_representative="L")
            for code in ("GX001", "GX002")
        ]
        session.add_all(rows)
        session.flush()
        return {row.code: row.id for row in rows}


@pytest.fixture
def door(shared_door: Door) -> Iterator[Door]:
    yield shared_door
    shared_door.next_test()


@pytest.fixture(scope="package")
def shared_door(database: Database, owner: Engine, two_institutions: dict[str, UUID]) -> Iterator[Door]:
    hands = Hands()
    missing = cast("Any", None)  # the door needs neither store, nor events, nor policy
    services = Services(
        database=database,
        clock=Clock(lambda: hands.at),
        settings=Settings(),
        buckets=missing,
        secrets=cast("Any", FixedSecrets()),
        events=missing,
        policy=missing,
    )
    with serving(site(services)) as url:
        yield Door(url, services, hands, owner, two_institutions)


def site(services: Services) -> FastAPI:
    """The door's own routes and a few of a pretended stage."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.services = services
    for router in (pages, account_pages, json_routes):
        app.include_router(router)

    @app.get("/api/v1/try/bureau")
    def bureau(caller: Annotated[Caller, access(roles=BUREAU)]) -> dict[str, str]:
        return {"role": str(caller.role)}

    @app.post("/api/v1/try/bureau")
    def bureau_changes(caller: Annotated[Caller, access(roles=EVERYBODY)], session: SessionDep) -> dict[str, int]:
        return {"renamed": rename_all(session)}

    @app.get("/api/v1/try/write-on-get")
    def write_on_get(caller: Annotated[Caller, access(roles=BUREAU)], session: SessionDep) -> dict[str, int]:
        return {"renamed": rename_all(session)}

    @app.post("/api/v1/try/upload")
    def upload(caller: Annotated[Caller, access(roles=INSTITUTION, scopes={"upload:write"})], session: SessionDep) -> dict[str, int]:
        return {"visible": session.execute(text("select count(*) from institution")).scalar_one()}

    @app.get("/api/v1/try/institutions/{institution_id}")
    def one(institution_id: UUID, caller: Annotated[Caller, access(roles=EVERYBODY, tenant="institution_id")]) -> dict[str, str]:
        return {"id": str(institution_id)}

    @app.post("/api/v1/try/late-failure")
    def late(caller: Annotated[Caller, access(roles=INSTITUTION)], session: SessionDep) -> dict[str, str]:
        session.execute(text("insert into late values (1), (1)"))
        return {"said": "done"}

    @app.get("/api/v1/try/broken")
    def broken(caller: Annotated[Caller, access(public=True)]) -> None:
        msg = "the password of the database is hunter2"
        raise RuntimeError(msg)

    @app.get("/page", response_class=PlainTextResponse)
    def page(request: Request, caller: Annotated[Caller, access(roles=EVERYBODY)]) -> str:
        return caller.display_name

    @app.get("/bureau-page", response_class=PlainTextResponse)
    def bureau_page(caller: Annotated[Caller, access(roles=BUREAU)]) -> str:
        return caller.display_name

    @app.post("/page", response_class=PlainTextResponse)
    def form(caller: Annotated[Caller, access(roles=EVERYBODY)]) -> str:
        return caller.display_name

    install_problem_handlers(app)
    return app


def rename_all(session: Session) -> int:
    return len(session.execute(text("update institution set address = address || 'x' returning id")).all())


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """A real server on a free port. Forwarded headers are not believed, as in production without a configured proxy."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", proxy_headers=False, lifespan="off"))
    ready = threading.Event()
    original = server.startup

    async def startup(sockets: Any = None) -> None:
        await original(sockets)
        ready.set()

    server.startup = startup  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
