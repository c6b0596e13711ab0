"""Every route × every role on the running site: the declared matrix is what is answered, and one institution never sees another."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select

from api.auth.access import MatrixRow
from api.auth.identify import cookie_name
from api.auth.keys import SCOPES, create_key
from api.auth.models import Account
from api.auth.origin import SAFE_METHODS
from api.auth.roles import INSTITUTION, Role
from storage.database.session import SYSTEM
from storage.kernel.actor import SYSTEM_ACTOR
from storage.kernel.span import Span
from storage.ledger.models import LedgerEntry
from storage.uploads import service as uploads
from storage.uploads.rules import UploadRule
from supervision.footage import service as footage
from supervision.footage.models import GapExplanation
from tests.factories.world import COVERAGE, World, make_world
from tests.people import account_of, token_of
from tests.site_fixtures import Site, rows_of_routes

RULE = UploadRule(max_file_gib=1, max_open_uploads=20, quota_tib=1, open_upload_days=7)
REFUSALS = {"not-allowed", "read-only-role", "sign-in-needed"}
HEADERS = ("content-security-policy", "x-content-type-options", "referrer-policy", "x-frame-options", "cache-control", "permissions-policy")
OTHER = "隔壁职业培训学校"
BODIES: dict[str, dict[str, object]] = {
    "/classes/{code}/timetable": {"files": {"sheet": ("t.csv", "日期,开始时间,结束时间,教室,授课教师\n2026-11-24,09:00,10:00,A1,孙三\n")}},
    "/api/v1/subsidy/classes/{code}/claims": {"json": {"payee": "机构", "account": "6222000011112222"}},
    "/classes/{code}/outcomes/completions": {"files": {"sheet": ("s.csv", "身份证号,结果\n11010519491231002X,合格\n")}},
    "/classes/{code}/outcomes/completion": {"data": {"enrolment": str(uuid4()), "result": "passed", "ended_on": "2026-09-01"}},
    "/classes/{code}/outcomes/employment": {
        "files": {"sheet": ("s.csv", "身份证号,证明类型,证明编号,就业日期\n11010519491231002X,执照,1,2026-09-01\n")}
    },
    "/classes/{code}/outcomes/evidence": {"data": {"trainee": str(uuid4()), "kind": "licence", "reference": "1", "employed_on": "2026-09-01"}},
    "/cameras": {"files": {"picture": ("a.png", b"\x89PNG\r\n\x1a\n")}},
    "/proofs": {"data": {"proof": "fire"}, "files": {"files": ("a.pdf", b"%PDF-")}},
    "/api/v1/ratings/{code}/waiver": {"json": {"declared": True}},
    "/api/v1/approvals/{code}": {"json": {"kind": "extension"}},
    "/api/v1/approvals/{code}/withdraw": {"json": {}},
    "/api/v1/approvals/{code}/view": {"json": {"said": "陈述"}},
    "/parts": {"json": {"parts": [{"number": 1, "sha256": "0" * 64}]}},
    "/choose": {"data": {"slot": str(uuid4())}},
    "/roster": {"files": {"sheet": ("roster.csv", "姓名,身份证号\n王小明,11010519491231002X\n")}},
    "/classes/{code}/signs": {"files": {"sheet": ("s.csv", "身份证号,课次,签到时间\n11010519491231002X,K1/2026-11-24/1,2026-11-24 09:00\n")}},
    "PATCH": {"json": {}},
    "/revoke": {"data": {}},
    "/classes": {"json": {"agreement": "2026-001", "code": "K77", "trade": "电工", "starts_on": "2026-09-01", "ends_on": "2026-09-30"}},
    "/timetable": {"json": {"lessons": [{"on": "2026-09-01", "number": 1, "begins": "09:00", "ends": "10:00", "room": "A1", "teacher": "孙三"}]}},
    "/statement": {"json": {"points": ["我们不同意"]}},
    "/hearing-request": {"json": {"reason": "要求听证"}},
    "/readmission-application": {"json": {"points": ["已整改"]}},
    "/explanations": {
        "json": {"start_at": "2026-09-01T09:00:00+08:00", "end_at": "2026-09-01T09:30:00+08:00", "cause": "power-cut", "text": "全区停电"}
    },
}

CLIENTS = ExitStack()


@pytest.fixture(autouse=True)
def clients_closed_before_the_site_stops(site: Site) -> Iterator[None]:
    yield
    CLIENTS.close()


class Caller:
    """One person's HTTP client; looks at the headers of every answer."""

    def __init__(self, site: Site, cookie: str = "", key: str = "") -> None:
        headers = {"Accept": "application/json", "X-ClassProof": "1"} | ({"Authorization": f"Bearer {key}"} if key else {})
        cookies = {cookie_name(site.services.settings): cookie} if cookie else None
        self.site = site
        # no TLS here, and loading the authorities for each client costs more than the requests
        self.client = CLIENTS.enter_context(httpx.Client(base_url=site.url, headers=headers, cookies=cookies, timeout=30, verify=False))  # noqa: S501

    def renew(self, account: Account) -> None:
        """A fresh session: a change may have ended the one before."""
        self.client.cookies.set(cookie_name(self.site.services.settings), token_of(self.site.services, account.id))

    def ask(self, method: str, path: str, **how: object) -> httpx.Response:
        answer = self.client.request(method, path, **how)  # type: ignore[arg-type]  # keywords of httpx
        assert answer.status_code < 500 or answer.status_code == 503, (method, path, answer.text)
        assert [h for h in HEADERS if h not in answer.headers] == [], (method, path)
        return answer


def code_of(answer: httpx.Response) -> str:
    """The code of a refusal; empty when it is none."""
    if not answer.headers.get("content-type", "").startswith("application/problem+json"):
        return ""
    return str(answer.json()["type"]).rpartition("/")[2]


def filled(path: str, ids: dict[str, str] | None = None) -> str:
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: (ids or {}).get(found[1]) or str(uuid4()), path)


@pytest.fixture
def rows(site: Site) -> list[MatrixRow]:
    found = rows_of_routes(site.services)
    assert len(found) > 50
    return found


@pytest.fixture
def worlds(site: Site) -> tuple[World, World]:
    with site.services.database.transaction(SYSTEM) as session:
        now = site.services.clock.now_at()
        return make_world(session, now), make_world(session, now, name=OTHER)


def test_the_matrix_is_what_every_role_gets(site: Site, rows: list[MatrixRow], worlds: tuple[World, World]) -> None:
    wrong = []
    for role in (None, *Role):
        account = account_of(site.services, role, worlds[0].institution.id) if role else None
        caller, ended = Caller(site), True
        for row in rows:
            if account and ended:
                caller.renew(account)
            ended = row.method not in SAFE_METHODS and row.refusals[role] is None  # what was allowed may have ended the session
            answer = caller.ask(row.method, filled(row.path))
            said, expected = code_of(answer), row.refusals[role]
            if (said != expected) if expected else (said in REFUSALS and not row.rule.public):
                wrong.append((str(role), row.method, row.path, expected, answer.status_code, said))
    assert not wrong, "\n".join(map(str, wrong))


def test_a_foreign_page_changes_nothing(site: Site, rows: list[MatrixRow], worlds: tuple[World, World]) -> None:
    wrong = []
    callers: dict[Role, tuple[Caller, Caller]] = {}  # nothing they ask is done, so their sessions last
    for row in (r for r in rows if r.method not in SAFE_METHODS):
        role = next((role for role in Role if row.refusals[role] is None), None)
        if role is None:
            continue
        if role not in callers:
            token = token_of(site.services, account_of(site.services, role, worlds[0].institution.id).id)
            callers[role] = Caller(site, token), Caller(site, token)
            del callers[role][1].client.headers["X-ClassProof"]
        elsewhere, bare = callers[role]
        foreign = elsewhere.ask(row.method, filled(row.path), headers={"Origin": "https://elsewhere.example"})
        tokenless = bare.ask(row.method, filled(row.path), data={"a": "b"}) if not row.rule.public else foreign
        wrong += [(row.method, row.path, a.status_code, code_of(a)) for a in (foreign, tokenless) if a.status_code != 403]
    assert not wrong, "\n".join(map(str, wrong))


def test_a_key_with_one_scope_reaches_its_routes_only(site: Site, rows: list[MatrixRow], worlds: tuple[World, World]) -> None:
    wrong = []
    owners = [account_of(site.services, role, worlds[0].institution.id).id for role in (Role.INSTITUTION_OPERATOR, Role.BUREAU_OFFICER)]
    for owner_id in owners:
        for scope in sorted(SCOPES):
            with site.services.database.transaction(SYSTEM) as session:
                owner = session.get_one(Account, owner_id)
                key = create_key(session, owner, name=scope, scopes=frozenset({scope}), expires_at=None, at=site.services.clock.now_at())
            caller = Caller(site, key=key.secret)
            for row in rows:
                if row.rule.public or row.refusals[owner.role] is not None:
                    continue
                said = code_of(caller.ask(row.method, filled(row.path)))
                if (said == "scope-missing") == (row.rule.scopes == {scope}):
                    wrong.append((owner.role.value, scope, row.method, row.path, said))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.fixture
def foreign_ids(site: Site, worlds: tuple[World, World]) -> Iterator[dict[str, str]]:
    """What the other institution's things are called, by parameter name."""
    other = worlds[1]
    now = site.services.clock.now_at()
    with site.services.database.transaction(SYSTEM) as session:
        wanted = uploads.Wanted(other.institution.id, other.file_name(), 4096, "f" * 64)
        upload, recording, _ = footage.announce(
            session, site.services.buckets.evidence, wanted, footage.Choice(), rules=(RULE, COVERAGE), actor=SYSTEM_ACTOR, at=now
        )
        gap = Span(other.slot.span.lower, other.slot.span.upper)
        footage.explain(session, other.slot, gap, cause="power-cut", text="隔壁停电", rule=COVERAGE, actor=SYSTEM_ACTOR, at=now)
        session.flush()
        explanation = session.scalars(select(GapExplanation.id).where(GapExplanation.slot_id == other.slot.id)).one()
        head = account_of(site.services, Role.INSTITUTION_HEAD, other.institution.id)
        key = create_key(session, head, name="recorder", scopes=frozenset({"upload:write"}), expires_at=None, at=now)
        entry = session.scalars(select(LedgerEntry.id).where(LedgerEntry.tenant_id == other.institution.id).limit(1)).one()
        found: dict[str, UUID | int | str] = {
            "institution_id": other.institution.id,
            "slot_id": other.slot.id,
            "upload_id": upload.id,
            "recording_id": recording.id,
            "explanation_id": explanation,
            "entry_id": entry,
            "key_id": key.row.id,
            "code": other.training_class.code,
            "class_code": other.training_class.code,
            "position": 1,
        }
    yield {name: str(value) for name, value in found.items()}


def test_another_institutions_things_do_not_exist(
    site: Site, rows: list[MatrixRow], worlds: tuple[World, World], foreign_ids: dict[str, str]
) -> None:
    wrong = []
    secrets = [OTHER, worlds[1].institution.code, worlds[1].file_name(), "隔壁停电"]
    for role in sorted(INSTITUTION):
        account = account_of(site.services, role, worlds[0].institution.id)
        caller, ended = Caller(site), True
        for row in rows:
            if row.rule.public or row.refusals[role] is not None:
                continue
            if ended:
                caller.renew(account)
            ended = row.method not in SAFE_METHODS
            path = filled(row.path, foreign_ids)
            how = next((body for end, body in BODIES.items() if row.path == end or path.endswith(end) or row.method == end), {})
            answer = caller.ask(row.method, path, **how)
            own = set(re.findall(r"\{(\w+)", row.path)) & set(foreign_ids)
            shown = [word for word in secrets if word in answer.text.replace(path, "")]
            if (own and answer.status_code != 404) or shown:
                wrong.append((role.value, row.method, row.path, answer.status_code, code_of(answer), shown))
    assert not wrong, "\n".join(map(str, wrong))
