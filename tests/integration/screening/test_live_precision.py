"""What the page says of the machine's leads is what people last said of each, counted by hand. R60."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from api.auth.identify import cookie_name
from api.auth.roles import Role
from storage.database.session import SYSTEM
from storage.kernel.actor import Actor
from supervision.screening import leads
from supervision.screening.looks import Code
from supervision.screening.screening_models import LeadVerdict, ScreeningLead
from tests.factories.screened_county import fill
from tests.people import account_of, token_of
from tests.site_fixtures import Site

ONE, OTHER = (Actor(kind="account", name=name, role="bureau-officer") for name in ("officer-1", "officer-2"))
Shown = dict[str, tuple[int, int]]  # kind → (real, judged without dispute)


@pytest.fixture
def office(site: Site) -> Iterator[httpx.Client]:
    account = account_of(site.services, Role.BUREAU_OFFICER)
    cookies = {cookie_name(site.services.settings): token_of(site.services, account.id), "lang": "en"}
    with httpx.Client(base_url=site.url, cookies=cookies, timeout=30) as client:
        yield client


def shown(office: httpx.Client) -> Shown:
    page = office.get("/machine")
    assert page.status_code == 200
    found = re.findall(r'href="/leads\?kind=([a-z-]+)&amp;judged=yes">(\d+) / (\d+)</a>', page.text)
    return {code: (int(real), int(agreed)) for code, real, agreed in found}


def counted(site: Site) -> Shown:
    """By going through all that was ever said, in the order in which it was said."""
    last: dict[UUID, dict[str, bool]] = defaultdict(dict)
    with site.services.database.transaction(SYSTEM) as session:
        code_of = dict(session.execute(select(ScreeningLead.id, ScreeningLead.code)).all())
        for one in session.scalars(select(LeadVerdict).order_by(LeadVerdict.id)):
            last[one.lead_id][one.given_by] = one.real
    agreed, real = Counter[str](), Counter[str]()
    for lead_id, words in last.items():
        if len({*words.values()}) == 1:
            agreed[code_of[lead_id].value] += 1
            real[code_of[lead_id].value] += all(words.values())
    return {code: (real[code], agreed[code]) for code in agreed}


def test_without_a_verdict_nothing_is_said_and_each_verdict_counts_as_its_person_last_gave_it(site: Site, office: httpx.Client) -> None:
    services = site.services
    at = services.clock.now_at()
    assert shown(office) == {}  # not a lead yet
    with services.database.transaction(SYSTEM) as session:
        fill(session, at, institutions=5, leads=60)
    assert shown(office) == counted(site) != {}
    with services.database.transaction(SYSTEM) as session:
        told = select(LeadVerdict.lead_id)
        lead = session.scalars(select(ScreeningLead).where(ScreeningLead.id.not_in(told)).limit(1)).one()
        lead_id, code = lead.id, Code(lead.code).value
    real, agreed = shown(office).get(code, (0, 0))
    said = (
        (ONE, True, (real + 1, agreed + 1)),
        (ONE, False, (real, agreed + 1)),  # thought again
        (OTHER, True, (real, agreed)),  # disputed
        (OTHER, False, (real, agreed + 1)),
    )
    for who, verdict, expected in said:
        with services.database.transaction(SYSTEM) as session:
            leads.judge(session, lead_id, real=verdict, note="看过", actor=who, at=at)
        assert shown(office).get(code, (0, 0)) == expected
        assert shown(office) == counted(site)


def test_leads_that_nobody_judged_have_no_share(site: Site, office: httpx.Client) -> None:
    """None of none is not nought of a hundred: no figure stands there, and the page is there all the same."""
    with site.services.database.transaction(SYSTEM) as session:
        fill(session, site.services.clock.now_at(), institutions=2, leads=1)
        assert session.scalars(select(LeadVerdict)).all() == []
        (only,) = leads.live(session).values()
    assert (only.leads, only.judged, only.agreed, only.real) == (1, 0, 0, 0)
    assert shown(office) == {}
    assert "disputed, not counted" not in office.get("/machine").text
