"""Answers checks of the institution's own copy from the files that this machine sent. R73; Q3, F-14, docs/design/retention.md.

There is one answer for each check, and a wrong one stands. So only a file that is still what was sent, byte count and time of the last change,
answers by itself; where it is gone or was touched, a person is told and answers on the page.
"""

import hashlib
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from api.agent.errors import AgentStopped
from api.agent.files import blocks, version_of
from api.agent.journal import Journal
from api.agent.site import Site

ASK_EVERY_S: Final = 600.0  # a check stands for days


class OwnCopies:
    """Looks now and then whether the bureau asks for a stretch of a recording. `told` gets a line for each check, once."""

    def __init__(self, site: Site, journal: Journal, told: Callable[[str], None]) -> None:
        self._site, self._journal, self._told = site, journal, told
        self._told_of: set[str] = set()
        self._next_s = 0.0

    def answer_when_due(self) -> None:
        """Ask the site, unless it was asked within the last minutes, and answer what can be answered. Never raises: sending goes on in any case."""
        if self._journal.is_empty() or time.monotonic() < self._next_s:
            return
        self._next_s = time.monotonic() + ASK_EVERY_S
        try:
            for check in self._site.call("GET", "/api/v1/copies"):
                self._answer(check)
        except AgentStopped as refused:
            if refused.code != "interrupted":
                self._once(refused.code, f"自存录像核对 / checks of the own copy: {refused}")

    def _answer(self, check: dict[str, Any]) -> None:  # Any: JSON
        name, start, end = str(check["file_name"]), int(check["offset_bytes"]), int(check["offset_bytes"]) + int(check["length_bytes"])
        digest = self._digest(str(check["recording_id"]), bytes.fromhex(check["nonce"]), start, end)
        if digest is None:
            until = datetime.fromisoformat(check["due_at"]).strftime("%Y-%m-%d %H:%M")
            zh = f"{name}: 主管部门核对自存录像；本机没有这份文件，或文件已被改动。请于 {until} 前在“自存录像核对”页面应答"
            self._once(
                check["id"], f"{zh} / your own copy is asked for; it is not here or was changed: answer on the page “Own copies” before {until}"
            )
            return
        try:
            answer = self._site.call("POST", f"/api/v1/copies/{check['id']}/answer", {"answer": digest})
        except AgentStopped as refused:
            if refused.code not in {"copy-check-over", "copy-check-not-found"}:  # somebody else answered, or it is too late
                raise
            return
        said = "相符 / it matches" if answer["standing"] == "kept" else "不符 / it does not match"
        self._once(check["id"], f"{name}: 自存录像核对已应答 · check of the own copy answered: {said}")

    def _digest(self, recording_id: str, nonce: bytes, start: int, end: int) -> str | None:
        """Of the file that was sent as this recording; None where no such file is here as it was sent."""
        for path in self._journal.files_of(recording_id):
            digest, seen = hashlib.sha256(nonce), 0
            try:
                if not self._is_as_sent(path, recording_id):
                    continue
                for block in blocks(path, start, end):
                    digest.update(block)
                    seen += len(block)
                if seen == end - start and self._is_as_sent(path, recording_id):
                    return digest.hexdigest()
            except OSError:
                continue
        return None

    def _is_as_sent(self, path: Path, recording_id: str) -> bool:
        known = self._journal.get(path, version_of(path))
        return known is not None and known.recording_id == recording_id

    def _once(self, about: str, line: str) -> None:
        if about not in self._told_of:
            self._told_of.add(about)
            self._told(line)
