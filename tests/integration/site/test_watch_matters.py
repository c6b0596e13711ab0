"""The pages of who watches the watchers name a matter by its code, lead to its page, and name people by their names. G26."""

from datetime import timedelta
from uuid import uuid4

from starlette.routing import Match

from api.auth.roles import Role
from api.http.services import Services
from api.pages.persons import names_of
from api.pages.watch.matters import PAGES, Matter, matters
from compliance.reports.watch_queries import Decision
from storage.database.session import BUREAU, SYSTEM
from storage.kernel.actor import Actor
from supervision.sampling import service as sampling
from supervision.sampling.draw import SamplingRule
from supervision.sampling.lifecycle import DrawMethod
from tests.factories.world import make_world
from tests.people import account_of
from tests.site_fixtures import application_of


def test_a_decision_is_called_by_its_code_and_leads_to_its_page(services: Services) -> None:
    now = services.clock.now_at()
    with services.database.transaction(SYSTEM) as session:
        make_world(session, now)
    officer = account_of(services, Role.BUREAU_OFFICER)
    with services.database.transaction(BUREAU) as session:
        round_ = sampling.plan(
            session,
            method=DrawMethod.PROPORTIONAL,
            title="抽查",
            period_starts_on=now.date() - timedelta(days=5),
            period_ends_on=now.date(),
            rule=SamplingRule(1000, 100, 800),
            public_source="约定数字",
            public_at=now + timedelta(minutes=1),
            actor=Actor("account", officer.login_name, officer.role.value, officer.id),
            clock=services.clock,
        )

        def decided(machine: str, subject: object = None) -> Decision:
            return Decision(uuid4(), now, machine, subject or uuid4(), "freeze", officer.login_name, "", 1.0)  # type: ignore[arg-type]

        rows = [decided("draw-round", round_.id), decided("draw-round"), decided("review-mark", round_.id), *(decided(one) for one in PAGES)]
        assert matters(session, rows) == {round_.id: Matter(round_.code, f"/draws/{round_.code}")}
        assert names_of(session, [officer.login_name, "nobody"]) == {officer.login_name: officer.display_name}


def test_every_page_that_is_named_is_there(services: Services) -> None:
    with application_of(services) as app:
        for _, page in PAGES.values():
            path = page.format(id=uuid4(), name=uuid4())
            scope = {"type": "http", "method": "GET", "path": path, "headers": [], "root_path": "", "app": app}
            assert any(route.matches(scope)[0] is Match.FULL for route in app.router.routes), path
