"""The steps of an upload at which a process can be made to die, and how a test arms one.

A step is named after what just happened: an act of the store adapter (`create_multipart.after`), or a move of the recording and the commit that
writes it (`receive.before-commit`). Arming is a file, so that it reaches a process that runs already; who comes there takes it away, so that a step
is taken once. Protocol: `armed-STEP` (JSON) → `reached-STEP` (the pid); who waits goes on when `go-STEP` appears.
"""

import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from storage.engines.processes import wait_until
from storage.ledger.models import StateMove
from storage.objects.minio_store import MinioStore
from supervision.footage import verification
from supervision.footage.receipts import Receipt

PLACE = "CHAOS_PLACE"
GO_LIMIT_S = 60
ACTS = ("create_multipart", "presign_part", "complete_multipart", "lock_until")


class Trigger:
    """The test's side: arm steps, hear that they were reached, let those who wait there go on."""

    def __init__(self, place: Path) -> None:
        self._place = place
        place.mkdir(exist_ok=True)

    def clear(self) -> None:
        """Nothing is armed any more, nobody waits."""
        for left in self._place.iterdir():
            left.unlink()

    def arm(self, step: str, *, waits: bool = False, skip: int = 0) -> None:
        """The process that reaches `step` (after `skip` times) kills itself, or waits for `go`."""
        for name in ("reached", "go"):
            (self._place / f"{name}-{step}").unlink(missing_ok=True)
        _write(self._place / f"armed-{step}", json.dumps({"waits": waits, "skip": skip}))

    def reached(self, step: str, timeout_s: float = 60) -> int:
        """The pid of the process that came to the step. It is dead already, or it waits there."""
        assert wait_until((self._place / f"reached-{step}").exists, timeout_s), f"nobody came to {step}"
        return int((self._place / f"reached-{step}").read_text())

    def go(self, step: str) -> None:
        (self._place / f"go-{step}").touch()


_counting = threading.Lock()


def reach(step: str) -> None:
    """The product's side, called by the hooks below: die or wait here when this step is armed."""
    place = Path(os.environ[PLACE])
    with _counting:
        try:
            armed = json.loads((place / f"armed-{step}").read_text())
        except FileNotFoundError:
            return
        if armed["skip"]:
            _write(place / f"armed-{step}", json.dumps({**armed, "skip": armed["skip"] - 1}))
            return
        (place / f"armed-{step}").unlink()
        _write(place / f"reached-{step}", str(os.getpid()))
    if not armed["waits"]:
        os.kill(os.getpid(), signal.SIGKILL)
        signal.pause()
    wait_until((place / f"go-{step}").exists, GO_LIMIT_S)


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    aside = path.with_name(f"new-{path.name}")
    aside.write_text(text)
    aside.rename(path)


def install() -> None:
    """Put the hooks around the store adapter, the measurement and the sessions of this process and of those it forks."""
    for act in ACTS:
        _around(MinioStore, act)
    _around(verification, "inspect_and_index")
    _in_the_middle_of_streams()
    event.listen(Session, "after_flush", _note)
    event.listen(Session, "before_commit", _before_commit)
    event.listen(Session, "after_commit", _after_commit)
    event.listen(Session, "after_rollback", lambda session: session.info.pop("did", None))


def _around(owner: Any, act: str) -> None:  # Any: a class or a module
    inner = getattr(owner, act)

    def hooked(*args: Any, **named: Any) -> Any:  # Any: whatever the act takes and answers
        reach(f"{act}.before")
        answer = inner(*args, **named)
        reach(f"{act}.after")
        return answer

    setattr(owner, act, hooked)


def _in_the_middle_of_streams() -> None:
    inner = MinioStore.stream

    def stream(self: MinioStore, key: str, version_id: str, chunk_bytes: int = 1 << 20, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        for n, chunk in enumerate(inner(self, key, version_id, chunk_bytes=1 << 20, start=start, end=end)):
            if n == 2 and end is None:  # the whole object, as a verification reads it
                reach("stream.middle")
            yield chunk

    MinioStore.stream = stream  # type: ignore[method-assign]


def _note(session: Session, _: object) -> None:
    did = session.info.setdefault("did", [])
    for row in session.new:
        if isinstance(row, StateMove) and row.machine == "recording":
            did.append(row.event)
        if isinstance(row, Receipt):
            did.append("receipt")


def _before_commit(session: Session) -> None:
    session.flush()
    for name in session.info.get("did", ()):
        reach(f"{name}.before-commit")


def _after_commit(session: Session) -> None:
    for name in session.info.pop("did", ()):
        reach(f"{name}.after-commit")
