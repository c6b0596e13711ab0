"""What an institution reads of the machine: its own technical defects at once, on its recording and its ledger, and nothing else. R60, R71; F-25."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select, update

from api.auth.identify import cookie_name
from api.auth.roles import Role
from api.http.services import Services
from api.pages.leads.words import NAMES
from api.pages.recordings.defects import DAYS
from storage.database.session import SYSTEM, Scope
from storage.kernel.actor import Actor
from supervision.footage.models import Recording
from supervision.institutions.models import Institution
from supervision.screening import leads
from supervision.screening.looks import TECHNICAL, Code
from supervision.screening.recycled_models import RecycledMatch
from supervision.screening.screening_models import LeadVerdict, ScreeningLead, ScreeningRun
from tests.factories.screened_county import fill
from tests.people import account_of, token_of
from tests.site_fixtures import Hands, Site

ONE, OTHER = (Actor(kind="account", name=name, role="bureau-officer") for name in ("officer-1", "officer-2"))
SUSPICIONS = [NAMES[code] for code in Code if code not in TECHNICAL]


@pytest.fixture
def county(services: Services) -> Services:
    """Three institutions, screened until today."""
    with services.database.transaction(SYSTEM) as session:
        fill(session, services.clock.now_at(), institutions=3, leads=300)
    return services


@contextmanager
def reader(site: Site, role: Role, institution_id: UUID | None = None) -> Iterator[httpx.Client]:
    account = account_of(site.services, role, institution_id)
    cookies = {cookie_name(site.services.settings): token_of(site.services, account.id), "lang": "en"}
    with httpx.Client(base_url=site.url, cookies=cookies, headers={"X-ClassProof": "1", "Accept": "text/html"}, timeout=30) as client:
        yield client


def institution(services: Services, code: str) -> UUID:
    with services.database.transaction(SYSTEM) as session:
        return session.scalars(select(Institution.id).where(Institution.code == code)).one()


def of(services: Services, institution_id: UUID, condition: Callable[[], object]) -> list[ScreeningLead]:
    """Leads of an institution, each of another recording, that nobody judged."""
    with services.database.transaction(SYSTEM) as session:
        unsaid = ScreeningLead.id.not_in(select(LeadVerdict.lead_id))
        found = session.scalars(select(ScreeningLead).where(ScreeningLead.institution_id == institution_id, condition(), unsaid))  # type: ignore[arg-type]
        return list({one.recording_id: one for one in found}.values())


@pytest.mark.parametrize("role", [Role.INSTITUTION_HEAD, Role.INSTITUTION_OPERATOR])
def test_an_institution_reads_its_technical_defects_and_no_suspicion_anywhere(county: Services, site: Site, role: Role) -> None:
    own = institution(county, "N0000")
    technical = of(county, own, lambda: ScreeningLead.technical)[0]
    suspicion = of(county, own, lambda: ~ScreeningLead.technical)[0]
    with reader(site, role, own) as http:
        page = http.get(f"/recordings/{technical.recording_id}").text
        assert NAMES[technical.code] in page
        for recording_id in {technical.recording_id, suspicion.recording_id}:
            for address in (f"/recordings/{recording_id}", f"/api/v1/recordings/{recording_id}"):
                told = http.get(address)
                assert told.status_code == 200
                assert not [words for words in (*SUSPICIONS, "/leads/", "Strength", "strength", "weight") if words in told.text], address
        for address in ("/coverage", "/machine", "/recordings", f"/recordings?q={suspicion.recording_id}"):
            told = http.get(address)
            assert told.status_code == 200
            assert f"/leads/{suspicion.id}" not in told.text
        assert 'id="cost"' not in http.get("/machine").text
        assert "Judged by people" not in http.get("/machine").text


def test_every_page_of_leads_is_closed_to_an_institution_its_own_leads_too(county: Services, site: Site) -> None:
    own = institution(county, "N0000")
    technical = of(county, own, lambda: ScreeningLead.technical)[0]
    with county.database.transaction(SYSTEM) as session:
        pair = session.scalars(select(RecycledMatch.lead_id).limit(1)).one()
    with reader(site, Role.INSTITUTION_HEAD, own) as http:
        for address in (
            "/leads", "/leads/clocks", "/leads/crosschecks", f"/leads/{technical.id}", f"/leads/{technical.id}/still.jpg", f"/leads/recycled/{pair}",
            "/machine/figures",
        ):  # fmt: skip
            assert http.get(address).status_code == 403, address
        assert http.post(f"/leads/{technical.id}/verdict", data={"real": "no", "note": "没有的事"}).status_code == 403
        assert http.post(f"/leads/recycled/{pair}").status_code == 403


def test_another_institutions_recordings_and_defects_are_not_there(county: Services, site: Site) -> None:
    own, foreign = institution(county, "N0000"), institution(county, "N0001")
    theirs = of(county, foreign, lambda: ScreeningLead.technical)[0]
    with reader(site, Role.INSTITUTION_HEAD, own) as http:
        for address in (f"/recordings/{theirs.recording_id}", f"/api/v1/recordings/{theirs.recording_id}"):
            assert http.get(address).status_code == 404
        told = http.get("/coverage?institution=N0001").text
        with county.database.transaction(SYSTEM) as session:
            files = session.scalars(select(Recording.file_name).where(Recording.institution_id == foreign))
            assert not [name for name in files if name in told]
    with county.database.transaction(Scope("institution", own)) as session:  # nor to a page that forgot to ask
        assert {one.institution_id for one in session.scalars(select(ScreeningLead))} == {own}
        assert session.scalar(select(func.count()).where(~ScreeningLead.technical)) == 0
        for hidden in (LeadVerdict, ScreeningRun, RecycledMatch):
            assert session.scalar(select(func.count()).select_from(hidden)) == 0


def test_the_ledger_names_the_cameras_to_look_at_today_and_forgets_old_ones(county: Services, site: Site, hands: Hands) -> None:
    own, at = institution(county, "N0000"), county.clock.now_at()
    found = of(county, own, lambda: ScreeningLead.technical)[:2]
    hidden = of(county, own, lambda: ~ScreeningLead.technical)[0]
    with county.database.transaction(SYSTEM) as session:
        yesterday = {"found_at": at - timedelta(days=1)}
        session.execute(update(ScreeningLead).where(ScreeningLead.institution_id == own).values(found_at=at - timedelta(days=DAYS + 1)))
        session.execute(update(ScreeningLead).where(ScreeningLead.id.in_([*(one.id for one in found), hidden.id])).values(yesterday))
        for one in leads.of_recordings(session, [found[1].recording_id], technical=True):
            leads.judge(session, one.id, real=False, note="放映时关灯", actor=ONE, at=at)
        shown, dismissed, suspected = (session.get_one(Recording, one.recording_id).file_name for one in (*found, hidden))
    with reader(site, Role.INSTITUTION_OPERATOR, own) as http:
        page = http.get("/coverage").text
        assert 'id="defective"' in page
        duties = page[page.index('id="defective"') :].partition("</section>")[0]
        assert (shown in duties, dismissed in duties, suspected in duties) == (True, False, False)
        assert NAMES[found[0].code] in duties
        assert not [words for words in SUSPICIONS if words in page]
    with reader(site, Role.BUREAU_OFFICER) as http:
        assert 'id="defective"' not in http.get("/coverage?institution=N0000").text
    hands.forward(days=DAYS + 1)
    with reader(site, Role.INSTITUTION_OPERATOR, own) as http:
        assert 'id="defective"' not in http.get("/coverage").text


def test_a_defect_that_people_call_not_real_is_gone_for_its_institution_too_and_a_disputed_one_stays(county: Services, site: Site) -> None:
    own, at = institution(county, "N0000"), county.clock.now_at()
    lead = of(county, own, lambda: ScreeningLead.technical)[0]
    with reader(site, Role.INSTITUTION_HEAD, own) as http:
        place = f"/recordings/{lead.recording_id}"
        told = f"<strong>{NAMES[lead.code]}</strong>"
        before = http.get(place).text.count(told)
        assert before >= 1
        for who, real, gone in ((ONE, False, 1), (OTHER, True, 0), (OTHER, False, 1)):
            with county.database.transaction(SYSTEM) as session:
                leads.judge(session, lead.id, real=real, note="放映时关灯", actor=who, at=at)
            page = http.get(place).text
            assert page.count(told) == before - gone
            assert "放映时关灯" not in page
