"""Pages of judgement show no code and no English to a Chinese reader, lead on from every state, and from a number to its list. UI.md."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import httpx
import pytest

from api.auth.roles import Role
from api.policy import Policy
from compliance.policy.book import Book
from compliance.rating import service as rating
from compliance.rating.ruleset import in_force
from compliance.reports import service as reports
from compliance.reports.periods import ReportRule, ended_periods
from compliance.reports.rules import TargetRule
from storage.database.session import SYSTEM
from storage.kernel.actor import Actor
from supervision.institutions.models import Institution
from supervision.outcomes import official
from tests.factories.county import County, Person
from tests.factories.subsidised import OFFICER, finished_class
from tests.site_fixtures import Hands, Site

UUID_TEXT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}")


def words_of(html: str) -> str:
    """What a person reads of a page: no tags, no addresses, no names of states in attributes."""
    body = html[html.index("<main") :]
    return re.sub(r"\s+", " ", re.sub(r"<(script|style|svg|code|option)\b.*?</\1>|<[^>]+>", " ", body, flags=re.DOTALL))


@pytest.fixture
def county(site: Site, hands: Hands, run_jobs: Callable[[], None]) -> Iterator[County]:
    with site.services.database.transaction(SYSTEM) as session:
        world = finished_class(session, site.services.clock.now_at(), master_key=site.services.secrets.master_key())
    made = County(site, hands, world, run_jobs)
    yield made
    for client in made.clients:
        client.close()


def reader(county: County, role: Role, language: str = "zh") -> httpx.Client:
    person: Person = county.person(role)
    person.http.headers["Accept"] = "text/html"
    person.http.cookies.set("lang", language)
    return person.http


def test_what_would_raise_a_tier_and_its_evidence_are_told_in_words(county: County) -> None:
    services, world = county.site.services, county.world
    now = services.clock.now_at()
    with services.database.transaction(SYSTEM) as session:
        said = official.record_complaint(
            session, world.institution.id, received_on=services.clock.today_on(), summary="只上了三天", actor=OFFICER, at=now
        )
        official.decide_complaint(session, said.id, substantiated=True, found="属实", actor=OFFICER, at=now)
        rules = in_force(Policy(Book.load()).book, services.clock.today_on())
        owner = session.get_one(Institution, world.institution.id)
        row = rating.open_rating(session, owner, services.clock.today_on().year, actor=OFFICER, clock=services.clock)
        rating.freeze(session, row.code, rules=rules, reversed_problems=[], actor=OFFICER, clock=services.clock)
        code = row.code
    for path in (f"/credit/ratings/{code}", f"/credit/institutions/{world.institution.code}"):
        shown = words_of(reader(county, Role.LEGAL_OFFICER).get(path).text)
        assert not UUID_TEXT.search(shown), path
        assert not re.search(r"\b(coverage|sign-in|roster|archive|employment|task|complaint)/", shown), path
    assert "收到的投诉举报" in shown


def test_a_report_shows_its_days_in_words_and_one_that_was_sent_back_says_what_to_do(county: County) -> None:
    services = county.site.services
    today = services.clock.today_on()
    leader = Actor("account", "leader", "bureau-leader", OFFICER.id)
    with services.database.transaction(SYSTEM) as session:
        policy = Policy(Book.load())
        period = next(ended_periods(today - timedelta(days=60), today, policy.read(ReportRule, today)))
        row = reports.prepare(session, period, policy.read(TargetRule, period.ends_on), actor=OFFICER, clock=services.clock)
        reports.send_back(session, row.code, reason="数字有误", actor=leader, clock=services.clock)
        code = row.code
    page = reader(county, Role.BUREAU_OFFICER).get(f"/reports/{code}").text
    shown = words_of(page)
    assert not re.search(r"\d{4}-\d{2}-\d{2}", shown), shown
    assert "重新生成" in shown and 'href="/reports"' in page[page.index("<main") :]


def test_the_shares_of_a_year_lead_to_their_classes(county: County) -> None:
    page = reader(county, Role.BUREAU_OFFICER).get("/subsidy").text
    links = re.findall(r'href="(/targets/classes\?year=\d+&amp;category=[a-z-]+)"', page)
    assert len(links) == 3
    officer = reader(county, Role.BUREAU_OFFICER)
    assert all(officer.get(link.replace("&amp;", "&")).status_code == 200 for link in links)
    assert not re.findall("/targets/classes", reader(county, Role.INSTITUTION_HEAD).get("/subsidy").text), "an institution has no such list"


def test_exports_have_headings_and_words_in_the_readers_language(county: County) -> None:
    officer = reader(county, Role.BUREAU_OFFICER)
    for path, heading, word in (
        ("/targets/classes?export=csv", "班级,工种,机构,培训类别", "普惠制"),
        ("/registry?export=csv", "编码,名称,类别,状态", "培训机构"),
    ):
        lines = officer.get(path).content.decode("utf-8-sig").splitlines()
        assert lines[0].startswith(heading), lines[0]
        assert word in lines[1] and not re.search(r"universal|training|active", lines[1]), lines[1]
    assert reader(county, Role.BUREAU_OFFICER, "en").get("/registry?export=csv").content.decode("utf-8-sig").startswith("Code,Name,Kind,State")


@pytest.mark.parametrize("path", ["/records?institution={code}", "/credit/institutions/{code}", "/classes/{class_code}/outcomes"])
def test_an_empty_part_of_a_page_says_what_to_do_or_what_it_means(county: County, path: str) -> None:
    address = path.format(code=county.world.institution.code, class_code=county.world.training_class.code)
    shown = words_of(reader(county, Role.BUREAU_OFFICER, "en").get(address).text)
    assert "Nothing yet." not in shown and " None. " not in shown


def test_a_lead_names_a_day_and_a_mark_as_people_write_them() -> None:
    from api.pages.outcomes.views import _shown
    from supervision.outcomes.leads import Lead

    assert _shown(Lead("same-day", "2026-06-30", 4, 5), "zh") == "2026年6月30日"
    assert _shown(Lead("just-over", "250", 26, 100), "zh") == "25%"
    assert _shown(Lead("same-employer", "鑫诚公司", 4, 5), "zh") == "鑫诚公司"


def test_the_year_of_a_list_is_a_year(county: County) -> None:
    officer = reader(county, Role.BUREAU_OFFICER)

    assert [officer.get(f"/subsidy?year={text}").status_code for text in ("0000", "9999", "２０２６", "x")] == [200] * 4
