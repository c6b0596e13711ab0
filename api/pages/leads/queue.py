"""What the address of the leads pages says: how the queue is narrowed and ordered, and where in it one is. UI.md: a link is the whole state."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request

from api.locale.marks import N_
from api.pages.listing import Column, Listing
from supervision.institutions.models import Institution
from supervision.screening.lead_lists import Judged, Narrowed, Order, Place
from supervision.screening.looks import TECHNICAL, Code

COLUMNS: Final = (
    Column("lead", N_("Lead")),
    Column("institution", N_("Institution")),
    Column("where", N_("Where")),
    Column("strength", N_("Strength"), figures=True),
    Column("verdict", N_("Verdict")),
)
FILTERS: Final = ("kind", "institution", "strength", "judged", "order", "recording")
STRENGTHS: Final = (("100", "≥ 10 %"), ("300", "≥ 30 %"), ("600", "≥ 60 %"))
KINDS: Final = {"technical": N_("Technical defects"), "suspicion": N_("Leads of suspicion")}
JUDGED: Final[dict[Judged, str]] = {
    Judged.NO: N_("not judged yet"),
    Judged.YES: N_("judged"),
    Judged.REAL: N_("real"),
    Judged.NOT_REAL: N_("not real"),
    Judged.DISPUTED: N_("people disagree"),
}
LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC)


def listing_of(request: Request) -> Listing:
    """The list that a page of leads belongs to, whatever page of it asks."""
    return replace(Listing.of(request, COLUMNS, sort="-strength", filters=FILTERS, exports=("csv",)), path="/leads")


def order_of(listing: Listing) -> Order:
    return Order.FOUND if listing.filters.get("order") == Order.FOUND else Order.STRENGTH


def narrowed_of(session: Session, listing: Listing) -> Narrowed:
    """What the address names and nobody knows narrows nothing, but an institution that does not exist has no lead."""
    kind, strength = listing.filters.get("kind", ""), listing.filters.get("strength", "")
    groups = {"technical": TECHNICAL, "suspicion": frozenset(Code) - TECHNICAL}
    codes = groups.get(kind) or (frozenset({Code(kind)}) if kind in set(Code) else frozenset())
    wanted, judged = listing.filters.get("institution"), listing.filters.get("judged", "")
    institution_id = session.scalar(select(Institution.id).where(Institution.code == wanted)) or UUID(int=0) if wanted else None
    return Narrowed(
        codes=codes,
        institution_id=institution_id,
        recording_id=recording_of(listing),
        strength=int(strength) if strength in {value for value, _ in STRENGTHS} else 1,
        judged=Judged(judged) if judged in set(Judged) else None,
        words=listing.q,
    )


def recording_of(listing: Listing) -> UUID | None:
    """The recording whose leads alone are shown."""
    try:
        return UUID(listing.filters["recording"]) if "recording" in listing.filters else None
    except ValueError:
        return UUID(int=0)


def place_of(listing: Listing) -> Place | None:
    """Behind which row the page begins; None for the first page, and for what no page wrote."""
    key, dot, number = listing.after.partition(".")
    try:
        place = Place(int(key), UUID(number)) if dot else None
    except ValueError:
        return None
    return place if place is not None and 0 <= place.key < LATEST.timestamp() * 1_000_000 else None


def all_of(listing: Listing, recording_id: UUID) -> str:
    """Address of the same leads of one recording, lead by lead."""
    return replace(listing, filters={**listing.filters, "recording": str(recording_id)}, after="").first_page()


def every_recording(listing: Listing) -> str:
    """… and back to all recordings."""
    return replace(listing, filters={name: value for name, value in listing.filters.items() if name != "recording"}, after="").first_page()
