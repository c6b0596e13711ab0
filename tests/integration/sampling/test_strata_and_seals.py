"""Rounds with strata and rounds that stay sealed: what is drawn, what is shown when, what a stranger can verify. R55, R66; 2.3.2; G8, G9."""

import copy
import json
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from storage.database.session import BUREAU as BUREAU_SCOPE
from storage.database.session import PUBLIC, SYSTEM, Scope, apply_scope
from storage.kernel.clock import local_date
from storage.kernel.errors import ForbiddenMove
from storage.ledger.models import LedgerEntry
from supervision.footage.lifecycle import SlotState
from supervision.footage.models import Slot
from supervision.institutions import service as registry
from supervision.institutions.models import Tier
from supervision.sampling import errors, queries, verify_draw
from supervision.sampling import service as sampling
from supervision.sampling.draw import SamplingRule
from supervision.sampling.lifecycle import DrawMethod
from supervision.sampling.models import DrawFrameItem, DrawFramePlace, DrawRound, DrawStrataSalt, DrawTicket
from supervision.sampling.publication import export_public
from supervision.spotchecks import service as spotchecks
from tests.factories.world import World, make_world
from tests.integration.sampling.stage import BUREAU, PEOPLE, REVIEW, Stage

TENTH = SamplingRule(sampling_floor_permille=100, detection_bad_permille=300, detection_confidence_permille=0)


def rated(stage: Stage, world: World, tier: Tier, *, days: int = 30) -> None:
    on = local_date(stage.now - timedelta(days=days))
    registry.record_tier(stage.session, world.institution, tier=tier, from_on=on, document="古人社发〔2026〕12号", actor=BUREAU, at=stage.now)


@pytest.fixture
def two_tiers(stage: Stage) -> Stage:
    good, poor = stage.world(40), stage.world(20)
    rated(stage, good, Tier.A)
    rated(stage, poor, Tier.D)
    rated(stage, good, Tier.D, days=-3)  # a tier of the future counts from its day
    flagged = [s.id for s in poor.slots[:5]]
    stage.session.execute(update(Slot).where(Slot.id.in_(flagged)).values(state=SlotState.MISSING))
    return stage


def test_credit_tier_and_flags_raise_the_chance_by_their_known_weights(two_tiers: Stage) -> None:
    round_ = two_tiers.drawn(rule=TENTH, strata_by=("flags", "tier"))
    found = {s.key: (s.weight_permille, s.lesson_count, s.sample_size) for s in queries.strata(two_tiers.session, round_.id)}
    assert found == {"tier=A;flags=no": (1000, 40, 4), "tier=D;flags=no": (4000, 15, 6), "tier=D;flags=yes": (8000, 5, 4)}
    keys = [s.key for s in queries.strata(two_tiers.session, round_.id)]
    drawn = Counter(keys[place] for place in queries.selected_strata(two_tiers.session, round_).values())
    assert drawn == {"tier=A;flags=no": 4, "tier=D;flags=no": 6, "tier=D;flags=yes": 4}
    assert round_.sample_size == len(queries.selected(two_tiers.session, round_.id)) == 14


def test_which_lesson_is_flagged_is_committed_to_and_shown_only_when_the_round_is_closed(two_tiers: Stage, tmp_path: Path) -> None:
    round_ = two_tiers.drawn(rule=TENTH, strata_by=("tier", "flags"))
    published = export_public(two_tiers.session, round_.code)
    assert published["frame"]["strata"] is None
    salt = queries.strata_salt(two_tiers.session, round_)
    assert salt is not None
    assert "flags=" not in json.dumps(published)
    assert salt.hex() not in json.dumps(published)
    assert verify_draw.verify(copy.deepcopy(published)) == [
        "which lesson is in which stratum, until the round is closed; keep its commitment to the strata"
    ]
    sampling.close(two_tiers.session, round_.code, open_items=0, actor=BUREAU, clock=two_tiers.clock)
    whole = export_public(two_tiers.session, round_.code)
    assert whole["frame"]["strata_commitment"] == published["frame"]["strata_commitment"]
    assert verify_draw.verify(copy.deepcopy(whole)) == []
    file = tmp_path / "draw.json"
    file.write_text(json.dumps(whole), encoding="utf-8")
    assert verify_draw.main([str(file)]) == 0


CHANGES: dict[str, Any] = {  # Any: changes of JSON
    "a lesson put into another stratum": lambda d: d["frame"]["strata"]["of_id"].__setitem__(0, 1 - d["frame"]["strata"]["of_id"][0]),
    "two lessons exchanged between strata": lambda d: d["frame"]["strata"]["of_id"].reverse(),
    "another weight": lambda d: d["frame"]["strata"]["list"][1].__setitem__("weight_permille", 1000),
    "a weight below the base": lambda d: d["frame"]["strata"]["list"][0].__setitem__("weight_permille", 900),
    "a smaller sample of a stratum": lambda d: d["frame"]["strata"]["list"][0].__setitem__("size", 1),
    "another salt": lambda d: d["frame"]["strata"].__setitem__("salt", "00" * 32),
    "another commitment": lambda d: d["frame"].__setitem__("strata_commitment", "00" * 32),
    "a lesson of another stratum drawn": lambda d: d["selected"].__setitem__(0, d["selected"][1]),
    "strata said to be none": lambda d: d.__setitem__("strata_by", []),
    "a key renamed": lambda d: d["frame"]["strata"]["list"][0].__setitem__("key", "tier=B;flags=no"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_every_change_of_the_strata_is_a_difference(stage: Stage, what: str) -> None:
    rated(stage, stage.world(12), Tier.C)
    rated(stage, stage.world(9), Tier.A)
    round_ = stage.drawn(rule=TENTH, strata_by=("tier", "flags"))
    sampling.close(stage.session, round_.code, open_items=0, actor=BUREAU, clock=stage.clock)
    changed = export_public(stage.session, round_.code)
    CHANGES[what](changed)
    with pytest.raises(verify_draw.Difference):
        verify_draw.verify(changed)


def test_a_stratum_changed_in_the_database_stops_the_draw(two_tiers: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    round_ = two_tiers.seeded(rule=TENTH, strata_by=("tier",))
    places = select(DrawFramePlace.position, DrawFramePlace.stratum).where(DrawFramePlace.round_id == round_.id)
    (first, of_first), (other, of_other) = {row.stratum: row for row in two_tiers.session.execute(places)}.values()
    # as whoever owns the tables could: the product itself may not change a place
    assert of_first != of_other
    placed = [(p.position, p.stratum) for p in two_tiers.session.execute(places)]
    moved = [(position, {first: of_other, other: of_first}.get(position, stratum)) for position, stratum in placed]
    monkeypatch.setattr(queries, "frame_strata", lambda *_: [stratum for _, stratum in sorted(moved)])
    with pytest.raises(errors.FrameChanged):
        sampling.draw(two_tiers.session, round_.code, actor=BUREAU, clock=two_tiers.clock)


@pytest.mark.parametrize("scope", [PUBLIC, Scope("institution", UUID(int=7))], ids=["the public", "an institution"])
def test_the_database_itself_keeps_the_strata_from_everybody_outside_until_the_round_is_closed(two_tiers: Stage, scope: Scope) -> None:
    session, kept = two_tiers.session, (DrawFramePlace, DrawStrataSalt)
    round_ = two_tiers.drawn(rule=TENTH, strata_by=("tier", "flags"))

    def rows(seen_by: Scope) -> list[int]:
        apply_scope(session, seen_by)
        found = [session.scalar(select(func.count()).select_from(table).where(table.round_id == round_.id)) or 0 for table in kept]
        apply_scope(session, SYSTEM)
        return found

    assert rows(scope) == [0, 0]
    assert rows(BUREAU_SCOPE) == [60, 1]  # who draws has to know
    sampling.close(session, round_.code, open_items=0, actor=BUREAU, clock=two_tiers.clock)
    assert rows(scope) == [60, 1]
    apply_scope(session, scope)
    published = export_public(session, round_.code)  # the file is whole, read by whoever reads it
    assert len(published["frame"]["strata"]["of_id"]) == 60
    assert verify_draw.verify(copy.deepcopy(published)) == []


@pytest.mark.parametrize("scope", [PUBLIC, Scope("institution", UUID(int=7))], ids=["the public", "an institution"])
def test_the_database_itself_keeps_a_sealed_list_from_everybody_outside_until_it_is_revealed(on_site: tuple[Stage, DrawRound], scope: Scope) -> None:
    stage, round_ = on_site
    session, kept = stage.session, (DrawFrameItem, DrawTicket)

    def rows(seen_by: Scope) -> list[int]:
        apply_scope(session, seen_by)
        found = [session.scalar(select(func.count()).select_from(table).where(table.round_id == round_.id)) or 0 for table in kept]
        apply_scope(session, SYSTEM)
        return found

    assert rows(scope) == [0, 0]
    assert rows(BUREAU_SCOPE) == [8, 8]
    sampling.reveal(session, round_.code, open_visits=0, actor=BUREAU, clock=stage.clock)
    assert rows(scope) == [8, 8]


def test_a_round_entrusted_to_a_third_party_looks_at_footage_and_visits_nobody(stage: Stage) -> None:
    """委托第三方核查 (R57) entrusts a check; entering premises in the bureau's name stays with the bureau's inspectors."""
    with pytest.raises(errors.MalformedPlan) as refused:
        stage.plan(method=DrawMethod.THIRD_PARTY, on_site=True, on=local_date(stage.now + timedelta(days=2)))
    assert [(e["where"], e["code"]) for e in refused.value.facts["errors"]] == [("on_site", "third-party-on-tape")]
    round_ = stage.plan(on_site=True, on=local_date(stage.now + timedelta(days=2)))
    with pytest.raises(IntegrityError, match="third_party_on_tape"), stage.session.begin_nested():
        stage.session.execute(update(DrawRound).where(DrawRound.id == round_.id).values(method=DrawMethod.THIRD_PARTY))


def test_unknown_dimensions_and_missing_weights_are_named(stage: Stage) -> None:
    with pytest.raises(errors.MalformedPlan) as refused:
        stage.plan(strata_by=("colour",))
    assert [error["where"] for error in refused.value.facts["errors"]] == ["strata_by"]


@pytest.fixture
def on_site(stage: Stage) -> tuple[Stage, DrawRound]:
    make_world(stage.session, stage.now, lessons=8, days_ago=-2)
    stage.world(4)  # on tape, over: nothing to visit there
    return stage, stage.drawn(on_site=True)


def test_an_on_site_list_is_drawn_from_lessons_to_come_and_shows_nothing_before_its_visits_are_over(on_site: tuple[Stage, DrawRound]) -> None:
    stage, round_ = on_site
    ids = list(stage.session.scalars(select(DrawFrameItem.natural_id).where(DrawFrameItem.round_id == round_.id)))
    assert len(ids) == 8
    told = json.dumps(export_public(stage.session, round_.code), ensure_ascii=False)
    bodies = [str(body) for body in stage.session.scalars(select(LedgerEntry.body)) if "draw" in str(body)]
    assert len(bodies) >= 8  # plan, list, two commitments, two reveals, seed, draw
    told += "".join(bodies)
    seed = round_.seed
    assert seed is not None
    shares = [s.value for s in queries.contributions(stage.session, round_.id)]
    for secret in [*ids, seed.hex(), *(value.hex() for value in shares if value)]:
        assert secret not in told
    sealed = verify_draw.verify(export_public(stage.session, round_.code))
    assert len(sealed) == 1


def test_the_list_is_revealed_when_no_visit_is_open_and_then_verifies(on_site: tuple[Stage, DrawRound], tmp_path: Path) -> None:
    stage, round_ = on_site
    before = export_public(stage.session, round_.code)
    file = tmp_path / "draw.json"
    file.write_text(json.dumps(before), encoding="utf-8")
    assert verify_draw.main([str(file)]) == 3
    with pytest.raises(errors.VisitsOpen):
        sampling.reveal(stage.session, round_.code, open_visits=1, actor=BUREAU, clock=stage.clock)
    with pytest.raises(ForbiddenMove) as early:
        sampling.close(stage.session, round_.code, open_items=0, actor=BUREAU, clock=stage.clock)
    assert early.value.facts["why"] == "list-sealed"
    stage.later(days=3)
    sampling.reveal(stage.session, round_.code, open_visits=0, actor=BUREAU, clock=stage.clock)
    after = export_public(stage.session, round_.code)
    assert (before["frame"]["root"], before["sealed_seed"]) == (after["frame"]["root"], after["sealed_seed"])
    assert verify_draw.verify(after) == []
    again = sampling.reveal(stage.session, round_.code, open_visits=5, actor=BUREAU, clock=stage.clock)
    assert again.revealed_at == round_.revealed_at
    after["sealed_seed"] = "00" * 32
    with pytest.raises(verify_draw.Difference):
        verify_draw.verify(after)


def test_only_an_on_site_list_can_be_revealed(stage: Stage) -> None:
    stage.world(6)
    code = stage.drawn().code
    with pytest.raises(errors.NotOnSite):
        sampling.reveal(stage.session, code, open_visits=0, actor=BUREAU, clock=stage.clock)


def test_a_list_of_lessons_that_are_over_before_the_value_is_known_cannot_be_planned_for_visits(stage: Stage) -> None:
    with pytest.raises(errors.MalformedPlan) as refused:
        stage.plan(on_site=True, on=local_date(stage.now - timedelta(days=1)))
    assert refused.value.facts["errors"][0]["code"] == "before-public-value"


def test_a_closed_round_says_how_many_lessons_of_the_whole_list_are_bad(two_tiers: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    round_ = two_tiers.drawn(rule=TENTH, strata_by=("tier", "flags"))
    places = queries.selected_strata(two_tiers.session, round_)
    keys = [s.key for s in queries.strata(two_tiers.session, round_.id)]
    good = [lesson for lesson, place in places.items() if keys[place] == "tier=A;flags=no"]
    poor = [lesson for lesson, place in places.items() if keys[place] == "tier=D;flags=no"]
    sampling.close(two_tiers.session, round_.code, open_items=0, actor=BUREAU, clock=two_tiers.clock, bad_lessons=[good[0], *poor[:2]])
    published = export_public(two_tiers.session, round_.code)
    assert [s["bad"] for s in published["frame"]["strata"]["list"]] == [1, 2, 0]
    file = tmp_path / "draw.json"
    file.write_text(json.dumps(published), encoding="utf-8")
    assert verify_draw.main([str(file)]) == 0
    assert "ESTIMATE 15.0 of 60 lessons are bad (25.0 %)" in capsys.readouterr().out  # 1 × 40/4 + 2 × 15/6


def test_a_lesson_that_was_not_drawn_cannot_be_counted(two_tiers: Stage) -> None:
    round_ = two_tiers.drawn(rule=TENTH, strata_by=("tier",))
    drawn = set(queries.selected_strata(two_tiers.session, round_))
    frame = two_tiers.session.scalars(select(DrawFrameItem.lesson_id).where(DrawFrameItem.round_id == round_.id))
    other = next(lesson for lesson in frame if lesson not in drawn)
    with pytest.raises(KeyError):
        sampling.close(two_tiers.session, round_.code, open_items=0, actor=BUREAU, clock=two_tiers.clock, bad_lessons=[other])


def on_probation(stage: Stage, world: World, until: date) -> None:
    by = {"document": "古人社准〔2026〕1号", "probation_until_on": until, "actor": BUREAU, "at": stage.now}
    registry.record_tier(stage.session, world.institution, tier=Tier.D, from_on=local_date(stage.now - timedelta(days=30)), **by)  # type: ignore[arg-type]


def test_every_lesson_of_an_institution_on_probation_is_drawn_in_every_round(stage: Stage) -> None:
    """R66, 2.3.5: although nobody asked to split the round, and although a better tier followed meanwhile."""
    good, readmitted = stage.world(40), stage.world(20)
    on_probation(stage, readmitted, local_date(stage.now) + timedelta(days=1))
    rated(stage, good, Tier.A)
    rated(stage, readmitted, Tier.A, days=2)
    round_ = stage.drawn(rule=TENTH)
    assert round_.strata_by == ["tier"]
    found = {s.key: (s.lesson_count, s.sample_size) for s in queries.strata(stage.session, round_.id)}
    assert found == {"tier=A": (40, 4), "tier=probation": (20, 20)}


def test_probation_ends_on_its_day(stage: Stage) -> None:
    good, readmitted = stage.world(40), stage.world(20)
    rated(stage, good, Tier.A)
    on_probation(stage, readmitted, local_date(stage.now))
    assert stage.plan(rule=TENTH).strata_by == []
    round_ = stage.drawn(rule=TENTH, strata_by=("tier",))
    assert {s.key: s.sample_size for s in queries.strata(stage.session, round_.id)} == {"tier=A": 4, "tier=D": 8}


def test_a_drawn_lesson_of_a_low_tier_is_looked_at_longer(stage: Stage) -> None:
    good, poor = stage.world(2), stage.world(2)
    rated(stage, good, Tier.A)
    rated(stage, poor, Tier.D)
    round_ = stage.drawn(rule=SamplingRule(1000, 300, 0))
    made = spotchecks.assign(
        stage.session,
        round_.code,
        inspectors=PEOPLE,
        rule=REVIEW,
        due_at=stage.now + timedelta(days=7),
        actor=BUREAU,
        clock=stage.clock,
        events=stage.outbox,
    )
    assert {one.institution_id: one.clip_s for one in made} == {good.institution.id: 60, poor.institution.id: 120}
