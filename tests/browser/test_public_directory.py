"""The public directory without script, on a phone and wide; the bureau's overview, targets, reports and the watch. G23, G25, G26."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from api.auth.roles import Role
from storage.database.session import SYSTEM
from storage.kernel.actor import SYSTEM_ACTOR
from supervision.classes.models import Category
from supervision.findings.lifecycle import FindingState
from supervision.findings.rules import Severity
from supervision.institutions import service as registry
from supervision.institutions.models import Tier
from supervision.outcomes.models import Result
from tests.browser.conftest import People, in_both, look
from tests.factories.outcomes import another_class, enrol, published_finding
from tests.factories.world import World, make_world
from tests.site_fixtures import Site


@pytest.fixture
def county(site: Site) -> World:
    """Three institutions: one with findings, tier and trainees, one with a very long name, one excluded."""
    with site.services.database.transaction(SYSTEM) as session:
        now = site.services.clock.now_at()
        today = site.services.clock.today_on()
        first = make_world(session, now)
        make_world(session, now, name="古县农村劳动力转移就业职业技能培训与创业服务综合学校有限责任公司第二教学部")
        enrol(session, first.training_class, 40, result=Result.PASSED, ended_on=today - timedelta(days=40))
        orders = another_class(session, first, Category.ORDER, task=80, starts_on=today - timedelta(days=3), ends_on=today, now=now)
        enrol(session, orders, 25)
        published_finding(session, first, severity=Severity.SERIOUS)
        published_finding(session, first)
        published_finding(session, first, state=FindingState.CONFIRMED)
        registry.record_tier(
            session,
            first.institution,
            tier=Tier.C,
            from_on=today - timedelta(days=90),
            document="古人社发〔2026〕3号",
            actor=SYSTEM_ACTOR,
            at=now,
        )
        return first


@pytest.fixture
def plain(people: People) -> Iterator[Page]:
    """A browser without JavaScript."""
    context = people.browser.new_context(java_script_enabled=False, base_url=people.site.url, locale="zh-CN")
    people.contexts.append(context)
    yield context.new_page()


def test_somebody_without_script_finds_a_school_by_trade_and_reads_why_it_stands_like_this(plain: Page, county: World) -> None:
    plain.goto("/public")
    plain.get_by_label("工种").fill("面点")
    plain.get_by_role("button", name="搜索", exact=True).click()
    expect(plain.get_by_text("共2家机构")).to_be_visible()
    plain.get_by_role("link", name=county.institution.name, exact=True).click()
    expect(plain.get_by_role("heading", level=1, name=county.institution.name)).to_be_visible()
    expect(plain.get_by_text("已公布严重问题1个")).to_be_visible()
    plain.get_by_text("这些是什么意思？").click()
    expect(plain.get_by_text("C级：存在较明显的问题，抽查频次提高。").last).to_be_visible()


def test_the_public_pages_are_for_everybody(people: People, county: World) -> None:
    page = people.stranger("zh")
    in_both(page, people, "/public/institutions", "directory")
    in_both(page, people, f"/public/institutions/{county.institution.code}", "institution-public")
    look(page, "/public/exclusions", "exclusions")
    look(page, "/public/feeds", "feeds")
    look(page, "/public", "public-front")


def test_an_officer_prepares_a_report_a_leader_signs_it_and_the_auditor_watches_both(people: People, county: World) -> None:
    officer, leader = people.signed_in(Role.BUREAU_OFFICER), people.signed_in(Role.BUREAU_LEADER)
    in_both(officer, people, "/dashboard", "dashboard")
    officer.goto("/targets/figures")
    officer.get_by_label("Persons", exact=True).fill("310")
    officer.get_by_label("Document", exact=True).fill("晋技能办函〔2026〕3号")
    officer.get_by_role("button", name="State it", exact=True).click()
    expect(officer.get_by_role("cell", name="310", exact=True)).to_be_visible()
    in_both(officer, people, "/targets", "targets")
    look(officer, "/targets/figures", "figures")
    look(officer, "/targets/classes", "target-classes")
    officer.goto("/reports")
    officer.get_by_role("button", name="Prepare").first.click()
    expect(officer.get_by_text("A leader who did not prepare it signs.")).to_be_visible()
    path = officer.url.removeprefix(people.site.url)
    in_both(leader, people, path, "report")
    leader.get_by_role("button", name="Sign the report", exact=True).click()
    expect(leader.get_by_role("button", name="Sign the report", exact=True)).to_have_count(0)
    in_both(leader, people, "/reports", "reports")
    officer.goto("/responsible")
    officer.get_by_text("Register a plan", exact=True).click()
    for label, words in (("Department", "古县农业农村局"), ("Title of the plan", "2026年培训管理方案"), ("Document", "古农发〔2026〕3号")):
        officer.get_by_label(label, exact=True).fill(words)
    officer.get_by_label("Section responsible", exact=True).fill("科教股")
    officer.get_by_label("Person responsible", exact=True).fill("彭向阳")
    officer.get_by_role("button", name="Register", exact=True).click()
    expect(officer.get_by_role("cell", name="彭向阳", exact=True)).to_be_visible()
    in_both(officer, people, "/responsible", "responsible")
    auditor = people.signed_in(Role.AUDITOR)
    in_both(auditor, people, "/watch", "watch")
    auditor.goto("/watch")
    auditor.get_by_role("row", name="biweekly report").get_by_role("link").first.click()
    expect(auditor.get_by_role("heading", level=1, name="Decisions")).to_be_visible()
    expect(auditor.locator("tbody tr")).to_have_count(1)
