"""People of the system for tests of the whole site: an account, and a session as a sign-in opens it, without walking through the door."""

import itertools
from datetime import timedelta
from uuid import UUID

from api.auth.accounts import NewAccount, create_account
from api.auth.models import Account
from api.auth.roles import INSTITUTION, Role, needs_second_factor
from api.auth.sessions import Browser, open_session
from api.http.services import Services
from storage.database.session import SYSTEM
from storage.kernel.actor import SYSTEM_ACTOR

PASSWORD = "vier falbe Pferde 77"
_numbers = itertools.count(1)


def account_of(services: Services, role: Role, institution_id: UUID | None = None, **changes: object) -> Account:
    """A new account of a role; institution roles need their institution."""
    now = services.clock.now_at()
    name = f"{role.value}-{next(_numbers)}"
    new = NewAccount(
        login_name=name,
        display_name=f"Somebody {name[-3:]}",
        role=role,
        password=PASSWORD,
        institution_id=institution_id if role in INSTITUTION else None,
        department=str(changes.get("department", "古县农业农村局")) if role is Role.DEPARTMENT_OFFICER else None,
        valid_until=now + timedelta(days=30) if role is Role.THIRD_PARTY_VERIFIER else None,
        must_change_password=bool(changes.get("must_change_password", False)),
    )
    with services.database.transaction(SYSTEM) as session:
        return create_account(session, new, actor=SYSTEM_ACTOR, at=now)


def token_of(services: Services, account_id: UUID) -> str:
    """The cookie value of a session that was opened just now, second factor included where the role needs one."""
    now = services.clock.now_at()
    with services.database.transaction(SYSTEM) as session:
        account = session.get_one(Account, account_id)
        mfa_at = now if needs_second_factor(account.role) else None
        return open_session(session, account, Browser("127.0.0.1", "test"), at=now, pending=False, mfa_at=mfa_at)
