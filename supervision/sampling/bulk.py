"""Write a frame or its tickets in a few statements: a county-year is thousands of rows, a province's a million."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from supervision.sampling.draw import Ranking
from supervision.sampling.frame import Frame

_CHUNK_ROWS: Final = 50_000

_FRAME: Final = text(
    "insert into draw_frame_item (round_id, position, natural_id, lesson_id, leaf_hash) "
    "select :round_id, * from unnest(cast(:positions as int[]), cast(:ids as text[]), cast(:lessons as uuid[]), cast(:hashes as bytea[]))"
)
_PLACES: Final = text(
    "insert into draw_frame_place (round_id, position, stratum) select :round_id, * from unnest(cast(:positions as int[]), cast(:strata as int[]))"
)
_TICKETS: Final = text(
    "insert into draw_ticket (round_id, rank, natural_id, ticket, selected) "
    "select :round_id, t.rank, t.id, t.ticket, t.selected "
    "from unnest(cast(:ranks as int[]), cast(:ids as text[]), cast(:tickets as bytea[]), cast(:selected as boolean[])) "
    "as t(rank, id, ticket, selected)"
)


def insert_frame(session: Session, round_id: UUID, frame: Frame, lesson_ids: Sequence[UUID]) -> None:
    """`lesson_ids` position by position with the frame."""
    for start in range(0, len(frame.natural_ids), _CHUNK_ROWS):
        part = slice(start, start + _CHUNK_ROWS)
        ids = list(frame.natural_ids[part])
        session.execute(
            _FRAME,
            {
                "round_id": round_id,
                "positions": list(range(start, start + len(ids))),
                "ids": ids,
                "lessons": list(lesson_ids[part]),
                "hashes": list(frame.leaf_hashes[part]),
            },
        )


def insert_places(session: Session, round_id: UUID, strata: Sequence[int]) -> None:
    """The stratum (position) of each lesson, position by position with the frame."""
    for start in range(0, len(strata), _CHUNK_ROWS):
        part = list(strata[start : start + _CHUNK_ROWS])
        session.execute(_PLACES, {"round_id": round_id, "positions": list(range(start, start + len(part))), "strata": part})


def insert_tickets(session: Session, round_id: UUID, ranked: Ranking, selected: Sequence[bool]) -> None:
    """All tickets, best first; `selected` ticket by ticket."""
    for start in range(0, len(selected), _CHUNK_ROWS):
        part = ranked.between(start, start + _CHUNK_ROWS)
        session.execute(
            _TICKETS,
            {
                "round_id": round_id,
                "ranks": [t.rank for t in part],
                "ids": [t.natural_id for t in part],
                "tickets": [t.ticket for t in part],
                "selected": list(selected[start : start + _CHUNK_ROWS]),
            },
        )
