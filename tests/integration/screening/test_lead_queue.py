"""A thousand leads of two hundred institutions: folded by recording, narrowed, walked through, judged by several people. R60, R72."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from html import unescape
from itertools import pairwise
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from sqlalchemy import Connection, Engine, event, select
from sqlalchemy.orm import Session

from api.auth.identify import cookie_name
from api.auth.roles import Role
from api.http.services import Services
from api.pages import sheet as files
from storage.database.session import SYSTEM
from storage.kernel.actor import Actor
from storage.kernel.clock import BUREAU_ZONE
from supervision.footage.models import Recording
from supervision.institutions.models import Institution
from supervision.screening import lead_lists, leads, measured
from supervision.screening.lead_lists import Judged, Narrowed, Order, Place
from supervision.screening.looks import TECHNICAL, Code
from supervision.screening.opinions import Opinion, dismissed
from supervision.screening.screening_models import LeadVerdict, ScreeningLead
from tests.engine_fixtures import TestDatabase
from tests.factories.screened_county import CAMERAS_EACH, MANY, fill
from tests.people import account_of, token_of
from tests.site_fixtures import Site

LEADS = 1000
MOST_QUERIES = 18
ONE, OTHER = (Actor(kind="account", name=name, role="bureau-officer") for name in ("officer-1", "officer-2"))


@pytest.fixture
def county(services: Services, migrated_database: TestDatabase) -> Services:
    with services.database.transaction(SYSTEM) as session:
        fill(session, services.clock.now_at(), institutions=200, leads=LEADS)
    with psycopg.connect(migrated_database.superuser_url, autocommit=True) as connection:
        connection.execute("analyze")  # as the server does by itself within a minute
    return services


@pytest.fixture
def office(site: Site) -> Iterator[httpx.Client]:
    account = account_of(site.services, Role.BUREAU_OFFICER)
    cookies = {cookie_name(site.services.settings): token_of(site.services, account.id), "lang": "en"}
    headers = {"X-ClassProof": "1", "Accept": "text/html"}
    with httpx.Client(base_url=site.url, cookies=cookies, headers=headers, follow_redirects=True, timeout=30) as client:
        yield client


def pages(office: httpx.Client, address: str) -> list[str]:
    """All pages of a list, by its own links."""
    found = [office.get(address).text]
    while following := re.search(r'<a href="([^"]*)" rel="next">Next page', found[-1]):
        found.append(office.get(unescape(following.group(1))).text)
    return found


def lead_ids(page: str) -> list[str]:
    return re.findall(r'<td><a href="/leads/([0-9a-f-]{36})', page)


def sheet(client: httpx.Client, address: str, name: str = "leads") -> list[dict[str, str]]:
    """The list as a file, by the link on its page."""
    link = re.search(r'<a href="([^"]*)" download>CSV</a>', client.get(address).text)
    assert link is not None, address
    answer = client.get(unescape(link.group(1)))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert f"{name}.csv" in answer.headers["content-disposition"]
    return list(csv.DictReader(answer.content.decode("utf-8-sig").splitlines()))


def near(session: Session, narrowed: Narrowed, order: Order, lead_id: UUID) -> lead_lists.Neighbours:
    return lead_lists.neighbours(session, narrowed, order, session.get_one(ScreeningLead, lead_id))


@pytest.mark.parametrize("order", list(Order))
def test_every_recording_has_one_row_and_no_page_repeats_or_drops_one(county: Services, order: Order) -> None:
    with county.database.transaction(SYSTEM) as session:
        of = Counter(session.scalars(select(ScreeningLead.recording_id)))
        seen: list[UUID] = []
        after: Place | None = None
        while folds := lead_lists.folded(session, Narrowed(), order, after=after, limit=50):
            assert [fold.place.key for fold in folds] == sorted((fold.place.key for fold in folds), reverse=True)
            for fold in folds:
                assert fold.count == of[fold.place.recording_id] == sum(count for _, count in fold.further) + 1
                seen.append(fold.place.recording_id)
            after = folds[-1].place
        assert sorted(seen) == sorted(of)
        assert max(of.values()) == MANY  # fifty leads of one recording are one row
        assert lead_lists.total(session, Narrowed()) == lead_lists.Total(LEADS, len(of))


@pytest.mark.parametrize("narrowed", [Narrowed(), Narrowed(strength=300, judged=Judged.NO), Narrowed(codes=TECHNICAL, words="启航")])
@pytest.mark.parametrize("order", list(Order))
def test_the_queue_passes_every_lead_once_forward_and_back_recording_by_recording(county: Services, narrowed: Narrowed, order: Order) -> None:
    with county.database.transaction(SYSTEM) as session:
        first = lead_lists.folded(session, narrowed, order, limit=1)[0].first.lead.id
        walked: list[UUID] = [first]
        while (following := near(session, narrowed, order, walked[-1]).after) is not None and len(walked) < 120:
            walked.append(following)
        assert len(set(walked)) == len(walked)
        expected: list[UUID] = []
        for fold in lead_lists.folded(session, narrowed, order, limit=200):
            alone = Narrowed(narrowed.codes, narrowed.institution_id, fold.place.recording_id, narrowed.strength, narrowed.judged, narrowed.words)
            expected += [row.lead.id for row in lead_lists.of_recording(session, alone, limit=200)]
        assert walked == expected[: len(walked)]
        for before, lead in pairwise(walked[:21]):
            assert near(session, narrowed, order, lead).before == before
        assert near(session, narrowed, order, first).before is None


def test_judging_one_after_the_other_leaves_nothing_out(county: Services) -> None:
    """The queue of what nobody judged shrinks under the feet of whoever works through it."""
    with county.database.transaction(SYSTEM) as session:
        institution = session.scalars(select(Institution.id).join(ScreeningLead, ScreeningLead.institution_id == Institution.id).limit(1)).one()
        narrowed = Narrowed(institution_id=institution, judged=Judged.NO)
        left = lead_lists.total(session, narrowed).leads
        here: UUID | None = lead_lists.folded(session, narrowed, Order.STRENGTH, limit=1)[0].first.lead.id
        done = 0
        while here is not None:
            leads.judge(session, here, real=True, note="", actor=ONE, at=county.clock.now_at())
            done += 1
            here = near(session, narrowed, Order.STRENGTH, here).after
        assert (done, lead_lists.total(session, narrowed).leads) == (left, 0)


def test_what_two_people_dispute_stays_a_lead_and_counts_neither_way(county: Services) -> None:
    at = county.clock.now_at()
    with county.database.transaction(SYSTEM) as session:
        lead = session.scalars(
            select(ScreeningLead).where(ScreeningLead.id.not_in(select(LeadVerdict.lead_id)), ScreeningLead.technical).limit(1)
        ).one()
        gone = select(ScreeningLead.id).where(ScreeningLead.id == lead.id, dismissed())
        before = leads.live(session, lead.code)[lead.code]

        def say(who: Actor, real: bool) -> tuple[Opinion, int, int, int, bool]:
            leads.judge(session, lead.id, real=real, note="看过", actor=who, at=at)
            live = leads.live(session)[lead.code]
            assert live == leads.live(session, lead.code)[lead.code]
            opinion = lead_lists.opinions_of(session, [lead.id])[lead.id]
            counts = live.agreed - before.agreed, live.real - before.real, live.disputed - before.disputed
            return opinion, *counts, session.scalar(gone) is not None

        assert say(ONE, real=False) == (Opinion.NOT_REAL, 1, 0, 0, True)
        assert say(ONE, real=True) == (Opinion.REAL, 1, 1, 0, False)  # the same person thought again
        assert say(OTHER, real=False) == (Opinion.DISPUTED, 0, 0, 1, False)  # nobody dismisses what somebody else calls real
        for judged, matches in ((Judged.YES, True), (Judged.DISPUTED, True), (Judged.REAL, False), (Judged.NOT_REAL, False), (Judged.NO, False)):
            narrowed = Narrowed(recording_id=lead.recording_id, codes=frozenset({lead.code}), judged=judged)
            assert (lead.id in {row.lead.id for row in lead_lists.of_recording(session, narrowed)}) is matches
        assert lead in leads.of_recordings(session, [lead.recording_id])
        assert say(ONE, real=False) == (Opinion.NOT_REAL, 1, 0, 0, True)


def test_a_page_is_shared_by_its_address_and_its_links_keep_the_filters(county: Services, office: httpx.Client) -> None:
    address = "/leads?kind=technical&strength=300&judged=no"
    whole = pages(office, address)
    rows = [lead_id for page in whole for lead_id in lead_ids(page)]
    assert len(rows) == len(set(rows)) > 50
    with county.database.transaction(SYSTEM) as session:
        narrowed = Narrowed(codes=TECHNICAL, strength=300, judged=Judged.NO)
        assert lead_lists.total(session, narrowed).recordings == len(rows)
    second = re.search(r'<a href="([^"]*)" rel="next">', whole[0])
    assert second is not None
    shared = unescape(second.group(1))
    assert office.get(shared).text == whole[1]
    lead = f"/leads/{lead_ids(whole[1])[0]}"
    assert f'href="{lead}?' in whole[1]
    told = re.search(rf'href="({lead}\?[^"]*)"', whole[1])
    assert told is not None
    page = office.get(unescape(told.group(1))).text
    assert "judged=no" in unescape(told.group(1))
    back = re.search(r'<p class="back"><a href="([^"]*)"', page)
    assert back is not None
    assert lead_ids(office.get(unescape(back.group(1))).text) == lead_ids(whole[1])  # back to the page one came from
    for rel in ("prev", "next"):
        near = re.search(rf'rel="{rel}" href="([^"]*)"', page)
        assert near is not None
        assert {"kind=technical", "strength=300", "judged=no"} <= set(unescape(near.group(1)).partition("?")[2].split("&"))
    judged = office.post(f"{unescape(told.group(1)).replace('?', '/verdict?', 1)}", data={"real": "yes"})
    assert judged.url.path == lead
    assert judged.url.params["judged"] == "no"
    assert 'rel="next"' in judged.text


def test_fifty_leads_of_one_recording_open_lead_by_lead(county: Services, office: httpx.Client) -> None:
    with county.database.transaction(SYSTEM) as session:
        of = Counter(session.execute(select(ScreeningLead.recording_id, ScreeningLead.code)).all())
        recording_id, code = next(key for key, count in of.items() if count == MANY)
    (row,) = re.findall(rf"<tr>.*?{recording_id}.*?</tr>", "".join(pages(office, f"/leads?kind={code.value}")).replace("\n", " "))
    one = row.rpartition("<tr>")[2]
    assert "and 49 further leads of this recording" in one
    alone = unescape(re.findall(r'href="(/leads\?[^"]*)"', one)[0])
    assert (f"recording={recording_id}" in alone, f"kind={code.value}" in alone) == (True, True)
    page = office.get(alone).text
    assert len(lead_ids(page)) == MANY
    assert "Only the leads of one recording" in page
    assert f'name="recording" value="{recording_id}"' in page  # the search form keeps it
    assert 'rel="next">Next page' not in page


@pytest.mark.parametrize("order", ["", "&order=found"])
def test_the_file_holds_every_lead_of_every_page_in_the_order_of_the_queue(county: Services, office: httpx.Client, order: str) -> None:
    address = f"/leads?kind=technical&strength=300&judged=no{order}"
    shown = [unescape(one) for page in pages(office, address) for one in re.findall(r'<small><a href="/recordings/[^"]*">([^<]*)</a></small>', page)]
    rows = sheet(office, address)
    with county.database.transaction(SYSTEM) as session:
        narrowed = Narrowed(codes=TECHNICAL, strength=300, judged=Judged.NO)
        assert len(rows) == lead_lists.total(session, narrowed).leads > len(shown) > 50
    assert list(dict.fromkeys(row["File"] for row in rows)) == shown
    assert {row["Verdict"] for row in rows} == {""}
    assert min(int(row["Strength in per cent"]) for row in rows) >= 30


def test_the_file_of_one_recording_says_what_its_page_says_and_times_of_the_bureau(county: Services, office: httpx.Client) -> None:
    with county.database.transaction(SYSTEM) as session:
        recording_id = session.scalars(select(ScreeningLead.recording_id).where(ScreeningLead.strength >= 300).limit(1)).one()
        expected = lead_lists.of_recording(session, Narrowed(recording_id=recording_id, strength=300))
        begun = [(row.at.astimezone(BUREAU_ZONE).strftime("%Y-%m-%d %H:%M:%S"), row.institution.name) for row in expected if row.at]
    page = office.get(f"/leads?recording={recording_id}&strength=300").text
    rows = sheet(office, f"/leads?recording={recording_id}&strength=300")
    assert [(row["Begins at"], row["Institution"]) for row in rows] == begun
    told = re.findall(r'<td><a href="/leads/[^"]*">([^<]*)</a> <span class="clause">([^<]*)</span><br><small>([^<]*)</small>', page)
    assert [(row["Lead"], row["Clause"], row["Figure and threshold"]) for row in rows] == [tuple(map(unescape, one)) for one in told]


def test_the_file_speaks_the_readers_language_and_no_cell_of_it_is_a_formula(county: Services, office: httpx.Client) -> None:
    with county.database.transaction(SYSTEM) as session:
        recording = session.get_one(Recording, session.scalars(select(ScreeningLead.recording_id).limit(1)).one())
        recording.file_name = '=HYPERLINK("x")'
    office.cookies.set("lang", "zh")
    rows = sheet(office, f"/leads?recording={recording.id}")
    assert list(rows[0])[:6] == ["线索", "依据", "测得值与限值", "机构", "机位", "文件"]
    assert {row["文件"] for row in rows} == {'\'=HYPERLINK("x")'}


def test_a_file_that_does_not_hold_everything_says_so_in_its_last_line(
    county: Services, office: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "EXPORTED", 30)
    rows = sheet(office, "/leads")
    assert len(rows) == 31
    assert rows[-1]["Lead"] == "Only the first 30 rows are in this file. Narrow the list to get the others."


def test_an_institution_a_reviewer_and_a_stranger_get_no_file_of_leads(county: Services, site: Site) -> None:
    with county.database.transaction(SYSTEM) as session:
        institution_id = session.scalars(select(ScreeningLead.institution_id).limit(1)).one()
    asking = {Role.AUDITOR: 200, Role.LEGAL_OFFICER: 200, Role.INSPECTOR: 403, Role.INSTITUTION_HEAD: 403, Role.DEPARTMENT_OFFICER: 403}
    for role, status in asking.items():
        account = account_of(county, role, institution_id if role is Role.INSTITUTION_HEAD else None)
        with httpx.Client(base_url=site.url, cookies={cookie_name(county.settings): token_of(county, account.id)}, timeout=30) as client:
            assert client.get("/leads?export=csv").status_code == status, role
    assert httpx.get(f"{site.url}/leads?export=csv").status_code == 401


@pytest.mark.parametrize(
    "rubbish",
    [
        "after=x.y",
        "after=9999999999999999999.00000000-0000-0000-0000-000000000000",
        "after=-1.3",
        "recording=x",
        "kind=x&order=x&judged=x&strength=x",
        "institution=nobody",
    ],
)
def test_an_address_that_nobody_wrote_is_a_page_all_the_same(county: Services, office: httpx.Client, rubbish: str) -> None:
    for order in ("", "&order=found"):
        assert office.get(f"/leads?{rubbish}{order}").status_code == 200


def test_each_page_asks_few_questions_and_none_compares_every_lead_with_every_verdict(county: Services, office: httpx.Client) -> None:
    """The planner takes row-level security for selective; a join of leads with verdicts then loops over all of one for each of the other."""
    with county.database.transaction(SYSTEM) as session:
        lead = session.scalars(select(ScreeningLead.id).limit(1)).one()
        pair = session.scalars(select(ScreeningLead.id).where(ScreeningLead.code == Code.RECYCLED).limit(1)).one()
    asked: list[str] = []
    touched: list[float] = []

    def count(connection: Connection, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:  # Any: as the driver takes them
        asked.append(statement)
        if statement.startswith("SELECT") and ("screening_lead" in statement or "lead_verdict" in statement):
            with connection.connection.cursor() as cursor:
                cursor.execute(f"explain (analyze, format json) {statement}", parameters)
                touched.append(rows_of(cursor.fetchone()[0][0]["Plan"]))  # type: ignore[index]

    engine: Engine = county.database.engine
    event.listen(engine, "before_cursor_execute", count)
    try:
        told = [f"/leads?judged={judged.value}&q=启航" for judged in Judged]
        for address in (
            "/leads",
            *told,
            "/leads?order=found",
            *(f"{one}&export=csv" for one in told),
            f"/leads/{lead}?judged=real",
            f"/leads/recycled/{pair}",
            "/machine",
            "/leads/clocks",
        ):
            asked.clear()
            touched.clear()
            assert office.get(address).status_code == 200
            assert len(asked) <= MOST_QUERIES, (address, len(asked))
            assert max(touched, default=0) < 10 * LEADS, (address, touched)
    finally:
        event.remove(engine, "before_cursor_execute", count)


def rows_of(plan: dict[str, Any]) -> float:  # Any: a node of an explained plan
    """Rows that a node over leads and verdicts alone made or threw away, over all loops, the worst of the plan.

    Beside a handful of recordings or cameras the planner may well read all of them for each lead: that is no comparison of leads with verdicts.
    """
    own = (plan["Actual Rows"] + plan.get("Rows Removed by Join Filter", 0) + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]
    counted = float(own) if tables_of(plan) <= {"screening_lead", "lead_verdict"} else 0.0
    return max([counted, *(rows_of(one) for one in plan.get("Plans", ()))])


def tables_of(plan: dict[str, Any]) -> set[str]:  # Any: as above
    own = {plan["Relation Name"]} if "Relation Name" in plan else set()
    return own.union(*(tables_of(one) for one in plan.get("Plans", ())))


def test_the_clocks_of_six_hundred_cameras_are_paged_searched_and_none_is_dropped(county: Services, office: httpx.Client) -> None:
    clock = re.compile(r'action="/leads/clocks/([0-9a-f-]{36})/discard')
    whole = pages(office, "/leads/clocks")
    seen = [one for page in whole for one in clock.findall(page)]
    assert (len(seen), len(set(seen)), max(len(clock.findall(page)) for page in whole)) == (600, 600, 50)
    assert len(sheet(office, "/leads/clocks", "clocks")) == 600
    assert [row["Camera"] for row in sheet(office, "/leads/clocks?q=N0007-&standing=in-force", "clocks")] == [
        f"N0007-P1-A-C{n}" for n in range(1, CAMERAS_EACH + 1)
    ]
    found = office.get("/leads/clocks?q=N0007-&standing=in-force").text
    mine = clock.findall(found)
    assert len(mine) == CAMERAS_EACH
    assert f'action="/leads/clocks/{mine[0]}/discard?standing=in-force&amp;q=N0007-"' in found
    after = office.post(f"/leads/clocks/{mine[0]}/discard?standing=in-force&q=N0007-", data={"why": "换了录像机"})
    assert (clock.findall(after.text), after.url.params["q"]) == (mine[1:], "N0007-")  # and one is where one was
    assert "换了录像机" in office.get("/leads/clocks?standing=discarded").text
    assert clock.findall(office.get("/leads/clocks?standing=unreadable").text) == []
    assert office.get("/leads/clocks?after=x", headers={"Accept": "text/html"}).status_code == 422


def test_a_signal_measured_in_many_ways_does_not_push_the_verdict_off_the_page(county: Services, office: httpx.Client) -> None:
    with county.database.transaction(SYSTEM) as session:
        lead = session.scalars(select(ScreeningLead.id).where(ScreeningLead.code == Code.RECYCLED).limit(1)).one()
    page = office.get(f"/leads/{lead}").text
    known = measured.read()[Code.RECYCLED]
    open_part = re.sub(r"<details>.*?</details>", "", page, flags=re.DOTALL)
    assert f"{known.weakest.found} of {known.weakest.tried}" in open_part
    assert len(known.recalls) > 3 > open_part.count("made for the purpose")
    assert page.count("made for the purpose") == len(known.recalls) + 1
