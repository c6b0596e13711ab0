"""The bench of ratings on the worker's database; rolled back after the test."""

import pytest
from sqlalchemy.orm import Session

from tests.integration.rating.stage import Bench


@pytest.fixture
def bench(session: Session) -> Bench:
    return Bench(session)
