import pytest
from sqlalchemy.orm import Session

from tests.integration.approvals.stage import Stage


@pytest.fixture
def stage(session: Session) -> Stage:
    return Stage(session)
