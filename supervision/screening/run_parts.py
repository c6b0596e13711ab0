"""What lies between two checkpoints of a run: glances, and what the next look needs to know of the last. R60."""

import zlib
from collections.abc import Sequence
from uuid import UUID

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from supervision.screening.glances import Glancer, Glances
from supervision.screening.looks import HEIGHT_PX, WIDTH_PX, Luma
from supervision.screening.screening_models import ScreeningPart


def packed(glancer: Glancer, glances: Glances, missing_ms: Sequence[int]) -> bytes:
    """Glances of a batch and what the glancer remembers at its end: lengths in 4 bytes, then the parts."""
    parts = [
        glances.to_bytes(),
        np.array([glancer.compared_ms, *missing_ms], "<i8").tobytes(),
        *(zlib.compress(luma.tobytes(), 1) if luma is not None else b"" for luma in (glancer.previous, glancer.anchor)),
    ]
    return b"".join(len(part).to_bytes(4, "little") + part for part in parts)


def resume(session: Session, run_id: UUID, glancer: Glancer) -> tuple[list[Glances], list[int]]:
    """Everything kept of a run so far; the glancer remembers again."""
    glances, missing = [], []
    bodies = session.scalars(select(ScreeningPart.body).where(ScreeningPart.run_id == run_id).order_by(ScreeningPart.until_ms))
    for body in bodies:
        parts, at = [], 0
        while at < len(body):
            length = int.from_bytes(body[at : at + 4], "little")
            parts.append(body[at + 4 : at + 4 + length])
            at += 4 + length
        glances.append(Glances.from_bytes(parts[0]))
        numbers = np.frombuffer(parts[1], "<i8").tolist()
        glancer.compared_ms = numbers[0]
        missing += numbers[1:]
        glancer.previous, glancer.anchor = (_picture(part) for part in parts[2:4])
    return glances, missing


def _picture(part: bytes) -> Luma | None:
    return np.frombuffer(zlib.decompress(part), np.uint8).reshape(HEIGHT_PX, WIDTH_PX) if part else None
