"""What the public may read shows no person and no free text, on any public address. R48, R49, R67; G23."""

import re
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from api.auth.roles import Role
from api.pages.public.feeds import FeedRule
from compliance.policy.book import Book
from compliance.rating import service as rating
from storage.database.session import PUBLIC, SYSTEM
from storage.kernel.actor import SYSTEM_ACTOR
from supervision.findings.lifecycle import FindingState
from supervision.findings.rules import Severity
from supervision.institutions import service as registry
from supervision.institutions import standing
from supervision.institutions.models import DirectoryExclusion, Institution, Lifted, Tier
from supervision.outcomes.models import Complaint, Result
from tests.factories.outcomes import SECRET, enrol, published_finding
from tests.factories.world import World, make_world
from tests.integration.exit.stage import ExitStage
from tests.integration.rating.stage import OFFICER, Bench
from tests.people import account_of, token_of
from tests.site_fixtures import Site, rows_of_routes

PERSONS = ("赵一", "钱二", "孙三", SECRET, "142***")  # principal, legal representative, teacher, and everything a factory marks
SHARED = {  # tables without rows of anybody; the row-level-security test says why each
    "alembic_version", "schedule_firing", "ledger_pending", "ledger_leaf", "ledger_tile", "ledger_checkpoint", "draw_round", "draw_contribution",
    "draw_frame_item", "media_index", "draw_ticket", "draw_stratum", "review_results",
}  # fmt: skip
OPEN_TABLES = {"institution", "credit_tier", "teaching_point", "training_class", "finding", "rating", "credit_item", "directory_exclusion"}


def excluded(session: Session, institution: Institution, now: datetime) -> None:
    """A decision of the exit stage in force and published, by the whole procedure."""
    stage = ExitStage(session, now=now - timedelta(days=40))
    stage.publish(stage.in_force(stage.audited(institution)))


@pytest.fixture
def worlds(site: Site) -> tuple[World, World]:
    """One institution with everything personal there is, one excluded."""
    with site.services.database.transaction(SYSTEM) as session:
        now = site.services.clock.now_at()
        first, second = make_world(session, now), make_world(session, now, name="古县宏远职业培训学校")
        enrol(session, first.training_class, 5, result=Result.PASSED)
        for severity in (Severity.SERIOUS, Severity.GENERAL, Severity.GENERAL, Severity.MINOR):
            published_finding(session, first, severity=severity)
        published_finding(session, first, state=FindingState.NOTICED)
        registry.record_tier(
            session, first.institution, tier=Tier.C, from_on=date(2026, 1, 1), document="古人社发〔2026〕3号", actor=SYSTEM_ACTOR, at=now
        )
        session.add(
            Complaint(
                institution_id=first.institution.id,
                received_on=date(2026, 5, 1),
                summary=f"{SECRET}举报",
                recorded_at=now,
                recorded_by=f"{SECRET}接访人",
            )
        )
        excluded(session, second.institution, now)
    return first, second


def ask(site: Site, path: str, language: str = "zh", **headers: str) -> httpx.Response:
    return httpx.get(f"{site.url}{path}", headers={"Accept-Language": language, "Accept": "text/html"} | headers, timeout=30)


def test_no_public_address_shows_a_person_or_a_word_somebody_wrote(site: Site, worlds: tuple[World, World]) -> None:
    asked, wrong = 0, []
    for row in rows_of_routes(site.services):
        if not row.rule.public or row.method != "GET" or not row.path.startswith(("/public", "/api/v1/draws", "/api/v1/log", "/health")):
            continue
        for code in (worlds[0].institution.code, worlds[1].institution.code):
            answer = ask(site, re.sub(r"\{(\w+)(?::\w+)?\}", code, row.path))
            asked += 1
            wrong += [(row.path, word) for word in PERSONS if word in answer.text]
    assert asked >= 20
    assert wrong == []


def test_in_the_public_scope_the_database_itself_holds_nothing_personal(site: Site, worlds: tuple[World, World]) -> None:
    with site.services.database.transaction(PUBLIC) as session:
        tables = session.scalars(
            text("select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by relname")
        ).all()
        seen = set()
        for name in tables:
            if name.startswith("procrastinate") or name in SHARED:
                continue
            if session.scalar(text(f'select count(*) from "{name}"')):
                seen.add(name)
        assert seen <= OPEN_TABLES
        assert {"trainee", "enrolment", "completion", "lesson", "complaint", "recording"} <= set(tables)


def test_a_signed_in_officer_sees_no_more_on_a_public_page_than_anybody(site: Site, worlds: tuple[World, World]) -> None:
    from api.auth.identify import cookie_name

    officer = account_of(site.services, Role.BUREAU_OFFICER)
    cookies = {cookie_name(site.services.settings): token_of(site.services, officer.id)}
    path = "/public/findings.json"
    assert httpx.get(f"{site.url}{path}", cookies=cookies).json() == httpx.get(f"{site.url}{path}").json()


def test_the_directory_finds_by_name_trade_and_place_and_says_why(site: Site, worlds: tuple[World, World]) -> None:
    first, second = worlds
    everything = ask(site, "/public/institutions").text
    assert first.institution.name in everything
    assert second.institution.name in everything
    assert "已公布严重问题1个" in everything
    assert "已公布一般问题2个" in everything
    for query, shown in (
        ("q=宏远", {second}),
        ("q=没有这家", set()),
        ("trade=面点", {first, second}),
        ("trade=电工", set()),
        ("place=城关", {first, second}),
        ("tier=C", {first}),
        ("status=excluded", {second}),
        ("tier=Z&status=x", {first, second}),
    ):
        page = ask(site, f"/public/institutions?{query}").text
        assert {world for world in worlds if f'/public/institutions/{world.institution.code}"' in page} == shown, query
    own = ask(site, f"/public/institutions/{first.institution.code}", "en").text
    assert "1 serious findings published" in own
    assert "古人社发〔2026〕3号" in own
    assert ask(site, "/public/institutions/GX-none").status_code == 404


def test_a_published_rating_tells_its_reasons_on_the_card_in_both_languages(site: Site) -> None:
    with site.services.database.transaction(SYSTEM) as session:
        bench = Bench(session, now=datetime(2026, 7, 20, 2, tzinfo=UTC))
        row = bench.final()
        code = bench.owner.code
    card = ask(site, f"/public/institutions?q={code}").text
    assert "录像覆盖率" not in card  # signed is not published
    with site.services.database.transaction(SYSTEM) as session:
        rating.publish(session, row.code, actor=OFFICER, clock=site.services.clock)
    for path in (f"/public/institutions?q={code}", f"/public/institutions/{code}"):
        for language, tier, reason in (
            ("zh", "D级", "录像覆盖率 0%（应达到 98%）"),
            ("en", "tier D", "footage covers 0% of the lessons (wanted: 98%)"),
        ):
            page = ask(site, path, language).text
            assert reason in page, (path, language)
            assert tier in page, (path, language)
            assert "R71" in page
    (line,) = httpx.get(f"{site.url}/public/institutions.json?q={code}").json()["items"]
    assert line["tier"] == "D"
    assert ("coverage", 0, 980) in [(one["code"], one["value"], one["limit"]) for one in line["reasons"]]


def test_the_feeds_have_stable_fields_may_be_kept_and_are_the_same_as_sheet(site: Site, worlds: tuple[World, World]) -> None:
    feed = httpx.get(f"{site.url}/public/institutions.json")
    seconds = Book.load().read(FeedRule, on=date(2026, 11, 24)).feed_cache_seconds
    assert (seconds, feed.headers["cache-control"]) == (300, "public, max-age=300")
    assert feed.headers["access-control-allow-origin"] == "*"
    assert httpx.get(f"{site.url}/public/institutions.json", headers={"If-None-Match": feed.headers["etag"]}).status_code == 304
    body = feed.json()
    line = next(one for one in body["items"] if one["code"] == worlds[0].institution.code)
    assert list(line) == [
        "code", "name", "kind", "status", "address", "tier", "tier_from_on", "tier_document", "reasons", "trades", "places", "findings", "url",
    ]  # fmt: skip
    assert (line["tier"], line["findings"], body["next"]) == ("C", 4, None)
    assert [one["code"] for one in line["reasons"]] == ["findings-serious", "findings-general", "findings-minor"]
    sheet = httpx.get(f"{site.url}/public/institutions.csv").content.decode("utf-8-sig").splitlines()
    assert sheet[0] == "code,name,kind,status,tier,tier_from_on,tier_document,trades,places,findings,url"
    assert len(sheet) == 1 + len(body["items"])
    findings = httpx.get(f"{site.url}/public/findings.json").json()["items"]
    assert [one["severity"] for one in findings].count("general") == 2
    assert all(set(one) == {"code", "institution", "name", "defect", "severity", "clause"} for one in findings)


def test_one_list_tells_exclusions_with_document_term_and_ground_and_nobodys_name(site: Site, worlds: tuple[World, World]) -> None:
    (told,) = httpx.get(f"{site.url}/public/exclusions.json").json()["items"]
    assert (told["institution"], told["in_force"], told["bar"], told["ground"]) == (worlds[1].institution.code, True, "excluded", "audit")
    assert told["document"]
    assert date.fromisoformat(told["from_on"]) < date.fromisoformat(told["until_on"])
    assert (told["running_classes"], told["ended_on"], told["ended_why"]) == ("continue", None, None)
    head, line = httpx.get(f"{site.url}/public/exclusions.csv").content.decode("utf-8-sig").splitlines()
    assert (head.split(",")[:3], line.split(",")[2]) == (["institution", "name", "document"], told["document"])
    assert httpx.get(f"{site.url}/api/v1/exclusions").json()[0]["decision"] == told["document"]
    for path in ("/public/exclusions", f"/public/institutions/{worlds[1].institution.code}"):
        for language, ground in (("zh", "审计、检查发现重大问题"), ("en", "Major problem found by an audit or inspection")):
            page = ask(site, path, language).text
            assert told["document"] in page, (path, language)
            assert ground in page, (path, language)
            assert "bureau-leader" not in page


def test_what_has_ended_stays_on_the_list_with_why_and_by_which_document(site: Site, worlds: tuple[World, World]) -> None:
    with site.services.database.transaction(SYSTEM) as session:
        row = session.scalars(select(DirectoryExclusion)).one()
        day = row.from_on + timedelta(days=5)
        standing.lift(
            session, row, why=Lifted.REVERSED, document="临人社复决〔2026〕7号", on=day, actor=SYSTEM_ACTOR, at=site.services.clock.now_at()
        )
    (told,) = httpx.get(f"{site.url}/public/exclusions.json").json()["items"]
    assert (told["in_force"], told["ended_why"], told["ended_document"]) == (False, "reversed", "临人社复决〔2026〕7号")
    for language, word in (("zh", "已撤销"), ("en", "revoked: it never counted")):
        page = ask(site, "/public/exclusions", language).text
        assert word in page
        assert "临人社复决〔2026〕7号" in page
    assert ask(site, "/public/institutions?status=excluded").text.count(worlds[1].institution.name) == 0


def test_the_bureaus_pages_open_for_the_bureau_and_for_nobody_else(site: Site, worlds: tuple[World, World]) -> None:
    from api.auth.identify import cookie_name

    paths = ("/dashboard", "/targets", "/targets/classes", "/targets/startups", "/targets/figures", "/reports")
    watching = ("/watch", "/watch/reviews", "/watch/decisions", "/watch/views")
    allowed = {
        Role.BUREAU_OFFICER: paths,
        Role.BUREAU_LEADER: paths + watching,
        Role.AUDITOR: paths + watching,
        Role.INSTITUTION_HEAD: (),
        Role.INSPECTOR: (),
    }
    for role, opened in allowed.items():
        account = account_of(site.services, role, worlds[0].institution.id)
        cookies = {cookie_name(site.services.settings): token_of(site.services, account.id)}
        with httpx.Client(base_url=site.url, cookies=cookies, headers={"Accept": "text/html"}, timeout=30) as http:
            for path in paths + watching:
                assert http.get(path).status_code == (200 if path in opened else 403), (role, path)
            for path in opened:
                assert not [word for word in (SECRET, "142***") if word in http.get(path).text], (role, path)


def test_a_number_of_the_targets_is_the_total_of_its_list(site: Site, worlds: tuple[World, World]) -> None:
    from api.auth.identify import cookie_name

    leader = account_of(site.services, Role.BUREAU_LEADER)
    cookies = {cookie_name(site.services.settings): token_of(site.services, leader.id)}
    with httpx.Client(base_url=site.url, cookies=cookies, headers={"Accept": "text/html", "Accept-Language": "en"}, timeout=30) as http:
        page = http.get("/targets").text
        links = re.findall(r'href="(/targets/classes\?[^"]+until=[^"]+)">(\d[\d,]*)</a>', page)
        assert links
        for href, shown in links:
            sheet = http.get(f"{href.replace('&amp;', '&')}&export=csv").content.decode("utf-8-sig").splitlines()
            head = sheet[0].split(",")
            totals = {sum(int(line.split(",")[head.index(name)]) for line in sheet[1:]) for name in ("Trained", "Certified")}
            assert int(shown.replace(",", "")) in totals, href


def test_accounts_exist_without_being_seen(site: Site, worlds: tuple[World, World]) -> None:
    account_of(site.services, Role.INSTITUTION_HEAD, worlds[0].institution.id)
    with site.services.database.transaction(PUBLIC) as session:
        assert session.scalar(select(Institution.code).where(Institution.id == worlds[0].institution.id)) == worlds[0].institution.code
        assert session.scalar(text("select count(*) from account")) == 0
