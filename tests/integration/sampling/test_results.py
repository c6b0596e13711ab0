"""What is published of blind looks: at the end of a round no finding can be read from it, later no line can have been changed. R55; G16."""

import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from storage.database.session import BUREAU as BUREAU_SCOPE
from storage.database.session import PUBLIC, SYSTEM, Scope, apply_scope
from storage.ledger.models import LedgerEntry
from supervision.findings import procedure
from supervision.findings import queries as findings_q
from supervision.sampling import queries as draws
from supervision.sampling import verify_draw
from supervision.sampling.draw import SamplingRule
from supervision.sampling.publication import export_public
from supervision.spotchecks import results
from supervision.spotchecks import service as spotchecks
from supervision.spotchecks.errors import ResultsNotPublished
from supervision.spotchecks.result_models import ReviewResultLine
from tests.integration.sampling.stage import BUREAU, RESULTS, Stage, Unheld
from tests.integration.sampling.test_reviews_and_findings import assign
from tests.integration.sampling.test_second_looks import FEW, look, next_look

Json = dict[str, Any]  # Any: JSON
EVERYTHING = SamplingRule(1000, 300, 800)


def closed(stage: Stage, worlds: tuple[int, ...], *, bad: int, strata_by: tuple[str, ...] = ()) -> str:
    """A round over institutions with so many lessons each, of which the first `bad` by rank come to a finding; all drawn, looked at, closed."""
    for lessons in worlds:
        stage.world(lessons)
    code = stage.drawn(rule=EVERYTHING, strata_by=strata_by).code
    for given in assign(stage, code):
        defects = (FEW,) if given.rank <= bad else ()
        look(stage, given, *defects)
        if defects:
            second = next_look(stage, given)
            look(stage, second, *defects)
            stage.follow(second)
        else:
            stage.follow(given)
    spotchecks.close_round(stage.session, code, rule=RESULTS, actor=BUREAU, clock=stage.clock)
    return code


def published(stage: Stage, code: str) -> tuple[Json, Json]:
    """Draw and looks, as they travel to somebody outside."""
    apply_scope(stage.session, PUBLIC)
    files = export_public(stage.session, code), results.export_looks(stage.session, code)
    apply_scope(stage.session, SYSTEM)
    return files


def opened(stage: Stage, code: str) -> bool:
    """What the job does."""
    ends = findings_q.ends_of_round(stage.session, draws.round_by_code(stage.session, code).id)
    return results.open_lines(stage.session, code, ends=ends, actor=BUREAU, clock=stage.clock)


def end_findings(stage: Stage, code: str) -> None:
    """Every finding of the round has run its course."""
    rows = "select code from finding where state <> 'void' order by code"
    for (finding,) in stage.session.execute(text(rows)).all():
        procedure.declare_void(stage.session, finding, reason="登记有误", holds=Unheld(), actor=BUREAU, clock=stage.clock)
    stage.session.expire_all()
    assert code


def shape(one: object) -> object:
    """What a file says without its values: texts and figures are one like the other."""
    if isinstance(one, dict):
        return {key: shape(value) for key, value in one.items()}
    return [shape(value) for value in one] if isinstance(one, list) else type(one).__name__


def test_of_a_round_of_one_lesson_a_finding_cannot_be_told_from_none_until_its_lines_are_opened(stage: Stage) -> None:
    clean = published(stage, closed(stage, (1,), bad=0))
    stage.later(days=1)
    code = closed(stage, (1,), bad=1)
    files = published(stage, code)
    assert shape(files[1]) == shape(clean[1])
    assert shape(files[0]) == shape(clean[0])
    assert (files[1]["totals"], files[1]["lines"], files[0]["frame"]["strata"]["list"][0]["bad"]) == (None, None, None)
    assert "finding" not in str(files[1]["commitments"])
    assert [line.partition(" ")[0] for line in verify_draw.check_looks(*files)] == ["SEALED"]
    log = [str(body) for (body,) in stage.session.execute(select(LedgerEntry.body).where(LedgerEntry.action.in_(CLOSING)))]
    assert len(log) == 4
    assert not [body for body in log if "'finding'" in body or "'bad'" in body]
    stage.later(days=29)
    assert not opened(stage, code)  # whatever was found


CLOSING = ("draw-round.close", "review-results.published")


def test_lines_are_opened_once_every_finding_has_ended_and_nothing_was_written_differently(stage: Stage) -> None:
    code = closed(stage, (1,), bad=1)
    sealed = published(stage, code)[1]
    stage.later(days=31)
    assert results.due(stage.session, stage.now) == [(code, draws.round_by_code(stage.session, code).id)]
    assert not opened(stage, code)  # the finding is on its way
    end_findings(stage, code)
    assert opened(stage, code)
    draw, looks = published(stage, code)
    assert looks["commitments"] == sealed["commitments"]
    (line,) = looks["lines"]
    assert (line["looks"], line["outcome"], line["became"]) == (["finding", "finding"], "finding", [])
    assert looks["totals"] == {
        "drawn": 1, "looked_at": 1, "ok": 0, "finding": 1, "second_looks": 1, "third_looks": 0, "disagreements": 0,
    }  # fmt: skip
    assert draw["frame"]["strata"]["list"][0]["bad"] == 1
    assert verify_draw.check_looks(draw, looks) == ["LOOKS 1 lines as committed: 1 findings, 0 disputed"]
    assert opened(stage, code)  # again: nothing happens
    assert published(stage, code)[1] == looks
    assert results.due(stage.session, stage.now) == []
    assert stage.session.scalar(select(func.count()).where(LedgerEntry.action == "review-results.opened")) == 1


def test_totals_of_many_lessons_of_several_institutions_are_told_at_once(stage: Stage) -> None:
    code = closed(stage, (3, 3, 2), bad=2)
    draw, looks = published(stage, code)
    assert (looks["totals"]["finding"], looks["totals"]["ok"], looks["withheld"], looks["lines"]) == (2, 6, None, None)
    assert draw["frame"]["strata"]["list"][0]["bad"] == 2
    assert verify_draw.check_looks(draw, looks)[0] == "LOOKS 2 of 8 lessons came to a finding, 0 disputed"


@pytest.mark.parametrize(("worlds", "bad"), [((8,), 1), ((4, 4), 1), ((3, 3, 2), 6), ((3, 3, 2), 8)])
def test_totals_that_would_tell_an_institution_of_a_finding_are_withheld(stage: Stage, worlds: tuple[int, ...], bad: int) -> None:
    assert published(stage, closed(stage, worlds, bad=bad))[1]["totals"] is None


@pytest.mark.parametrize("scope", [PUBLIC, Scope("institution", UUID(int=7))], ids=["the public", "an institution"])
def test_the_database_itself_keeps_the_lines_from_everybody_outside_until_they_are_opened(stage: Stage, scope: Scope) -> None:
    code = closed(stage, (2,), bad=1)

    def lines(seen_by: Scope) -> int:
        apply_scope(stage.session, seen_by)
        found = stage.session.scalar(select(func.count()).select_from(ReviewResultLine)) or 0
        apply_scope(stage.session, SYSTEM)
        return found

    assert (lines(scope), lines(BUREAU_SCOPE)) == (0, 2)
    stage.later(days=31)
    end_findings(stage, code)
    assert opened(stage, code)
    assert lines(scope) == 2


def test_a_round_that_is_not_closed_has_no_results_and_a_void_one_opens_none(stage: Stage) -> None:
    stage.world(1)
    with pytest.raises(ResultsNotPublished):
        results.export_looks(stage.session, stage.drawn().code)
    stage.later(days=1)
    code = closed(stage, (1,), bad=0)
    spotchecks.void_round(stage.session, code, reason="名单有误", actor=BUREAU, clock=stage.clock, events=stage.outbox)
    stage.later(days=31)
    assert results.due(stage.session, stage.now) == []
    assert not opened(stage, code)


def _lines(looks: Json) -> Json:
    return looks["lines"][0]  # type: ignore[no-any-return]


CHANGES: dict[str, Callable[[Json], object]] = {
    "an outcome": lambda looks: _lines(looks).update(outcome="ok"),
    "a look": lambda looks: _lines(looks)["looks"].append("ok"),
    "a salt": lambda looks: _lines(looks).update(salt="00" * 32),
    "a lesson": lambda looks: _lines(looks).update(id="another"),
    "a line left out": lambda looks: looks["lines"].pop(),
    "a commitment left out": lambda looks: looks["commitments"].pop(),
    "totals": lambda looks: looks["totals"].update(finding=0, ok=8),
    "disagreements": lambda looks: looks["totals"].update(disagreements=1),
    "the salt of the plan": lambda looks: looks["plan"].update(salt="00" * 32),
    "the share looked at twice": lambda looks: looks["plan"].update(clean_permille=1000),
    "another round": lambda looks: looks.update(round="D2026-9999"),
    "another format": lambda looks: looks.update(format="classproof-looks/0"),
}


@pytest.fixture
def files(stage: Stage) -> tuple[Json, Json]:
    """Of a round with two findings, opened."""
    code = closed(stage, (3, 3, 2), bad=2)
    stage.later(days=31)
    end_findings(stage, code)
    assert opened(stage, code)
    return published(stage, code)


def test_whatever_is_changed_in_the_published_looks_is_found(files: tuple[Json, Json]) -> None:
    draw, looks = files
    assert verify_draw.check_looks(draw, looks) == ["LOOKS 8 lines as committed: 2 findings, 0 disputed"]
    for what, change in CHANGES.items():
        changed = copy.deepcopy(looks)
        change(changed)
        with pytest.raises(verify_draw.Difference):
            verify_draw.check_looks(draw, changed)
            pytest.fail(what)
    other = copy.deepcopy(draw)
    other["frame"]["strata"]["list"][0]["bad"] = 1
    with pytest.raises(verify_draw.Difference):
        verify_draw.check_looks(other, looks)


def test_results_are_due_only_after_their_days(stage: Stage) -> None:
    closed(stage, (1,), bad=0)
    assert results.due(stage.session, stage.now + timedelta(days=29)) == []
    assert len(results.due(stage.session, stage.now + timedelta(days=30))) == 1
