"""Import an entry of a list that a law provides for: kept with its source, without any effect here. domain.md 2.1 (国办发〔2020〕49号)."""

from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from compliance.exit.acts import demand
from compliance.exit.errors import MalformedExit
from compliance.exit.models import StatutoryListing
from storage.kernel.actor import Actor
from storage.kernel.clock import Clock
from storage.ledger import service as ledger


def bring_in(
    session: Session,
    *,
    list_name: str,
    authority: str,
    source_document: str,
    entry_name: str,
    entry_code: str,
    listed_on: date,
    until_on: date | None,
    institution_id: UUID | None,
    actor: Actor,
    clock: Clock,
) -> StatutoryListing:
    """Raises: MalformedExit — something missing, or the same entry of the same document twice."""
    told = {
        "list_name": list_name.strip(),
        "authority": authority.strip(),
        "source_document": source_document.strip(),
        "entry_name": entry_name.strip(),
    }
    demand(errors=(), **told)
    same = (
        StatutoryListing.list_name == told["list_name"],
        StatutoryListing.source_document == told["source_document"],
        StatutoryListing.entry_name == told["entry_name"],
    )
    if session.scalar(select(StatutoryListing.id).where(*same)) is not None:
        raise MalformedExit(errors=[{"where": "entry_name", "code": "repeated", "value": told["entry_name"][:40]}])
    row = StatutoryListing(
        **told,
        entry_code=entry_code.strip(),
        listed_on=listed_on,
        until_on=until_on,
        institution_id=institution_id,
        imported_at=clock.now_at(),
        imported_by=actor.name,
    )
    session.add(row)
    session.flush()
    facts: dict[str, object] = {**told, "entry_code": row.entry_code, "listed_on": listed_on, "until_on": until_on}
    ledger.append(
        session, actor=actor, at=row.imported_at, action="statutory-list.imported", subject=f"statutory-listing/{row.id}", tenant=None, body=facts
    )
    return row
