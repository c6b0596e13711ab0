"""Real recordings, where they lie beside the repository: not part of it, never required."""

from pathlib import Path

FOLDER = Path(__file__).parents[3] / "shared" / "footage"


def clips() -> list[Path]:
    """Fixed cameras, some seconds to two minutes long. Empty where the folder is missing."""
    return sorted(p for p in FOLDER.glob("*") if p.suffix in (".mp4", ".gif"))
