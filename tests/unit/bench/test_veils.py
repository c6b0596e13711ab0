"""The figure that whoever sees a blurred picture is told is the one that the labelled pictures give. R60."""

from typing import Any

import numpy as np
import pytest

from bench import veils
from bench.screening.real import FOLDER
from supervision.screening import veils_measured
from supervision.screening.veils_measured import Veils


def test_a_face_under_no_veil_and_a_person_without_any_are_left_visible() -> None:
    empty: Any = np.full((96, 160, 3), 128, np.uint8)
    rows: list[dict[str, Any]] = [{"people": 3, "facing": 2, "faces": [[10, 10], [100, 50]]}, {"people": 0, "facing": 0}]
    assert veils.count((row, empty) for row in rows) == Veils(pictures=2, faces=2, left=2, behind=1, behind_left=1)


@pytest.mark.skipif(not FOLDER.exists(), reason="real clips are not beside the repository")
def test_the_kept_figure_is_what_the_labelled_faces_give() -> None:
    known = veils_measured.read()
    assert known is not None
    again = veils.count((row, picture) for row, picture in veils.labelled() if row["facing"])
    assert (again.faces, again.left) == (known.faces, known.left)
    assert 0 < known.left_at_most < 1
