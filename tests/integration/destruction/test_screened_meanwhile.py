"""Destroyed while the machine is at it: no picture of it comes after the certificate, whichever step it was. R73; domain.md 2.3.1; G4."""

from typing import Any

import pytest
from sqlalchemy import func, select

from api.wiring import comparer, screener
from storage.database.session import SYSTEM
from supervision.footage.destruction_lifecycle import DestructionState
from supervision.screening import comparing, service
from supervision.screening.comparing import compare_recording
from supervision.screening.recycled_models import RecordingMotion
from supervision.screening.screening_models import RunState, ScreeningLead, ScreeningPart, ScreeningRun
from supervision.screening.service import screen
from tests.integration.destruction.stage import Due


def meanwhile(due: Due, patch: pytest.MonkeyPatch, module: Any, name: str) -> None:  # Any: a module of the product
    """The deed is done while `name` works, once."""
    due.propose()
    due.approve()
    real, done = getattr(module, name), list[DestructionState | None]()

    def slow(*arguments: Any, **more: Any) -> Any:  # Any: as it is called
        made = real(*arguments, **more)
        if not done:
            done.append(None)
            assert due.act() is DestructionState.DESTROYED
        return made

    patch.setattr(module, name, slow)


def stills_named(due: Due) -> set[str | None]:
    with due.services.database.transaction(SYSTEM) as session:
        return set(session.scalars(select(ScreeningLead.still_key).where(ScreeningLead.recording_id == due.recording_id)))


def runs(due: Due) -> list[tuple[RunState, str, int]]:
    parts = select(func.count()).select_from(ScreeningPart).where(ScreeningPart.run_id == ScreeningRun.id).scalar_subquery()
    with due.services.database.transaction(SYSTEM) as session:
        rows = session.execute(select(ScreeningRun.state, ScreeningRun.failure, parts).where(ScreeningRun.recording_id == due.recording_id))
        return [(state, failure, count) for state, failure, count in rows]


@pytest.mark.parametrize("step", ["_stills", "_checkpoint"])
def test_a_run_that_the_deed_overtakes_keeps_no_picture(due: Due, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    meanwhile(due, monkeypatch, service, step)
    assert screen(screener(due.services), due.recording_id) in (None, RunState.FAILED)
    assert due.viewing("leads/") == []
    assert stills_named(due) <= {None}
    assert runs(due) == [(RunState.FAILED, "object-missing", 0)]
    assert screen(screener(due.services), due.recording_id) is None
    assert due.differences() == set()


def test_a_comparison_that_the_deed_overtakes_keeps_no_picture(due: Due, monkeypatch: pytest.MonkeyPatch) -> None:
    meanwhile(due, monkeypatch, comparing.motion, "residual")
    assert compare_recording(comparer(due.services), due.recording_id) == []
    assert due.viewing("motion/") == []
    with due.services.database.transaction(SYSTEM) as session:
        assert session.get(RecordingMotion, due.recording_id) is None


def test_what_lay_between_two_checkpoints_goes_too(due: Due) -> None:
    """A worker was killed in the middle: its last look, a small picture of the room, waits for whoever goes on."""
    tool = screener(due.services)
    began = service._begin(tool, due.recording_id, again=False)
    assert isinstance(began, service._Pass)
    source = service.source_of(due.services.buckets.evidence, began.key, began.version_id)
    assert source is not None
    index = service._index(tool, began, source)
    assert service._look(tool, began, source, index) == ""
    assert [count for *_, count in runs(due)] == [1]
    due.propose()
    due.approve()
    assert due.act() is DestructionState.DESTROYED
    assert runs(due) == [(RunState.FAILED, "object-missing", 0)]
