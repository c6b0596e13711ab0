"""Fixtures of every kind of test. Engines start when a test first asks for them, so unit tests start at once."""

pytest_plugins = ["tests.engine_fixtures", "tests.site_fixtures"]
