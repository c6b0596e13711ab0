"""Fixtures of every kind of test. Engines start when a test first asks for them, so unit tests start at once."""

import gc
import os

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.studio import close_studio, open_studio

SLOW_TIMEOUT_S = 7200
if "PYTEST_XDIST_WORKER" in os.environ:
    gc.disable()  # what is imported and collected stays: looking through it took a fifth of that time. On again below
# a busy machine is no defect, so nothing random has a deadline
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# for `make mutate`: the same examples every time, and the first that fails is enough
settings.register_profile("mutate", settings.get_profile("suite"), database=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
settings.load_profile("suite")
pytest_plugins = ["tests.engine_fixtures", "tests.site_fixtures"]


def pytest_configure(config: pytest.Config) -> None:
    """The process that the others are started by keeps the films of a run."""
    if not hasattr(config, "workerinput"):
        open_studio()
        config.add_cleanup(close_studio)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A slow test may take its time: none of them needs a figure of its own."""
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SLOW_TIMEOUT_S))


def pytest_collection_finish() -> None:
    """Thousands of collected tests and every module of the product live to the end: the collector need not go through them again and again."""
    gc.freeze()
    gc.enable()


def pytest_make_parametrize_id(val: object) -> str | None:
    """Names of tests are not escaped (policy cases are Chinese sentences); pytest then cannot name bytes by itself."""
    return ascii(val)[2:-1] if isinstance(val, bytes) else None
