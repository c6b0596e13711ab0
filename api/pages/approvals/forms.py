"""What people type about a place or an extension, read into drafts; every field that cannot be read is named. R21, R78."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import Depends, Form

from compliance.approvals.errors import MalformedApproval
from compliance.approvals.rules import MICRODEGREES, Kind
from compliance.approvals.service import ExtensionDraft, LocationDraft

Short = Annotated[str, Form(max_length=200)]
Words = Annotated[str, Form(max_length=8000)]
Many = Annotated[list[str] | None, Form()]


class Typed:
    """The fields of both forms as they were typed."""

    def __init__(
        self,
        kind: Annotated[Kind, Form()] = Kind.LOCATION,
        reason: Words = "",
        classes: Many = None,
        room: Short = "",
        address: Short = "",
        room_name: Short = "",
        capacity: Short = "",
        latitude: Short = "",
        longitude: Short = "",
        serves_meals: Short = "",
        covers: Words = "",
        from_on: Short = "",
        until_on: Short = "",
        days: Short = "",
    ) -> None:
        self.kind = kind
        self.texts = {
            "reason": reason, "room": room, "address": address, "room_name": room_name, "capacity": capacity, "latitude": latitude,
            "longitude": longitude, "serves_meals": serves_meals, "covers": covers, "from_on": from_on, "until_on": until_on, "days": days,
        }  # fmt: skip
        self.classes: Sequence[str] = (classes or [])[:50]

    def shown(self) -> dict[str, object]:
        """For the page that asks again."""
        return {**self.texts, "classes": list(self.classes)}

    def draft(self) -> LocationDraft | ExtensionDraft:
        """Raises: MalformedApproval — a number or a day that is none."""
        errors: list[dict[str, object]] = []
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
            return date.fromisoformat(text) if text else None
        except ValueError:
            errors.append({"where": name, "code": "not-a-date", "value": text[:20]})
            return None

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
