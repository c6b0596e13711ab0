"""Make every file of a plan and lay it where an institution's recorder would export it: `<folder>/<institution>/<file name>`."""

import os
import queue
import shutil
import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from api.demo.plan import DemoPlan, FootagePlan, InstitutionPlan, RealClip, Repeat
from api.demo.recorder import Film, film_all, remux


@dataclass(frozen=True, slots=True)
class Delivered:
    """A file as it lies in the institution's folder. `repeats`: the file of which it is a copy under another lesson's name, or ""."""

    institution: str
    file_name: str
    path: Path
    repeats: str = ""


def deliver(plan: DemoPlan, cache: Path, folder: Path, *, processes: int = 2) -> Iterator[Delivered]:
    """Every file as soon as it is there: real clips and films of the cache first, then each film when it is made; a repeat after its original."""
    wanted: dict[object, list[tuple[InstitutionPlan, FootagePlan]]] = defaultdict(list)
    for institution in plan.institutions:
        (folder / institution.code).mkdir(parents=True, exist_ok=True)
        for footage in institution.footage:
            if not isinstance(footage.source, Repeat):
                wanted[footage.source].append((institution, footage))
    for clip, places in wanted.items():
        if isinstance(clip, RealClip):
            yield from _lay_all(places, clip.path, folder)
    for film, made in film_all([source for source in wanted if isinstance(source, Film)], cache, processes=processes):
        yield from _lay_all(wanted[film], made, folder)


def _lay_all(places: list[tuple[InstitutionPlan, FootagePlan]], made: Path, folder: Path) -> Iterator[Delivered]:
    for institution, footage in places:
        original = folder / institution.code / footage.file_name
        _lay(made, original)
        yield Delivered(institution.code, footage.file_name, original)
        for other in institution.footage:
            if isinstance(other.source, Repeat) and other.source.file_name == footage.file_name:
                path = original.with_name(other.file_name)
                if other.source.container is None:
                    _lay(original, path)
                else:
                    path.unlink(missing_ok=True)
                    remux(original, path, other.source.container, other.start_at)
                yield Delivered(institution.code, other.file_name, path, footage.file_name)


def _lay(source: Path, target: Path) -> None:
    """A hard link where the file system can, else a copy."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


class Filming:
    """`deliver` in a thread of its own, begun when made: the recorders run while the office gets its papers in order."""

    def __init__(self, plan: DemoPlan, cache: Path, folder: Path) -> None:
        self._shelf: queue.SimpleQueue[Delivered | BaseException | None] = queue.SimpleQueue()
        self._left = threading.Event()
        threading.Thread(target=self._run, args=(plan, cache, folder), daemon=True).start()

    def _run(self, plan: DemoPlan, cache: Path, folder: Path) -> None:
        try:
            for one in deliver(plan, cache, folder):
                if self._left.is_set():
                    return
                self._shelf.put(one)
        except BaseException as error:  # noqa: BLE001 - told to whoever waits for the next file
            self._shelf.put(error)
        self._shelf.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()

    def __iter__(self) -> Iterator[Delivered]:
        """Raises: whatever went wrong at the recorder."""
        while (one := self._shelf.get()) is not None:
            if isinstance(one, BaseException):
                raise one
            yield one
