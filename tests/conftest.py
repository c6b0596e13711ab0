"""Fixtures of every kind of test. Engines start when a test first asks for them, so unit tests start at once."""

import gc

import pytest

SLOW_TIMEOUT_S = 7200
pytest_plugins = ["tests.engine_fixtures", "tests.site_fixtures"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A slow test may take its time: none of them needs a figure of its own."""
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SLOW_TIMEOUT_S))


def pytest_collection_finish() -> None:
    """Thousands of collected tests and every module of the product live to the end: the collector need not go through them again and again."""
    gc.collect()
    gc.freeze()


def pytest_make_parametrize_id(val: object) -> str | None:
    """Names of tests are not escaped (policy cases are Chinese sentences); pytest then cannot name bytes by itself."""
    return ascii(val)[2:-1] if isinstance(val, bytes) else None
