"""Who learns what when: until its visits are over the list of an on-site round is on its members' phones and nowhere else. 2.3.2; G8, G9."""

import json
import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from api.auth.access import MatrixRow
from api.auth.identify import cookie_name
from api.auth.models import Account
from api.auth.roles import INSTITUTION, Role
from storage.database.session import PUBLIC, SYSTEM, Scope
from storage.ledger.models import LedgerEntry, StateMove
from supervision.sampling import verify_draw
from supervision.sampling.draw import SamplingRule
from supervision.visits import service as visits
from supervision.visits.models import Visit, VisitMember
from tests.factories.county import ok
from tests.factories.visits import Sent, inspectors_of, on_the_day, send_out, world_ahead
from tests.integration.sampling.stage import BUREAU
from tests.people import account_of, token_of
from tests.site_fixtures import Hands, Site, rows_of_routes

FOUR_OF_TEN = SamplingRule(400, 100, 0)


@pytest.fixture
def people(site: Site) -> list[Account]:
    return inspectors_of(site.services, 5)


@pytest.fixture
def sent(site: Site, hands: Hands, people: list[Account]) -> Sent:
    made = send_out(site.services, hands, world_ahead(site.services, lessons=10), people, rule=FOUR_OF_TEN)
    assert len(made.visits) == 4
    return made


@pytest.fixture
def rows(site: Site) -> list[MatrixRow]:
    return [row for row in rows_of_routes(site.services) if row.method == "GET"]


def lessons_by_visit(site: Site) -> dict[str, str]:
    with site.services.database.transaction(SYSTEM) as session:
        return {row.code: row.natural_id for row in session.execute(select(Visit.code, Visit.natural_id))}


def addresses(site: Site, rows: list[MatrixRow], sent: Sent) -> Iterator[str]:
    """Every GET address of the site with what it can be asked about; the one lesson that is asked for by name was not drawn."""
    drawn = set(lessons_by_visit(site).values())
    plain = next(lesson.id for lesson in sent.world.lessons if lesson.natural_id not in drawn)
    slot = next(slot for slot in sent.world.slots if slot.lesson_id == plain)
    names = {"institution_id": str(sent.world.institution.id), "class_code": sent.world.training_class.code, "slot_id": str(slot.id)}
    for row in rows:
        codes = [sent.code, sent.world.training_class.code, *sent.visits]
        for code in codes if "{code}" in row.path else [""]:
            yield re.sub(r"\{(\w+)(?::\w+)?\}", lambda found, code=code: code if found[1] == "code" else names.get(found[1], "0" * 8), row.path)


def client_of(site: Site, account: Account | None) -> httpx.Client:
    cookies = {cookie_name(site.services.settings): token_of(site.services, account.id)} if account else None
    return httpx.Client(base_url=site.url, cookies=cookies, headers={"Accept": "text/html, */*", "X-ClassProof": "1"}, timeout=30)


def telling(text: str, ids: list[str], drawn: set[str]) -> set[str]:
    """Drawn lessons that a text names while it does not name all lessons: whoever reads it can tell them apart."""
    named = {one for one in ids if re.search(re.escape(one) + r"(?!\d)", text)}
    return set() if len(named) == len(ids) else named & drawn


def told_by(site: Site, rows: list[MatrixRow], sent: Sent, account: Account | None) -> dict[str, set[str]]:
    """Address → drawn lessons that it tells this person."""
    ids = [lesson.natural_id for lesson in sent.world.lessons]
    drawn = set(lessons_by_visit(site).values())
    found: dict[str, set[str]] = {}
    with client_of(site, account) as client:
        for address in addresses(site, [row for row in rows if row.refusals[account.role if account else None] is None], sent):
            answer = client.get(address)
            assert answer.status_code < 500, (address, answer.text[:400])
            told = telling(answer.text.replace(address, ""), ids, drawn) if answer.status_code == 200 else set()
            if told:
                found[address] = told
    return found


def test_the_check_itself_sees_a_telling_page() -> None:
    ids = [f"K1/2026-11-25/{n}" for n in range(1, 11)]
    assert telling("… K1/2026-11-25/1 …", ids, {"K1/2026-11-25/1"}) == {"K1/2026-11-25/1"}
    assert telling("… K1/2026-11-25/10 …", ids, {"K1/2026-11-25/1"}) == set()
    assert telling(" ".join(ids), ids, {"K1/2026-11-25/1"}) == set()


def test_before_the_day_no_page_tells_anybody_which_lessons_were_drawn(site: Site, sent: Sent, rows: list[MatrixRow], people: list[Account]) -> None:
    others = [account_of(site.services, role, sent.world.institution.id) for role in Role if role is not Role.INSPECTOR]
    assert {
        account.role.value if account else "nobody": told
        for account in (None, people[0], people[1], *others)
        if (told := told_by(site, rows, sent, account))
    } == {}


def test_on_the_day_a_member_sees_the_own_visits_and_the_others_stay_sealed(
    site: Site, hands: Hands, sent: Sent, rows: list[MatrixRow], people: list[Account]
) -> None:
    on_the_day(site.services, hands, sent.world)
    lessons = lessons_by_visit(site)
    for person in people:
        own = {lessons[code] for code, team in sent.members.items() if person.id in team}
        told: set[str] = set().union(*told_by(site, rows, sent, person).values())
        assert told <= own, person.login_name
        with client_of(site, person) as client:
            listed = set(re.findall(r"V\d{4}-\d{4}", client.get("/visits").text))
            assert listed == {code for code, team in sent.members.items() if person.id in team}
            assert {code: client.get(f"/visits/{code}").status_code for code in sent.visits} == {c: 200 if c in listed else 404 for c in sent.visits}
    for role in (Role.BUREAU_OFFICER, Role.AUDITOR, Role.INSTITUTION_HEAD):
        assert told_by(site, rows, sent, account_of(site.services, role, sent.world.institution.id)) == {}, role


def test_an_opened_visit_is_still_nobody_elses(site: Site, hands: Hands, sent: Sent, rows: list[MatrixRow], people: list[Account]) -> None:
    on_the_day(site.services, hands, sent.world)
    member = next(p for p in people if p.id in sent.members[sent.visit])
    with client_of(site, member) as client:
        ok(client.post(f"/api/v1/visits/{sent.visit}/open"))
    for role in (Role.BUREAU_OFFICER, Role.AUDITOR, Role.INSTITUTION_HEAD):
        assert told_by(site, rows, sent, account_of(site.services, role, sent.world.institution.id)) == {}, role


def test_neither_the_log_nor_the_moves_name_a_sealed_lesson_and_an_institution_reads_no_row(site: Site, sent: Sent) -> None:
    drawn = set(lessons_by_visit(site).values())
    ids = [lesson.natural_id for lesson in sent.world.lessons]
    with site.services.database.transaction(SYSTEM) as session:
        entries = session.execute(select(LedgerEntry.action, LedgerEntry.body).where(LedgerEntry.action.op("~")("^(draw|visit)"))).all()
        assert len(entries) > 8
        assert [action for action, body in entries if telling(bytes(body).decode(), ids, drawn)] == []
        lesson_ids = {str(v.lesson_id) for v in session.scalars(select(Visit))}
        assert [action for action, body in entries if any(one in bytes(body).decode() for one in lesson_ids)] == []
    for scope in (Scope("institution", sent.world.institution.id), PUBLIC):
        with site.services.database.transaction(scope) as session:
            assert session.scalars(select(Visit)).all() == []
            assert session.scalars(select(VisitMember)).all() == []
            assert session.scalars(select(StateMove).where(StateMove.machine == "visit")).all() == []


def test_when_all_have_ended_the_list_is_revealed_and_the_file_verifies(site: Site, hands: Hands, sent: Sent, tmp_path: Path) -> None:
    officer = account_of(site.services, Role.BUREAU_OFFICER)
    with client_of(site, officer) as client:
        early = client.post(f"/visits/rounds/{sent.code}/reveal")
        assert early.status_code == 409
    sealed = httpx.get(f"{site.url}/api/v1/draws/{sent.code}.json").json()
    assert sealed["selected"] is None
    assert sealed["seed"] is None
    hands.forward(days=4)
    with site.services.database.transaction(SYSTEM) as session:
        assert visits.miss_overdue(session, actor=BUREAU, clock=site.services.clock) == 4
    with client_of(site, officer) as client:
        assert client.post(f"/visits/rounds/{sent.code}/reveal").status_code == 303
    published = httpx.get(f"{site.url}/api/v1/draws/{sent.code}.json").json()
    assert {line["id"] for line in published["selected"]} == set(lessons_by_visit(site).values())
    file = tmp_path / "draw.json"
    file.write_text(json.dumps(published), encoding="utf-8")
    assert verify_draw.__file__
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as done:
        patch.setattr("sys.argv", ["verify_draw.py", str(file)])
        runpy.run_path(verify_draw.__file__, run_name="__main__")
    assert done.value.code in (0, None)
    for role in INSTITUTION:
        with client_of(site, account_of(site.services, role, sent.world.institution.id)) as client:
            assert client.get(f"/visits/{sent.visit}").status_code == 403
