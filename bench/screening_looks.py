"""What the held-out recordings look like to the machine, kept with the product, so that a change of a figure shows its effect at once.

`python -m bench.screening_looks [recordings of each defect] [honest lessons of each room] [rooms] [defects, with commas] [brief recordings of each
defect] [quiet rooms]` films what of the held-out part is not kept yet, adds it to `supervision/screening/held_out_looks.zip`, and writes the table of
the figures in force into `held_out.json`, which the product shows. It may be broken off at any time and goes on where it was; more recordings or more
rooms are added to those that are there. The last two are numbers or ranges of them (`35`, `60-124`), so that recordings can be added that no earlier
count asked for; what a run asks for is told by itself too. Each recording goes through the worker's own pass as well; where that finds anything else
it is printed.
"""

import hashlib
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from bench.screening.cases import Truth, brief, honest, quiet, quiet_freezes, spoilt
from bench.screening.real import clips
from bench.screening_signals import RULE, packets_seen, policy_version, screened
from compliance.policy.book import Book
from storage.media.index import build_index
from storage.media.looks import ALL_KEYS, Density, read_looks
from storage.media.source import FileSource
from supervision.screening import kept_looks, measured, rehearsal
from supervision.screening.glances import Glancer, Glances
from supervision.screening.kept_looks import Kept
from supervision.screening.looks import Look
from supervision.screening.rules import LOOKED, ScreeningRule

SEEN_UNDER: Final = f"method {LOOKED}, step {RULE.screening_step_s} s, view {RULE.screening_view_every_s} s"
IN_FORCE: Final = Book.load().read(ScreeningRule, on=date(2026, 9, 1))
HONEST: Final = Truth("", 0, 0)
Wanted = tuple[str, str, Callable[[Path], Kept]]  # name, case, how it is looked at


def kept(name: str, path: Path, truth: Truth = HONEST, case: str = "") -> Kept:
    """One recording: the cheap pass as the worker makes it, and every key frame compared with the same view."""
    with FileSource(path) as source:
        index = build_index(source)

        def looked(glancer: Glancer, density: Density) -> tuple[Glances, tuple[int, ...]]:
            parts, missing = list[Glances](), list[int]()
            for batch in read_looks(source, index, density):
                parts.append(glancer.take([Look(at, luma) for at, luma in batch.looks]))
                missing += batch.missing_ms
            return Glances.joined(parts), tuple(missing)

        glancer = Glancer(RULE.screening_view_every_s * 1000)
        cheap, missing = looked(glancer, Density(RULE.screening_step_s * 1000))
        near, near_missing = looked(glancer.afresh(view_every_ms=0), ALL_KEYS)
        packets = packets_seen(index)
    made = Kept(name, truth.kind, truth.begin_ms, truth.end_ms, index.duration_ms, missing, cheap, near, near_missing, packets, case)
    pass_of_worker = [one for one in screened(path)[0] if one.code in rehearsal.REHEARSED]
    if rehearsal.found_in(made, RULE) != pass_of_worker:
        print(f"{name}: the worker finds {pass_of_worker}, the kept looks say {rehearsal.found_in(made, RULE)}", flush=True)
    return made


def numbers(text: str) -> range:
    """`35`: the first 35. `60-124`: those and no others, both included."""
    first, dash, last = text.partition("-")
    return range(int(first), int(last) + 1) if dash else range(int(first))


def wanted(count: int, per_room: int, rooms: int, kinds: Sequence[str], short: range = range(0), still: range = range(0)) -> Iterator[Wanted]:
    """Everything that should be kept. `still`: quiet rooms, and freezes of the same cameras where freezes are asked for."""
    films = [*spoilt("held-out", count, kinds=tuple(kinds)), *honest("held-out", rooms, per_room), *brief("held-out", short, kinds)]
    films += [*quiet("held-out", still), *(quiet_freezes("held-out", still) if "frozen-quiet" in kinds else ())]
    for film in films:

        def look(folder: Path, film=film) -> Kept:  # type: ignore[no-untyped-def]
            path = film.write(folder)
            answer = kept(film.name, path, film.truths[0] if film.truths else HONEST, film.case)
            path.unlink()
            return answer

        yield film.name, film.case, look
    for path in clips():
        if path.suffix == ".mp4":  # key frames of a GIF are what nobody records
            case = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
            yield path.name, case, lambda _, path=path, case=case: kept(path.name, path, case=case)  # type: ignore[misc]


def added(known: dict[str, Kept], wishes: Iterable[Wanted], folder: Path) -> Iterator[str]:
    """Names of those that were not there, or not of the same case, each as soon as it is among the known ones. What else is known stays."""
    for name, case, look in wishes:
        if name not in known or known[name].case != case:
            known[name] = look(folder)
            yield name


def main() -> None:
    """Film, read, keep, tell."""
    count, per_room, rooms = (int(sys.argv[n]) if len(sys.argv) > n else default for n, default in ((1, 20), (2, 8), (3, 3)))
    short, still = (numbers(sys.argv[n]) if len(sys.argv) > n else range(0) for n in (5, 6))
    kinds = sys.argv[4].split(",") if sys.argv[4:5] not in ([], [""]) else list(rehearsal.EXPECTED)
    known = {film.name: film for film in kept_looks.read()} if kept_looks.seen_under() == SEEN_UNDER else {}
    print(f"{len(known)} recordings are kept", flush=True)
    with tempfile.TemporaryDirectory(prefix="classproof-looks-") as folder:
        wishes = list(wanted(count, per_room, rooms, kinds, short, still))
        for name in added(known, wishes, Path(folder)):
            _keep(known)
            print(name, flush=True)
    rows = _keep(known)
    asked = [known[name] for name, _, _ in wishes]
    if asked:
        print(f"the {len(asked)} recordings that were asked for")
        _tell(rehearsal.table(asked, IN_FORCE), asked)
    print(f"all {len(known)} recordings")
    _tell(rows, list(known.values()))


def _keep(known: dict[str, Kept]) -> list[rehearsal.Row]:
    """Both files of the product, always of one mind."""
    kept_looks.write(known.values(), seen_under=SEEN_UNDER)
    rows = rehearsal.table(kept_looks.read(), IN_FORCE)
    measured.HELD_OUT.write_text(rehearsal.shown(rows, version=policy_version()), encoding="utf-8")
    return rows


def _tell(rows: Sequence[rehearsal.Row], films: Sequence[Kept]) -> None:
    for row in rows:
        low, high = measured.share_interval(row.found, row.tried)
        print(
            f"{row.attack:14} {row.found}/{row.tried}  {low:.3f} – {high:.3f}  {row.false_alarms} false in {row.camera_hours:.1f} h, "
            f"at most {measured.events_at_most(row.false_alarms) / row.camera_hours:.3f} an hour, ends at most {_off(row, films) / 1000:.1f} s off",
            flush=True,
        )
    for film in films:
        leads = rehearsal.found_in(film, IN_FORCE)
        hit = any(one.code is rehearsal.EXPECTED.get(film.kind) and rehearsal.lies(one, film.begin_ms, film.end_ms) for one in leads)
        false = rehearsal.outside(leads, film.begin_ms, film.end_ms) if film.kind else leads
        if (film.kind and not hit) or false:
            print(f"{film.name}: {film.kind} {film.begin_ms} – {film.end_ms}; told {leads}", flush=True)


def _off(row: rehearsal.Row, films: Sequence[Kept]) -> int:
    """How far the ends of what was found lie from those of the defect, at most."""
    off = [0]
    for film in films:
        if film.kind == row.attack and film.kind:
            hits = [one for one in rehearsal.found_in(film, IN_FORCE) if one.code is row.code and rehearsal.lies(one, film.begin_ms, film.end_ms)]
            off += [max(abs(one.from_ms - film.begin_ms), abs(one.to_ms - film.end_ms)) for one in hits[:1]]
    return max(off)


if __name__ == "__main__":
    main()
