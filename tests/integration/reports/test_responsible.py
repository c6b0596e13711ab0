"""Plans of departments, persons of report duties, selectors of agreements, and what was entered late. R39, R80, R82, R86, R87, R99."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from compliance.policy.book import Book
from compliance.reports import entries, responsible
from compliance.reports.entries import Entry, EntryKind, EntryRule
from compliance.reports.errors import MalformedDuty
from compliance.reports.models import DutyKind
from storage.kernel.actor import Actor
from storage.kernel.clock import Clock
from storage.kernel.errors import NotAllowed
from storage.ledger.models import LedgerEntry
from supervision.classes.models import TrainingAgreement
from supervision.outcomes.models import Result
from tests.factories.outcomes import enrol
from tests.factories.world import make_world

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
CLOCK = Clock(lambda: NOW)
OFFICER = Actor(kind="account", name="officer", role="bureau-officer", id=UUID(int=11))
RULE = Book.load().read(EntryRule, on=NOW.date())
OWN = "古县农业农村局"
PLAN = {"department": OWN, "title": "2026年培训管理方案", "document": "古农发〔2026〕3号", "section": "科教股", "person": "彭向阳"}


def file(session: Session, actor: Actor = OFFICER, **changed: str) -> object:
    return responsible.file_plan(session, year=2026, **(PLAN | changed), actor=actor, clock=CLOCK)


def test_a_department_that_organises_classes_is_named_until_its_plan_is_registered(session: Session) -> None:
    make_world(session, NOW, department=OWN)
    assert responsible.without_plan(session, 2026) == [OWN]
    file(session)
    assert responsible.without_plan(session, 2026) == []
    assert responsible.without_plan(session, 2025) == []  # it organised nothing then
    (row,) = responsible.plans(session, 2026)
    assert (row.section, row.person, row.filed_by) == ("科教股", "彭向阳", "officer")
    entry = session.scalars(select(LedgerEntry).where(LedgerEntry.action == "department-plan.filed")).one()
    assert "彭向阳" in entry.body.decode()


def test_a_later_plan_takes_the_place_of_an_earlier_one_and_none_is_changed(session: Session) -> None:
    file(session)
    file(session, person="于向东")
    assert [row.person for row in responsible.plans(session, 2026)] == ["于向东"]
    assert responsible.plans(session, 2026, department="古县民政局") == []
    with pytest.raises(DBAPIError), session.begin_nested():
        session.execute(text("set local role classproof_app; update department_plan set person = 'x'"))


def test_a_plan_without_section_or_person_is_refused_with_all_that_is_missing(session: Session) -> None:
    with pytest.raises(MalformedDuty) as refused:
        file(session, section=" ", person="")
    assert [one["where"] for one in refused.value.facts["errors"]] == ["section", "person"]  # type: ignore[union-attr,attr-defined]  # a list
    with pytest.raises(NotAllowed):
        file(session, actor=Actor(kind="system", name="scheduler", role="scheduler"))
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(
            text(
                "insert into department_plan (department, year, title, document, section, person, filed_at, filed_by_id, filed_by)"
                " values ('局', 2026, '方案', '1号', '股', '', now(), uuidv7(), 'x')"
            )
        )


def test_every_report_duty_has_a_person_from_a_day_on_or_says_that_it_has_none(session: Session) -> None:
    def named(on: date) -> list[str]:
        return [one.person.person if one.person else "" for one in responsible.persons(session, on)]

    assert named(date(2026, 11, 20)) == ["", "", "", ""]
    for person, from_on in (("甲某", date(2026, 1, 1)), ("乙某", date(2026, 11, 20))):
        by = {"unit": "古县人社局", "section": "培训科", "person": person, "from_on": from_on, "actor": OFFICER, "clock": CLOCK}
        responsible.name_person(session, duty=DutyKind.BIWEEKLY, **by)  # type: ignore[arg-type]  # keywords
    assert named(date(2025, 12, 31)) == ["", "", "", ""]
    assert (named(date(2026, 11, 19)), named(date(2026, 11, 20))) == (["甲某", "", "", ""], ["乙某", "", "", ""])
    found = responsible.person_of(session, DutyKind.BIWEEKLY, date(2026, 11, 20))
    assert found is not None and found.section == "培训科"
    with pytest.raises(MalformedDuty):
        responsible.name_person(
            session, duty=DutyKind.ENTRY, unit="局", section="", person="甲某", from_on=date(2026, 1, 1), actor=OFFICER, clock=CLOCK
        )


@pytest.mark.parametrize(
    ("entered", "today", "late"),
    [
        (date(2026, 3, 2), date(2026, 9, 1), 0),
        (date(2026, 3, 3), date(2026, 9, 1), 1),
        (None, date(2026, 3, 2), 0),
        (None, date(2026, 3, 3), 1),
        (None, date(2026, 4, 1), 30),
    ],
)
def test_an_entry_is_late_from_the_day_after_its_own(entered: date | None, today: date, late: int) -> None:
    assert Entry(EntryKind.ROSTER, "GX001-2026-01", "鑫诚", date(2026, 3, 2), entered).late_days(today) == late


def test_a_payment_is_entered_within_working_days() -> None:
    assert RULE.entry_working_days == 5
    assert RULE.payment_due_on(date(2026, 3, 2)) == date(2026, 3, 9)  # Monday to Monday
    assert RULE.payment_due_on(date(2026, 3, 6)) == date(2026, 3, 13)


def test_what_was_entered_after_its_day_is_listed_the_latest_first(session: Session) -> None:
    world = make_world(session, NOW - timedelta(days=200))
    group = world.training_class
    session.flush()
    today = date(2027, 1, 30)
    owed = {one.kind: one for one in entries.late(session, group.starts_on.year, RULE, today=today)}
    assert owed[EntryKind.ROSTER].entered_on is None
    assert owed[EntryKind.RESULTS].due_on == group.ends_on + timedelta(days=RULE.rating_archive_grace_days)
    assert owed[EntryKind.CLASS].due_on == group.starts_on
    enrol(session, group, 2, result=Result.PASSED, ended_on=group.ends_on)
    now_there = {one.kind: one for one in entries.late(session, group.starts_on.year, RULE, today=today)}
    assert now_there[EntryKind.ROSTER].entered_on is not None  # entered, but after its day: it stays on the list
    ordered = [one.late_days(today) for one in entries.late(session, group.starts_on.year, RULE, today=today)]
    assert ordered == sorted(ordered, reverse=True)
    assert entries.late(session, group.starts_on.year - 1, RULE, today=today) == []


def test_an_agreement_says_who_selected_and_who_uses_the_funds(session: Session) -> None:
    world = make_world(session, NOW)
    row = session.scalars(select(TrainingAgreement).where(TrainingAgreement.id == world.training_class.agreement_id)).one()
    assert (row.selected_by, row.funds_used_by) == ("", "")  # empty: the bureau itself
