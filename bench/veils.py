"""How many faces stay visible in a blurred picture? The labelled real pictures, each by itself: a copy that moves also veils before and after.

`python -m bench.veils` prints it and writes `supervision/screening/held_out_veils.json`, the figure that everybody who looks at copies is told.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

import av

from bench.screening.real import FOLDER
from bench.screening_heads import LABELS
from storage.media.blur import finder
from storage.media.faces import Box, enlarge
from supervision.screening import measured
from supervision.screening.veils_measured import MEASURED, Veils

ALONE: Final = "a person without a labelled face is veiled when anything is: one person at a time is in these pictures"


def labelled() -> Iterator[tuple[dict[str, Any], Any]]:  # Any: JSON; a picture in blue, green, red
    """(label, picture) of every labelled picture whose clip is there."""
    for row in json.loads(LABELS.read_text(encoding="utf-8"))["pictures"]:
        if (clip := FOLDER / row["file"]).exists():
            with av.open(str(clip)) as media:
                for number, frame in enumerate(media.decode(video=0)):
                    if number in row["numbers"]:
                        yield row, frame.to_ndarray(format="bgr24")


def count(pictures: Iterator[tuple[dict[str, Any], Any]]) -> Veils:
    """Faces, faces whose middle lies under no veil, people who show none, and those of them with no veil."""
    faces = left = behind = behind_left = shown = 0
    for row, picture in pictures:
        height, width = picture.shape[:2]
        veils = [enlarge(box) for box in finder().find(picture)]
        shown += 1
        faces += row["facing"]
        left += sum(not any(_under(veil, x / width, y / height) for veil in veils) for x, y in row.get("faces", ()))
        away = row["people"] - row["facing"]
        behind += away
        behind_left += away if not veils else 0
    return Veils(shown, faces, left, behind, behind_left)


def _under(veil: Box, x: float, y: float) -> bool:
    return veil.left <= x <= veil.right and veil.top <= y <= veil.bottom


def main() -> None:
    """Count, tell, keep."""
    found = count(labelled())
    low, high = measured.share_interval(found.left, found.faces)
    print(f"{found.left} of {found.faces} faces stay visible ({low:.3f} to {high:.3f}); {ALONE}: {found.behind_left} of {found.behind} not veiled")
    MEASURED.write_text(json.dumps(found.plain(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
