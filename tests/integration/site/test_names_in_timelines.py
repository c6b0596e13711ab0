"""Who did a thing is told by name inside the bureau, and by the hat alone to an institution: a login is nobody's business outside. UI.md."""

from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request

from api.auth.models import Account
from api.auth.roles import Role
from api.http.services import Services
from api.pages.frame import Viewer
from api.pages.persons import display_name, namer, person_teller
from storage.database.session import BUREAU, SYSTEM, Scope
from tests.factories.world import make_world
from tests.people import account_of


@dataclass
class Move:
    actor_kind: str
    actor_id: UUID | None
    actor_name: str
    actor_role: str


def by(account: Account) -> Move:
    return Move("account", account.id, account.login_name, account.role.value)


def test_a_timeline_names_people_to_those_who_may_know_them(services: Services) -> None:
    with services.database.transaction(SYSTEM) as session:
        tenant = make_world(session, services.clock.now_at()).institution.id
    officer, head = account_of(services, Role.BUREAU_OFFICER), account_of(services, Role.INSTITUTION_HEAD, tenant)
    nightly = Move("system", None, "detect-exits", "scheduler")
    recorder = Move("api_key", None, f"{head.login_name}/05ede1b7a637", head.role.value)
    moves = [by(officer), by(head), nightly, recorder]

    def told(scope: Scope) -> list[str]:
        with services.database.transaction(scope) as session:
            named = namer(session, moves, "zh")
            return [named(move) for move in moves]

    by_key = f"{head.display_name} · 机构负责人 · 接口密钥 05ede1b7a637"
    assert told(BUREAU) == [f"{officer.display_name} · 业务科室", f"{head.display_name} · 机构负责人", "定时处理", by_key]
    assert told(Scope("institution", tenant)) == ["业务科室", f"{head.display_name} · 机构负责人", "定时处理", by_key]
    with services.database.transaction(Scope("institution", tenant)) as session:
        assert display_name(session, officer.id, "—") == "—"
        assert display_name(session, None, "detect-exits") == "detect-exits"


def test_a_login_beside_a_record_is_told_by_name_or_as_the_bureau(services: Services) -> None:
    with services.database.transaction(SYSTEM) as session:
        tenant = make_world(session, services.clock.now_at()).institution.id
    officer, head = account_of(services, Role.BUREAU_OFFICER), account_of(services, Role.INSTITUTION_HEAD, tenant)
    asked = [officer.login_name, f"{head.login_name}/05ede1b7a637", "分管领导 邓振华"]

    def told(scope: Scope, institution: str) -> list[str]:
        with services.database.transaction(scope) as session:
            request = Request({"type": "http", "headers": [], "state": {"transaction": session, "viewer": Viewer("", "", institution)}})
            return [person_teller(request, "zh")(name) for name in asked]

    assert told(BUREAU, "") == [officer.display_name, head.display_name, "分管领导 邓振华"]
    assert told(Scope("institution", tenant), "GX001") == ["人社局", head.display_name, "分管领导 邓振华"]
