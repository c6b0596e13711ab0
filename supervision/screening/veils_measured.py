"""How many faces stay visible although pictures are blurred: what was measured on labelled real pictures. Pure. R60; safety of those filmed.

The figure is a file of the package, written by the measurement itself (`python -m bench.veils`), never by hand.
"""

import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Final

from supervision.screening.measured import share_interval

MEASURED: Final = Path(__file__).parent / "held_out_veils.json"


@dataclass(frozen=True, slots=True)
class Veils:
    """`left` of `faces` were not veiled; of `behind` people who show no face, `behind_left` had no veil on them."""

    pictures: int
    faces: int
    left: int
    behind: int
    behind_left: int

    @property
    def left_at_most(self) -> float:
        """Upper end of the 95 % interval of the share of faces that stay visible."""
        return share_interval(self.left, self.faces)[1]

    def plain(self) -> dict[str, int]:
        return asdict(self)


@cache
def read(path: Path = MEASURED) -> Veils | None:
    """None when nothing was measured yet."""
    return Veils(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None
