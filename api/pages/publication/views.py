"""The public front page: "What can I check myself?" Draws, the log's head, the keys. Readable without JavaScript and without an account. G8, G25."""

import base64
from typing import Annotated

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.responses import Response

from api import log_keeper
from api.auth.access import access
from api.auth.caller import Caller
from api.http.services import ServicesDep
from api.http.session import SessionDep
from api.pages.findings.views import SEVERITIES
from api.pages.frame import render, translator
from storage.ledger.models import LedgerCheckpoint
from supervision.findings import queries as queries_of_findings
from supervision.findings.rules import DEFECTS
from supervision.sampling import queries

router = APIRouter(include_in_schema=False)
NEWEST = 5


@router.get("/public")
def front(request: Request, _caller: Annotated[Caller, access(public=True)], session: SessionDep, services: ServicesDep) -> Response:
    """What anyone may see and recompute."""
    head = session.scalars(select(LedgerCheckpoint).order_by(LedgerCheckpoint.size.desc()).limit(1)).one_or_none()
    published = queries_of_findings.published(session, limit=20)
    receipt_key = services.secrets.receipt_key().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    _ = translator(request)
    return render(
        request,
        "publication/front.html",
        rounds=queries.rounds(session, limit=NEWEST),
        findings=published,
        defects=DEFECTS,
        severities={key: _(word) for key, word in SEVERITIES.items()},
        head=head,
        vkey=str(log_keeper.verifier(services)),
        receipt_key=base64.b64encode(receipt_key).decode(),
    )
