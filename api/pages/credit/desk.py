"""Where an act of the credit pages is done: tried inside a savepoint; refused, the page is shown again with what was typed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, File, Form, Request, UploadFile
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import BUREAU, INSTITUTION, OFFICERS, Role
from api.http.problem import Problem, problem_of
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.http.typed import Most, attempt
from compliance.exit import queries as exit_queries
from compliance.rating.ruleset import Ruleset, in_force
from storage.kernel.errors import DomainError, NotFound
from supervision.findings.attachments import MAX_FILE_BYTES, Given

OFFICE = BUREAU - {Role.INSPECTOR}
Reader = Annotated[Caller, access(roles=OFFICE | INSTITUTION | {Role.AUDITOR})]
Insider = Annotated[Caller, access(roles=OFFICE | {Role.AUDITOR})]
Officer = Annotated[Caller, access(roles=OFFICERS)]
Answerer = Annotated[Caller, access(roles=OFFICERS | {Role.LEGAL_OFFICER})]
Leader = Annotated[Caller, access(roles={Role.BUREAU_LEADER})]
Head = Annotated[Caller, access(roles={Role.INSTITUTION_HEAD})]
Words = Annotated[str, Form(), Most(20_000)]  # the rules say what is too long, in words; a line break is one character there and two here
Many = Annotated[list[str] | None, Form(), Most(8000)]
Files = Annotated[list[UploadFile] | None, File()]
Show = Callable[[Problem, dict[str, object]], Response]


@dataclass(frozen=True, slots=True)
class Desk:
    request: Request
    session: Session
    services: Services

    @property
    def rules(self) -> Ruleset:
        """The rule set in force today."""
        return in_force(self.services.policy.book, self.services.clock.today_on())

    @property
    def reversed_problems(self) -> list[UUID]:
        """Major problems that no rating counts any more: their exit decision was revoked (2.3.5)."""
        return [one.id for one in exit_queries.reversed_problems(self.session)]

    def act(self, caller: Caller, do: Callable[[dict[str, Any]], object], *, then: str, show: Show, **typed: object) -> Response:
        """`do` gets actor, clock and the printed name as keywords. Any: keywords of the use-case."""
        try:
            with attempt(self.request, self.session):
                do({"actor": caller.actor, "clock": self.services.clock, "name": caller.display_name})
        except NotFound:
            raise
        except DomainError as refused:
            return show(problem_of(refused, self.request), typed)
        return RedirectResponse(then, status_code=303)


def _desk(request: Request, session: SessionDep, services: ServicesDep) -> Desk:
    return Desk(request, session, services)


AtDesk = Annotated[Desk, Depends(_desk)]


def given(files: list[UploadFile] | None) -> list[Given]:
    """Files of a form as the rules take them."""
    return [Given(one.filename or "", one.file.read(MAX_FILE_BYTES + 1)) for one in files or () if one.filename]


def lines(text: str) -> list[str]:
    """One point per line."""
    return [line.strip() for line in text.splitlines() if line.strip()]
