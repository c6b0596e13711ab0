"""One transaction per request, with the caller's row scope, committed before the answer is sent (ADR 0052).

`Depends(..., scope="function")` ends the dependency when the handler has returned and before the response starts: a commit that fails is
an error answer, never a success that did not happen.
"""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import text
from sqlalchemy.orm import Session

from api.auth.access import current_caller, rule_of
from api.auth.caller import Caller
from api.http.services import services_of
from api.http.typed import refuse_untold
from storage.database.session import PUBLIC, SYSTEM, Scope


def open_transaction(request: Request, caller: Annotated[Caller, Depends(current_caller)]) -> Iterator[Session]:
    """Commit when the handler returned, roll back when anything raised. An auditor's is READ ONLY in PostgreSQL.

    Raises: InvalidInput — the form held what cannot be kept, and no page said so.
    """
    with services_of(request).database.transaction(transaction_scope(request, caller)) as session:
        if caller.read_only and not _personal(request):
            make_read_only(session)
        request.state.transaction = session  # pages name people by it (`api.pages.persons.person_teller`)
        yield session
        refuse_untold(request)


def transaction_scope(request: Request, caller: Caller) -> Scope:
    """Public routes see public rows even when a bureau officer opens them; routes about accounts run under the system scope."""
    rule = rule_of(request.scope["route"])
    if rule is not None and rule.system:
        return SYSTEM
    return PUBLIC if rule is None or rule.public else caller.scope


def make_read_only(session: Session) -> None:
    """The rest of the transaction can write nothing, and cannot be turned back."""
    session.execute(text("set transaction read only"))


def _personal(request: Request) -> bool:
    rule = rule_of(request.scope["route"])
    return rule is not None and rule.personal


SessionDep = Annotated[Session, Depends(open_transaction, scope="function")]
