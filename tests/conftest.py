"""Fixtures of every kind of test. Engines start when a test first asks for them, so unit tests start at once."""

pytest_plugins = ["tests.engine_fixtures", "tests.site_fixtures"]


def pytest_make_parametrize_id(val: object) -> str | None:
    """Names of tests are not escaped (policy cases are Chinese sentences); pytest then cannot name bytes by itself."""
    return ascii(val)[2:-1] if isinstance(val, bytes) else None
