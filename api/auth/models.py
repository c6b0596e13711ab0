"""Tables of the door: accounts, credentials, sessions, keys, throttle, and who looked at which footage.

Secrets live apart from the accounts (`SYSTEM_ONLY`): a transaction of a page cannot read them even with forged SQL.
"""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from api.auth.roles import Role
from storage.database.base import Base, Keyed, enum_column


class ViewKind(StrEnum):
    """How footage was seen."""

    VIEW = "view"  # its page with frames
    PLAY = "play"
    DOWNLOAD = "download"
    STILL = "still"


class Account(Keyed, Base):
    """A person's way in. `login_name` is lower case. `valid_until`: third-party verifiers work under a dated contract."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("(institution_id is not null) = (role in ('institution-operator', 'institution-head'))", name="institution_of_role"),
        CheckConstraint("role <> 'third-party-verifier' or valid_until is not null", name="verifier_is_time_limited"),
        CheckConstraint("login_name = lower(login_name)", name="login_name_lower"),
    )
    TENANT: ClassVar[str | None] = "institution_id"

    login_name: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    role: Mapped[Role] = mapped_column(enum_column(Role, "role"))
    institution_id: Mapped[UUID | None] = mapped_column(ForeignKey("institution.id"), index=True)
    department: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    must_change_password: Mapped[bool] = mapped_column(default=True)
    valid_until: Mapped[datetime | None]
    oidc_subject: Mapped[str | None] = mapped_column(unique=True)  # "<issuer>|<sub>", set by an administrator, never by the token
    created_at: Mapped[datetime]


class Credential(Base):
    """What proves an account. Argon2id hash; TOTP secrets sealed (`storage.kernel.sealing`)."""

    __tablename__ = "credential"
    SYSTEM_ONLY: ClassVar[bool] = True

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    password_hash: Mapped[str]
    password_changed_at: Mapped[datetime]
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_pending: Mapped[bytes | None] = mapped_column(LargeBinary)  # shown as a QR code, not yet confirmed by a code
    totp_last_step: Mapped[int | None]  # a code is good once (ASVS 6.5.1)


class LoginSession(Keyed, Base):
    """A signed-in browser. The cookie's token is kept as SHA-256. `pending`: the password was right, the code is still owed."""

    __tablename__ = "login_session"
    __table_args__ = (Index("ix_login_session_account_id_revoked_at", "account_id", "revoked_at"),)
    SYSTEM_ONLY: ClassVar[bool] = True

    token_sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    pending: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    mfa_at: Mapped[datetime | None]  # last time a code (or a fresh password where no code exists) was given
    ip: Mapped[str]
    user_agent: Mapped[str]
    revoked_at: Mapped[datetime | None]


class ApiKey(Keyed, Base):
    """A key of an upload agent. Works while its account works. 256 random bits, so a fast hash is enough."""

    __tablename__ = "api_key"
    TENANT: ClassVar[str | None] = "institution_id"

    prefix: Mapped[str] = mapped_column(unique=True)
    secret_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    institution_id: Mapped[UUID | None] = mapped_column(ForeignKey("institution.id"), index=True)
    name: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class LoginThrottle(Base):
    """A token bucket per name, address and pair of both; in SQL, so that ten API processes share it."""

    __tablename__ = "login_throttle"
    SYSTEM_ONLY: ClassVar[bool] = True

    bucket: Mapped[str] = mapped_column(primary_key=True)
    tokens: Mapped[float]
    refused: Mapped[bool]
    touched_at: Mapped[datetime] = mapped_column(index=True)


class FootageView(Keyed, Base):
    """Who was shown what and why; committed before the first byte is served. Never changed, never deleted."""

    __tablename__ = "footage_view"
    __table_args__ = (
        CheckConstraint("end_ms is null or start_ms is null or end_ms > start_ms", name="span"),
        CheckConstraint("purpose <> ''", name="purpose_stated"),
        Index("ix_footage_view_recording_id_at", "recording_id", "at"),
        Index("ix_footage_view_account_id_at", "account_id", "at"),
    )
    TENANT: ClassVar[str | None] = "institution_id"
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")

    at: Mapped[datetime]
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    actor_kind: Mapped[str]
    actor_name: Mapped[str]
    actor_role: Mapped[str]
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    recording_id: Mapped[UUID]
    clip_id: Mapped[UUID | None]
    start_ms: Mapped[int | None]  # media_ms, half-open
    end_ms: Mapped[int | None]
    purpose: Mapped[str]
    case_ref: Mapped[str]  # draw, finding or case the view belongs to; may be empty
    kind: Mapped[ViewKind] = mapped_column(enum_column(ViewKind, "kind"))
