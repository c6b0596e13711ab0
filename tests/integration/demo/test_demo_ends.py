"""A demo that is killed leaves no site behind: the next one would find its port taken and its data in use."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[3]
DEMO = """
import sys, time
from pathlib import Path
from api.demo import run
from storage.kernel.settings import Settings
started = run.subprocess.Popen
def popen(*given, **how):
    site = started(*given, **how)
    print(site.pid, flush=True)
    time.sleep(60)
run.subprocess.Popen = popen
run._start(Settings(data_dir=Path(sys.argv[1]), port=1, low_disk_bytes=1))
"""


def test_the_site_ends_with_a_demo_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", DEMO, str(tmp_path / "site")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        site = psutil.Process(next(int(line) for line in demo.stdout if line.strip().isdigit()))
        until = time.monotonic() + 30
        while not site.cmdline() and time.monotonic() < until:  # empty for a moment while the kernel loads the program
            time.sleep(0.01)
        assert "serve" in site.cmdline()
        os.kill(demo.pid, signal.SIGKILL)
    site.wait(60)
