"""An officer sees who shares people, cameras, an account or a place with an excluded institution. F-29; R43, R47."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from api.auth.roles import Role
from storage.database.session import SYSTEM
from supervision.institutions.models import Institution
from tests.factories.county import County
from tests.factories.world import World, make_world
from tests.integration.exit.stage import ExitStage
from tests.site_fixtures import Hands, Site


@pytest.fixture
def county(site: Site, hands: Hands, run_jobs: Callable[[], None]) -> Iterator[County]:
    with site.services.database.transaction(SYSTEM) as session:
        world = make_world(session, site.services.clock.now_at(), name="旧校")
    made = County(site, hands, world, run_jobs)
    yield made
    for client in made.clients:
        client.close()


def exclude(county: County, world: World, *, readmitted: bool = False) -> str:
    """An exclusion as it comes about: an audit, the whole procedure, a decision served. Returns the code of the case."""
    with county.site.services.database.transaction(SYSTEM) as session:
        stage = ExitStage(session, now=county.site.services.clock.now_at() - timedelta(days=500))
        case = stage.in_force(stage.audited(session.get_one(Institution, world.institution.id)))
        if readmitted:
            stage.publish(case)
            stage.later(days=366)
            stage.end_term(case)
            stage.apply(case)
            stage.assess(case)
            stage.readmit(case)
        return case.code


def another(county: County, name: str, **people: str) -> Institution:
    """A registered institution, by default with nobody and nothing of the first."""
    with county.site.services.database.transaction(SYSTEM) as session:
        made = make_world(session, county.site.services.clock.now_at(), name=name).institution
        made.legal_representative, made.principal = people.get("legal_representative", "李某"), people.get("principal", "周某")
        session.flush()
        return made


def test_a_new_name_with_the_old_legal_representative_is_told_on_list_page_and_registry(county: County) -> None:
    case = exclude(county, county.world)
    new = another(county, "新校", legal_representative="钱 二")
    another(county, "不相干")  # shares the address of the factory and one teacher: one weak trait
    officer = county.person(Role.BUREAU_OFFICER)
    officer.http.headers["Accept"] = "text/html"
    officer.http.cookies.set("lang", "zh")
    page = officer.http.get("/exit/successors").text
    assert "新校" in page and "法定代表人" in page and "钱二" in page and case in page
    assert "不相干" not in page, "one weak trait is not told"
    assert "/exit/successors" in officer.http.get("/exit").text
    assert f"/exit/successors?institution={new.code}" in officer.http.get(f"/registry/{new.id}").text
    assert "新校" in officer.http.get(f"/exit/successors?institution={new.code}").text
    assert "没有机构" in officer.http.get("/exit/successors?institution=XX").text


def test_without_an_exclusion_or_after_a_readmission_there_is_nothing_to_tell(county: County) -> None:
    another(county, "新校", legal_representative="钱二")
    officer = county.person(Role.LEGAL_OFFICER)
    officer.http.headers["Accept"] = "text/html"
    officer.http.cookies.set("lang", "en")
    assert "Nobody shares enough" in officer.http.get("/exit/successors").text
    exclude(county, county.world, readmitted=True)
    assert "Nobody shares enough" in officer.http.get("/exit/successors").text


@pytest.mark.parametrize(
    "role", [Role.INSTITUTION_HEAD, Role.INSTITUTION_OPERATOR, Role.DEPARTMENT_OFFICER, Role.INSPECTOR, Role.THIRD_PARTY_VERIFIER]
)
def test_nobody_outside_of_the_office_sees_the_leads(county: County, role: Role) -> None:
    exclude(county, county.world)
    assert county.person(role).http.get("/exit/successors").status_code == 403
