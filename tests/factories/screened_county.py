"""A county after a year of screening: institutions, cameras, recordings and leads by the thousand, in the project's own tables. R60.

Rows as screening writes them, written in bulk; no object lies behind the recordings. The same numbers make the same county.
"""

import random
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from storage.database.base import Base
from supervision.footage.lifecycle import RecordingState
from supervision.footage.models import Recording
from supervision.institutions.models import Camera, Institution, InstitutionKind, Room, TeachingPoint
from supervision.screening.clock_models import CameraClock
from supervision.screening.clock_shape import METHOD
from supervision.screening.kinship import Kind
from supervision.screening.looks import TECHNICAL, Code
from supervision.screening.recycled_models import RecycledMatch, Way
from supervision.screening.screening_models import LeadVerdict, RunState, ScreeningLead, ScreeningRun
from supervision.screening.signals.every import CLAUSES

CAMERAS_EACH: Final = 3
MANY: Final = 50  # leads of one recording in every hundredth
HOUR_MS: Final = 3_600_000
NAMES: Final = ("鑫诚职业培训学校", "古县启航职业技能培训学校有限责任公司", "古县岳阳镇巧手家政服务职业技能培训中心", "晋南技工学校")
Row = dict[str, Any]  # Any: columns of a table
_at = iter(range(1, 1_000_000_000))


def _id() -> UUID:
    """As `uuidv7()` makes them, in order."""
    return UUID(f"01900000-0000-7000-8000-{next(_at):012d}")


def fill(session: Session, now: datetime, *, institutions: int, leads: int, officers: tuple[str, str] = ("officer-1", "officer-2")) -> None:
    """So many leads over so many institutions; a third is judged, one in fifty by two people who disagree. Under the system's scope."""
    chance = random.Random(leads)
    schools = [
        {"id": _id(), "code": f"N{n:04d}", "name": f"{NAMES[n % len(NAMES)]}{n}", "principal": "赵一", "legal_representative": "钱二"}
        for n in range(institutions)
    ]
    points = [{"id": _id(), "institution_id": one["id"], "code": f"{one['code']}-P1", "name": "城关教学点", "address": "古县城关"} for one in schools]
    rooms = [
        {
            "id": _id(),
            "institution_id": one["institution_id"],
            "teaching_point_id": one["id"],
            "code": f"{one['code']}-A",
            "name": "101",
            "capacity": 40,
        }
        for one in points
    ]
    cameras = [
        {"id": _id(), "institution_id": one["institution_id"], "room_id": one["id"], "code": f"{one['code']}-C{n}", "name": f"机位{n}"}
        for one in rooms
        for n in range(1, CAMERAS_EACH + 1)
    ]
    _put(session, Institution, [{**one, "kind": InstitutionKind.TRAINING} for one in schools])
    for table, rows in ((TeachingPoint, points), (Room, rooms), (Camera, cameras)):
        _put(session, table, rows)
    recordings: list[Row] = []
    found: list[Row] = []
    while len(found) < leads:
        recording = _recording(chance.choice(cameras), now - timedelta(days=chance.randrange(1, 365), minutes=chance.randrange(600)))
        recordings.append(recording)
        count = MANY if len(recordings) % 100 == 1 else chance.choice((0, 1, 1, 2, 3, 6))
        code = chance.choice(list(Code))
        found += [_lead(chance, recording, code if count == MANY else chance.choice(list(Code)), recordings) for _ in range(count)]
    del found[leads:]
    _put(session, Recording, recordings)
    runs = [_run(one) for one in recordings]
    _put(session, ScreeningRun, runs)
    run_of = {one["recording_id"]: one["id"] for one in runs}
    for one in found:
        one["run_id"] = None if one["code"] is Code.RECYCLED else run_of[one["recording_id"]]
    _put(session, ScreeningLead, found)
    _put(session, RecycledMatch, _matches(found))
    said = [(one, chance.random()) for one in found if chance.random() < 1 / 3]
    _put(session, LeadVerdict, [_verdict(one, luck < 0.7, officers[0], now) for one, luck in said])
    _put(session, LeadVerdict, [_verdict(one, luck >= 0.7, officers[1], now) for n, (one, luck) in enumerate(said) if n % 50 == 0])
    _put(session, CameraClock, [_clock(chance, camera, recordings) for camera in cameras])


def _put(session: Session, table: type[Base], rows: list[Row]) -> None:
    if rows:
        session.execute(insert(table), rows)


def _recording(camera: Row, begins: datetime) -> Row:
    number = _id()
    return {
        "id": number,
        "institution_id": camera["institution_id"],
        "upload_id": _id(),
        "camera_id": camera["id"],
        "file_name": f"{camera['code']}_{begins:%Y%m%d%H%M%S}.mp4",
        "state": RecordingState.RETAINED,
        "declared_start_at": begins,
        "start_source": "file-name",
        "object_key": f"none/{number}",
        "size_bytes": 900_000_000,
        "media": {"duration_ms": HOUR_MS},
        "created_at": begins + timedelta(hours=8),
    }


def _run(recording: Row) -> Row:
    at = recording["created_at"]
    cost = {"looks": 1800, "bytes_read": 40_000_000, "requests": 300, "cpu_ms": 9000, "heads_cpu_ms": 2000}
    return {
        "id": _id(),
        "recording_id": recording["id"],
        "rules_version": "2023-05-05",
        "state": RunState.DONE,
        "duration_ms": HOUR_MS,
        "checkpoint_ms": HOUR_MS,
        "started_at": at,
        "ended_at": at + timedelta(minutes=1),
        **cost,
    }


def _lead(chance: random.Random, recording: Row, code: Code, recordings: list[Row]) -> Row:
    other = chance.choice(recordings)["id"] if code is Code.RECYCLED else None
    from_ms = chance.randrange(HOUR_MS - 120_000)
    return {
        "id": _id(),
        "institution_id": recording["institution_id"],
        "recording_id": recording["id"],
        "code": code,
        "technical": code in TECHNICAL,
        "from_ms": from_ms,
        "to_ms": from_ms + chance.randrange(15_000, 120_000),
        "figure": chance.randrange(1, 30),
        "threshold": 30.0,
        "clause": CLAUSES.get(code, "R60"),
        "strength": chance.randrange(1, 101) * 10,
        "still_ms": from_ms,
        "related_recording_id": other,
        "related_from_ms": None if other is None else from_ms,
        "related_to_ms": None if other is None else from_ms + 60_000,
        "found_at": recording["created_at"] + timedelta(minutes=1),
    }


def _matches(found: list[Row]) -> list[Row]:
    """One for each pair of recordings, as screening keeps them."""
    pairs: dict[tuple[UUID, UUID], Row] = {}
    for one in found:
        first, second = sorted((one["recording_id"], one["related_recording_id"] or one["recording_id"]))
        if first != second:
            pairs.setdefault((first, second), one)
    return [
        {
            "first_id": first,
            "second_id": second,
            "lead_id": one["id"],
            "kind": Kind.AGAIN,
            "way": Way.MOVEMENT,
            "mirrored": False,
            "offset_ms": 0,
            "slope_ppm": 1_000_000,
            "windows": 20,
            "agreement_permille": 900,
            "sound_permille": None,
            "spans": [[one["from_ms"], one["to_ms"]]],
            "found_at": one["found_at"],
        }
        for (first, second), one in pairs.items()
    ]


def _verdict(lead: Row, real: bool, who: str, now: datetime) -> Row:
    return {"id": _id(), "lead_id": lead["id"], "real": real, "note": "" if real else "放映时关灯", "given_by": who, "given_at": now}


def _clock(chance: random.Random, camera: Row, recordings: list[Row]) -> Row:
    learned = chance.choice(recordings)
    return {
        "camera_id": camera["id"],
        "method": METHOD,
        "width_px": 1920,
        "height_px": 1080,
        "learned_from": learned["id"],
        "learned_at": learned["created_at"],
        "body": b"\x00",
        "layout": "ymd-hms",
        "asked": 40,
        "read": 39,
    }
