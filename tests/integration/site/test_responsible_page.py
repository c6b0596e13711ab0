"""/responsible with real rows: who selected and who uses the funds (R80), payments entered late (R86, R87), each as its reader sees it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from html import unescape

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.auth.identify import cookie_name
from api.auth.roles import Role
from compliance.reports.entries import EntryRule
from compliance.subsidy import claims, service
from compliance.subsidy.models import PayeeKind
from storage.database.session import SYSTEM
from tests.factories.subsidised import HEAD, LEADER, OFFICER, finished_class, rules_on
from tests.factories.world import World, make_world
from tests.people import account_of, token_of
from tests.site_fixtures import Hands, Site

OWN = "古县农业农村局"


@contextmanager
def reader(site: Site, role: Role, **changes: object) -> Iterator[httpx.Client]:
    account = account_of(site.services, role, **changes)  # type: ignore[arg-type]  # keywords
    cookies = {cookie_name(site.services.settings): token_of(site.services, account.id), "lang": "zh"}
    headers = {"X-ClassProof": "1", "Accept": "text/html,application/json"}
    with httpx.Client(base_url=site.url, cookies=cookies, headers=headers) as client:
        yield client


def table(client: httpx.Client, year: int, section: str) -> list[list[str]]:
    """The rows of one section as a reader sees them."""
    page = client.get("/responsible", params={"year": year})
    assert page.status_code == 200, page.text
    found = re.search(rf'<section aria-labelledby="{section}">.*?<tbody>(.*?)</tbody>', page.text, re.DOTALL)
    if found is None:
        return []
    lines = re.findall(r"<tr[^>]*>(.*?)</tr>", found.group(1), re.DOTALL)
    return [[unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", line, re.DOTALL)] for line in lines]


@pytest.fixture
def school(site: Site) -> World:
    with site.services.database.transaction(SYSTEM) as session:
        return make_world(session, site.services.clock.now_at())


def agreement(world: World, number: str, year: int, **told: str) -> dict[str, object]:
    return {
        "number": number,
        "year": year,
        "category": "universal",
        "task_persons": 30,
        "signed_on": f"{year}-01-05",
        "valid_from": f"{year}-01-05",
        "valid_until": f"{year}-12-31",
        "teaching_points": [f"{world.institution.code}-P1"],
        **told,
    }


def test_who_selected_and_who_uses_the_funds_stand_beside_each_agreement(site: Site, school: World) -> None:
    year = site.services.clock.today_on().year
    path = f"/api/v1/institutions/{school.institution.id}/agreements"
    told = {"selected_by": f"  {OWN} ", "selection_document": "古农发〔2026〕9号 评选记录", "funds_used_by": "古县民政局"}
    with reader(site, Role.BUREAU_OFFICER) as officer:
        for body in (agreement(school, "协-1", year, **told), agreement(school, "协-2", year), agreement(school, "协-3", year - 1, **told)):
            made = officer.post(path, json=body)
            assert made.status_code == 201, made.text
        rows = {row[0]: row for row in table(officer, year, "answerable")}
        name = school.institution.name
        assert rows["协-1"] == ["协-1", name, OWN, "古农发〔2026〕9号 评选记录", "古县民政局"]
        assert rows["协-2"] == ["协-2", name, "人社局", "–", "人社局"]  # nobody named: the bureau itself answers
        assert "协-3" not in rows
        assert [row[0] for row in table(officer, year - 1, "answerable")] == ["协-3"]
        shown = officer.get(f"/registry/{school.institution.id}").text
        assert "古农发〔2026〕9号 评选记录" in shown


@pytest.mark.parametrize(("department", "seen"), [(OWN, ["协-1"]), ("古县民政局", ["协-1"]), ("古县教育局", [])])
def test_a_department_reads_the_agreements_that_it_answers_for(site: Site, school: World, department: str, seen: list[str]) -> None:
    year = site.services.clock.today_on().year
    path = f"/api/v1/institutions/{school.institution.id}/agreements"
    with reader(site, Role.BUREAU_OFFICER) as officer:
        for body in (agreement(school, "协-1", year, selected_by=OWN, funds_used_by="古县民政局"), agreement(school, "协-2", year)):
            assert officer.post(path, json=body).status_code == 201
    with reader(site, Role.DEPARTMENT_OFFICER, department=department) as client:
        assert [row[0] for row in table(client, year, "answerable") if len(row) > 1] == seen
        assert table(client, year, "late") == []  # what was entered late is the bureau's


def test_a_payment_entered_after_its_working_days_is_listed_with_the_days_and_one_in_time_is_not(site: Site, hands: Hands) -> None:
    services = site.services
    rules, key = rules_on(services.clock.now_at()), Ed25519PrivateKey.generate()
    with services.database.transaction(SYSTEM) as session:
        world = finished_class(session, services.clock.now_at())
        service.issue(session, world.training_class, rules, key=key, actor=OFFICER, clock=services.clock)
        row = claims.submit(session, world.training_class, rules, payee="鑫诚", account="6222000011112222", actor=HEAD, clock=services.clock)
        claims.check(session, row.code, rules, yuan=row.claimed_yuan, actor=OFFICER, clock=services.clock)
        claims.approve(session, row.code, actor=LEADER, clock=services.clock)
        code, claimed = row.code, row.claimed_yuan
    paid_on = services.clock.today_on()
    due_on = services.policy.read(EntryRule, paid_on).payment_due_on(paid_on)

    def enter(voucher: str, on: date, yuan: int) -> None:
        with services.database.transaction(SYSTEM) as session:
            by = {"payee_kind": PayeeKind.INSTITUTION, "payee": "鑫诚", "actor": OFFICER, "clock": services.clock}
            claims.pay(session, code, amount_yuan=yuan, paid_on=on, voucher=voucher, **by)  # type: ignore[arg-type]  # keywords

    hands.forward(days=(due_on - paid_on).days)
    enter("凭-及时", paid_on, 50)  # on the last day
    hands.forward(days=3)
    enter("凭-迟3天", paid_on, 50)
    hands.forward(days=17)
    enter("凭-迟20天", paid_on, claimed - 150)
    enter("凭-当天", services.clock.today_on(), 50)
    with reader(site, Role.BUREAU_OFFICER) as officer:
        found = [row for row in table(officer, paid_on.year, "late") if row[1].startswith("凭")]
    shown = [(row[1], row[2], row[5]) for row in found]
    name = world.institution.name
    assert shown == [("凭-迟20天", name, "20"), ("凭-迟3天", name, "3")]  # the latest first
    entered_on = due_on + timedelta(days=3)
    assert found[1][3:5] == [f"{due_on.year}年{due_on.month}月{due_on.day}日", f"{entered_on.year}年{entered_on.month}月{entered_on.day}日"]


def test_a_class_whose_roster_and_results_came_late_leads_to_its_page(site: Site, hands: Hands) -> None:
    with site.services.database.transaction(SYSTEM) as session:
        world = finished_class(session, site.services.clock.now_at())  # a class of a week ago, entered today
    year = world.training_class.starts_on.year
    with reader(site, Role.AUDITOR) as auditor:
        rows = [row for row in table(auditor, year, "late") if row[1] == world.training_class.code]
        late = (site.services.clock.today_on() - world.training_class.starts_on).days
        assert {row[5] for row in rows} == {str(late)}
        assert len(rows) == 2  # the class and its roster; the results have days left
        assert f'href="/classes/{world.training_class.code}"' in auditor.get("/responsible", params={"year": year}).text
