"""What would a change of a figure do? The worker's signals once more over the kept looks of held-out recordings. Pure. R60; F-03, F-08, F-09.

The measurement (`python -m bench.screening_looks`) keeps what each recording looked like (`kept_looks`): the cheap pass, every key frame, what its
packets say, and what is wrong in it. So a figure can be tried in a second and without a picture. What the clock or the sound say is not kept.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np

from supervision.screening import closer, kept_looks, measured
from supervision.screening.glances import Glances
from supervision.screening.kept_looks import Kept
from supervision.screening.looks import Code, Found
from supervision.screening.packet_glances import LEAST_HOLE_MS
from supervision.screening.rules import ScreeningRule
from supervision.screening.signals.every import Seen, find_all

SLACK_MS: Final = 10_000  # a lead may reach this far over the defect
EXPECTED: Final[Mapping[str, Code]] = {
    "black": Code.BLACK,
    "covered": Code.COVERED,
    "defocused": Code.DEFOCUSED,
    "frozen": Code.FROZEN,
    "frozen-quiet": Code.FROZEN,
    "moved": Code.VIEW_MOVED,
    "other-room": Code.OTHER_VIEW,
    "jump": Code.TIME_JUMP,
    "no-movement": Code.NO_MOVEMENT,
    "undecodable": Code.UNDECODABLE,
}
REHEARSED: Final = tuple(dict.fromkeys(EXPECTED.values()))
# which figure decides which signals: what the page of figures shows as their expected error
DECIDES: Final[Mapping[str, tuple[Code, ...]]] = {
    "screening_black_grey": (Code.BLACK,),
    "screening_black_s": (Code.BLACK,),
    "screening_covered_texture_permille": (Code.COVERED,),
    "screening_covered_s": (Code.COVERED,),
    "screening_defocus_sharp_permille": (Code.DEFOCUSED,),
    "screening_defocus_fall_permille": (Code.DEFOCUSED,),
    "screening_defocus_s": (Code.DEFOCUSED,),
    "screening_frozen_change_milli": (Code.FROZEN,),
    "screening_frozen_coding_milli": (Code.FROZEN,),
    "screening_frozen_coded_looks": (Code.FROZEN,),
    "screening_frozen_s": (Code.FROZEN,),
    "screening_unmoving_change_milli": (Code.NO_MOVEMENT, Code.FROZEN),
    "screening_unmoving_s": (Code.NO_MOVEMENT,),
    "screening_unmoving_stray_permille": (Code.NO_MOVEMENT,),
    "screening_view_shift_permille": (Code.VIEW_MOVED,),
    "screening_view_angle_degrees": (Code.VIEW_MOVED,),
    "screening_view_least_points": (Code.VIEW_MOVED, Code.OTHER_VIEW),
    "screening_view_other_points": (Code.OTHER_VIEW,),
    "screening_view_s": (Code.VIEW_MOVED, Code.OTHER_VIEW),
    "screening_jump_s": (Code.TIME_JUMP,),
    "screening_undecodable_count": (Code.UNDECODABLE,),
}
LEAST: Final[Mapping[str, int]] = {"screening_jump_s": LEAST_HOLE_MS // 1000, "screening_undecodable_count": 1}
MOST: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """One signal over all kept recordings. `attack` "": no defect of its kind was made."""

    code: Code
    attack: str
    tried: int
    found: int
    false_alarms: int
    camera_hours: float


def lies(found: Found, begin_ms: int, end_ms: int, slack_ms: int = SLACK_MS) -> bool:
    """The lead covers at least half of the defect and hardly anything else."""
    inside = min(found.to_ms, end_ms) - max(found.from_ms, begin_ms)
    return inside * 2 >= end_ms - begin_ms and found.from_ms >= begin_ms - slack_ms and found.to_ms <= end_ms + slack_ms


def outside(leads: Iterable[Found], begin_ms: int, end_ms: int) -> list[Found]:
    """Leads that have nothing to do with the defect: false ones."""
    return [one for one in leads if one.to_ms <= begin_ms - SLACK_MS or one.from_ms >= end_ms + SLACK_MS]


def found_in(kept: Kept, rule: ScreeningRule) -> list[Found]:
    """What the worker's pass would find: the cheap looks, and every key frame where these or the packets ask for a closer one."""

    def look(from_ms: int, to_ms: int) -> tuple[list[Glances], list[int]]:
        inside = kept.near.where((kept.near.media_ms >= from_ms) & (kept.near.media_ms < to_ms))
        if len(inside):
            inside.still[0] = inside.moved[0] = np.nan  # the first look of a stretch has none before it
        return [inside], [at for at in kept.near_missing_ms if from_ms <= at < to_ms]

    glances, missing = closer.looked(kept.cheap, kept.missing_ms, kept.packets, kept.duration_ms, rule, look)
    seen = Seen(glances, missing, kept.packets, kept.duration_ms, rule.min_height_px, True)
    return [one for one in find_all(seen, rule) if one.code in REHEARSED]


def table(films: Sequence[Kept], rule: ScreeningRule) -> list[Row]:
    """Recall and false alarms of every signal of pictures and packets under these figures, a row for each kind of defect."""
    tried, found, false, hours = Counter[str](), Counter[str](), Counter[Code](), 0.0
    for film in films:
        leads = found_in(film, rule)
        hours += film.duration_ms / 3_600_000
        if film.kind:
            tried[film.kind] += 1
            found[film.kind] += any(one.code is EXPECTED[film.kind] and lies(one, film.begin_ms, film.end_ms) for one in leads)
            leads = outside(leads, film.begin_ms, film.end_ms)
        false.update(one.code for one in leads)
    return [Row(code, kind, tried[kind], found[kind], false[code], hours) for kind, code in EXPECTED.items()]


def shown(rows: Sequence[Row], *, version: str) -> str:
    """The table of the product (`measured`) with these rows in it."""
    recall = [{"code": row.code.value, "attack": row.attack, "tried": row.tried, "found": row.found} for row in rows if row.tried]
    once = {row.code: row for row in rows}.values()
    honest = [{"code": row.code.value, "false_alarms": row.false_alarms, "camera_hours": round(row.camera_hours, 2)} for row in once]
    return measured.plain(recall, honest, attacks_only=True, signals_version=version)


def changed(rule: ScreeningRule, name: str, value: int) -> ScreeningRule | None:
    """The rule with one figure changed; None where that figure cannot be tried or the value makes no sense."""
    if name not in DECIDES or not LEAST.get(name, 0) <= value <= MOST:
        return None
    figure: dict[str, int] = {name: value}
    return replace(rule, **figure)


@lru_cache(maxsize=1)
def held_out() -> tuple[Kept, ...]:
    """The kept recordings of this version of the product."""
    return tuple(kept_looks.read())
