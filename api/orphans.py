"""A part of `classproof serve` ends with it, and the site of a demo with the demo, however they ended: an orphan would keep the port."""

import ctypes
import os
import signal
from typing import Final

PARENT: Final = "CLASSPROOF_SERVED_BY"
_PR_SET_PDEATHSIG: Final = 1


def end_with_parent() -> None:
    """Called first in what `serve` or a demo started (it says so in the environment): SIGTERM when that process is gone, killed or not. Linux."""
    parent = os.environ.get(PARENT, "")
    if not parent.isdigit():
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != int(parent):  # it died before we asked
        os.kill(os.getpid(), signal.SIGTERM)
