"""A due recording for each test."""

from collections.abc import Callable
from pathlib import Path

import pytest

from api.http.services import Services
from tests.integration.destruction.stage import Due, make_due, short_locks


@pytest.fixture
def due(services: Services, run_jobs: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Due:
    short_locks(monkeypatch)
    return make_due(services, run_jobs, tmp_path)
