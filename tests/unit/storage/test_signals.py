"""A signal is answered whatever its thread holds at that moment, and afterwards everything is as it was."""

import os
import signal
import threading
import time

from storage.kernel.signals import answered


def test_a_signal_that_comes_while_the_lock_it_needs_is_held_is_answered() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    stopping, times = threading.Event(), threading.Semaphore(0)

    def stop() -> None:
        stopping.set()
        times.release()

    with answered(stop, signal.SIGUSR1):
        with stopping._cond:  # type: ignore[attr-defined]  # where `Event.wait` is for a moment, each time it begins and ends
            os.kill(os.getpid(), signal.SIGUSR1)
            time.sleep(0.05)  # the handler has run
            assert not stopping.is_set()
        assert stopping.wait(5)
        os.kill(os.getpid(), signal.SIGUSR1)
        assert times.acquire(timeout=5)
        assert times.acquire(timeout=5)
    assert signal.getsignal(signal.SIGUSR1) == before
