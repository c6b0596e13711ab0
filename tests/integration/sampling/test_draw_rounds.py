"""A round from plan to publication on a real PostgreSQL, and everything that must not happen on the way."""

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from storage.database.session import BUREAU as BUREAU_SCOPE
from storage.database.session import PUBLIC, SYSTEM, Database, Scope, apply_scope, make_engine
from storage.kernel.actor import Actor
from storage.kernel.errors import ForbiddenMove
from storage.ledger import history
from storage.ledger.models import LedgerEntry, StateMove
from supervision.footage.lifecycle import RecordingState
from supervision.sampling import errors, queries, verify_draw
from supervision.sampling import service as sampling
from supervision.sampling.draw import SamplingRule, order
from supervision.sampling.lifecycle import DrawMethod, DrawState
from supervision.sampling.models import DrawFrameItem, DrawTicket
from supervision.sampling.publication import export_public
from supervision.sampling.seed import commit
from tests.integration.conftest import TestDatabase
from tests.integration.sampling.stage import BUREAU, PARTIES, RULE, Stage

SCRIPT = Path(verify_draw.__file__)
THIRD = Actor(kind="account", name="third", role="third-party", id=UUID(int=3))


def test_a_round_goes_from_plan_to_a_file_that_a_stranger_can_verify(stage: Stage, tmp_path: Path) -> None:
    stage.world(12)
    round_ = stage.drawn()
    stage.world(5)  # what is taught and taped later changes nothing
    published = export_public(stage.session, round_.code)
    assert published["frame"]["count"] == 12
    assert [row["rank"] for row in published["selected"]] == list(range(1, published["frame"]["sample_size"] + 1))
    file = tmp_path / "draw.json"
    file.write_text(json.dumps(published, ensure_ascii=False), encoding="utf-8")
    alone = tmp_path / "verify_draw.py"
    alone.write_bytes(SCRIPT.read_bytes())
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", str(alone), str(file), "--root", published["frame"]["root"]],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stdout[:15], done.stderr) == (0, f"OK {round_.code}: ", "")


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "an id taken out": lambda d: d["frame"]["ids"].pop(3),
    "an id exchanged": lambda d: d["frame"]["ids"].__setitem__(0, "AAA/2026-01-01/1"),
    "two ids turned round": lambda d: d["frame"]["ids"].__setitem__(slice(0, 2), d["frame"]["ids"][1::-1]),
    "another root": lambda d: d["frame"].__setitem__("root", "00" * 32),
    "a smaller sample": lambda d: (d["frame"].__setitem__("sample_size", 1), d["selected"].__delitem__(slice(1, None))),
    "another figure": lambda d: d["rule"].__setitem__("detection_confidence_permille", 100),
    "another public value": lambda d: d["public_value"].__setitem__("value", "3882.79"),
    "another share": lambda d: d["contributions"][0].__setitem__("value", "11" * 16),
    "one party only": lambda d: d["contributions"].pop(),
    "parties turned round": lambda d: d["contributions"].reverse(),
    "another seed": lambda d: d.__setitem__("seed", "00" * 32),
    "another ticket": lambda d: d["selected"][0].__setitem__("ticket", "00" * 32),
    "another lesson": lambda d: d["selected"][0].__setitem__("id", d["selected"][1]["id"]),
    "a lesson let off": lambda d: d["selected"].pop(),
    "a commitment after the public value": lambda d: d["contributions"][1].__setitem__("committed_at", d["drawn_at"]),
    "a list frozen after the commitments": lambda d: d["frame"].__setitem__("frozen_at", d["drawn_at"]),
    "a value known before the list": lambda d: d["public_value"].__setitem__("known_at", d["planned_at"]),
    "another round's code": lambda d: d.__setitem__("round", "D2026-9999"),
    "a draw that has not happened": lambda d: d.__setitem__("selected", None),
}


@pytest.fixture
def published(stage: Stage) -> dict[str, Any]:
    stage.world(12)
    stage.later(minutes=5)
    return export_public(stage.session, stage.drawn().code)


def test_every_change_of_a_published_file_is_a_difference(published: dict[str, Any]) -> None:
    verify_draw.verify(copy.deepcopy(published))
    for what, change in CHANGES.items():
        changed = copy.deepcopy(published)
        change(changed)
        with pytest.raises(verify_draw.Difference):
            verify_draw.verify(changed)
            pytest.fail(what)
    with pytest.raises(verify_draw.Difference):
        verify_draw.verify(published, root="11" * 32)


def test_the_script_says_which_difference_it_found_and_survives_nonsense(
    published: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    published["seed"] = "00" * 32
    (tmp_path / "a.json").write_text(json.dumps(published), encoding="utf-8")
    assert verify_draw.main([str(tmp_path / "a.json")]) == 1
    assert capsys.readouterr().out.startswith("DIFFERENT seed: ")
    for nonsense in ("", "[]", "{}", '{"format": "classproof-draw/2", "selected": []}'):
        (tmp_path / "b.json").write_text(nonsense, encoding="utf-8")
        assert verify_draw.main([str(tmp_path / "b.json")]) == 1
    assert verify_draw.main([str(tmp_path / "none.json")]) == 1
    assert verify_draw.main([]) == 2


def test_a_void_round_stays_readable_and_verifiable_with_its_reason(stage: Stage) -> None:
    stage.world(6)
    code = stage.drawn().code
    with pytest.raises(errors.VoidReasonMissing):
        sampling.void(stage.session, code, reason="  ", actor=BUREAU, clock=stage.clock)
    sampling.void(stage.session, code, reason="名单公示前泄露", actor=BUREAU, clock=stage.clock)
    published = export_public(stage.session, code)
    verify_draw.verify(published)
    assert published["state"] == "void"
    assert published["void"]["reason"] == "名单公示前泄露"
    with pytest.raises(ForbiddenMove):
        sampling.draw(stage.session, code, actor=BUREAU, clock=stage.clock)


def test_the_frame_holds_what_was_taught_in_the_period_and_is_on_tape(stage: Stage) -> None:
    world = stage.world(5, on_tape=3)
    stage.tape(world, world.slots[3].id, state=RecordingState.REJECTED)
    world.lessons[0].cancelled_at = stage.now
    stage.session.flush()
    round_ = stage.freeze(stage.plan().code)
    assert queries.frame_ids(stage.session, round_.id) == sorted(lesson.natural_id for lesson in world.lessons[1:3])
    with pytest.raises(errors.EmptyFrame):
        stage.freeze(stage.plan(on=stage.now.date() - timedelta(days=40)).code)


def test_root_and_sample_size_are_in_the_ledger_before_anybody_commits(stage: Stage) -> None:
    stage.world(6)
    round_ = stage.plan()
    with pytest.raises(errors.FrameNotCommitted):
        stage.commit_all(round_.code)
    stage.freeze(round_.code)
    stage.commit_all(round_.code)
    entries = stage.session.scalars(select(LedgerEntry).where(LedgerEntry.subject == f"draw-round/{round_.id}").order_by(LedgerEntry.id)).all()
    assert [entry.action for entry in entries] == ["draw-round.plan", "draw-round.freeze", "draw.committed", "draw.committed"]
    assert round_.frame_root is not None
    facts = json.loads(entries[1].body)["facts"]["facts"]
    assert (facts["frame_root"], facts["sample_size"]) == (round_.frame_root.hex(), round_.sample_size)


def test_after_the_public_value_is_known_nothing_can_be_fixed_any_more(stage: Stage) -> None:
    stage.world(6)
    late, frozen = stage.plan(), stage.plan()
    stage.freeze(frozen.code)
    stage.later(hours=1)
    with pytest.raises(errors.PublicValueAlreadyKnown):
        stage.freeze(late.code)
    with pytest.raises(errors.PublicValueAlreadyKnown):
        stage.commit_all(frozen.code)


def test_one_account_is_one_party_and_a_commitment_cannot_be_changed(stage: Stage) -> None:
    stage.world(6)
    code = stage.freeze(stage.plan().code).code
    (party, actor, value), (other, _, _) = PARTIES
    first = sampling.commit_contribution(stage.session, code, party=party, commitment=commit(party, value), actor=actor, clock=stage.clock)
    again = sampling.commit_contribution(stage.session, code, party=party, commitment=commit(party, value), actor=actor, clock=stage.clock)
    assert again is first
    with pytest.raises(errors.AlreadyCommitted):
        sampling.commit_contribution(stage.session, code, party=party, commitment=bytes(32), actor=actor, clock=stage.clock)
    with pytest.raises(errors.AlreadyCommitted):
        sampling.commit_contribution(stage.session, code, party=other, commitment=bytes(32), actor=actor, clock=stage.clock)
    with pytest.raises(errors.MalformedContribution):
        sampling.commit_contribution(stage.session, code, party=other, commitment=b"short", actor=THIRD, clock=stage.clock)


def test_reveals_wait_for_all_commitments_and_end_them(stage: Stage) -> None:
    stage.world(6)
    code = stage.freeze(stage.plan().code).code
    (party, actor, value), _ = PARTIES
    sampling.commit_contribution(stage.session, code, party=party, commitment=commit(party, value), actor=actor, clock=stage.clock)
    with pytest.raises(errors.TooFewParties):
        sampling.reveal_contribution(stage.session, code, party=party, value=value, actor=actor, clock=stage.clock)
    stage.commit_all(code)
    with pytest.raises(errors.RevealMismatch):
        sampling.reveal_contribution(stage.session, code, party=party, value=bytes(16), actor=actor, clock=stage.clock)
    with pytest.raises(errors.UnknownParty):
        sampling.reveal_contribution(stage.session, code, party="谁", value=value, actor=actor, clock=stage.clock)
    sampling.reveal_contribution(stage.session, code, party=party, value=value, actor=actor, clock=stage.clock)
    with pytest.raises(errors.CommitmentsClosed):
        sampling.commit_contribution(stage.session, code, party="第三方", commitment=bytes(32), actor=THIRD, clock=stage.clock)
    with pytest.raises(errors.ContributionsUnrevealed) as refusal:
        sampling.publish_public_value(stage.session, code, value="1", actor=BUREAU, clock=stage.clock)
    assert refusal.value.facts["parties"] == [PARTIES[1][0]]


def test_the_public_value_is_refused_before_its_time_and_changed_never(stage: Stage) -> None:
    stage.world(6)
    code = stage.freeze(stage.plan().code).code
    stage.commit_all(code)
    stage.reveal_all(code)
    with pytest.raises(errors.PublicValueNotYetKnown):
        sampling.publish_public_value(stage.session, code, value="3882.78", actor=BUREAU, clock=stage.clock)
    stage.later(hours=1)
    first = sampling.publish_public_value(stage.session, code, value=" 3882.78 ", actor=BUREAU, clock=stage.clock).seed
    assert sampling.publish_public_value(stage.session, code, value="3882.78", actor=BUREAU, clock=stage.clock).seed == first
    with pytest.raises(ForbiddenMove):
        sampling.publish_public_value(stage.session, code, value="3882.79", actor=BUREAU, clock=stage.clock)


def test_a_plan_names_all_its_defects_at_once(stage: Stage) -> None:
    today = stage.now.date()
    with pytest.raises(errors.MalformedPlan) as refusal:
        sampling.plan(
            stage.session,
            method=DrawMethod.ROUTINE,
            title=" ",
            period_starts_on=today,
            period_ends_on=today - timedelta(days=1),
            rule=RULE,
            public_source="",
            public_at=stage.now,
            actor=BUREAU,
            clock=stage.clock,
        )
    assert [e["where"] for e in refusal.value.facts["errors"]] == ["title", "public_source", "period_ends_on", "public_at"]


def test_codes_count_up_without_gaps_within_a_year(stage: Stage) -> None:
    codes = [stage.plan().code for _ in range(3)]
    numbers = [int(code.removeprefix("D2026-")) for code in codes]
    assert numbers == list(range(numbers[0], numbers[0] + 3))
    stage.later(days=60)
    assert stage.plan().code == "D2027-0001"


def test_the_product_itself_cannot_take_a_lesson_out_of_a_frame(stage: Stage) -> None:
    stage.world(6)
    round_ = stage.seeded()
    for statement in ("delete from draw_frame_item", "update draw_frame_item set natural_id = natural_id", "delete from draw_round"):
        with pytest.raises(ProgrammingError, match="permission denied"), stage.session.begin_nested():
            stage.session.execute(text(statement))
    assert round_.state is DrawState.SEEDED


def _committed_stage(database: TestDatabase, lessons: int, rule: SamplingRule) -> tuple[Database, str]:
    made = Database(make_engine(database.app_url, pool_size=10))
    with made.transaction(SYSTEM) as session:
        stage = Stage(session)
        stage.world(lessons)
        return made, stage.seeded(rule=rule).code


def test_a_frame_changed_behind_the_products_back_is_an_alarm_not_a_draw(fresh_database: TestDatabase) -> None:
    database, code = _committed_stage(fresh_database, 8, RULE)
    owner: Engine = make_engine(fresh_database.owner_url, pool_size=1)
    with owner.begin() as connection:
        connection.execute(text("set local app.scope = 'system'"))
        connection.execute(text("delete from draw_frame_item where position = 2"))
    with pytest.raises(errors.FrameChanged), database.transaction(BUREAU_SCOPE) as session:
        sampling.draw(session, code, actor=BUREAU, clock=Stage(session).clock)
    with database.transaction(BUREAU_SCOPE) as session:
        assert queries.round_by_code(session, code).state is DrawState.SEEDED
        assert session.scalar(select(func.count()).select_from(DrawTicket)) == 0
    owner.dispose()
    database.engine.dispose()


def test_eight_clicks_at_once_make_one_draw(fresh_database: TestDatabase) -> None:
    database, code = _committed_stage(fresh_database, 40, RULE)
    start, answers, problems = Barrier(8), [], []

    def click(number: int) -> None:
        try:
            start.wait()
            with database.transaction(BUREAU_SCOPE) as session:
                actor = Actor(kind="account", name=f"clerk-{number}", role="bureau-officer", id=UUID(int=500 + number))
                drawn = sampling.draw(session, code, actor=actor, clock=Stage(session, now=Stage(session).now + timedelta(hours=3)).clock)
                answers.append([(t.rank, t.natural_id, t.ticket) for t in drawn])
        except BaseException as problem:
            problems.append(problem)
            raise

    threads = [Thread(target=click, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert len(answers) == 8
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]
    with database.transaction(BUREAU_SCOPE) as session:
        round_ = queries.round_by_code(session, code)
        moves = [move.event for move in history.timeline(session, "draw-round", round_.id)]
        assert moves == ["plan", "freeze", "seed", "draw"]
        assert session.scalar(select(func.count()).select_from(DrawTicket)) == 40
        assert session.scalar(select(func.count()).select_from(StateMove).where(StateMove.event == "draw")) == 1
    database.engine.dispose()


def test_a_draw_killed_before_its_commit_leaves_nothing_and_comes_out_the_same(fresh_database: TestDatabase) -> None:
    database, code = _committed_stage(fresh_database, 20, RULE)
    with database.engine.connect() as connection:
        dying = Session(bind=connection)
        apply_scope(dying, BUREAU_SCOPE)
        first = [t.ticket for t in sampling.draw(dying, code, actor=BUREAU, clock=Stage(dying).clock)]
        connection.detach()
        raw = connection.connection.dbapi_connection
        assert raw is not None
        raw.close()
        dying.invalidate()
    with database.transaction(BUREAU_SCOPE) as session:
        assert queries.round_by_code(session, code).state is DrawState.SEEDED
        assert [t.ticket for t in sampling.draw(session, code, actor=BUREAU, clock=Stage(session).clock)] == first
    database.engine.dispose()


def test_the_public_reads_the_draw_and_an_institution_too(stage: Stage) -> None:
    world = stage.world(6)
    code = stage.drawn().code
    told = export_public(stage.session, code)
    for scope in (PUBLIC, Scope("institution", world.institution.id)):
        apply_scope(stage.session, scope)
        assert export_public(stage.session, code) == told
    apply_scope(stage.session, SYSTEM)


def test_stored_tickets_and_frame_rows_agree_with_the_rules(stage: Stage) -> None:
    stage.world(9)
    round_ = stage.drawn()
    assert round_.seed is not None
    ids = queries.frame_ids(stage.session, round_.id)
    stored = queries.tickets_page(stage.session, round_.id)
    assert [(t.rank, t.natural_id, t.ticket) for t in stored] == [tuple(t) for t in order(ids, round_.seed)]
    assert [t.selected for t in stored] == [t.rank <= (round_.sample_size or 0) for t in stored]
    page = queries.frame_page(stage.session, round_.id, after=3, limit=2)
    assert [item.position for item in page] == [4, 5]
    assert stage.session.scalar(select(func.count()).select_from(DrawFrameItem).where(DrawFrameItem.round_id == round_.id)) == 9
