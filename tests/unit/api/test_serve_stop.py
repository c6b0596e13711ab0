"""Stopping the process tree: a part may finish what it is at, until somebody asks a second time."""

import subprocess
import threading
import time

from api.serve import Part, _stop

DEAF = ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"]
POLITE = ["sh", "-c", "trap 'sleep 0.3; exit 7' TERM; echo ready; while :; do sleep 0.1; done"]


def _part(command: list[str]) -> Part:
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.stdout.close()
    return Part(command[2], process, time.monotonic())


def test_a_part_that_ends_by_itself_is_waited_for() -> None:
    part = _part(POLITE)
    _stop([part], threading.Event())
    assert part.process.returncode == 7


def test_a_second_signal_kills_what_goes_on() -> None:
    parts, hurry = [_part(DEAF), _part(POLITE)], threading.Event()
    hurry.set()
    _stop(parts, hurry)
    assert [part.process.returncode for part in parts] == [-9, -9]
