"""What a weighted round says before and after it is closed, and what a sealed one does not say, in both languages and widths. R55, R66; G8, G9."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from api.auth.roles import Role
from storage.database.session import SYSTEM
from storage.kernel.clock import local_date
from supervision.institutions import service as registry
from supervision.institutions.models import Tier
from supervision.sampling import queries
from supervision.sampling import service as sampling
from tests.browser.conftest import People, in_both
from tests.factories.world import make_world
from tests.integration.sampling.stage import BUREAU, Stage

pytestmark = pytest.mark.browser


@pytest.fixture
def weighted(people: People) -> str:
    """A round over two institutions of different tiers, drawn."""
    services = people.site.services
    with services.database.transaction(SYSTEM) as session:
        stage = Stage(session, now=services.clock.now_at())
        for tier, lessons in ((Tier.A, 40), (Tier.D, 20)):
            world = stage.world(lessons)
            from_on = local_date(stage.now - timedelta(days=30))
            registry.record_tier(session, world.institution, tier=tier, from_on=from_on, document="古人社发〔2026〕12号", actor=BUREAU, at=stage.now)
        return stage.drawn(strata_by=("tier", "flags")).code


def test_a_weighted_round_shows_its_parts_and_once_closed_what_it_says_of_the_county(people: People, weighted: str) -> None:
    officer = people.signed_in(Role.BUREAU_OFFICER)
    officer.goto(f"/draws/{weighted}")
    expect(officer.get_by_role("heading", name="Parts of the list")).to_be_visible()
    expect(officer.get_by_role("row", name="tier D · not flagged")).to_contain_text("4×")
    stranger = people.stranger()
    stranger.goto(f"/public/draws/{weighted}")
    expect(stranger.get_by_role("heading", level=1)).to_contain_text(weighted)
    expect(stranger.get_by_text("not flagged")).to_have_count(0)
    services = people.site.services
    with services.database.transaction(SYSTEM) as session:
        drawn = sorted(queries.selected_strata(session, queries.round_by_code(session, weighted)).items(), key=lambda one: one[1])
        sampling.close(session, weighted, open_items=0, actor=BUREAU, clock=services.clock, bad_lessons=[drawn[0][0], drawn[-1][0]])
    stranger.reload()
    expect(stranger.get_by_role("heading", name="What this round says of the whole list")).to_be_visible()
    in_both(officer, people, f"/draws/{weighted}", "draw-weighted")
    in_both(stranger, people, f"/public/draws/{weighted}", "public-draw-weighted")


def test_a_sealed_round_tells_nobody_who_will_be_visited(people: People) -> None:
    services = people.site.services
    with services.database.transaction(SYSTEM) as session:
        stage = Stage(session, now=services.clock.now_at())
        lessons = [lesson.natural_id for lesson in make_world(session, stage.now, lessons=6, days_ago=-2).lessons]
        code = stage.drawn(on_site=True).code
    officer, stranger = people.signed_in(Role.BUREAU_OFFICER), people.stranger()
    for page, path in ((officer, f"/draws/{code}"), (stranger, f"/public/draws/{code}")):
        page.goto(path)
        assert not [lesson for lesson in lessons if lesson in page.content()]
    published = stranger.request.get(f"/api/v1/draws/{code}.json").text()
    assert not [lesson for lesson in lessons if lesson in published]
    expect(officer.get_by_text("The list is sealed until all visits are over.")).to_be_visible()
    in_both(officer, people, f"/draws/{code}", "draw-sealed")
