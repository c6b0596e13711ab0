"""Killed at any step, it is taken up again: never destroyed with bytes there, never bytes gone without a trace. R73; domain.md 2.3.1; G4."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from api.wiring import job_handlers
from storage.objects.port import VersionFacts
from supervision.footage import destroying
from supervision.footage import destruction_certificates as certificates
from supervision.footage.destruction_lifecycle import DestructionState
from supervision.footage.errors import DestructionIncomplete
from supervision.footage.lifecycle import RecordingState
from tests.integration.destruction.stage import Due
from tests.site_fixtures import Hands

Patch = pytest.MonkeyPatch


class Killed(BaseException):
    """No code of the product catches it."""


def die(*_: object, **__: object) -> Any:  # Any: it does not return
    raise Killed


def before_the_record(due: Due, patch: Patch) -> None:
    patch.setattr(destroying, "versions_of", die)


def before_the_first_deletion(due: Due, patch: Patch) -> None:
    patch.setattr(destroying, "_delete", die)


def between_two_deletions(due: Due, patch: Patch) -> None:
    store = type(due.services.buckets.evidence)
    real, done = store.delete_version, []

    def delete(self: Any, key: str, version_id: str) -> None:
        if done:
            raise Killed
        done.append(version_id)
        real(self, key, version_id)

    patch.setattr(store, "delete_version", delete)


def after_the_last_deletion(due: Due, patch: Patch) -> None:
    patch.setattr(destroying, "_require_absence", die)


def after_the_copies(due: Due, patch: Patch) -> None:
    patch.setattr(certificates, "issue", die)


def before_the_last_commit(due: Due, patch: Patch) -> None:
    patch.setattr(destroying.retention, "bury", die)


KILLS: tuple[Callable[[Due, Patch], None], ...] = (
    before_the_record,
    before_the_first_deletion,
    between_two_deletions,
    after_the_last_deletion,
    after_the_copies,
    before_the_last_commit,
)


@pytest.mark.parametrize("kill", KILLS, ids=lambda kill: kill.__name__)
def test_whatever_was_killed_is_ended_by_the_next_who_takes_it_up(due: Due, hands: Hands, kill: Callable[[Due, Patch], None]) -> None:
    due.services.buckets.evidence.put(due.row.object_key, b"a second version", "video/mp4")
    due.propose()
    due.approve()
    with pytest.MonkeyPatch.context() as patch, suppress(Killed):
        kill(due, patch)
        due.act()
        pytest.fail("it was not killed")
    begun = due.proposal().state is DestructionState.DESTROYING
    assert begun is (kill is not before_the_record)
    assert due.row.state is RecordingState.DUE, "not called destroyed before all is proven"
    assert len(due.stored()) == {"between_two_deletions": 1}.get(kill.__name__, 2 if kill in KILLS[:2] else 0)
    if len(due.stored()) == 1:
        assert due.stored()[0].version_id == due.row.version_id, "the evidence goes last"
    if begun:
        assert due.steps()[-1][0] == "begin-destruction", "the record was there before the first deletion"

    job_handlers(due.services)["settle-retention"]()
    job_handlers(due.services)["extend-locks"]()
    with due.services.database.transaction(destroying.SYSTEM) as session:
        session.get_one(type(due.kept), due.kept.id).patrolled_at = None
    if begun:
        job_handlers(due.services)["patrol"]()
        assert due.row.state is RecordingState.DUE, "what is being destroyed is no alarm"
        assert due.differences() - {"extra-version"} == set()
        hands.forward(hours=2)
        assert "destruction-unfinished" in due.differences()

    job_handlers(due.services)["settle-destructions"]()  # an hour later, whoever was killed
    due.run_jobs()
    assert (due.row.state, due.proposal().state, due.stored()) == (RecordingState.DESTROYED, DestructionState.DESTROYED, [])
    assert due.events().count("destroy") == 1
    assert [event for event, _ in due.steps()].count("begin-destruction") == 1
    assert due.differences() == set()


def test_a_version_that_comes_while_it_is_destroyed_is_named_before_it_goes(due: Due) -> None:
    due.propose()
    due.approve()
    with pytest.MonkeyPatch.context() as patch, suppress(Killed):
        after_the_last_deletion(due, patch)
        due.act()
    late = due.services.buckets.evidence.put(due.row.object_key, b"late", "video/mp4")
    assert due.act() is DestructionState.DESTROYED
    assert due.stored() == []
    assert late.version_id.encode() in due.entries("destruction.more-versions")[-1].body


def test_bytes_that_do_not_go_are_never_called_destroyed(due: Due, monkeypatch: Patch) -> None:
    """A store that says yes and keeps them."""
    due.propose()
    due.approve()
    with monkeypatch.context() as patch:
        patch.setattr(type(due.services.buckets.evidence), "delete_version", lambda *_: None)
        with pytest.raises(DestructionIncomplete):
            due.act()
    assert (due.row.state, due.kept.destroyed_at, len(due.stored())) == (RecordingState.DUE, None, 1)
    assert due.act() is DestructionState.DESTROYED


def test_bytes_that_are_only_left_out_of_the_listing_are_found_by_their_id(due: Due, monkeypatch: Patch) -> None:
    due.propose()
    due.approve()
    real: Callable[..., list[VersionFacts]] = destroying.versions_of
    calls: list[int] = []

    def listed(*args: object) -> list[VersionFacts]:
        calls.append(1)
        return real(*args) if len(calls) == 1 else []

    with monkeypatch.context() as patch:
        patch.setattr(type(due.services.buckets.evidence), "delete_version", lambda *_: None)
        patch.setattr(destroying, "versions_of", listed)
        with pytest.raises(DestructionIncomplete):
            due.act()
    assert due.row.state is RecordingState.DUE


def test_two_workers_at_once_destroy_it_once(due: Due) -> None:
    due.propose()
    due.approve()
    for _ in range(2):
        job_handlers(due.services)["settle-destructions"]()  # asked for again and again
    due.run_jobs()
    assert due.row.state is RecordingState.DESTROYED
    assert due.events().count("destroy") == 1
    assert len({one.id for one in due.entries("retention.destroyed") if due.row.object_key in one.subject}) == 1
