"""Which Chromium tests and measurements drive. The headless shell first: it draws the same pages with a third less processor time."""

import shutil
from typing import Final

NAMES: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """Path of the program. Raises AssertionError when none is installed."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    assert path, "Chromium is missing: run make system"
    return path
