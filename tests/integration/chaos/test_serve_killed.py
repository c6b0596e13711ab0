"""`classproof serve` is killed without a word: its parts end too, so that the next start finds port and locks free."""

import contextlib

import psutil
import pytest

from storage.engines.processes import wait_until
from tests.integration.chaos.conftest import installation
from tests.integration.chaos.house import served

pytestmark = pytest.mark.xdist_group("chaos")
PARTS = ("api", "worker", "scheduler")


def parts_of(server: int) -> list[psutil.Process]:
    found = []
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(server).children():
            with contextlib.suppress(psutil.Error):
                if any(part in child.cmdline() for part in PARTS):
                    found.append(child)
    return found


def test_no_part_outlives_a_killed_serve() -> None:
    with installation("orphans") as services, served(services.settings.data_dir, services) as house:
        assert wait_until(lambda: len(parts_of(house.server.pid)) == len(PARTS), 60)
        parts = parts_of(house.server.pid)
        house.server.kill()
        house.server.wait()
        gone, alive = psutil.wait_procs(parts, timeout=60)
        assert not alive
        assert len(gone) == len(PARTS)
