"""Natural codes without gaps: R2026-0001 for ratings, K2026-0001 for information items."""

from sqlalchemy import Integer, cast, func, select, text
from sqlalchemy.orm import Session

from compliance.rating.models import CreditItem, Rating


def next_code(session: Session, table: type[Rating] | type[CreditItem], letter: str, year: int) -> str:
    """The transaction that takes a number holds the series until it ends."""
    prefix = f"{letter}{year}-"
    session.execute(text("select pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"code/{prefix}"})
    number = cast(func.substr(table.code, len(prefix) + 1), Integer)
    newest = session.scalar(select(func.max(number)).where(table.code.startswith(prefix, autoescape=True)))
    return f"{prefix}{(newest or 0) + 1:04d}"
