"""Accounts: made and shut by an administrator, never deleted, because ledger lines name them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from api.auth.audit import account_changed
from api.auth.errors import LoginRefused, NameTaken, RoleNeedsInstitution, WeakPassword
from api.auth.models import Account, Credential
from api.auth.passwords import MAXIMUM, MINIMUM, hash_password, require_strong, verify_password
from api.auth.roles import INSTITUTION, Role
from api.auth.sessions import end_all
from storage.kernel.actor import Actor
from storage.kernel.errors import InvalidInput, NotFound


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What an administrator enters. `valid_until` is required for third-party verifiers."""

    login_name: str
    display_name: str
    role: Role
    password: str
    institution_id: UUID | None = None
    department: str | None = None
    valid_until: datetime | None = None
    oidc_subject: str | None = None
    must_change_password: bool = True


def create_account(session: Session, new: NewAccount, *, actor: Actor, at: datetime) -> Account:
    """Runs under the system scope. Raises: RoleNeedsInstitution, InvalidInput, WeakPassword, NameTaken."""
    login_name = new.login_name.strip().lower()
    if (new.role in INSTITUTION) != (new.institution_id is not None):
        raise RoleNeedsInstitution(role=new.role.value)
    missing = [field for field, given in (("login_name", login_name), ("display_name", new.display_name.strip())) if not given]
    if new.role is Role.THIRD_PARTY_VERIFIER and new.valid_until is None:
        missing.append("valid_until")
    if new.role is Role.DEPARTMENT_OFFICER and not (new.department or "").strip():
        missing.append("department")
    if missing:
        raise InvalidInput(errors=[{"where": field, "code": "missing", "value": None} for field in missing])
    require_strong(new.password, login_name, new.display_name.strip())
    if session.scalar(select(Account.id).where(Account.login_name == login_name)) is not None:
        raise NameTaken(login_name=login_name)
    if new.institution_id is not None and not _institution_exists(session, new.institution_id):
        raise InvalidInput(errors=[{"where": "institution_id", "code": "unknown", "value": str(new.institution_id)}])
    account = Account(
        login_name=login_name,
        display_name=new.display_name.strip(),
        role=new.role,
        institution_id=new.institution_id,
        department=new.department,
        active=True,
        must_change_password=new.must_change_password,
        valid_until=new.valid_until,
        oidc_subject=new.oidc_subject,
        created_at=at,
    )
    session.add(account)
    session.flush()
    session.add(Credential(account_id=account.id, password_hash=hash_password(new.password), password_changed_at=at))
    session.flush()
    account_changed(session, account, "create", actor=actor, at=at, facts={"valid_until": new.valid_until})
    return account


def shut_account(session: Session, account_id: UUID, *, actor: Actor, at: datetime, reason: str) -> Account:
    """Ends its sessions and keys in the same transaction. Again is harmless. Raises: NotFound."""
    account = find_account(session, account_id)
    if account.active:
        account.active = False
        end_all(session, account_id, at=at, keys_too=True)
        account_changed(session, account, "shut", actor=actor, at=at, facts={"reason": reason})
    return account


def forget_code_device(session: Session, account_id: UUID, *, actor: Actor, at: datetime) -> Account:
    """A lost phone: the next sign-in enrols a new one. Ends all sessions. Raises: NotFound."""
    account, credential = find_account(session, account_id), credential_of(session, account_id)
    credential.totp_secret = credential.totp_pending = None
    end_all(session, account_id, at=at)
    account_changed(session, account, "forget-code-device", actor=actor, at=at)
    return account


def set_password(session: Session, account_id: UUID, password: str, *, actor: Actor, at: datetime) -> Account:
    """By an administrator, for somebody who forgot: must be changed at the next sign-in. Raises: NotFound, WeakPassword."""
    account, credential = find_account(session, account_id), credential_of(session, account_id)
    require_strong(password, account.login_name, account.display_name)
    credential.password_hash, credential.password_changed_at = hash_password(password), at
    account.must_change_password = True
    end_all(session, account_id, at=at)
    account_changed(session, account, "set-password", actor=actor, at=at)
    return account


def change_password(session: Session, account_id: UUID, old: str, new: str, *, keep: UUID | None, actor: Actor, at: datetime) -> Account:
    """By its owner, who shows the present one (ASVS 6.2.3). Ends all other sessions (`keep` = the one in hand).

    Raises: LoginRefused — the present password is wrong; WeakPassword.
    """
    account, credential = find_account(session, account_id), credential_of(session, account_id)
    if not verify_password(old, credential.password_hash):
        raise LoginRefused
    if old == new:
        raise WeakPassword(why="same", minimum=MINIMUM, maximum=MAXIMUM)
    require_strong(new, account.login_name, account.display_name)
    credential.password_hash, credential.password_changed_at = hash_password(new), at
    account.must_change_password = False
    end_all(session, account_id, at=at, keep=keep)
    account_changed(session, account, "change-password", actor=actor, at=at)
    return account


def find_account(session: Session, account_id: UUID) -> Account:
    """Raises: NotFound."""
    account = session.get(Account, account_id)
    if account is None:
        raise NotFound(what="account")
    return account


def credential_of(session: Session, account_id: UUID) -> Credential:
    """Locked until the transaction ends: two codes at once must not both count. Raises: NotFound."""
    credential = session.scalar(select(Credential).where(Credential.account_id == account_id).with_for_update())
    if credential is None:
        raise NotFound(what="account")
    return credential


def _institution_exists(session: Session, institution_id: UUID) -> bool:
    return session.execute(text("select 1 from institution where id = :id"), {"id": institution_id}).first() is not None
