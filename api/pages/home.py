"""The front door: everybody goes to the page their day begins with."""

from typing import Annotated

from fastapi import APIRouter
from starlette.responses import RedirectResponse

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import EVERYBODY
from api.pages.navigation import home_of

router = APIRouter(include_in_schema=False)


@router.get("/today")
def today(caller: Annotated[Caller, access(roles=EVERYBODY)]) -> RedirectResponse:
    """Where this role's day begins."""
    return RedirectResponse(home_of(caller), status_code=303)


@router.get("/")
def front(_caller: Annotated[Caller, access(public=True)]) -> RedirectResponse:
    """Signed in or not is found out one step further."""
    return RedirectResponse("/today", status_code=303)
