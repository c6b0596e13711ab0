"""Working folders: they go with the job, a living one is never touched, and nobody else's files are."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from storage.kernel.scratch import OURS, sweep, working_folder

HOLDER = """
import sys
from pathlib import Path
from storage.kernel.scratch import working_folder

with working_folder(Path(sys.argv[1])) as folder:
    (folder / "half").write_bytes(b"half a recording")
    print(folder, flush=True)
    sys.stdin.readline()
"""


def test_a_folder_goes_with_the_block_whatever_ends_it(tmp_path: Path) -> None:
    with pytest.raises(KeyError), working_folder(tmp_path / "scratch") as folder:
        (folder / "recording").write_bytes(b"x")
        raise KeyError
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_folder_in_use_survives_the_sweep_and_the_next_job(tmp_path: Path) -> None:
    with working_folder(tmp_path) as first, working_folder(tmp_path) as second:
        assert sweep(tmp_path) == 0
        assert first.is_dir()
        assert second.is_dir()
        assert first != second


def test_a_killed_process_leaves_a_folder_that_the_next_sweep_removes(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        left = Path(process.stdout.readline().strip())
        assert sweep(tmp_path) == 0
        os.kill(process.pid, signal.SIGKILL)
    assert (left / "half").exists()
    assert sweep(tmp_path) == 1
    assert not left.exists()


def test_what_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "somebody-else").mkdir()
    (tmp_path / f"{OURS}file").write_bytes(b"not a folder")
    assert sweep(tmp_path) == 0
    assert sweep(tmp_path / "missing") == 0
    assert {p.name for p in tmp_path.iterdir()} == {"somebody-else", f"{OURS}file"}
