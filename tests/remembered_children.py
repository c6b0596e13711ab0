"""What a confined child answers about the same bytes is asked once per run: its decoders take as long as everything else around a recording together.

A child sees its files and its arguments and nothing else, and the same bytes give the same answer (`tests/integration/media`), so what it answered
in one test may serve another that shows the same film. Only what the product's jobs ask for in this process is remembered, and no refusal; tests
of the media themselves start every child anew.
"""

import hashlib
import json
import pickle
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from storage.media import sandbox
from storage.media.facts import Limits
from storage.media.sandbox import Answer
from tests.studio import alone


@contextmanager
def remembering(place: Path, *, anew: frozenset[str] = frozenset()) -> Iterator[None]:
    """Answers, and the files that were written with them, are kept in `place`, which the workers of a run share. `anew`: tasks that are not."""
    place.mkdir(exist_ok=True)
    start = sandbox.run

    def run(
        task: str, arguments: Mapping[str, object], *, reads: Mapping[str, Path], writes: Mapping[str, Path] | None = None, limits: Limits, **how: Any
    ) -> Answer:  # Any: the rest of what `sandbox.run` takes
        if task in anew:
            return start(task, arguments, reads=reads, writes=writes, limits=limits, **how)
        asked = [task, dict(arguments), {name: _digest(path) for name, path in reads.items()}, sorted(writes or {}), repr(limits), how]
        kept = place / hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()

        def make() -> tuple[Answer, dict[str, bytes]]:
            answer = start(task, arguments, reads=reads, writes=writes, limits=limits, **how)
            return answer, {name: path.read_bytes() for name, path in (writes or {}).items()}

        answer, written = _once(kept, make)
        for name, path in (writes or {}).items():
            path.write_bytes(written[name])
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox, "run", run)
        yield


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _once(path: Path, make: Callable[[], tuple[Answer, dict[str, bytes]]]) -> tuple[Answer, dict[str, bytes]]:
    with alone(path):
        if path.exists():
            kept: tuple[Answer, dict[str, bytes]] = pickle.loads(path.read_bytes())  # noqa: S301  # written by this run
            return kept
        made = make()
        aside = path.with_suffix(".new")  # whole or not at all
        aside.write_bytes(pickle.dumps(made))
        aside.rename(path)
        return made
