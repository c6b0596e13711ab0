"""The record that somebody was shown footage. Committed on its own before the first byte is served (safety.md I7).

Runs under the system scope because an auditor's request may write nothing else.
"""

from dataclasses import dataclass
from uuid import UUID

from api.auth.caller import Caller
from api.auth.errors import PurposeMissing
from api.auth.models import FootageView, ViewKind
from api.http.services import Services
from storage.database.session import SYSTEM

MAX_PURPOSE_CHARS = 500


@dataclass(frozen=True, slots=True)
class Shown:
    """What was shown: a recording, perhaps a clip of it, perhaps only `[start_ms, end_ms)` of its media time."""

    recording_id: UUID
    institution_id: UUID
    clip_id: UUID | None = None
    start_ms: int | None = None
    end_ms: int | None = None


def record_view(services: Services, caller: Caller, shown: Shown, *, kind: ViewKind, purpose: str, case_ref: str = "") -> UUID:
    """Returns the id of the committed view; only then may an address of the bytes be handed out. Raises: PurposeMissing."""
    stated = " ".join(purpose.split())[:MAX_PURPOSE_CHARS]
    if not stated:
        raise PurposeMissing
    with services.database.transaction(SYSTEM) as session:
        view = FootageView(
            at=services.clock.now_at(),
            account_id=caller.account_id,
            actor_kind=caller.actor.kind,
            actor_name=caller.actor.name,
            actor_role=caller.actor.role,
            institution_id=shown.institution_id,
            recording_id=shown.recording_id,
            clip_id=shown.clip_id,
            start_ms=shown.start_ms,
            end_ms=shown.end_ms,
            purpose=stated,
            case_ref=case_ref.strip()[:MAX_PURPOSE_CHARS],
            kind=kind,
        )
        session.add(view)
        session.flush()
        return view.id
