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
