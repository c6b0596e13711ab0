"""Numbers without gaps: F2026-0001, 古人社检告〔2026〕1号."""

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session


def next_in_series(session: Session, column: InstrumentedAttribute[str], prefix: str, *, digits: int = 4, end: str = "") -> str:
    """`prefix`, the next number in at least `digits` digits, `end`. The transaction that takes a number holds the series until it ends.

    Numbers are compared as numbers: the ten-thousandth must not sort before the second.
    """
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"{column}/{prefix}", 0))))
    number = cast(func.substr(column, len(prefix) + 1, func.length(column) - len(prefix) - len(end)), Integer)
    newest = session.scalar(select(func.max(number)).where(column.startswith(prefix, autoescape=True)))
    return f"{prefix}{(newest or 0) + 1:0{digits}d}{end}"
