"""With an interest in an institution one does not judge its leads, throw its clocks away, or lift the bar oneself. 2.3.2; R55, R60; F-25."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select

from api.auth.identify import cookie_name
from api.auth.models import Account
from api.auth.roles import Role
from api.http.services import Services
from storage.database.session import SYSTEM
from storage.kernel.actor import SYSTEM_ACTOR
from storage.ledger.models import LedgerEntry
from supervision.footage.models import Recording
from supervision.institutions.models import Camera, Institution
from supervision.screening.clock_models import CameraClock
from supervision.screening.looks import Code
from supervision.screening.screening_models import LeadVerdict, ScreeningLead
from supervision.spotchecks import lead_verdicts, recusals
from supervision.spotchecks.errors import MustStandAside
from supervision.spotchecks.interest_models import InterestMatch
from supervision.spotchecks.interest_rules import Ground
from tests.factories.screened_county import fill
from tests.people import account_of, token_of
from tests.site_fixtures import Hands, Site

HTML = {"Accept": "text/html"}


@pytest.fixture
def county(services: Services) -> Services:
    with services.database.transaction(SYSTEM) as session:
        fill(session, services.clock.now_at(), institutions=4, leads=120)
    return services


@contextmanager
def person(site: Site, role: Role = Role.BUREAU_OFFICER) -> Iterator[tuple[Account, httpx.Client]]:
    account = account_of(site.services, role)
    cookies = {cookie_name(site.services.settings): token_of(site.services, account.id), "lang": "en"}
    with httpx.Client(base_url=site.url, cookies=cookies, headers={"X-ClassProof": "1"} | HTML, follow_redirects=True) as client:
        yield account, client


def one_of(services: Services, institution: str, *, judged: bool = False) -> UUID:
    """A lead of an institution about one recording only."""
    with services.database.transaction(SYSTEM) as session:
        said = select(LeadVerdict.id).where(LeadVerdict.lead_id == ScreeningLead.id).exists()
        return session.scalars(
            select(ScreeningLead.id)
            .join(Institution, Institution.id == ScreeningLead.institution_id)
            .where(Institution.code == institution, ScreeningLead.related_recording_id.is_(None), said if judged else ~said)
            .limit(1)
        ).one()


def bar(services: Services, account: Account, institution: str, *, days: int | None = None) -> None:
    today = services.clock.today_on()
    with services.database.transaction(SYSTEM) as session:
        recusals.enter_recusal(
            session,
            inspector_account_id=account.id,
            institution_id=session.scalars(select(Institution.id).where(Institution.code == institution)).one(),
            reason="配偶任教",
            source="declared",
            from_on=today,
            until_on=today + timedelta(days=days) if days else None,
            actor=SYSTEM_ACTOR,
            clock=services.clock,
        )


def verdicts(services: Services, lead_id: UUID) -> int:
    with services.database.transaction(SYSTEM) as session:
        return session.scalar(select(func.count()).where(LeadVerdict.lead_id == lead_id)) or 0


def test_an_officer_who_declared_an_interest_does_not_judge_that_institutions_leads(county: Services, site: Site) -> None:
    own, other = one_of(county, "N0000"), one_of(county, "N0001")
    with county.database.transaction(SYSTEM) as session:
        institution = session.scalars(select(Institution).where(Institution.code == "N0000")).one()
    with person(site) as (account, http):
        assert 'name="real"' in http.get(f"/leads/{own}").text
        register = f"/inspectors/{account.login_name}/interests"
        assert f'href="{register}"' in http.get(f"/leads/{own}").text  # the page says where an interest is entered
        assert "Stands aside" in http.post(register, data={"kind": "employer", "institution_id": str(institution.id)}).text
        page = http.get(f"/leads/{own}").text
        assert "You stand aside." in page
        assert institution.name in page
        assert 'name="real"' not in page
        for real in ("yes", "no"):
            refused = http.post(f"/leads/{own}/verdict", data={"real": real, "note": "看过"})
            assert refused.status_code == 409
            assert "The register of recusals bars you from judging" in refused.text
        assert "您须回避" in http.post(f"/leads/{own}/verdict", data={"real": "no", "note": "看过"}, headers={"Cookie": _zh(http)}).text
        assert verdicts(county, own) == 0
        assert http.post(f"/leads/{other}/verdict", data={"real": "no", "note": "放映时关灯"}).status_code == 200
        assert verdicts(county, other) == 1
    with person(site) as (_, http):  # a colleague may
        assert http.post(f"/leads/{own}/verdict", data={"real": "yes"}).status_code == 200
    assert verdicts(county, own) == 1


def _zh(http: httpx.Client) -> str:
    return "; ".join(f"{name}={'zh' if name == 'lang' else value}" for name, value in http.cookies.items())


def test_nobody_ends_their_own_interest_or_decides_their_own_match_and_a_colleague_does(county: Services, site: Site) -> None:
    own = one_of(county, "N0002")
    with person(site) as (account, http), person(site, Role.BUREAU_LEADER) as (leader, other):
        register = f"/inspectors/{account.login_name}/interests"
        http.post(register, data={"kind": "employer", "institution_id": str(_id(county, "N0002"))})
        http.post(register, data={"kind": "kin", "person_name": "赵一", "relation": "兄弟"})
        mine = http.get(register).text
        assert "Your own register" in mine
        assert "/end" not in mine
        assert "/confirm" not in mine
        theirs = other.get(register).text
        for address in (_first(theirs, register, "/confirm"), _first(theirs, register, "/end")):
            assert http.post(address, data={"reason": "已无关系"}).status_code == 409
            assert other.post(address, data={"reason": "已核对"}).status_code == 200
        with county.database.transaction(SYSTEM) as session:
            ended = session.scalars(select(LedgerEntry).where(LedgerEntry.action == "interest.ended")).one()
            assert ended.actor_name == leader.login_name
            confirmed = session.scalars(
                select(InterestMatch).where(InterestMatch.ground == Ground.KIN_PRINCIPAL, InterestMatch.recusal_id.is_not(None))
            )
            assert confirmed.one().decided_by == leader.login_name
        assert http.post(f"/leads/{own}/verdict", data={"real": "yes"}).status_code == 409


def _id(services: Services, code: str) -> UUID:
    with services.database.transaction(SYSTEM) as session:
        return session.scalars(select(Institution.id).where(Institution.code == code)).one()


def _first(page: str, base: str, ending: str) -> str:
    return next(
        part.split('"')[0] for part in page.split('action="') if part.startswith(base.rpartition("/")[0]) and part.split('"')[0].endswith(ending)
    )


def test_a_lead_about_two_institutions_is_judged_by_nobody_who_is_barred_from_either(county: Services) -> None:
    account = account_of(county, Role.BUREAU_OFFICER)
    with county.database.transaction(SYSTEM) as session:
        lead, there = session.execute(
            select(ScreeningLead, Recording.institution_id)
            .join(Recording, Recording.id == ScreeningLead.related_recording_id)
            .where(ScreeningLead.code == Code.RECYCLED, Recording.institution_id != ScreeningLead.institution_id)
            .limit(1)
        ).one()
        code = session.get_one(Institution, there).code
    bar(county, account, code)
    with county.database.transaction(SYSTEM) as session, pytest.raises(MustStandAside) as refused:
        lead_verdicts.judge(session, lead.id, real=True, note="", account_id=account.id, actor=SYSTEM_ACTOR, clock=county.clock)
    assert refused.value.facts["reason"] == "配偶任教"


def test_a_recusal_bars_within_its_days_only(county: Services, hands: Hands) -> None:
    account, lead = account_of(county, Role.BUREAU_OFFICER), one_of(county, "N0001")
    bar(county, account, "N0001", days=3)
    with county.database.transaction(SYSTEM) as session:
        found = session.get_one(ScreeningLead, lead)
        assert lead_verdicts.barred(session, found, account.id, clock=county.clock) is not None
        hands.forward(days=3)
        assert lead_verdicts.barred(session, found, account.id, clock=county.clock) is None


def test_a_barred_officer_does_not_throw_away_what_was_learned_of_a_clock(county: Services, site: Site) -> None:
    with county.database.transaction(SYSTEM) as session:
        (theirs, free) = (
            session.scalars(
                select(CameraClock.id)
                .join(Camera, Camera.id == CameraClock.camera_id)
                .join(Institution, Institution.id == Camera.institution_id)
                .where(Institution.code == code)
                .limit(1)
            ).one()
            for code in ("N0003", "N0001")
        )
    with person(site) as (account, http):
        bar(county, account, "N0003")
        page = http.get("/leads/clocks").text
        assert f"/leads/clocks/{theirs}/discard" not in page
        assert f"/leads/clocks/{free}/discard" in page
        assert http.post(f"/leads/clocks/{theirs}/discard", data={"why": "换了录像机"}).status_code == 409
        assert http.post(f"/leads/clocks/{free}/discard", data={"why": "换了录像机"}).status_code == 200


def test_the_office_enters_a_recusal_of_an_officer_and_the_register_shows_it(county: Services, site: Site) -> None:
    with person(site) as (account, http), person(site, Role.BUREAU_LEADER) as (_, leader):
        body = {
            "inspector_login": account.login_name,
            "institution_id": str(_id(county, "N0000")),
            "reason": "近亲属为该机构校长",
            "source": "detected",
            "from_on": county.clock.today_on().isoformat(),
        }
        assert leader.post("/api/v1/recusals", json=body).status_code == 201
        assert f'href="/inspectors/{account.login_name}/interests"' in leader.get("/reviewers").text
        assert "近亲属为该机构校长" in leader.get(f"/inspectors/{account.login_name}/interests").text
        assert http.post(f"/leads/{one_of(county, 'N0000')}/verdict", data={"real": "yes"}).status_code == 409
