"""The record of a visit (现场检查记录) as data: what the members sign, what a finding rests on, what the paper prints."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.orm import Session

from storage.kernel.canonical import canonical_json
from supervision.visits import queries
from supervision.visits.models import Visit, VisitMember, VisitPhoto

FORMAT: Final = "classproof-visit-1"


def content(session: Session, visit: Visit) -> dict[str, Any]:  # Any: JSON
    """Everything that is signed: lesson, team and presence, the standing answers, the photos by hash. Not the signatures themselves."""
    team = queries.members(session, visit.id)
    login = {m.id: m.inspector_login for m in queries.members(session, visit.id, all_=True)}
    given = queries.standing(queries.answers(session, visit.id))
    return {
        "format": FORMAT,
        "visit": visit.code,
        "lesson": visit.natural_id,
        "institution": visit.institution_id,
        "room": visit.room_id,
        "on": visit.visit_on,
        "checklist": visit.checklist,
        "opened_at": visit.opened_at,
        "team": [
            {"login": m.inspector_login, "name": m.inspector_name, "lead": m.is_lead, "present_at": m.present_at, "place": place_of(m)} for m in team
        ],
        "answers": [
            {
                "item": item,
                "answer": given[item].answer,
                "note": given[item].note,
                "by": login[given[item].member_id],
                "at": given[item].answered_at,
                "received_at": given[item].received_at,
            }
            for item in sorted(given)
        ],
        "photos": [
            {
                "item": p.item,
                "sha256": p.sha256.hex(),
                "size_bytes": p.size_bytes,
                "taken_at": p.taken_at,
                "received_at": p.received_at,
                "place": place_of(p),
                "by": login[p.member_id],
            }
            for p in queries.photos(session, visit.id)
        ],
    }


def digest(session: Session, visit: Visit) -> bytes:
    """SHA-256 of the canonical JSON of the record: 32 bytes."""
    return hashlib.sha256(canonical_json(content(session, visit))).digest()


def place_of(row: VisitMember | VisitPhoto) -> Mapping[str, object]:
    """What the device said about where it was."""
    if row.latitude_udeg is None:
        return {"state": row.place}
    return {"state": row.place, "latitude_udeg": row.latitude_udeg, "longitude_udeg": row.longitude_udeg, "accuracy_m": row.accuracy_m}
