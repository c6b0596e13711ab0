"""The upload agent as a library: `Agent(site, key, lanes).send(path)`. docs/design/uploads.md.

Safe to kill at any instant: the store knows which parts arrived, the site knows the upload by its idempotency key, and sending the same file
again continues or answers the recording that is there.
"""

import contextlib
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from api.agent.errors import AgentStopped, FileChanged, stopped
from api.agent.files import Version, fingerprint, shown, version_of
from api.agent.pace import FIRST_PART_BYTES, Pace, part_bytes_for
from api.agent.site import Site, is_local
from api.agent.store import AddressExpired, PartSender, UploadLost
from api.agent.transfer import Transfer, resumed_bytes

ENDED: Final = frozenset({"retained", "due", "destroyed", "rejected", "abandoned", "integrity-alarm"})
POLL_S: Final = (0.2, 0.3, 0.5, 1.0, 2.0, 5.0)
MIN_MEASURED_BYTES: Final = 32 << 20
ROUNDS: Final = 5


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that is at the site. `state` is the recording's; `reason` says why it was refused, `reason_text` in words; `sha256` is empty when
    it was known already. `is_settled`: nothing more will happen by itself.
    """

    path: Path
    upload_id: str
    recording_id: str
    state: str
    reason: str
    size_bytes: int
    sha256: str
    resumed_bytes: int
    seconds: float
    reason_text: str = ""
    is_settled: bool = False


class Agent:
    """Sends files of one institution, one after another; parts of a file on `lanes` connections. `progress(path, done, total, pace)` often."""

    def __init__(
        self,
        site: str,
        key: str,
        lanes: int = 3,
        *,
        patience_s: float | None = 600.0,
        timeout_s: float = 60.0,
        progress: Callable[[Path, int, int, Pace], None] | None = None,
        told: Callable[[str], None] = lambda _: None,
        part_bytes: int = FIRST_PART_BYTES,
    ) -> None:
        self.lanes = lanes
        self.site = Site(site, key, patience_s=patience_s, timeout_s=timeout_s, told=told)
        self._sender = PartSender(lanes, local=is_local(site), stopping=self.site.stopping, timeout_s=timeout_s)
        self._progress = progress
        self._part_bytes = part_bytes

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; a transfer in another thread ends with `AgentStopped`."""
        self.site.stopping.set()
        self.site.close()
        self._sender.close()

    def send(self, path: Path, *, wait: bool = False) -> SentFile:
        """Bring a file to the site, whole. `wait`: until the recording is locked or refused.

        Raises: AgentStopped — a refusal that trying again cannot change, or a line that stayed down; FileChanged; OSError — it cannot be read.
        """
        began = time.monotonic()
        before = version_of(path)
        upload = self._open(path, before.size_bytes)
        sha256, resumed = "", before.size_bytes
        if upload["state"] == "open":
            try:
                sha256, resumed = self._transfer(path, upload)
                _require_unchanged(path, before)
                self._complete(path, upload["id"], sha256)
            except FileChanged:
                with contextlib.suppress(AgentStopped):  # what cannot be given up now expires by itself
                    self.site.call("DELETE", f"/api/v1/uploads/{upload['id']}")
                raise
        sent = SentFile(
            path, upload["id"], upload["recording_id"], upload["recording_state"], "", before.size_bytes, sha256, resumed, time.monotonic() - began
        )
        if sha256:
            sent = replace(sent, state="received")
        return self.follow(sent) if wait else sent

    def follow(self, sent: SentFile, *, timeout_s: float | None = None) -> SentFile:
        """Watch the recording until it is locked or refused; after `timeout_s` answers whatever state it is in."""
        began, turn = time.monotonic(), 0
        while True:
            found = self.site.call("GET", f"/api/v1/recordings/{sent.recording_id}")
            sent = replace(sent, state=found["state"], reason=found["reason"], reason_text=found["reason_text"])
            # a verified recording without a lesson waits for a person's choice, not for us
            if sent.state in ENDED or (sent.state == "verified" and not (found["slot"] and found["start_source"])):
                return replace(sent, is_settled=True)
            if timeout_s is not None and time.monotonic() - began >= timeout_s:
                return sent
            if self.site.stopping.wait(POLL_S[min(turn, len(POLL_S) - 1)]):
                return sent
            turn += 1

    def _open(self, path: Path, size_bytes: int) -> dict[str, Any]:  # Any: JSON
        mark = fingerprint(path)
        name = shown(path.name)
        wanted = {"file_name": name, "size_bytes": size_bytes, "fingerprint": mark, "part_bytes": self._part_bytes}
        # the name belongs to the key: the same bytes under another lesson's name are another claim, to be seen and judged
        key = hashlib.sha256(f"{mark}\n{name}".encode()).hexdigest()
        answer: dict[str, Any] = self.site.call("POST", "/api/v1/uploads", wanted, {"Idempotency-Key": key})  # Any: JSON
        return answer

    def _transfer(self, path: Path, upload: dict[str, Any]) -> tuple[str, int]:  # Any: JSON
        for _ in range(ROUNDS):
            resumed = resumed_bytes(upload)
            pace = Pace(resumed, moved=self._show(path, int(upload["size_bytes"])))
            transfer = Transfer(self.site, self._sender, path, upload, pace, lanes=self.lanes)
            began = time.monotonic()
            try:
                sha256 = transfer.run()
            except UploadLost:
                upload = self._again(upload["id"])
                continue
            except AddressExpired as error:
                raise stopped("clock-wrong", str(error)) from error
            moved, took_s = pace.sent_bytes - resumed, time.monotonic() - began
            if moved >= MIN_MEASURED_BYTES:
                self._part_bytes = part_bytes_for(moved / max(took_s, 1e-3), self.lanes)
            return sha256, resumed
        raise stopped("upload-closed")

    def _show(self, path: Path, total: int) -> Callable[[Pace], None] | None:
        progress = self._progress
        return None if progress is None else lambda pace: progress(path, pace.sent_bytes, total, pace)

    def _again(self, upload_id: str) -> dict[str, Any]:  # Any: JSON
        found: dict[str, Any] = self.site.call("GET", f"/api/v1/uploads/{upload_id}")  # Any: JSON
        if found["state"] not in {"open", "received"}:
            raise stopped("upload-closed", found["state"])
        return found

    def _complete(self, path: Path, upload_id: str, sha256: str) -> None:
        for _ in range(ROUNDS):
            try:
                self.site.call("POST", f"/api/v1/uploads/{upload_id}/complete", {"sha256": sha256})
            except AgentStopped as refused:
                if refused.code != "upload-incomplete":
                    raise
                self._transfer(path, self._again(upload_id))  # the store lost or never had a part: look again
            else:
                return
        raise stopped("upload-incomplete")


def _require_unchanged(path: Path, before: Version) -> None:
    if version_of(path) != before:
        raise FileChanged(shown(path.name))
