"""Everything is killed again and again while recordings come in. The order of the deaths is drawn from a seed."""

import random
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from storage.engines.processes import wait_until
from tests.integration.chaos.conftest import Sender, installation
from tests.integration.chaos.house import House, served
from tests.integration.chaos.watch import Watch

pytestmark = pytest.mark.xdist_group("chaos")

SEED = 20260901


def storm(kills: Sequence[Callable[[], None]], *, seconds: float, every_s: float) -> int:
    """Kill one of them about every `every_s` seconds. Returns how often."""
    dice, calm, blows, passed_s = random.Random(SEED), threading.Event(), 0, 0.0
    while passed_s < seconds:
        pause_s = dice.uniform(0.5, 1.5) * every_s
        calm.wait(pause_s)
        passed_s += pause_s
        dice.choice(kills)()
        blows += 1
    return blows


def kills_of(house: House) -> list[Callable[[], None]]:
    """API, worker, PostgreSQL, SeaweedFS; one that is down already is left in peace."""
    return [
        lambda: house.kill_part("api"),
        lambda: house.kill_part("worker"),
        lambda: house.kill_engine("postgresql", must_run=False),
        lambda: house.kill_engine("seaweedfs", must_run=False),
    ]


@pytest.mark.slow
def test_a_short_storm_loses_nothing(sender: Sender) -> None:
    sending = [sender.start() for _ in range(3)]
    assert storm(kills_of(sender.house), seconds=6, every_s=0.8) >= 5
    assert wait_until(sender.house.all_well, 60)
    for sent in sending:
        sender.assert_kept(sent.result(120))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_long_storm_on_the_whole_product_loses_nothing(film: Path, tmp_path: Path) -> None:
    with (
        installation("storm") as services,
        served(services.settings.data_dir, services) as house,
        closing(Watch(house)) as watch,
        closing(Sender(house, watch, film, tmp_path)) as sender,
    ):
        watch.start()
        sending = [sender.start() for _ in range(5)]
        assert storm(kills_of(house), seconds=20, every_s=1.0) >= 15
        assert wait_until(house.all_well, 60)
        for sent in sending:
            sender.assert_kept(sent.result(300))
