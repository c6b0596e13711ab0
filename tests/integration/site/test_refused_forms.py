"""A refused form of the registry, the draws, the keys and the accounts names its fields as the page does and keeps every choice. UI.md."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from api.auth.roles import Role
from storage.database.session import SYSTEM
from tests.factories.county import County, Person
from tests.factories.world import make_world
from tests.integration.site.page_forms import forms_of, refused
from tests.site_fixtures import Hands, Site


@dataclass
class Office:
    county: County
    officer: Person
    administrator: Person
    posted: set[str]

    def reject_all(self, who: Person, path: str, *, rubbish: bool = True) -> None:
        """Nothing at all and rubbish, in both languages, in every form of the page."""
        who.http.headers["Accept"] = "text/html"
        for language in ("en", "zh"):
            who.http.cookies.set("lang", language)
            for action, form in forms_of(who.http, path).items():
                for sent in [form.nothing(), form.rubbish()] if rubbish else [form.nothing()]:
                    lines = " ".join(refused(who.http, form, sent).alert)
                    assert not re.search(r"[a-z]+_[a-z]+", lines), lines
                    assert bool(re.search(r"[\u4e00-\u9fff]", lines)) is (language == "zh"), lines
                self.posted.add(re.sub(r"[0-9a-f-]{36}|D\d+-\d+|T\d+[\w-]*", "…", action))


@pytest.fixture
def office(site: Site, hands: Hands, run_jobs: Callable[[], None]) -> Iterator[Office]:
    with site.services.database.transaction(SYSTEM) as session:
        world = make_world(session, site.services.clock.now_at(), days_ago=-2)
    county = County(site, hands, world, run_jobs)
    yield Office(county, county.person(Role.BUREAU_OFFICER), county.person(Role.ADMINISTRATOR), set())
    for client in county.clients:
        client.close()


def test_every_refused_form_names_its_fields_in_words_and_keeps_what_was_typed(office: Office, hands: Hands) -> None:
    officer, administrator, county = office.officer, office.administrator, office.county
    other = county.person(Role.LEGAL_OFFICER)
    for who, path in (
        (administrator, "/registry"),
        (administrator, f"/registry/{county.world.institution.id}"),
        (officer, f"/classes/{county.world.training_class.code}"),
        (administrator, "/keys"),
        (administrator, "/accounts/new"),
        (administrator, f"/accounts/{officer.account.id}"),
        (officer, "/draws"),
        (officer, "/exit/lists/statutory"),
    ):
        office.reject_all(who, path)
    officer.http.headers["Accept"] = "application/json"
    coming = county.site.services.clock.today_on() + timedelta(days=5)
    code = county.planned(officer, period_ends_on=coming.isoformat(), on_site=True)  # the lesson has no footage yet
    values = county.committed(code, [officer, other])
    office.reject_all(officer, f"/draws/{code}")
    hands.forward(minutes=2)
    for party, value in values.items():
        officer.http.post(f"/api/v1/draws/{code}/reveals", json={"party": party, "value": value.hex()})
    office.reject_all(officer, f"/draws/{code}")
    adding = {f"/registry/…/{what}" for what in ("tiers", "qualifications", "teaching-points", "rooms", "cameras", "agreements", "classes")}
    assert office.posted == adding | {
        "/registry",
        "/classes/…/end",
        "/classes/…/lessons/…/cancel",
        "/keys",
        "/accounts",
        "/accounts/…/shut",
        "/draws",
        "/draws/…/reveal",
        "/draws/…/public-value",
        "/draws/…/void",
        "/exit/lists/statutory",
    }


def test_an_empty_form_of_the_judgement_names_its_fields_in_words_too(office: Office) -> None:
    world, inspector = office.county.world, office.county.person(Role.INSPECTOR)
    for path in ("/responsible", "/targets/figures", f"/records?institution={world.institution.code}", "/credit/items"):
        office.reject_all(office.officer, path, rubbish=False)
    office.reject_all(office.officer, f"/inspectors/{inspector.name}/interests", rubbish=False)
    office.reject_all(office.county.person(Role.INSTITUTION_HEAD), f"/slots/{world.slot.id}", rubbish=False)
    assert len(office.posted) == 10
