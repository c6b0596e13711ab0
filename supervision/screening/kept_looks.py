"""What held-out recordings looked like to the machine, in one small file beside the code: films that were measured once can be judged again. R60.

Of each recording: the glances of the cheap pass and of every key frame, the few figures of its packets, and what is wrong in it. No picture.
"""

import json
import re
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np

from supervision.screening.glances import Glances
from supervision.screening.packet_glances import PacketGlances

KEPT: Final = Path(__file__).parent / "held_out_looks.zip"
FIGURES: Final = tuple(one.name for one in fields(Glances))[1:]
ABOUT: Final = ("name", "kind", "begin_ms", "end_ms", "duration_ms", "case")


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """One recording as the machine saw it. `kind` "": nothing is wrong in it. `near`: every key frame, each compared with the view.

    `missing_ms`, `near_missing_ms`: key frames without a picture, of the cheap pass and of all. `packets` None: their facts are not known. `case`
    names what was filmed: a later measurement films it again only where that changed.
    """

    name: str
    kind: str
    begin_ms: int
    end_ms: int
    duration_ms: int
    missing_ms: tuple[int, ...]
    cheap: Glances
    near: Glances
    near_missing_ms: tuple[int, ...] = ()
    packets: PacketGlances | None = None
    case: str = ""


def write(films: Iterable[Kept], path: Path = KEPT, *, seen_under: str = "") -> None:
    """All of them in one file, in their natural order; the same films give the same bytes. `seen_under` names how looks are taken."""
    part = path.with_name(f"{path.name}.part")
    with zipfile.ZipFile(part, "w") as held:
        about = []
        for film in sorted(films, key=_place):
            more = {"missing_ms": film.missing_ms, "near_missing_ms": film.near_missing_ms, "packets": film.packets.plain() if film.packets else None}
            about.append({key: getattr(film, key) for key in ABOUT} | more)
            for name in ("cheap", "near"):
                held.writestr(zipfile.ZipInfo(f"{film.name}/{name}"), _packed(getattr(film, name)))
        lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in about)
        head = json.dumps(seen_under)
        held.writestr(zipfile.ZipInfo("films.json"), zlib.compress(f'{{"seen_under": {head}, "films": [\n{lines}\n]}}\n'.encode(), 9))
    part.replace(path)


def read(path: Path = KEPT) -> list[Kept]:
    """Every kept recording; none when nothing was measured yet."""
    return _read(path)[1]


def seen_under(path: Path = KEPT) -> str:
    """How the kept looks were taken; empty when there are none."""
    return _read(path)[0]


def _read(path: Path) -> tuple[str, list[Kept]]:
    if not path.exists():
        return "", []
    with zipfile.ZipFile(path) as held:
        about = json.loads(zlib.decompress(held.read("films.json")))
        films = [
            Kept(
                **{key: one[key] for key in ABOUT},
                missing_ms=tuple(one["missing_ms"]),
                near_missing_ms=tuple(one["near_missing_ms"]),
                packets=PacketGlances.of_plain(one["packets"]) if one["packets"] else None,
                cheap=_unpacked(held.read(f"{one['name']}/cheap")),
                near=_unpacked(held.read(f"{one['name']}/near")),
            )
            for one in about["films"]
        ]
    return about["seen_under"], films


def _place(film: Kept) -> tuple[bool, list[tuple[int, str]]]:
    """Spoilt ones first, numbers in names by their value."""
    return film.kind == "", [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", film.name)]


def _packed(glances: Glances) -> bytes:
    """Column by column, eleven bits of each figure: a two-thousandth is nothing beside any threshold, and the file stays small."""
    columns = [glances.media_ms.astype("<i4").tobytes(), *(getattr(glances, name).astype("<f2").tobytes() for name in FIGURES)]
    return zlib.compress(b"".join(columns), 9)


def _unpacked(data: bytes) -> Glances:
    plain = zlib.decompress(data)
    count = len(plain) // (4 + 2 * len(FIGURES))
    figures = np.frombuffer(plain, "<f2", offset=4 * count).reshape(len(FIGURES), count).astype(np.float32)
    return Glances(np.frombuffer(plain, "<i4", count).astype(np.int64), *figures)
