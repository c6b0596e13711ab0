"""More days for a class: universal only, three in total, by the right office, before the class is over. R21–R23; 2.3.3."""

from datetime import datetime, timedelta

import pytest

from compliance.approvals import queries
from compliance.approvals.errors import ApprovalNotFound, ExtensionExhausted, MalformedApproval, WrongDecider
from compliance.approvals.lifecycle import ApprovalState
from compliance.approvals.rules import Aspect, Decider
from compliance.papers import service as papers
from storage.kernel.clock import BUREAU_ZONE
from storage.kernel.errors import ForbiddenMove
from supervision.classes import service as classes
from supervision.classes.errors import ExtensionDaysUsed, ExtensionNeeded
from tests.integration.approvals.stage import CIVIL, CLERK, FARM, HEAD, OTHER, OWN, Stage

DAY = timedelta(days=1)


def test_an_approved_extension_moves_the_end_of_the_class(stage: Stage) -> None:
    world = stage.world()
    planned = world.training_class.ends_on
    row = stage.extended(stage.extension(world, 2))
    assert row.state is ApprovalState.ACTIVE
    assert world.training_class.ends_on == planned + 2 * DAY
    days = queries.approved_days(stage.session, world.training_class.id)
    assert (days.planned_ends_on, days.days, days.until_on) == (planned, 2, planned + 2 * DAY)


def test_nobody_moves_an_end_beyond_the_plan_without_an_approval(stage: Stage) -> None:
    world = stage.world()
    planned = world.training_class.ends_on
    with pytest.raises(ExtensionNeeded):
        classes.move_end(stage.session, world.training_class, planned + DAY, reason="方便", actor=CLERK.actor, at=stage.now)
    classes.move_end(stage.session, world.training_class, planned - DAY, reason="提前结业", actor=CLERK.actor, at=stage.now)
    classes.move_end(stage.session, world.training_class, planned, reason="恢复", actor=CLERK.actor, at=stage.now)


def test_three_days_in_total_and_not_one_more(stage: Stage) -> None:
    world = stage.world()
    stage.extended(stage.extension(world, 1))
    stage.extended(stage.extension(world, 2))
    with pytest.raises(MalformedApproval) as refused:
        stage.submit(stage.extension(world, 1))
    (error,) = refused.value.facts["errors"]
    assert (error["code"], error["left"]) == ("extension-too-long", 0)


def test_two_applications_in_the_same_days_do_not_add_up_to_more_than_three(stage: Stage) -> None:
    world = stage.world()
    first, second = stage.submit(stage.extension(world, 2)), stage.submit(stage.extension(world, 2, until_on=world.training_class.ends_on + 5 * DAY))
    for row in (first, second):
        stage.accept(row)
        stage.assess(row, Aspect.QUALITY, CLERK)
    stage.approve(first, CLERK)
    with pytest.raises(ExtensionExhausted):
        stage.approve(second, CLERK)


def test_lessons_take_no_more_days_than_were_added(stage: Stage) -> None:
    world = stage.world()
    planned = world.training_class.planned_ends_on
    stage.extended(stage.extension(world, 1, until_on=planned + 3 * DAY))
    ahead = (planned - stage.today).days
    stage.lesson(world, world.room, in_days=ahead + 3, number=1)
    stage.lesson(world, world.room, in_days=ahead + 3, hour=16, number=2)
    with pytest.raises(ExtensionDaysUsed):
        stage.lesson(world, world.room, in_days=ahead + 2, number=1)


def test_a_department_extends_its_own_universal_class_and_the_bureau_is_told_so(stage: Stage) -> None:
    world = stage.world(department=OWN)
    row = stage.submit(stage.extension(world, 1))
    assert (row.decider, row.department) == (Decider.DEPARTMENT, OWN)
    with pytest.raises(WrongDecider) as refused:
        stage.accept(row, CLERK)
    assert refused.value.facts["decider"] == OWN
    with pytest.raises(ApprovalNotFound):
        stage.accept(row, CIVIL)
    stage.accept(row, FARM)
    stage.assess(row, Aspect.QUALITY, FARM)
    stage.approve(row, FARM)
    letter = papers.last(stage.session, row.id, "approval")
    assert letter is not None
    assert letter.number.startswith(f"{OWN}评批〔2026〕")
    assert letter.content["office"] == OWN


def test_a_department_sees_only_what_concerns_its_own_classes(stage: Stage) -> None:
    mine, theirs = stage.world(department=OWN), stage.world(department=OTHER)
    rows = [stage.submit(stage.extension(world, 1)) for world in (mine, theirs)]
    seen = stage.session.scalars(queries.approvals(queries.Reader(department=OWN))).all()
    assert rows[0] in seen
    assert rows[1] not in seen
    assert all(one.department == OWN or one.kind == "location" for one in seen)


def test_a_request_after_the_last_day_is_late_and_can_reach_the_future_only(stage: Stage) -> None:
    world = stage.world(ends_in_days=1)
    row = stage.extension(world, 1, until_on=world.training_class.ends_on + 5 * DAY)
    stage.now = datetime.combine(world.training_class.ends_on + DAY, datetime.min.time(), BUREAU_ZONE)
    stage.submit(row)
    assert queries.late_request(stage.session, row.id) is not None
    stage.accept(row)
    stage.assess(row, Aspect.QUALITY, CLERK)
    stage.now += timedelta(hours=15)
    stage.approve(row, CLERK)
    with pytest.raises(ExtensionNeeded):
        stage.lesson(world, world.room, in_days=0, hour=14)  # it began before the approval
    stage.lesson(world, world.room, in_days=1)


def test_an_extension_whose_days_have_passed_is_not_approved(stage: Stage) -> None:
    world = stage.world(ends_in_days=1)
    row = stage.submit(stage.extension(world, 1))
    stage.accept(row)
    stage.assess(row, Aspect.QUALITY, CLERK)
    stage.later(days=3)
    with pytest.raises(ForbiddenMove, match="nothing-left"):
        stage.approve(row, CLERK)


def test_an_extension_is_not_assessed_for_safety(stage: Stage) -> None:
    row = stage.accept(stage.submit(stage.extension(stage.world(), 1)))
    with pytest.raises(MalformedApproval):
        stage.assess(row, Aspect.SAFETY, CLERK)


def test_only_universal_classes_are_offered_and_taken(stage: Stage) -> None:
    world = stage.world()
    from supervision.classes.models import Category, TrainingAgreement

    stage.session.get_one(TrainingAgreement, world.training_class.agreement_id).category = Category.ORDER
    stage.session.flush()
    with pytest.raises(MalformedApproval) as refused:
        stage.submit(stage.extension(world, 1))
    assert [one["code"] for one in refused.value.facts["errors"]] == ["extension-universal-only"]
    assert HEAD.role == "institution-head"
