"""What the scheduler remembers: which slot of which task was fired. The primary key makes it happen once."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base


class Firing(Base):
    """A due moment of a scheduled task, inserted in the transaction that enqueues its job."""

    __tablename__ = "schedule_firing"

    task: Mapped[str] = mapped_column(primary_key=True)
    slot_at: Mapped[datetime] = mapped_column(primary_key=True)
    fired_at: Mapped[datetime]
    fired_by: Mapped[str]
