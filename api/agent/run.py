"""`classproof upload`: a file or a folder, once or watched. One line per finished file on stdout, progress on stderr."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.agent.agent import ENDED, Agent, SentFile
from api.agent.errors import ADVICE, UNTIL_RESTARTED, AgentStopped
from api.agent.files import QUIET_S, Stillness, Version, recordings_in, shown, version_of
from api.agent.journal import Entry, Journal, journal_path
from api.agent.own_copies import OwnCopies
from api.agent.pace import size_text
from api.agent.screen import Screen
from storage.kernel.signals import answered

LOOK_EVERY_S: Final = 5.0
HOLD_S: Final = 600.0  # a refused file is not tried again before, unless it changes
PAUSE_S: Final = 60.0  # when the site takes nothing from us for now
GRACE_S: Final = 5.0  # from Ctrl-C to leaving whatever a lane waits for: nothing is lost by it
GOOD: Final = frozenset({"retained", "due", "sent", "verified"})
REFUSED: Final = frozenset({"rejected", "integrity-alarm"})
ALL_SENT, SOME_REFUSED, NOTHING_SENT, INTERRUPTED = 0, 1, 2, 130


def upload_folder(folder: Path, *, site: str, key: str, watch: bool, lanes: int, wait: bool = True, quiet_s: float = QUIET_S) -> int:
    """Send every recording of a folder (or one file).

    Exit code 0: all are at the site and none was refused; 1: some were refused; 2: nothing can be sent; 130: interrupted before the end.
    `watch`: keep looking for new files until SIGINT or SIGTERM. `wait`: watch each recording until it is locked or refused.
    """
    screen = Screen()
    if not (key := key.strip()):
        screen.line("缺少接口密钥：--key 或 CLASSPROOF_API_KEY / an API key is needed: --key or CLASSPROOF_API_KEY")
        return NOTHING_SENT
    if not key.isascii():
        screen.line(ADVICE["key-refused"])
        return NOTHING_SENT
    journal = Journal(journal_path(folder, site))
    with (
        Agent(site, key, lanes, patience_s=None if watch else 600.0, progress=screen.progress, told=screen.line) as agent,
        _stopped_by_signals(agent, screen),
    ):
        return _Round(agent, journal, screen, wait=wait, watch=watch, quiet_s=quiet_s).run(folder)


@contextmanager
def _stopped_by_signals(agent: Agent, screen: Screen) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the work at the next block; a lane that hangs in a dead line is left after a short grace."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    grace = threading.Timer(GRACE_S, os._exit, (INTERRUPTED,))
    grace.daemon = True

    def stop() -> None:
        if not agent.site.stopping.is_set():
            agent.site.stopping.set()
            grace.start()

    try:
        with answered(stop):
            yield
    finally:
        grace.cancel()
        if agent.site.stopping.is_set():
            screen.line(ADVICE["interrupted"])


@dataclass(frozen=True, slots=True)
class _Held:
    """A refused file as it was, and until when (monotonic) it is left alone."""

    version: Version
    until_s: float


class _Round:
    def __init__(self, agent: Agent, journal: Journal, screen: Screen, *, wait: bool, watch: bool, quiet_s: float) -> None:
        self._agent, self._journal, self._screen = agent, journal, screen
        self._wait, self._watch, self._look_every_s = wait, watch, min(LOOK_EVERY_S, quiet_s)
        self._stillness = Stillness(quiet_s)
        self._sent: list[tuple[SentFile, Version]] = []
        self._done: dict[Path, Version] = {}
        self._held: dict[Path, _Held] = {}
        self._bad: set[Path] = set()
        self._paused_until_s = 0.0
        self._journal_works = True
        self._own_copies = OwnCopies(agent.site, journal, screen.line)

    @property
    def _stopping(self) -> bool:
        return self._agent.site.stopping.is_set()

    def run(self, folder: Path) -> int:
        while True:
            ended = self._send_all(folder) or self._settle()
            if ended:
                return ended
            self._own_copies.answer_when_due()
            if not self._watch:
                return INTERRUPTED if self._stopping else self._verdict()
            if self._agent.site.stopping.wait(self._look_every_s):
                return self._verdict()

    def _verdict(self) -> int:
        return SOME_REFUSED if self._bad else ALL_SENT

    def _send_all(self, folder: Path) -> int:
        """Send what is due. Answers an exit code when going on is of no use, else 0."""
        try:
            paths = recordings_in(folder, shut=self._shut)
        except OSError as error:  # a network drive that is away comes back
            self._screen.line(f"{shown(folder)}: {ADVICE['file-unreadable']} · {error.strerror}")
            return 0 if self._watch else NOTHING_SENT
        self._stillness.forget_all_but(set(paths))
        for path in paths:
            if self._stopping or time.monotonic() < self._paused_until_s:
                return 0
            try:
                if self._is_due(path):
                    self._send(path)
            except AgentStopped as refused:
                if refused.code == "interrupted":
                    return 0
                self._hold(path, str(refused), remember=not refused.concerns_all)
                if refused.concerns_all:
                    if not self._watch or refused.code in UNTIL_RESTARTED:
                        return NOTHING_SENT
                    self._paused_until_s = time.monotonic() + PAUSE_S
            except OSError as error:
                gone = isinstance(error, FileNotFoundError)
                told = ADVICE["file-gone"] if gone else f"{ADVICE['file-unreadable']} · {error.strerror}"
                self._hold(path, told, remember=not gone)
        return 0

    def _shut(self, folder: Path) -> None:
        if folder not in self._bad:
            self._bad.add(folder)
            self._screen.line(f"{shown(folder)}: {ADVICE['folder-shut']}")

    def _hold(self, path: Path, told: str, *, remember: bool) -> None:
        self._bad.add(path)
        self._screen.line(f"{shown(path.name)}: {told}")
        if remember:
            try:
                self._held[path] = _Held(version_of(path), time.monotonic() + HOLD_S)
            except OSError:
                self._held.pop(path, None)

    def _is_due(self, path: Path) -> bool:
        version = version_of(path)
        known = self._journal.get(path, version)
        if known is not None and known.state in REFUSED and not self._watch:
            self._refused(path, f"{known.reason} · 如需重发，请重新导出 / to send it again, export it anew")
            return False
        if known is not None and known.state in (ENDED | {"sent"} if self._watch else GOOD):
            return False
        if not self._watch:
            return True
        if self._done.get(path) == version:
            return False
        held = self._held.get(path)
        if held is not None and held.version == version and time.monotonic() < held.until_s:
            return False
        return self._stillness.is_finished(path, version, now_s=time.monotonic())

    def _send(self, path: Path) -> None:
        version = version_of(path)
        sent = self._agent.send(path)
        self._remember(version, sent, "sent" if not self._wait else sent.state)
        self._bad.discard(path)
        self._done[path] = version
        self._sent.append((sent, version))
        speed = (sent.size_bytes - sent.resumed_bytes) / max(sent.seconds, 1e-3)
        self._screen.line(f"{shown(path.name)}: 已发送 sent, {size_text(sent.size_bytes)}, {size_text(speed)}/s")

    def _settle(self) -> int:
        """Say what became of each recording; a watched folder does not wait for it. Answers an exit code when the key is refused, else 0."""
        waiting, self._sent = self._sent, []
        for sent, version in waiting:
            if not self._wait:
                self._tell("sent", sent)
                continue
            try:
                ended = sent if self._stopping else self._agent.follow(sent, timeout_s=0 if self._watch else None)
            except AgentStopped as refused:
                if refused.code == "interrupted":
                    return 0
                self._screen.line(f"{shown(sent.path.name)}: {refused}")
                if refused.code in UNTIL_RESTARTED or not self._watch:
                    return NOTHING_SENT
                ended = sent
            if not ended.is_settled:
                self._sent.append((ended, version))
                continue
            self._remember(version, ended, ended.state)
            if ended.state in REFUSED:
                self._refused(sent.path, ended.reason_text or ended.reason)
            self._tell(ended.state, ended)
        return 0

    def _refused(self, path: Path, why: str) -> None:
        self._bad.add(path)
        self._screen.line(f"{shown(path.name)}: 已退回 refused: {why}")

    def _tell(self, state: str, sent: SentFile) -> None:
        sys.stdout.write(f"{state}\t{sent.recording_id}\t{shown(sent.path)}\t{sent.reason}\n")
        sys.stdout.flush()

    def _remember(self, version: Version, sent: SentFile, state: str) -> None:
        try:
            entry = Entry(version.size_bytes, version.mtime_ns, sent.recording_id, state, sent.reason_text or sent.reason)
            self._journal.put(sent.path, entry)
        except OSError as error:
            if self._journal_works:
                self._screen.line(f"无法写入发送记录 / the journal cannot be written: {error}")
            self._journal_works = False
