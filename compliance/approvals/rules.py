"""Who decides about a place or more days, what an application must hold, what is too much or too late. R21–R23, R77–R79, R103. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from compliance.approvals.errors import MalformedApproval
from storage.kernel.clock import add_months, local_date

UNIVERSAL: Final = "universal"  # 普惠制
MICRODEGREES: Final = 1_000_000
EARTH_M: Final = 6_371_000


class Kind(StrEnum):
    """What is applied for; one engine serves both (2.3.3)."""

    LOCATION = "location"  # 协议外培训地点
    EXTENSION = "extension"  # 延长培训时间


class Decider(StrEnum):
    BUREAU = "bureau"
    DEPARTMENT = "department"  # 行业主管部门, for its own universal classes


class Proof(StrEnum):
    """The safety papers of R103, and whatever else an institution wants to show."""

    FIRE = "fire"  # 消防安全
    FOOD = "food"  # 食品安全
    BUILDING = "building"  # 房屋建筑安全
    OTHER = "other"


class Aspect(StrEnum):
    """The two tests of R79."""

    QUALITY = "quality"
    SAFETY = "safety"


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """Figures in force."""

    extension_most_days: int
    extension_spread_days: int
    approval_accept_working_days: int
    approval_visit_working_days: int
    approval_decide_working_days: int
    approval_statement_working_days: int
    approval_longest_months: int
    approval_same_place_metres: int
    approval_reconsideration_days: int
    approval_litigation_months: int


@dataclass(frozen=True, slots=True)
class Route:
    """Who decides. `department` is empty when it is the bureau."""

    decider: Decider
    department: str
    clause: str


Defect = dict[str, object]
"""One thing wrong with an application: `{where, code, value}`."""
MAX_WORDS: Final = 8000
LONGEST: Final[Mapping[str, int]] = {"reason": 4000, "address": 200, "room_name": 60, "covers": 2000, "name": 60, "shows": 500, "visitors": 200}
"""Characters that a field of an application takes; every other text takes `MAX_WORDS`. Nothing is cut: what is longer is refused."""


def route(kind: Kind, category: str, department: str | None) -> Route:
    """A place is always the bureau's (R78). An extension is the bureau's (R21), but the organising department's for its own universal class (R23)."""
    if kind is Kind.LOCATION:
        return Route(Decider.BUREAU, "", "R78")
    if category == UNIVERSAL and department:
        return Route(Decider.DEPARTMENT, department, "R23")
    return Route(Decider.BUREAU, "", "R21")


def is_right_decider(wanted: Route, *, department: str | None) -> bool:
    """`department`: of the person who acts; None for the bureau."""
    return wanted.department == department if wanted.decider is Decider.DEPARTMENT else department is None


def aspects_of(kind: Kind) -> tuple[Aspect, ...]:
    """Which tests are made: an extension stays where it is, so only quality is asked (R21, R79)."""
    return (Aspect.QUALITY, Aspect.SAFETY) if kind is Kind.LOCATION else (Aspect.QUALITY,)


def proofs_needed(*, serves_meals: bool) -> tuple[Proof, ...]:
    """R103; a place without meals needs no paper about food."""
    return (Proof.FIRE, Proof.FOOD, Proof.BUILDING) if serves_meals else (Proof.FIRE, Proof.BUILDING)


@dataclass(frozen=True, slots=True)
class ExtensionAsked:
    """`days`: training days asked for. `approved_days`: those approved before, for the same class. `ends_on`: its last day now."""

    category: str
    days: int
    approved_days: int
    ends_on: date
    until_on: date | None
    reason: str


def extension_defects(asked: ExtensionAsked, rule: ApprovalRule) -> list[Defect]:
    """Everything that keeps an extension from being granted. Only universal classes (R21), at most three days in total (R22)."""
    found: list[Defect] = []
    if asked.category != UNIVERSAL:
        found.append({"where": "class", "code": "extension-universal-only", "value": asked.category})
    if asked.days < 1:
        found.append({"where": "days", "code": "extension-no-days", "value": asked.days})
    elif asked.days + asked.approved_days > rule.extension_most_days:
        left = max(rule.extension_most_days - asked.approved_days, 0)
        found.append({"where": "days", "code": "extension-too-long", "value": asked.days, "left": left, "most": rule.extension_most_days})
    if asked.until_on is None:
        found.append({"where": "until_on", "code": "missing", "value": None})
    elif not asked.ends_on + timedelta(days=max(asked.days, 1)) <= asked.until_on <= asked.ends_on + timedelta(days=rule.extension_spread_days):
        found.append({"where": "until_on", "code": "extension-outside-window", "value": asked.until_on.isoformat()})
    if not asked.reason.strip():
        found.append({"where": "reason", "code": "missing", "value": None})
    return found


@dataclass(frozen=True, slots=True)
class LocationAsked:
    """An application for a place as it stands. `proofs`: the kinds handed in. `unplanned_cameras`: of the room, without picture in the plan."""

    reason: str
    address: str
    room_name: str
    capacity: int
    has_coordinates: bool
    serves_meals: bool
    covers: str
    from_on: date | None
    until_on: date | None
    classes: int
    largest_class: int
    cameras: int
    unplanned_cameras: Sequence[str]
    proofs: frozenset[Proof]


def location_defects(asked: LocationAsked, rule: ApprovalRule) -> list[Defect]:
    """Everything that is missing or wrong, at once. R71, R78, R79, R103."""
    texts: Mapping[str, str] = {"reason": asked.reason, "address": asked.address, "room_name": asked.room_name, "covers": asked.covers}
    found: list[Defect] = [{"where": name, "code": "missing", "value": None} for name, value in texts.items() if not value.strip()]
    if not asked.has_coordinates:
        found.append({"where": "coordinates", "code": "missing", "value": None})
    if asked.capacity < 1:
        found.append({"where": "capacity", "code": "missing", "value": None})
    elif asked.largest_class > asked.capacity:
        found.append({"where": "capacity", "code": "class-larger-than-room", "value": asked.largest_class})
    if asked.from_on is None or asked.until_on is None:
        found.append({"where": "until_on", "code": "missing", "value": None})
    elif asked.until_on < asked.from_on:
        found.append({"where": "until_on", "code": "before-start", "value": asked.until_on.isoformat()})
    elif asked.until_on > add_months(asked.from_on, rule.approval_longest_months):
        found.append({"where": "until_on", "code": "longer-than-allowed", "value": asked.until_on.isoformat()})
    if asked.classes < 1:
        found.append({"where": "classes", "code": "missing", "value": None})
    if asked.cameras < 1:
        found.append({"where": "cameras", "code": "missing", "value": None})
    found += [{"where": "cameras", "code": "camera-not-in-plan", "value": code} for code in asked.unplanned_cameras]
    found += [
        {"where": f"proof-{proof.value}", "code": "missing", "value": None}
        for proof in proofs_needed(serves_meals=asked.serves_meals)
        if proof not in asked.proofs
    ]
    return found


def too_long(texts: Mapping[str, str], *, most: int | None = None) -> list[Defect]:
    """Every text that is longer than its field, or than `most` where that is given."""
    limits = {name: most or LONGEST.get(name, MAX_WORDS) for name in texts}
    return [
        {"where": name, "code": "string_too_long", "most": limits[name], "value": None}
        for name, text in texts.items()
        if len(text.strip().replace("\r\n", "\n")) > limits[name]
    ]


def demand_short(where: str, text: str) -> str:
    """The text, trimmed and whole. Raises: MalformedApproval — it is too long; nothing is ever cut."""
    errors = too_long({where: text}, most=MAX_WORDS)
    if errors:
        raise MalformedApproval(errors=errors)
    return text.strip()


def is_retroactive(first_at: datetime | None, at: datetime) -> bool:
    """Whether the first lesson there began no later than `at`: an approval at `at` would not come before it (R78, F-24)."""
    return first_at is not None and first_at <= at


def is_extension_late(planned_last: date, at: datetime) -> bool:
    """Whether the class was over when the extension was asked for (R21: approval comes first)."""
    return local_date(at) > planned_last


def granted_from(from_on: date, at: datetime) -> date:
    """The first day of an approval given at `at`: as applied for, yet never before the day of the decision."""
    return max(from_on, local_date(at))


def has_future(until_on: date, at: datetime) -> bool:
    """Whether anything is left to be approved."""
    return until_on >= local_date(at)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a room is: millionths of a degree, address and name as written."""

    latitude_udeg: int
    longitude_udeg: int
    address: str
    room_name: str


def is_same_hall(one: Spot, other: Spot, rule: ApprovalRule) -> bool:
    """Two applications mean the same four walls: the same room name at the same address, or within some metres (F-12, F-13)."""
    if _plain(one.room_name) != _plain(other.room_name):
        return False
    return _plain(one.address) == _plain(other.address) or distance_m(one, other) <= rule.approval_same_place_metres


def distance_m(one: Spot, other: Spot) -> float:
    """Great-circle distance."""
    lat_1, lat_2 = (math.radians(spot.latitude_udeg / MICRODEGREES) for spot in (one, other))
    d_lat, d_lon = lat_2 - lat_1, math.radians((other.longitude_udeg - one.longitude_udeg) / MICRODEGREES)
    chord = math.sin(d_lat / 2) ** 2 + math.cos(lat_1) * math.cos(lat_2) * math.sin(d_lon / 2) ** 2
    return 2 * EARTH_M * math.asin(min(1.0, math.sqrt(chord)))


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()
