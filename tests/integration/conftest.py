"""The engine fixtures live in `tests/engine_fixtures.py`, so that browser tests have them too; these names are kept for those who import them."""

from tests.engine_fixtures import RUN, TEMPLATE, WORKER, TestDatabase, private_place

__all__ = ["RUN", "TEMPLATE", "WORKER", "TestDatabase", "private_place"]
