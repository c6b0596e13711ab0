"""Fixtures of exit cases on a real PostgreSQL."""

import pytest
from sqlalchemy.orm import Session

from tests.integration.exit.stage import ExitStage


@pytest.fixture
def stage(session: Session) -> ExitStage:
    return ExitStage(session)
