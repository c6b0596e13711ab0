"""An integrity alarm and what was proven: the time still counts, and everywhere it counts it is said that nobody can look at it. R71, R73, R84."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import httpx
import pytest

from api.auth.identify import cookie_name
from api.auth.roles import Role
from api.papers.subsidy_certificate import _share
from api.subsidy import subsidy_rules
from compliance.subsidy import service as subsidies
from storage.database.session import SYSTEM
from storage.kernel.clock import local_date
from supervision.classes.models import TrainingClass
from supervision.footage.queries import LedgerLine, duties, slot_line
from supervision.footage.rules import CoverageRule
from supervision.sampling import queries as draws
from supervision.sampling.lifecycle import DrawMethod
from supervision.sampling.models import DrawRound
from tests.integration.spine.test_patrol import ALARM, AWAY, RETAINED, SICK, SOUND, Archive, archive, sick
from tests.integration.spine.test_upload_to_catalogue import send
from tests.people import account_of, token_of
from tests.site_fixtures import serving

__all__ = ["archive"]  # the fixture


def rule(archive: Archive) -> CoverageRule:
    return archive.services.policy.read(CoverageRule, archive.services.clock.today_on())


def line(archive: Archive, number: int) -> LedgerLine:
    services = archive.services
    slot_id = archive.row(number).slot_id
    assert slot_id
    with services.database.transaction(SYSTEM) as session:
        found = slot_line(session, rule(archive), slot_id, None)
    assert found
    return found


def period(on: date) -> DrawRound:
    return DrawRound(period_starts_on=on, period_ends_on=on, method=DrawMethod.ROUTINE, on_site=False)


def test_what_the_store_lost_counts_and_says_that_nobody_can_look_at_it(archive: Archive, run_jobs: Callable[[], None], tmp_path: Path) -> None:
    services = archive.services
    before = line(archive, SICK)
    assert before.not_to_be_shown == ()
    on = local_date(before.lesson.starts_at)

    with sick(archive, {"stream": AWAY}):
        archive.patrol()
    assert archive.states() == (ALARM, RETAINED)
    after = line(archive, SICK)
    assert after.coverage == before.coverage, "an institution loses nothing by the bureau's disk"
    assert after.not_to_be_shown == before.coverage.proven
    assert line(archive, SOUND).not_to_be_shown == ()

    with services.database.transaction(SYSTEM) as session:
        row = session.get_one(TrainingClass, before.lesson.class_id)
        found = subsidies.assessment_of(session, row, subsidy_rules(services.policy, services.clock.today_on()), at=services.clock.now_at())
        assert sum(day.not_to_be_shown_s for day in found.days) == int(before.coverage.proven_s)
        assert draws.not_to_be_shown(session, period(on)) == [before.lesson.natural_id]
        assert before.lesson.natural_id not in dict(draws.eligible_lessons(session, period(on)))
        code = row.code

    with services.database.transaction(SYSTEM) as session:
        assert duties(session, archive.world.institution.id, rule(archive), services.clock.now_at()).alarmed == 1
    with serving(services) as site:
        cookies = {cookie_name(site.services.settings): token_of(site.services, account_of(site.services, Role.BUREAU_OFFICER).id)}
        with httpx.Client(base_url=site.url, cookies=cookies, headers={"Accept-Language": "en"}) as officer:
            assert "can no longer be shown" in officer.get(f"/slots/{before.slot.id}").text
            assert "cannot be shown" in officer.get(f"/coverage?last={on}").text
            assert "of what counts can no longer be shown" in officer.get(f"/subsidy/classes/{code}").text
            told = {one["slot_id"]: one for one in officer.get(f"/api/v1/coverage?first={on}&last={on}").json()}
    assert [s["seconds"] for s in told[str(before.slot.id)]["not_to_be_shown"]] == [round(s.seconds) for s in before.coverage.proven]

    # the institution has its own copy (R73): sent again, the lesson can be looked at again, and the earlier recording keeps its alarm
    path = tmp_path / "own copy.mp4"
    path.write_bytes(archive.files[SICK])
    send(services, archive.world, path, file_name=archive.world.file_name(lesson=SICK))
    run_jobs()
    again = line(archive, SICK)
    assert again.not_to_be_shown == ()
    assert archive.states() == (ALARM, RETAINED)
    with services.database.transaction(SYSTEM) as session:
        assert duties(session, archive.world.institution.id, rule(archive), services.clock.now_at()).alarmed == 0
        assert draws.not_to_be_shown(session, period(on)) == []
        assert before.lesson.natural_id in dict(draws.eligible_lessons(session, period(on)))


@pytest.mark.parametrize(
    ("lost_s", "words"), [(0, "有录像 90 分钟"), (61, "有录像 90 分钟（其中 2 分钟的录像存储异常，现无法调阅）"), (None, "有录像 90 分钟")]
)
def test_the_certificate_says_it(lost_s: int | None, words: str) -> None:
    day = {"scheduled_s": 5400, "covered_s": 5400} | ({} if lost_s is None else {"not_to_be_shown_s": lost_s})
    assert _share(day) == f"课时 90 分钟，{words}"
