"""What people type about a place or an extension, read into drafts; every field that cannot be read is named. R21, R78."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Final

from fastapi import Depends, Form

from api.http.typed import Most
from api.pages.reading import FIRST_YEAR, LAST_YEAR
from compliance.approvals.errors import MalformedApproval
from compliance.approvals.rules import LONGEST, MAX_WORDS, MICRODEGREES, Kind
from compliance.approvals.service import ExtensionDraft, LocationDraft

Short = Annotated[str, Form(), Most(200)]
Figure = Annotated[str, Form(), Most(20)]
Words = Annotated[str, Form(), Most(MAX_WORDS)]
Many = Annotated[list[str] | None, Form(), Most(200)]
MOST_CLASSES: Final = 50


class Typed:
    """The fields of both forms as they were typed."""

    def __init__(
        self,
        kind: Figure = Kind.LOCATION.value,
        reason: Annotated[str, Form(), Most(LONGEST["reason"])] = "",
        classes: Many = None,
        room: Short = "",
        address: Annotated[str, Form(), Most(LONGEST["address"])] = "",
        room_name: Annotated[str, Form(), Most(LONGEST["room_name"])] = "",
        capacity: Figure = "",
        latitude: Figure = "",
        longitude: Figure = "",
        serves_meals: Figure = "",
        covers: Annotated[str, Form(), Most(LONGEST["covers"])] = "",
        from_on: Figure = "",
        until_on: Figure = "",
        days: Figure = "",
    ) -> None:
        self.kind = Kind(kind) if kind in set(Kind) else None
        self.texts = {
            "reason": reason, "room": room, "address": address, "room_name": room_name, "capacity": capacity, "latitude": latitude,
            "longitude": longitude, "serves_meals": serves_meals, "covers": covers, "from_on": from_on, "until_on": until_on, "days": days,
        }  # fmt: skip
        self.classes: Sequence[str] = classes or []

    def shown(self) -> dict[str, object]:
        """For the page that asks again."""
        return {**self.texts, "classes": list(self.classes)}

    def draft(self) -> LocationDraft | ExtensionDraft:
        """Raises: MalformedApproval — a number or a day that is none."""
        errors: list[dict[str, object]] = []
        if self.kind is None:
            errors.append({"where": "kind", "code": "enum", "value": None})
        if len(self.classes) > MOST_CLASSES:
            errors.append({"where": "classes", "code": "too-many", "value": len(self.classes)})
        until_on = self._day("until_on", errors)
        made: LocationDraft | ExtensionDraft
        if self.kind is Kind.EXTENSION:
            made = ExtensionDraft(self.texts["reason"], tuple(self.classes), self._count("days", errors), until_on)
        else:
            made = LocationDraft(
                reason=self.texts["reason"],
                classes=tuple(self.classes),
                room=self.texts["room"],
                address=self.texts["address"],
                room_name=self.texts["room_name"],
                capacity=self._count("capacity", errors),
                latitude_udeg=self._degrees("latitude", 90, errors),
                longitude_udeg=self._degrees("longitude", 180, errors),
                serves_meals=self.texts["serves_meals"] == "on",
                covers=self.texts["covers"],
                from_on=self._day("from_on", errors),
                until_on=until_on,
            )
        if errors:
            raise MalformedApproval(errors=errors)
        return made

    def _day(self, name: str, errors: list[dict[str, object]]) -> date | None:
        text = self.texts[name].strip()
        try:
            day = date.fromisoformat(text) if text else None
        except ValueError:
            errors.append({"where": name, "code": "not-a-date", "value": text[:20]})
            return None
        if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
            errors.append({"where": name, "code": "out-of-range", "value": day.isoformat()})
            return None
        return day

    def _count(self, name: str, errors: list[dict[str, object]]) -> int:
        text = self.texts[name].strip()
        if text and not (text.isascii() and text.isdigit() and len(text) <= 5):
            errors.append({"where": name, "code": "int_parsing", "value": text[:20]})
            return 0
        return int(text or 0)

    def _degrees(self, name: str, most: int, errors: list[dict[str, object]]) -> int | None:
        text = self.texts[name].strip()
        if not text:
            return None
        try:
            degrees = float(text)
        except ValueError:
            degrees = float("nan")
        if not -most <= degrees <= most:
            errors.append({"where": name, "code": "out-of-range", "value": text[:20]})
            return None
        return round(degrees * MICRODEGREES)


AsTyped = Annotated[Typed, Depends()]
