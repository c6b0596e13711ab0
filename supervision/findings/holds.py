"""The side of retention that a finding needs: hold the footage it rests on until the matter ends. R73; domain.md 2.3.1 (HELD)."""

from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from storage.kernel.actor import Actor


class Holds(Protocol):
    """Both calls may be repeated; `matter` is `finding/<code>`. A version stays held while any matter holds it."""

    def place(self, session: Session, *, key: str, version_id: str, matter: str, reason: str, actor: Actor, at: datetime) -> None:
        """Hold an object version for a matter."""

    def release(self, session: Session, *, key: str, version_id: str, matter: str, reason: str, actor: Actor, at: datetime) -> None:
        """End one matter's hold."""
