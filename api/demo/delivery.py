"""Make every file of a plan and lay it where an institution's recorder would export it: `<folder>/<institution>/<file name>`."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from api.demo.plan import DemoPlan, RealClip, Repeat
from api.demo.recorder import Film, film_all, remux


def deliver(
    plan: DemoPlan, cache: Path, folder: Path, *, processes: int = 2, progress: Callable[[int, int], None] | None = None
) -> dict[tuple[str, str], Path]:
    """Paths by (institution code, file name). Films come from the cache or are made; repeats are copied or remuxed from them."""
    made = film_all(plan.films, cache, processes=processes, progress=progress)
    paths: dict[tuple[str, str], Path] = {}
    for institution in plan.institutions:
        place = folder / institution.code
        place.mkdir(parents=True, exist_ok=True)
        for footage in sorted(institution.footage, key=lambda one: isinstance(one.source, Repeat)):  # originals first
            path = paths[institution.code, footage.file_name] = place / footage.file_name
            match footage.source:
                case Film():
                    _lay(made[footage.source], path)
                case RealClip():
                    _lay(footage.source.path, path)
                case Repeat(file_name, container):
                    original = paths[institution.code, file_name]
                    if container is None:
                        _lay(original, path)
                    else:
                        path.unlink(missing_ok=True)
                        remux(original, path, container, footage.start_at)
    return paths


def _lay(source: Path, target: Path) -> None:
    """A hard link where the file system can, else a copy."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
