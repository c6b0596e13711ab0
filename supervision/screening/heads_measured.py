"""How far head counts are off: what was measured on labelled pictures, by size of group. Pure. R60; F-01, F-17.

The table is a file of the package, written by the measurement itself (`python -m bench.screening_heads`), never by hand.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

MEASURED: Final = Path(__file__).parent / "held_out_heads.json"


@dataclass(frozen=True, slots=True)
class Group:
    """Pictures of `low` to `high` people. `error`: mean absolute error of the count against all people, `bias`: its mean error with sign;
    `facing_error`: mean absolute error against those who show a face. `kind`: real, drawn-facing, drawn-mixed or drawn-behind.
    """

    kind: str
    low: int
    high: int
    pictures: int
    error: float
    bias: float
    facing_error: float

    def plain(self) -> dict[str, object]:
        """As JSON holds it: hundredths are what this is good for."""
        return {key: round(value, 2) if isinstance(value, float) else value for key, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class HeadsMeasured:
    """All groups, and how many honest lessons that face the camera were told of."""

    honest: int
    told: int
    cpu_ms_per_picture: int
    groups: tuple[Group, ...]


def read(path: Path = MEASURED) -> HeadsMeasured | None:
    """None when nothing was measured yet."""
    if not path.exists():
        return None
    data = json.loads(path.read_text(encoding="utf-8"))
    return HeadsMeasured(data["honest"], data["told"], data["cpu_ms_per_picture"], tuple(Group(**row) for row in data["groups"]))
