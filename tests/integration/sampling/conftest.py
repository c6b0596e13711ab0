"""The stage of draws and reviews on the worker's database; rolled back after the test."""

import pytest
from sqlalchemy.orm import Session

from tests.integration.sampling.stage import Stage


@pytest.fixture
def stage(session: Session) -> Stage:
    return Stage(session)
