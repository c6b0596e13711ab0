"""The public list of exclusions and restrictions, in force and ended; no word about a person; readable without JavaScript. R49, R67."""

from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.auth.access import access
from api.auth.caller import Caller
from api.http.session import SessionDep
from api.locale.marks import N_
from api.pages.exit.acts import FATES, GROUNDS
from api.pages.frame import render, translator
from supervision.institutions import standing

router = APIRouter(include_in_schema=False)
BARS = {"excluded": N_("excluded from the directory"), "restricted": N_("no new agreements or larger tasks")}
LIFTED = {"reversed": N_("revoked: it never counted"), "term-over": N_("ended with its term"), "readmitted": N_("readmitted")}


@router.get("/public/exclusions")
def exclusions_page(request: Request, _caller: Annotated[Caller, access(public=True)], session: SessionDep) -> Response:
    """Everything that was published, what is in force first."""
    _ = translator(request)
    return render(
        request,
        "exit/public.html",
        rows=standing.published(session),
        bars={key: _(word) for key, word in BARS.items()},
        grounds={ground.value: _(word) for ground, word in GROUNDS.items()},
        lifted={key: _(word) for key, word in LIFTED.items()},
        fates={key: _(word) for key, word in FATES.items()},
    )
