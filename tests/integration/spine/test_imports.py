"""A roster or a sheet of sign-ins is imported whole or not at all, and twice is as good as once. R74, R75."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.database.session import SYSTEM, Scope, apply_scope
from storage.kernel.actor import SYSTEM_ACTOR
from storage.kernel.clock import BUREAU_ZONE
from storage.kernel.identity import identity_sealer, parse_identity_number
from storage.ledger.models import LedgerEntry
from supervision.classes import roster
from supervision.classes.errors import DefectiveSheet
from supervision.classes.models import Enrolment, SignRecord, Trainee
from supervision.classes.roster import Imported
from tests.factories.world import World, make_world
from tests.unit.supervision.test_sheets import HEAD, SIGN_HEAD, as_csv, number, people

KEY = bytes(range(32))
NOW = datetime(2026, 11, 24, 12, tzinfo=BUREAU_ZONE)


@pytest.fixture
def world(session: Session) -> World:
    return make_world(session, NOW, lessons=2)


def enrol(session: Session, world: World, rows: Sequence[tuple[str, ...]]) -> Imported:
    lines = roster.read_roster("花名册.csv", as_csv([HEAD, *rows]))
    return roster.import_roster(session, world.training_class, lines, master_key=KEY, actor=SYSTEM_ACTOR, at=NOW)


def sign(session: Session, world: World, rows: Sequence[tuple[object, ...]]) -> Imported:
    lines = roster.read_sign_sheet("签到.csv", as_csv([[str(cell) for cell in row] for row in [SIGN_HEAD, *rows]]))
    return roster.record_signs(session, world.institution.id, lines, source="import", master_key=KEY, actor=SYSTEM_ACTOR, at=NOW)


def count(session: Session, table: type[Trainee] | type[Enrolment] | type[SignRecord]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def clock(world: World, lesson: int, minutes: int) -> str:
    return f"{world.lessons[lesson].starts_at.astimezone(BUREAU_ZONE) + timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S}"


def test_a_roster_is_enrolled_once_and_its_numbers_are_kept_sealed(session: Session, world: World) -> None:
    assert enrol(session, world, people(3)) == Imported(3, 0)
    assert enrol(session, world, people(5)) == Imported(2, 3)
    kept = session.scalars(select(Trainee).order_by(Trainee.name)).all()
    assert [t.id_number_masked for t in kept] == [parse_identity_number(number(n)).masked for n in range(1, 6)]
    first = kept[0]
    context = f"trainee/{world.institution.id}/{first.id_number_hash.hex()}"
    assert identity_sealer(KEY).open(first.id_number_cipher, context).decode() == number(1)
    for entry in session.scalars(select(LedgerEntry).where(LedgerEntry.action == "class.roster-imported")):
        assert number(1).encode() not in entry.body


def test_one_person_in_two_classes_is_one_trainee_and_in_two_institutions_two(session: Session, world: World) -> None:
    other = make_world(session, NOW, name="博远职业培训学校")
    enrol(session, world, people(2))
    enrol(session, other, people(2))
    assert (count(session, Trainee), count(session, Enrolment)) == (4, 4)
    session.flush()
    apply_scope(session, Scope("institution", other.institution.id))
    assert count(session, Trainee) == 2
    apply_scope(session, SYSTEM)


def test_a_sheet_with_one_bad_row_enrols_nobody(session: Session, world: World) -> None:
    with pytest.raises(DefectiveSheet):
        enrol(session, world, [*people(3), ("4", "丁", number(1), "", "")])
    assert (count(session, Trainee), count(session, Enrolment)) == (0, 0)


def test_sign_ins_with_one_bad_row_are_not_recorded_and_every_bad_row_is_named(session: Session, world: World) -> None:
    enrol(session, world, people(2))
    first = world.lessons[0].natural_id
    with pytest.raises(DefectiveSheet) as refused:
        sign(
            session,
            world,
            [
                (first, number(1), clock(world, 0, -5), "", ""),
                ("K9/2026-01-01/1", number(1), clock(world, 0, 0), "", ""),
                (first, number(3), clock(world, 0, 0), "", ""),
                (first, number(2), clock(world, 0, 60 * 13), "", ""),
                (first, number(1), clock(world, 0, 7), "", ""),
            ],
        )
    assert [(e["row"], e["code"]) for e in refused.value.facts["errors"]] == [
        (3, "lesson-unknown"),
        (4, "not-on-roster"),
        (5, "sign-in-another-day"),
        (6, "repeats-a-row"),
    ]
    assert count(session, SignRecord) == 0
    other = make_world(session, NOW)
    with pytest.raises(DefectiveSheet, match="lesson-unknown"):
        sign(session, other, [(first, number(1), clock(world, 0, 0), "", "")])


def test_a_repeated_sign_in_may_add_the_sign_out_and_changes_nothing_that_stands(session: Session, world: World) -> None:
    enrol(session, world, people(2))
    first = world.lessons[0].natural_id
    assert sign(session, world, [(first, number(n), clock(world, 0, -5), "", "门禁1") for n in (1, 2)]) == Imported(2, 0)
    assert sign(session, world, [(first, number(1), clock(world, 0, 1), clock(world, 0, 2), "门禁2")]) == Imported(1, 0)
    assert sign(session, world, [(first, number(1), clock(world, 0, 1), clock(world, 0, 90), "门禁3")]) == Imported(0, 1)
    session.expire_all()
    kept = session.scalars(select(SignRecord).order_by(SignRecord.signed_out_at.asc().nulls_last())).all()
    start = world.lessons[0].starts_at
    assert [(r.signed_in_at - start, r.signed_out_at and r.signed_out_at - start, r.device) for r in kept] == [
        (timedelta(minutes=-5), timedelta(minutes=2), "门禁1"),
        (timedelta(minutes=-5), None, "门禁1"),
    ]
