"""What would a change of a figure do? The signals of pictures once more over the kept looks of held-out recordings. Pure. R60; F-08, F-09.

The measurement (`python -m bench.screening_looks`) keeps what each recording looked like: the cheap pass, every key frame, and
what is wrong in it. So a figure can be tried in a second and without a picture. What the packets, the clock or the sound say is not kept.
"""

import json
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from supervision.screening import closer, measured
from supervision.screening.glances import Glances
from supervision.screening.looks import Code, Found
from supervision.screening.rules import ScreeningRule
from supervision.screening.signals.every import Seen, find_all

KEPT: Final = Path(__file__).parent / "held_out_looks.zip"
SLACK_MS: Final = 10_000  # a lead may reach this far over the defect
EXPECTED: Final[Mapping[str, Code]] = {
    "black": Code.BLACK,
    "covered": Code.COVERED,
    "defocused": Code.DEFOCUSED,
    "frozen": Code.FROZEN,
    "moved": Code.VIEW_MOVED,
    "other-room": Code.OTHER_VIEW,
}
REHEARSED: Final = (*EXPECTED.values(), Code.NO_MOVEMENT)
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
    "screening_frozen_s": (Code.FROZEN,),
    "screening_unmoving_change_milli": (Code.NO_MOVEMENT,),
    "screening_unmoving_s": (Code.NO_MOVEMENT,),
    "screening_view_shift_permille": (Code.VIEW_MOVED,),
    "screening_view_angle_degrees": (Code.VIEW_MOVED,),
    "screening_view_least_points": (Code.VIEW_MOVED, Code.OTHER_VIEW),
    "screening_view_other_points": (Code.OTHER_VIEW,),
    "screening_view_s": (Code.VIEW_MOVED, Code.OTHER_VIEW),
}
FIGURES: Final = tuple(one.name for one in fields(Glances))[1:]
MOST: Final = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """One recording as the machine saw it. `kind` "": nothing is wrong in it. `near`: every key frame, each compared with the view."""

    name: str
    kind: str
    begin_ms: int
    end_ms: int
    duration_ms: int
    missing_ms: tuple[int, ...]
    cheap: Glances
    near: Glances


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
    """What the worker's pass would find: the cheap looks, and every key frame where these ask for a closer one."""
    closely = []
    for from_ms, to_ms in closer.spans(kept.cheap, kept.duration_ms, rule):
        inside = kept.near.where((kept.near.media_ms >= from_ms) & (kept.near.media_ms < to_ms))
        if len(inside):
            inside.still[0] = inside.moved[0] = np.nan  # the first look of a stretch has none before it
        closely.append(inside)
    glances = closer.merged(kept.cheap, closely)
    return [one for one in find_all(Seen(glances, kept.missing_ms, None, kept.duration_ms, rule.min_height_px, True), rule) if one.code in REHEARSED]


def table(films: Sequence[Kept], rule: ScreeningRule) -> list[Row]:
    """Recall and false alarms of every signal of pictures under these figures."""
    tried, found, false, hours = Counter[str](), Counter[str](), Counter[Code](), 0.0
    for film in films:
        leads = found_in(film, rule)
        hours += film.duration_ms / 3_600_000
        if film.kind:
            tried[film.kind] += 1
            found[film.kind] += any(one.code is EXPECTED[film.kind] and lies(one, film.begin_ms, film.end_ms) for one in leads)
            leads = outside(leads, film.begin_ms, film.end_ms)
        false.update(one.code for one in leads)
    kinds = {code: kind for kind, code in EXPECTED.items()}
    return [Row(code, kinds.get(code, ""), tried[kinds.get(code, "")], found[kinds.get(code, "")], false[code], hours) for code in REHEARSED]


def shown(rows: Sequence[Row], *, version: str) -> str:
    """The table of the product (`measured`) with these rows in it."""
    recall = [{"code": row.code.value, "attack": row.attack, "tried": row.tried, "found": row.found} for row in rows if row.attack]
    honest = [{"code": row.code.value, "false_alarms": row.false_alarms, "camera_hours": round(row.camera_hours, 2)} for row in rows]
    return measured.plain(recall, honest, signals_version=version)


def changed(rule: ScreeningRule, name: str, value: int) -> ScreeningRule | None:
    """The rule with one figure changed; None where that figure cannot be tried or the value makes no sense."""
    if name not in DECIDES or not 0 <= value <= MOST:
        return None
    figure: dict[str, int] = {name: value}
    return replace(rule, **figure)


def write(films: Iterable[Kept], path: Path = KEPT) -> None:
    """All of them in one file; the same films give the same bytes."""
    with zipfile.ZipFile(path, "w") as held:
        about = []
        for film in films:
            about.append({key: getattr(film, key) for key in ("name", "kind", "begin_ms", "end_ms", "duration_ms", "missing_ms")})
            for part in ("cheap", "near"):
                held.writestr(zipfile.ZipInfo(f"{film.name}/{part}"), _packed(getattr(film, part)))
        held.writestr(zipfile.ZipInfo("films.json"), json.dumps(about, ensure_ascii=False, indent=1))


def read(path: Path = KEPT) -> list[Kept]:
    """Every kept recording; none when nothing was measured yet."""
    if not path.exists():
        return []
    with zipfile.ZipFile(path) as held:
        return [
            Kept(
                **{**about, "missing_ms": tuple(about["missing_ms"])},
                cheap=_unpacked(held.read(f"{about['name']}/cheap")),
                near=_unpacked(held.read(f"{about['name']}/near")),
            )
            for about in json.loads(held.read("films.json"))
        ]


def _packed(glances: Glances) -> bytes:
    """Column by column, eleven bits of each figure: a two-thousandth is nothing beside any threshold, and the file stays small."""
    columns = [glances.media_ms.astype("<i4").tobytes(), *(getattr(glances, name).astype("<f2").tobytes() for name in FIGURES)]
    return zlib.compress(b"".join(columns), 9)


def _unpacked(data: bytes) -> Glances:
    plain = zlib.decompress(data)
    count = len(plain) // (4 + 2 * len(FIGURES))
    figures = np.frombuffer(plain, "<f2", offset=4 * count).reshape(len(FIGURES), count).astype(np.float32)
    return Glances(np.frombuffer(plain, "<i4", count).astype(np.int64), *figures)


@lru_cache(maxsize=1)
def held_out() -> tuple[Kept, ...]:
    """The kept recordings of this version of the product."""
    return tuple(read())
