"""kill -9 of the API and of the worker, at every step of an upload. One case per step; docs/design/uploads.md names them."""

import signal

import pytest

from tests.integration.chaos.conftest import Sender

pytestmark = pytest.mark.xdist_group("chaos")

API_STEPS = {
    "create_multipart.after": 0,  # the store knows the upload, the database does not
    "announce.after-commit": 0,  # opened, and nobody was told
    "presign_part.after": 1,  # the first part was sent, the second is about to be
    "complete_multipart.before": 0,  # every part is there
    "complete_multipart.after": 0,  # joined, and the database does not know
    "receive.before-commit": 0,  # moved and enqueued, not committed
    "receive.after-commit": 0,  # received, and nobody was told
}
WORKER_STEPS = (
    "quarantine.before-commit",
    "quarantine.after-commit",
    "stream.middle",  # half of the object is on scratch
    "inspect_and_index.before",
    "inspect_and_index.after",  # measured, nothing written
    "verify.before-commit",
    "verify.after-commit",
    "lock_until.before",
    "lock_until.after",  # locked for two years, and the database does not know
    "catalogue.before-commit",
    "catalogue.after-commit",
    "confirm.before-commit",  # read back, not committed
    "confirm.after-commit",
    "receipt.before-commit",
    "receipt.after-commit",
)


@pytest.mark.parametrize("step", API_STEPS)
def test_an_api_killed_at_a_step_loses_nothing(sender: Sender, step: str) -> None:
    died_before = len(sender.house.deaths)
    sender.house.trigger.arm(step, skip=API_STEPS[step])
    sent = sender.start().result(120)
    sender.house.trigger.reached(step, 0)
    assert sender.house.deaths[died_before:] == [("api", signal.SIGKILL)]
    sender.assert_kept(sent)


@pytest.mark.parametrize("step", WORKER_STEPS)
def test_a_worker_killed_at_a_step_loses_nothing(sender: Sender, step: str) -> None:
    died_before = len(sender.house.deaths)
    sender.house.trigger.arm(step)
    sent = sender.start().result(120)
    sender.house.trigger.reached(step)
    sender.assert_kept(sent)
    assert sender.house.deaths[died_before:] == [("worker", signal.SIGKILL)]
