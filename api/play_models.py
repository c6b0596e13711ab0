"""Playback sessions: an opaque right to fetch one viewing copy, for one person, for a while. Each rests on a committed view."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base, Keyed


class PlaySession(Keyed, Base):
    """`token_sha256` is the hash of what stands in the address. `bytes_served` counts what was really fetched.

    `clip_purpose` is what the copy was for when it was opened: once it serves another purpose (a later look), the address plays nothing.
    """

    __tablename__ = "play_session"
    SYSTEM_ONLY = True

    token_sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    view_id: Mapped[UUID] = mapped_column(ForeignKey("footage_view.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    clip_id: Mapped[UUID] = mapped_column(ForeignKey("clip.id"))
    clip_purpose: Mapped[str]
    opened_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    bytes_served: Mapped[int] = mapped_column(BigInteger, default=0)
    requests: Mapped[int] = mapped_column(default=0)
