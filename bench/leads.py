"""The bureau's pages of leads over a year's worth of them: every address asked several times, the slowest of them named. R60, R72."""

import time
from urllib.parse import quote

import httpx
from sqlalchemy import select

from api.auth.identify import cookie_name
from api.auth.roles import Role
from bench.results import Result
from bench.site import Running
from storage.database.session import SYSTEM
from supervision.screening.looks import Code
from supervision.screening.screening_models import ScreeningLead
from tests.factories.screened_county import fill
from tests.people import account_of, token_of

LEADS = 20_000
INSTITUTIONS = 200
TIMES = 5
BUDGET_MS = 1000


def measure(running: Running) -> list[Result]:
    """The median of each address, the first visit left out; the slowest address counts."""
    services = running.services
    begun = time.perf_counter()
    with services.database.transaction(SYSTEM) as session:
        fill(session, services.clock.now_at(), institutions=INSTITUTIONS, leads=LEADS)
        lead = session.scalars(select(ScreeningLead.id).order_by(ScreeningLead.strength, ScreeningLead.id).offset(LEADS // 2).limit(1)).one()
        pair = session.scalars(select(ScreeningLead.id).where(ScreeningLead.code == Code.RECYCLED).limit(1)).one()
    print(f"  {LEADS:,} leads of {INSTITUTIONS} institutions in {time.perf_counter() - begun:.0f} s")
    account = account_of(services, Role.BUREAU_OFFICER)
    cookies = {cookie_name(services.settings): token_of(services, account.id)}
    addresses = [
        "/leads",
        "/leads?kind=suspicion&order=found",
        "/leads?institution=N0007",
        "/leads?strength=600&judged=no",
        "/leads?judged=real",
        "/leads?judged=disputed",
        f"/leads?q={quote('启航')}",
        f"/leads/{lead}",
        f"/leads/{lead}?judged=no&q={quote('启航')}",
        f"/leads/recycled/{pair}",
        "/leads/clocks",
        "/leads/crosschecks",
        "/machine",
        "/machine/figures?figure=screening_black_grey&value=20",
    ]
    medians: dict[str, float] = {}
    with httpx.Client(base_url=running.url, cookies=cookies, timeout=120) as client:
        for address in addresses:
            times = []
            for _ in range(TIMES + 1):
                begun = time.perf_counter()
                client.get(address).raise_for_status()
                times.append((time.perf_counter() - begun) * 1000)
            medians[address] = sorted(times[1:])[TIMES // 2]
            print(f"  {medians[address]:7.0f} ms  {address}", flush=True)
    slowest = max(medians, key=lambda address: medians[address])
    return [
        Result("list of leads, 20 000 of 200 institutions", medians["/leads"], "ms", BUDGET_MS, "lower"),
        Result("slowest page of leads", medians[slowest], "ms", BUDGET_MS, "lower", peer=slowest.partition("?")[0]),
    ]
