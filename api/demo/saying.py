"""What the demo says while it goes on."""

import threading
from collections.abc import Callable

Say = Callable[[str], None]


class Spinner:
    """Says that something long is still going on."""

    def __init__(self, say: Say, words: str) -> None:
        self._say, self._words, self._stop = say, words, threading.Event()

    def __enter__(self) -> None:
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while not self._stop.wait(15):
            self._say(f"… {self._words}")

    def __exit__(self, *_: object) -> None:
        self._stop.set()
