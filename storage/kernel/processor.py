"""How much of the processor a process asks for."""

import contextlib
import os
from pathlib import Path
from typing import Final

PATIENT_NICE: Final = 6  # a fifth of the processor beside somebody who waits, and still far before BACKGROUND_NICE
BACKGROUND_NICE: Final = 19  # a hundredth of the processor where somebody waits for something else, all of it where nobody does


def give_way(steps: int) -> None:
    """Step back behind what somebody waits for; for good. Linux shares the processor among sessions first (autogroup), so ours steps back too:
    a process that must not take its whole session along begins one of its own before.
    """
    if steps:
        os.nice(steps)
        with contextlib.suppress(OSError):  # a kernel without autogroups
            Path("/proc/self/autogroup").write_text(str(steps), encoding="ascii")
