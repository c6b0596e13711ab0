"""JSON about accounts, keys and oneself. `/api/v1/me`, `/api/v1/keys`, `/api/v1/accounts`."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import select

from api.auth import accounts, keys
from api.auth.access import access
from api.auth.audit import key_changed
from api.auth.caller import Caller
from api.auth.models import Account, ApiKey
from api.auth.roles import EVERYBODY, Role
from api.http.paging import LIMIT, Cursor, Key, Limit, page
from api.http.services import ServicesDep
from api.http.session import SessionDep

router = APIRouter(prefix="/api/v1", tags=["access"])
Administrator = Annotated[Caller, access(roles={Role.ADMINISTRATOR}, system=True)]
FreshAdministrator = Annotated[Caller, access(roles={Role.ADMINISTRATOR}, system=True, fresh=True)]
KeyHolder = Annotated[Caller, access(roles={Role.INSTITUTION_HEAD, Role.ADMINISTRATOR})]


class Strict(BaseModel):
    """Unknown fields are refused rather than ignored (mass assignment, ASVS 15.3.3)."""

    model_config = ConfigDict(extra="forbid")


class MeOut(BaseModel):
    login_name: str
    display_name: str
    role: Role
    institution_id: UUID | None
    scopes: list[str]
    via: str
    csrf_token: str


class KeyIn(Strict):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    scopes: Annotated[list[str], Field(min_length=1, max_length=20)]
    expires_at: AwareDatetime | None = None


class KeyOut(BaseModel):
    id: UUID
    name: str
    prefix: str
    scopes: list[str]
    institution_id: UUID | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewKeyOut(KeyOut):
    """`secret` is shown this once."""

    secret: str


class AccountIn(Strict):
    login_name: Annotated[str, Field(min_length=2, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]*$")]
    display_name: Annotated[str, Field(min_length=1, max_length=100)]
    role: Role
    password: Annotated[str, Field(max_length=256)]
    institution_id: UUID | None = None
    department: Annotated[str | None, Field(max_length=100)] = None
    valid_until: AwareDatetime | None = None
    oidc_subject: Annotated[str | None, Field(max_length=500)] = None


class AccountOut(BaseModel):
    id: UUID
    login_name: str
    display_name: str
    role: Role
    institution_id: UUID | None
    department: str | None
    active: bool
    must_change_password: bool
    valid_until: datetime | None
    created_at: datetime


class ReasonIn(Strict):
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class PasswordIn(Strict):
    password: Annotated[str, Field(max_length=256)]


class KeysOut(BaseModel):
    items: list[KeyOut]


class AccountsOut(BaseModel):
    items: list[AccountOut]
    next: str | None


@router.get("/me")
def me(caller: Annotated[Caller, access(roles=EVERYBODY, personal=True)]) -> MeOut:
    assert caller.role is not None  # noqa: S101 — the rule names roles
    return MeOut(
        login_name=caller.actor.name,
        display_name=caller.display_name,
        role=caller.role,
        institution_id=caller.institution_id,
        scopes=sorted(caller.scopes),
        via=caller.via,
        csrf_token=caller.csrf_token,
    )


@router.get("/keys")
def list_keys(session: SessionDep, caller: KeyHolder) -> KeysOut:
    return KeysOut(items=[_key_out(key) for key in keys.list_keys(session, caller.institution_id)])


@router.post("/keys", status_code=201)
def create_key(body: KeyIn, session: SessionDep, services: ServicesDep, caller: KeyHolder) -> NewKeyOut:
    """The key belongs to the caller's account and institution."""
    at = services.clock.now_at()
    owner = accounts.find_account(session, _account_of(caller))
    made = keys.create_key(session, owner, name=body.name, scopes=frozenset(body.scopes), expires_at=body.expires_at, at=at)
    key_changed(session, made.row, "create", actor=caller.actor, at=at)
    return NewKeyOut(**_key_out(made.row).model_dump(), secret=made.secret)


@router.delete("/keys/{key_id}", status_code=204)
def revoke_key(key_id: UUID, session: SessionDep, services: ServicesDep, caller: KeyHolder) -> None:
    """Dead from the commit of this call."""
    at = services.clock.now_at()
    key_changed(session, keys.revoke_key(session, key_id, caller.institution_id, at=at), "revoke", actor=caller.actor, at=at)


@router.get("/accounts")
def list_accounts(session: SessionDep, _caller: Administrator, after: Cursor = "", limit: Limit = LIMIT) -> AccountsOut:
    found = page(session, select(Account), [Key(Account.login_name)], after=after, limit=limit)
    return AccountsOut(items=[_account_out(account) for account in found.items], next=found.next_after)


@router.post("/accounts", status_code=201)
def create_account(body: AccountIn, session: SessionDep, services: ServicesDep, caller: FreshAdministrator) -> AccountOut:
    return _account_out(accounts.create_account(session, accounts.NewAccount(**body.model_dump()), actor=caller.actor, at=services.clock.now_at()))


@router.post("/accounts/{account_id}/shut")
def shut_account(account_id: UUID, body: ReasonIn, session: SessionDep, services: ServicesDep, caller: Administrator) -> AccountOut:
    """Its sessions and keys end with it."""
    return _account_out(accounts.shut_account(session, account_id, actor=caller.actor, at=services.clock.now_at(), reason=body.reason))


@router.post("/accounts/{account_id}/forget-code-device")
def forget_code_device(account_id: UUID, session: SessionDep, services: ServicesDep, caller: FreshAdministrator) -> AccountOut:
    return _account_out(accounts.forget_code_device(session, account_id, actor=caller.actor, at=services.clock.now_at()))


@router.post("/accounts/{account_id}/password")
def set_password(account_id: UUID, body: PasswordIn, session: SessionDep, services: ServicesDep, caller: FreshAdministrator) -> AccountOut:
    return _account_out(accounts.set_password(session, account_id, body.password, actor=caller.actor, at=services.clock.now_at()))


def _account_of(caller: Caller) -> UUID:
    assert caller.account_id is not None  # noqa: S101 — the rule names roles
    return caller.account_id


def _key_out(key: ApiKey) -> KeyOut:
    return KeyOut(**{name: getattr(key, name) for name in KeyOut.model_fields})


def _account_out(account: Account) -> AccountOut:
    return AccountOut(**{name: getattr(account, name) for name in AccountOut.model_fields})
