"""kill -9 of PostgreSQL and of SeaweedFS, every process of them, while uploads stand at every step. The living bring them back by themselves."""

import socket

import pytest

from storage.engines.processes import wait_until
from tests.integration.chaos.conftest import Sender

pytestmark = pytest.mark.xdist_group("chaos")

ENGINES = ("postgresql", "seaweedfs")
STEPS = {
    "create_multipart.after": 0,
    "presign_part.after": 1,  # the first part is in the store, the second is not
    "complete_multipart.before": 0,
    "complete_multipart.after": 0,
    "stream.middle": 0,  # the worker reads the object
    "lock_until.after": 0,  # locked, and not committed
    "confirm.before-commit": 0,
}


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_killed_while_uploads_stand_at_every_step_loses_none(sender: Sender, engine: str) -> None:
    house, died_before = sender.house, len(sender.house.deaths)
    sending = []
    for step, skip in STEPS.items():
        house.trigger.arm(step, waits=True, skip=skip)
        sending.append(sender.start())
        house.trigger.reached(step)
    house.kill_engine(engine)
    for step in STEPS:
        house.trigger.go(step)
    for sent in sending:
        sender.assert_kept(sent.result(120))
    assert house.all_well()
    assert house.deaths[died_before:] == []  # nobody had to be started again because an engine was away


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("step", STEPS)
def test_an_engine_killed_at_a_step_loses_nothing(sender: Sender, step: str, engine: str) -> None:
    house, died_before = sender.house, len(sender.house.deaths)
    house.trigger.arm(step, waits=True, skip=STEPS[step])
    sending = sender.start()
    house.trigger.reached(step)
    house.kill_engine(engine)
    house.trigger.go(step)
    sender.assert_kept(sending.result(120))
    assert house.all_well()
    assert house.deaths[died_before:] == []


def test_a_store_killed_while_the_bytes_of_a_part_arrive_loses_nothing(sender: Sender) -> None:
    killed: list[int] = []

    def moved(sent_bytes: int) -> None:
        if sent_bytes > 6 << 20 and not killed:
            killed.append(sent_bytes)
            sender.house.kill_engine("seaweedfs")

    sent = sender.start(moved=moved).result(120)
    assert len(killed) == 1
    sender.assert_kept(sent)


@pytest.mark.parametrize("step", [pytest.param("complete_multipart.after", marks=pytest.mark.slow), "lock_until.after"])
def test_everything_killed_at_once_loses_nothing(sender: Sender, step: str) -> None:
    house, died_before = sender.house, len(sender.house.deaths)
    house.trigger.arm(step, waits=True)
    sending = sender.start()
    house.trigger.reached(step)
    house.kill_engine("postgresql")
    house.kill_engine("seaweedfs")
    house.kill_part("api")
    house.kill_part("worker")
    sender.assert_kept(sending.result(120))
    assert sorted(house.deaths[died_before:]) == [("api", 9), ("worker", 9)]


@pytest.mark.slow
def test_a_database_that_comes_back_on_another_port_is_followed_by_everybody(sender: Sender) -> None:
    house, died_before, step = sender.house, len(sender.house.deaths), "presign_part.after"
    engines = house.services.engines
    assert engines is not None
    assert engines.postgres is not None
    port = engines.postgres.port
    house.trigger.arm(step, waits=True, skip=1)
    sending = sender.start()
    house.trigger.reached(step)
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        house.kill_engine("postgresql")
        squatter.bind(("127.0.0.1", port))
        squatter.listen()
        house.trigger.go(step)
        assert wait_until(lambda: engines.health().database_alive, 30)
        assert engines.postgres.port != port
        house.connect_anew()
        sender.assert_kept(sending.result(120))
    assert sorted(house.deaths[died_before:]) == [("api", 0), ("worker", 0)]  # ended as if asked to, and started again
