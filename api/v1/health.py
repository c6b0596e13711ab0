"""Is it alive, can it work, and the log's public head."""

from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from sqlalchemy import select, text

from api import log_keeper
from api.auth.access import access
from api.auth.caller import Caller
from api.http.services import ServicesDep
from api.http.session import SessionDep
from storage.ledger import proofs
from storage.ledger.models import LedgerCheckpoint

router = APIRouter(tags=["health"])
Anyone = Annotated[Caller, access(public=True)]


@router.get("/healthz")
def alive(_caller: Anyone) -> dict[str, str]:
    """The process answers. Nothing else is asked."""
    return {"status": "ok"}


@router.get("/readyz")
def ready(_caller: Anyone, services: ServicesDep, session: SessionDep) -> Response:
    """Database, store and disk: 200 when all are well, 503 naming what is not."""
    session.execute(text("select 1"))
    health = services.engines.health() if services.engines else None
    told = {
        "database": True,
        "store": health.store_alive if health else True,
        "low_disk": health.low_disk if health else False,
        "free_bytes": health.free_bytes if health else None,
    }
    well = told["database"] and told["store"] and not told["low_disk"]
    return JSONResponse(told, status_code=200 if well else 503)


@router.get("/api/v1/log/checkpoint")
def checkpoint(_caller: Anyone, session: SessionDep) -> PlainTextResponse:
    """The newest signed head of the ledger (C2SP tlog-checkpoint). Keep it: a later head must extend it."""
    note = session.scalars(select(LedgerCheckpoint.note).order_by(LedgerCheckpoint.size.desc()).limit(1)).one_or_none()
    return PlainTextResponse(note or "")


@router.get("/api/v1/log/vkey")
def vkey(_caller: Anyone, services: ServicesDep) -> PlainTextResponse:
    """The ledger's public key. Get it from a second place too, it is printed on decisions."""
    return PlainTextResponse(f"{log_keeper.verifier(services)}\n")


@router.get("/api/v1/log/verifier.py")
def verifier(_caller: Anyone) -> PlainTextResponse:
    """The stand-alone script that checks an entry's proof, or that one head extends another."""
    content = files("storage.ledger").joinpath("verify_offline.py").read_text(encoding="utf-8")
    return PlainTextResponse(content, media_type="text/x-python", headers={"Content-Disposition": 'attachment; filename="verify_log.py"'})


@router.get("/api/v1/log/consistency/{old}/{new}")
def consistency(_caller: Anyone, session: SessionDep, old: int, new: int) -> PlainTextResponse:
    """Proof that the head of `new` entries extends the head of `old`."""
    return PlainTextResponse(proofs.consistency(session, old, new))
