"""One file through the open upload: hash ahead in one pass, ask for addresses in batches, send on parallel lanes.

The producer reads the file once, in order: every block goes into the whole file's SHA-256, and those of missing parts into the part's. Lanes
read their part again (it is in the page cache) while it leaves, so memory does not grow with part size or file size.
"""

import hashlib
import queue
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from api.agent.errors import DigestRefused, FileChanged, stopped
from api.agent.files import blocks, shown
from api.agent.pace import Pace
from api.agent.site import Site, Waited
from api.agent.store import AddressExpired, PartSender

MAX_BATCH: Final = 50
BATCH_S: Final = 60.0  # addresses live fifteen minutes; ask for what the next minute can take
_ADDRESS_TRIES: Final = 6


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes `[start, end)` of the file. `address` = url and headers, once asked for."""

    number: int
    start: int
    end: int
    sha256: str
    address: tuple[str, dict[str, str]]


def whole_parts(upload: dict[str, Any]) -> dict[int, int]:  # Any: JSON
    """Number → bytes of the parts that the store has whole; one that broke off counts as missing."""
    size, part = int(upload["size_bytes"]), int(upload["part_bytes"])
    return {p["number"]: p["size_bytes"] for p in upload["arrived"] if p["size_bytes"] == min(part, size - (p["number"] - 1) * part)}


def resumed_bytes(upload: dict[str, Any]) -> int:  # Any: JSON
    """What need not be sent again."""
    return sum(whole_parts(upload).values())


class Transfer:
    """Sends what the store lacks of one upload."""

    def __init__(self, site: Site, sender: PartSender, path: Path, upload: dict[str, Any], pace: Pace, *, lanes: int) -> None:  # Any: JSON
        self._site, self._sender, self._path, self._upload, self._pace, self._lanes = site, sender, path, upload, pace, lanes
        self._size, self._part_bytes = int(upload["size_bytes"]), int(upload["part_bytes"])
        self._arrived = whole_parts(upload)
        self._failed = threading.Event()

    def run(self) -> str:
        """Send everything that is missing; answers the whole file's SHA-256 as hex.

        Raises: AgentStopped; OSError — the file cannot be read; UploadLost — the store forgot the upload in between.
        """
        waiting: queue.Queue[Part | None] = queue.Queue(maxsize=2 * self._lanes)
        with ThreadPoolExecutor(self._lanes, thread_name_prefix="lane") as pool:
            lanes = [pool.submit(self._lane, waiting) for _ in range(self._lanes)]
            try:
                whole = self._produce(waiting)
            except BaseException:
                self._failed.set()
                raise
            finally:
                for _ in lanes:
                    self._put(waiting, None)
            for lane in lanes:
                lane.result()
        return whole

    def _span(self, number: int) -> tuple[int, int]:
        start = (number - 1) * self._part_bytes
        return start, min(start + self._part_bytes, self._size)

    def _produce(self, waiting: "queue.Queue[Part | None]") -> str:
        whole = hashlib.sha256()
        ready: list[tuple[int, str]] = []
        for number in range(1, int(self._upload["part_count"]) + 1):
            if self._failed.is_set():
                return ""
            start, end = self._span(number)
            missing, digest, seen = number not in self._arrived, hashlib.sha256(), 0
            for block in blocks(self._path, start, end):
                if self._site.stopping.is_set():
                    raise stopped("interrupted")
                seen += len(block)
                whole.update(block)
                if missing:
                    digest.update(block)
            if seen != end - start:
                raise FileChanged(shown(self._path.name))
            if missing:
                ready.append((number, digest.hexdigest()))
            # ask before the lanes have run dry, for several at once: they send what is queued while the site answers
            low = len(ready) >= 2 * self._lanes and waiting.qsize() <= self._lanes
            if low or len(ready) >= self._batch() or (ready and waiting.empty()):
                self._hand_out(ready, waiting)
                ready = []
        if ready:
            self._hand_out(ready, waiting)
        return whole.hexdigest()

    def _digest(self, part: Part) -> str:
        digest = hashlib.sha256()
        for block in blocks(self._path, part.start, part.end):
            digest.update(block)
        return digest.hexdigest()

    def _batch(self) -> int:
        return min(MAX_BATCH, max(self._lanes, int(self._pace.speed_bytes_s * BATCH_S / self._part_bytes)))

    def _hand_out(self, ready: Sequence[tuple[int, str]], waiting: "queue.Queue[Part | None]") -> None:
        for part in self._addressed(ready):
            self._put(waiting, part)

    def _addressed(self, ready: Sequence[tuple[int, str]]) -> list[Part]:
        wanted = {"parts": [{"number": number, "sha256": digest} for number, digest in ready]}
        answer = self._site.call("POST", f"/api/v1/uploads/{self._upload['id']}/parts", wanted)
        digests = dict(ready)
        return [Part(p["number"], *self._span(p["number"]), digests[p["number"]], (p["url"], p["headers"])) for p in answer["parts"]]

    def _put(self, waiting: "queue.Queue[Part | None]", part: Part | None) -> None:
        while True:
            try:
                waiting.put(part, timeout=0.2)
            except queue.Full:
                if self._failed.is_set():
                    return
            else:
                return

    def _lane(self, waiting: "queue.Queue[Part | None]") -> None:
        try:
            while not self._failed.is_set():
                try:
                    part = waiting.get(timeout=0.2)
                except queue.Empty:
                    continue
                if part is None:
                    return
                self._send(part)
        except BaseException:
            self._failed.set()
            raise

    def _send(self, part: Part) -> None:
        state, expired = part, 0

        def attempt() -> None:
            nonlocal state, expired
            if self._failed.is_set():
                return
            try:
                self._sender.put(*state.address, self._path, part.start, part.end, self._pace)
            except DigestRefused as error:
                if self._digest(part) != part.sha256:
                    raise FileChanged(shown(self._path.name)) from error
                raise Waited(f"damaged on the way: {error}") from error
            except AddressExpired as error:
                expired += 1
                if expired >= _ADDRESS_TRIES:
                    raise
                (state,) = self._addressed([(part.number, part.sha256)])
                raise Waited(f"address refused: {error}") from error

        self._site.insist(attempt)
