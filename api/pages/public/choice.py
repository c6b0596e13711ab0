"""What a reader of the directory asked for, as the address says it; what is not understood narrows nothing."""

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, StringConstraints

from compliance.publication.queries import Wanted
from supervision.institutions.models import InstitutionStatus, Tier

Words = Annotated[str, StringConstraints(max_length=60, strip_whitespace=True)]


class Asked(BaseModel):
    """Name or code, trade, place, standing, tier."""

    q: Words = ""
    trade: Words = ""
    place: Words = ""
    status: Words = ""
    tier: Words = ""


Choice = Annotated[Asked, Query()]


def chosen(asked: Asked) -> Wanted:
    """The same as the query takes it."""
    return Wanted(
        words=asked.q,
        trade=asked.trade,
        place=asked.place,
        status=InstitutionStatus(asked.status) if asked.status in set(InstitutionStatus) else None,
        tier=Tier(asked.tier) if asked.tier in set(Tier) else None,
    )
