"""Who asks: the one answer every route and use-case relies on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from api.auth.errors import SignInAgain
from api.auth.roles import INSTITUTION, Role
from api.auth.sessions import FRESH
from api.locale.language import Language
from storage.database.session import BUREAU, PUBLIC, Scope
from storage.kernel.actor import Actor
from storage.kernel.errors import NotAllowed

NOBODY = Actor(kind="account", name="anonymous", role="public")


@dataclass(frozen=True, slots=True)
class Caller:
    """A checked caller. `role` None: nobody signed in, which only public routes let through.

    `csrf_token` belongs in the forms of pages (empty unless `via` is session); `mfa_at` is when a code was last given.
    """

    via: Literal["session", "api_key", "anonymous"]
    actor: Actor = NOBODY
    language: Language = "zh"
    account_id: UUID | None = None
    display_name: str = ""
    role: Role | None = None
    institution_id: UUID | None = None
    institution_name: str = ""
    department: str | None = None
    scopes: frozenset[str] = frozenset()
    session_id: UUID | None = None
    mfa_at: datetime | None = None
    csrf_token: str = ""
    must_change_password: bool = False

    @property
    def signed_in(self) -> bool:
        return self.role is not None

    @property
    def read_only(self) -> bool:
        """An auditor's transactions are READ ONLY in PostgreSQL."""
        return self.role is Role.AUDITOR

    @property
    def scope(self) -> Scope:
        """Whose rows the caller's transactions may see (row-level security)."""
        if self.role is None:
            return PUBLIC
        return Scope("institution", self.institution_id) if self.role in INSTITUTION else BUREAU

    @property
    def only_department(self) -> str | None:
        """The department whose classes an officer of an industry department may see, and nothing else (R23, R83); None: no such limit.

        Empty when nobody entered the department: then no class at all.
        """
        return (self.department or "") if self.role is Role.DEPARTMENT_OFFICER else None

    def is_one_of(self, *roles: Role) -> bool:
        return self.role in roles

    def tenant(self) -> UUID:
        """The caller's institution. Raises: NotAllowed — an account outside institutions."""
        if self.institution_id is None:
            raise NotAllowed(role=str(self.role))
        return self.institution_id

    def person(self) -> UUID:
        """The caller's own account. Raises: NotAllowed — nobody signed in."""
        if self.account_id is None:
            raise NotAllowed(role=str(self.role))
        return self.account_id

    def require_fresh(self, now_at: datetime) -> None:
        """For acts that need a person now, not a browser left open: four eyes, decisions. Raises: SignInAgain."""
        if self.mfa_at is None or now_at - self.mfa_at > FRESH:
            raise SignInAgain(minutes=int(FRESH.total_seconds() // 60))
