"""Signals answered outside of the handler.

A handler interrupts its thread wherever that is, also inside `Event.wait` while it holds the event's lock; `set` from the handler then waits for
ever for its own thread. Putting into a SimpleQueue is the one thing that is safe there.
"""

import queue
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

ENDING: Final = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def answered(act: Callable[[], object], *numbers: signal.Signals) -> Iterator[None]:
    """Each of these signals (SIGTERM and SIGINT unless said) makes a thread of its own call `act`. For the main thread."""
    told: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def answer() -> None:
        while told.get():
            act()

    threading.Thread(target=answer, name="signals", daemon=True).start()
    before = {number: signal.signal(number, lambda *_: told.put(True)) for number in numbers or ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        told.put(False)
