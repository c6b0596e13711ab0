"""A picture in which nothing can be seen is dark or light; which of the two, a level at the border does not change its mind about. Pure. F-09."""

from typing import Final

import numpy as np

from supervision.screening.glances import Glances
from supervision.screening.looks import runs
from supervision.screening.rules import ScreeningRule
from supervision.screening.signals.spans import Bools

# Grey levels by which a picture must differ from the border before a stretch changes from one to the other: coding and noise move its mean by a
# tenth of that, and without it one covered hour would fall into pieces, each too short to be told.
BAND_GREY: Final = 2.0


def bare_and_dark(glances: Glances, rule: ScreeningRule) -> tuple[Bools, Bools]:
    """(hardly a block has structure; and it is dark) of each look. In a run of bare looks the second changes only when the level leaves the band."""
    bare = glances.texture * 1000 <= rule.screening_covered_texture_permille
    dark = np.zeros(len(glances), np.bool_)
    border = float(rule.screening_black_grey)
    for first, stop in runs(bare.tolist()):
        is_dark = bool(glances.mean[first] <= border)
        for at in range(first, stop):
            level = float(glances.mean[at])
            is_dark = level <= border + BAND_GREY if is_dark else level <= border - BAND_GREY
            dark[at] = is_dark
    return bare, dark
