"""The deed: delete every version of a recording whose destruction two people agreed on, prove that it is gone, certify it. R73; domain.md 2.3.1; G4.

In this order, so that a kill at any point is taken up again and neither lies nor forgets: (1) a transaction that looks at everything again and
says that deletion begins, with each version; (2) deletion by version id, the evidence last; (3) absence read back, by version and in the listing;
(4) what was made of it; (5) one transaction: tombstone, state, certificate, ledger. (2) to (5) run under the locks of the rows.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from storage.database.session import SYSTEM
from storage.kernel.actor import Actor
from storage.kernel.errors import ForbiddenMove
from storage.kernel.lifecycle import advance
from storage.ledger import history
from storage.ledger import service as ledger
from storage.objects.errors import VersionLocked
from storage.objects.port import ObjectStore, VersionFacts
from storage.retention import service as retention
from supervision.footage import destruction_certificates as certificates
from supervision.footage.destruction import locked, stop
from supervision.footage.destruction_checks import Ports, against, locked_kept, versions_of
from supervision.footage.destruction_lifecycle import DESTRUCTION_MOVES, DestructionEvent, DestructionState
from supervision.footage.destruction_models import Destruction
from supervision.footage.errors import DestructionIncomplete, DestructionNotFound
from supervision.footage.lifecycle import RECORDING_MOVES, RecordingEvent
from supervision.footage.models import Recording
from supervision.footage.verification import Bench

log = logging.getLogger(__name__)
DESTROYER: Final = Actor(kind="system", name="destroyer", role="worker")


def destroy(bench: Bench, ports: Ports, destruction_id: UUID) -> DestructionState | None:
    """Carry out what was approved; answers the state it is in afterwards, None when another worker is at it. A second call changes nothing.

    Raises: StoreUnavailable, DestructionIncomplete — tried again from where it stands.
    """
    try:
        state = _begin(bench, ports, destruction_id)
        return _carry_out(bench, ports, destruction_id) if state is DestructionState.DESTROYING else state
    except DestructionNotFound:
        return None


def _begin(bench: Bench, ports: Ports, destruction_id: UUID) -> DestructionState:
    """Look at everything again and put on record that deletion begins, of which versions. A later try puts those on record that came since."""
    at = bench.clock.now_at()
    with bench.database.transaction(SYSTEM) as session:
        row, recording = locked(session, destruction_id, skip=True)
        if row.state is DestructionState.DESTROYING:
            _note_newcomers(session, bench.store, row, recording, at)
        if row.state is not DestructionState.APPROVED:
            return row.state
        listed = [_plain(version) for version in versions_of(bench.store, recording)]
        facts: dict[str, object] = _looked_at(session, bench, ports, row, recording) | {
            "recording": recording.id,
            "object_key": recording.object_key,
            "sha256": recording.sha256.hex() if recording.sha256 else "",
            "versions": listed,
        }
        if why := _refusal(row, facts):
            stop(session, row, why, actor=DESTROYER, at=at, facts={"against": facts["against"]})
            return row.state
        row.begun_at, row.versions = at, listed
        history.move(session, row, DESTRUCTION_MOVES, DestructionEvent.BEGIN_DESTRUCTION, actor=DESTROYER, at=at, facts=facts)
        row.begun_entry_id = history.timeline(session, row.MACHINE, row.id)[-1].entry_id
        return row.state


def _carry_out(bench: Bench, ports: Ports, destruction_id: UUID) -> DestructionState:
    with bench.database.transaction(SYSTEM) as session:
        row, recording = locked(session, destruction_id, skip=True)
        if row.state is not DestructionState.DESTROYING:
            return row.state
        kept = locked_kept(session, recording)
        if kept is None:
            raise DestructionIncomplete(file=recording.file_name, left="kept-version")
        at = bench.clock.now_at()
        if _evidence_is_there(bench.store, recording):
            facts = _looked_at(session, bench, ports, row, recording)
            why = _refusal(row, facts, begun=True)
            if why or (why := _delete(bench.store, row, recording)):
                stop(session, row, why, actor=DESTROYER, at=at, facts={"against": facts["against"]})
                log.warning("the destruction of recording/%s was stopped: %s", recording.id, why)
                return row.state
        else:  # killed after the evidence was gone: nothing can be stopped any more, only ended
            _delete(bench.store, row, recording)
        _require_absence(bench.store, row, recording)
        row.derived = [dict(one) for one in ports.forget(session, recording, at)]
        _conclude(session, ports, row, recording, at)
        retention.bury(session, kept, actor=DESTROYER, at=at)
        return row.state


def _looked_at(session: Session, bench: Bench, ports: Ports, row: Destruction, recording: Recording) -> dict[str, object]:
    entitled = [str(one) for one in ports.entitled(session, row)]
    return {"entitled": entitled, "against": against(session, bench.store, recording, bench.retention_rule, ports.matters)}


def _refusal(row: Destruction, facts: dict[str, object], *, begun: bool = False) -> str:
    """Why deletion may not begin, or may not go on; empty when it may."""
    try:
        advance(DESTRUCTION_MOVES, DestructionState.APPROVED if begun else row.state, DestructionEvent.BEGIN_DESTRUCTION, facts)
    except ForbiddenMove as refused:
        return str(refused.facts["why"])
    return ""


def _delete(store: ObjectStore, row: Destruction, recording: Recording) -> str:
    """Delete what was put on record, the evidence last. Answers why not when the store keeps the evidence; nothing of it is lost then."""
    ids: Sequence[str] = sorted((one["version_id"] for one in row.versions), key=lambda version_id: version_id == recording.version_id)
    try:
        for version_id in ids:
            store.delete_version(recording.object_key, version_id)
    except VersionLocked:
        if _evidence_is_there(store, recording):
            return "locked-in-the-store"
        raise
    return ""


def _require_absence(store: ObjectStore, row: Destruction, recording: Recording) -> None:
    """Neither any version by its id nor anything in the listing. Raises: DestructionIncomplete."""
    left = [v.version_id for v in versions_of(store, recording)]
    left += [one["version_id"] for one in row.versions if not one["marker"] and store.stat(recording.object_key, one["version_id"]) is not None]
    if left:
        raise DestructionIncomplete(file=recording.file_name, left=", ".join(sorted(set(left))))


def _conclude(session: Session, ports: Ports, row: Destruction, recording: Recording, at: datetime) -> None:
    """Certificate, state of the proposal and of the recording, each move with its ledger entry."""
    names = [ports.name(session, row.proposer_account_id, row.proposer_name), ports.name(session, row.approver_account_id, row.approver_name)]
    certificates.issue(session, row, recording, ports.key, names=(names[0], names[1]), at=at)
    digest = certificates.digest(row)
    facts = {
        "approvers": len({row.proposer_account_id, row.approver_account_id}),
        "destruction": row.id,
        "object_key": recording.object_key,
        "versions": [one["version_id"] for one in row.versions],
        "size_bytes": recording.size_bytes,
        "sha256": recording.sha256.hex() if recording.sha256 else "",
        "certificate": row.certificate_number,
        "certificate_sha256": digest,
    }
    history.move(session, recording, RECORDING_MOVES, RecordingEvent.DESTROY, actor=DESTROYER, at=at, reason="two-people-agreed", facts=facts)
    done = {"nothing_left": True, "certificate_signed": True, "recording": recording.id, "certificate_sha256": digest, "derived": row.derived}
    history.move(session, row, DESTRUCTION_MOVES, DestructionEvent.FINISH_DESTRUCTION, actor=DESTROYER, at=at, facts=done)


def _note_newcomers(session: Session, store: ObjectStore, row: Destruction, recording: Recording, at: datetime) -> None:
    """Versions that appeared under the key after the record was made: they are named before they are deleted, too."""
    known = {one["version_id"] for one in row.versions}
    new = [_plain(v) for v in versions_of(store, recording) if v.version_id not in known]
    if not new:
        return
    row.versions = [*row.versions, *new]
    body = {"recording": recording.id, "object_key": recording.object_key, "versions": new}
    ledger.append(session, actor=DESTROYER, at=at, action="destruction.more-versions", subject=f"destruction/{row.id}", tenant=None, body=body)


def _evidence_is_there(store: ObjectStore, recording: Recording) -> bool:
    return store.stat(recording.object_key, recording.version_id or "") is not None


def _plain(version: VersionFacts) -> dict[str, Any]:  # Any: JSON
    return {"version_id": version.version_id, "size_bytes": version.size_bytes, "etag": version.etag, "marker": version.is_delete_marker}
