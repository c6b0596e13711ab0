"""委托第三方核查 (R57): looked at by verifiers and nobody of the bureau, blind like every look, and over when the contract is."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from api.auth.models import Account
from api.auth.roles import Role
from storage.database.session import SYSTEM
from tests import videos
from tests.factories.county import County, ok
from tests.factories.world import make_world
from tests.integration.spine.test_upload_to_catalogue import send
from tests.site_fixtures import Hands, Site


@pytest.fixture
def county(site: Site, hands: Hands, run_jobs: Callable[[], None], tmp_path: Path) -> Iterator[County]:
    with site.services.database.transaction(SYSTEM) as session:
        world = make_world(session, site.services.clock.now_at())
    send(site.services, world, videos.film(tmp_path / "one.mp4", "mp4", videos.Scene(seconds=120, fps=10, gop=20)))
    made = County(site, hands, world, run_jobs)
    run_jobs()
    yield made
    for client in made.clients:
        client.close()


def test_a_third_party_round_goes_to_verifiers_who_look_and_judge_and_are_out_when_the_contract_ends(county: County) -> None:
    officer, inspector = county.person(Role.BUREAU_OFFICER), county.person(Role.INSPECTOR)
    verifiers = [county.person(Role.THIRD_PARTY_VERIFIER) for _ in range(2)]
    line = county.assigned(officer, method="third-party")
    assert line["inspector"] in {v.name for v in verifiers}
    assert ok(inspector.http.get("/api/v1/assignments")) == []
    verifier, place = county.task_of(verifiers, line["natural_id"])
    other = next(v for v in verifiers if v is not verifier)
    task = place.rpartition("/")[2]
    room = f"/review/{task}"
    shown = verifier.http.get(room, headers={"Accept": "text/html"})
    assert shown.status_code == 200
    assert "/release" not in shown.text, "an original is never a verifier's"
    for stranger in (other, inspector):
        assert stranger.http.get(place).status_code == 404
        assert stranger.http.get(room).status_code == 404
    county.look(verifier, place)
    originals = [f"/review/{task}/release", f"/api/v1/recordings/{county.world.institution.id}/download"]
    assert {verifier.http.post(originals[0], data={"reason": "看不清"}).status_code, verifier.http.get(originals[1]).status_code} <= {403, 404}
    with county.site.services.database.transaction(SYSTEM) as session:
        session.get_one(Account, other.account.id).valid_until = county.site.services.clock.now_at() - timedelta(seconds=1)
        session.get_one(Account, verifier.account.id).valid_until = county.site.services.clock.now_at() - timedelta(seconds=1)
    for person in verifiers:
        for path in ("/api/v1/assignments", place, room, "/reviewers/me"):
            assert person.http.get(path, headers={"Accept": "application/json"}).status_code == 401, path


def test_a_round_of_the_bureau_never_goes_to_a_verifier(county: County) -> None:
    officer, inspector = county.person(Role.BUREAU_OFFICER), county.person(Role.INSPECTOR)
    verifier = county.person(Role.THIRD_PARTY_VERIFIER)
    line = county.assigned(officer)
    assert line["inspector"] == inspector.name
    assert ok(verifier.http.get("/api/v1/assignments")) == []
