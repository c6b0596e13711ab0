"""The first administrator: without one nobody can create accounts."""

from sqlalchemy import select

from api.auth.accounts import NewAccount, create_account
from api.auth.models import Account
from api.auth.passwords import one_time_password
from api.auth.roles import Role
from api.http.services import Services
from storage.database.session import SYSTEM
from storage.kernel.actor import SYSTEM_ACTOR
from storage.kernel.errors import Conflict


def create_first_administrator(services: Services, *, login: str, name: str) -> str:
    """Create an administrator on an installation that has none; returns the one-time password.

    Raises: Conflict — there is one already; that one creates further accounts.
    """
    password = one_time_password()
    with services.database.transaction(SYSTEM) as session:
        if session.scalar(select(Account.id).where(Account.role == Role.ADMINISTRATOR).limit(1)) is not None:
            raise Conflict(what="administrator", name=login)
        create_account(
            session,
            NewAccount(login_name=login, display_name=name, role=Role.ADMINISTRATOR, password=password),
            actor=SYSTEM_ACTOR,
            at=services.clock.now_at(),
        )
    return password
