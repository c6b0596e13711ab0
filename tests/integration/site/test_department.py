"""An industry department organises its own universal classes and sees those alone. R23, R83; domain.md (d)."""

from collections.abc import Iterator

import httpx
import pytest

from api.auth.identify import cookie_name
from api.auth.roles import Role
from storage.database.session import SYSTEM
from storage.kernel.errors import InvalidInput
from tests.factories.world import World, make_world
from tests.people import account_of, token_of
from tests.site_fixtures import Site

OWN, OTHER = "古县农业农村局", "古县民政局"


@pytest.fixture
def worlds(site: Site) -> tuple[World, World, World]:
    with site.services.database.transaction(SYSTEM) as session:
        now = site.services.clock.now_at()
        return (
            make_world(session, now, department=OWN, name="鑫诚职业培训学校"),
            make_world(session, now, department=OTHER, name="禾苗职业技能培训中心"),
            make_world(session, now, name="宏图达职业培训学校"),
        )


@pytest.fixture
def officer(site: Site) -> Iterator[httpx.Client]:
    account = account_of(site.services, Role.DEPARTMENT_OFFICER, department=OWN)
    cookies = {cookie_name(site.services.settings): token_of(site.services, account.id)}
    with httpx.Client(base_url=site.url, cookies=cookies) as client:
        yield client


def test_only_the_own_classes_stand_in_the_ledger(worlds: tuple[World, World, World], officer: httpx.Client) -> None:
    own, other, plain = worlds
    page = officer.get("/coverage").text
    assert own.training_class.code in page
    lines = officer.get("/api/v1/coverage").json()
    assert {line["slot_id"] for line in lines} == {str(slot.id) for slot in own.slots}
    for hidden in (other, plain):
        assert hidden.training_class.code not in page


def test_anothers_slot_and_class_are_not_found(worlds: tuple[World, World, World], officer: httpx.Client) -> None:
    own, *hidden = worlds
    assert officer.get(f"/slots/{own.slot.id}").status_code == 200
    assert officer.get(f"/classes/{own.training_class.code}").status_code == 200
    for world in hidden:
        assert officer.get(f"/slots/{world.slot.id}").status_code == 404
        assert officer.get(f"/classes/{world.training_class.code}").status_code == 404


@pytest.mark.parametrize(
    "path", ["/recordings", "/registry", "/api/v1/recordings", "/api/v1/findings", "/api/v1/explanations", "/api/v1/institutions", "/findings"]
)
def test_what_is_not_by_class_is_closed(officer: httpx.Client, path: str) -> None:
    assert officer.get(path).status_code == 403


def test_an_officer_without_a_department_cannot_be_made(site: Site) -> None:
    with pytest.raises(InvalidInput) as refused:
        account_of(site.services, Role.DEPARTMENT_OFFICER, department=" ")
    assert refused.value.facts["errors"] == [{"where": "department", "code": "missing", "value": None}]


def test_an_officer_registers_the_plan_of_the_own_department_and_sees_no_other(
    worlds: tuple[World, World, World], officer: httpx.Client, site: Site
) -> None:
    assert f"{OWN} organises classes" in officer.get("/responsible", headers={"Accept-Language": "en"}).text
    plan = {"year": "2026", "department": OTHER, "title": "培训管理方案", "document": "古农发〔2026〕3号", "section": "科教股", "person": "彭向阳"}
    year = str(site.services.clock.today_on().year)
    answer = officer.post("/responsible/plans", data=plan | {"year": year}, headers={"X-ClassProof": "1"})
    assert answer.status_code == 303
    page = officer.get("/responsible").text
    assert "科教股" in page and "彭向阳" in page
    assert OTHER not in page  # what was typed did not make it another department's plan
    assert officer.post("/responsible/persons", data={"duty": "biweekly"}, headers={"X-ClassProof": "1"}).status_code == 403


def test_the_bureau_names_who_reports_and_sees_which_department_has_no_plan(worlds: tuple[World, World, World], site: Site) -> None:
    account = account_of(site.services, Role.BUREAU_OFFICER)
    cookies = {cookie_name(site.services.settings): token_of(site.services, account.id)}
    with httpx.Client(base_url=site.url, cookies=cookies, headers={"X-ClassProof": "1", "Accept-Language": "en"}) as bureau:
        page = bureau.get("/responsible").text
        assert f"{OWN} organises classes" in page and f"{OTHER} organises classes" in page
        assert "Nobody is named who sends it." in bureau.get("/reports").text
        person = {"duty": "biweekly", "unit": "古县人社局", "named_section": "培训科", "named_person": "袁海燕", "from_on": "2026-01-01"}
        assert bureau.post("/responsible/persons", data=person).status_code == 303
        assert "Sent by 袁海燕" in bureau.get("/reports").text
        wrong = bureau.post("/responsible/persons", data=person | {"from_on": "gestern", "named_person": ""})
        assert wrong.status_code == 422 and "gestern" not in wrong.headers.get("location", "")
        own = bureau.get(f"/classes/{worlds[0].training_class.code}").text
        assert "Funds used by" in own and "Selected by" in own
