"""What the person at the machine sees: a progress line that renews itself on a terminal, a line now and then in a log file."""

import shutil
import sys
import threading
import time
import unicodedata
from pathlib import Path
from typing import Final

from api.agent.files import shown
from api.agent.pace import Pace, left_text, size_text

SHOW_EVERY_S: Final = 0.5
LOG_EVERY_S: Final = 10.0


def width_of(character: str) -> int:
    """Columns of a terminal: two for Chinese."""
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def fitted(name: str, rest: str, columns: int) -> str:
    """`name  rest` in at most `columns`, the name cut in front: its end tells camera and time. A longer line could not be written over."""
    room = columns - sum(map(width_of, rest)) - 2
    if sum(map(width_of, name)) > room:
        room -= 1
        kept = ""
        for character in reversed(name):
            room -= width_of(character)
            if room < 0:
                break
            kept = character + kept
        name = f"…{kept}"
    return f"{name}  {rest}"


class Screen:
    """Writes to stderr. Safe to use from several threads."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._shown_at = 0.0
        self._lock = threading.Lock()

    def progress(self, path: Path, done: int, total: int, pace: Pace) -> None:
        """Share, bytes, speed and time left: twice a second on a terminal, every ten seconds in a file."""
        now = time.monotonic()
        with self._lock:
            if now - self._shown_at < (SHOW_EVERY_S if self._terminal else LOG_EVERY_S) and (done < total or not self._terminal):
                return
            self._shown_at = now
            speed = pace.speed_bytes_s
            share = f"{done * 100 // max(total, 1)}%  {size_text(done)} / {size_text(total)}"
            rest = f"{share}  {size_text(speed)}/s  剩余 left {left_text(total - done, speed)}"
            name = shown(path.name)
            line = f"\r\x1b[K{fitted(name, rest, shutil.get_terminal_size().columns - 1)}" if self._terminal else f"{name}  {rest}\n"
            sys.stderr.write(line)
            sys.stderr.flush()

    def line(self, text: str) -> None:
        """A whole line."""
        with self._lock:
            sys.stderr.write(f"\r\x1b[K{text}\n" if self._terminal else f"{text}\n")
            sys.stderr.flush()
