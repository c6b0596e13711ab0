"""What this machine has finished sending, so that a watched folder is not read again after a restart. Losing it costs time, nothing else."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from api.agent.files import Version


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as it was when it was sent. `state` is the recording's: retained, rejected, …, or `sent` when nobody waited."""

    size_bytes: int
    mtime_ns: int
    recording_id: str
    state: str
    reason: str = ""

    def is_of(self, version: Version) -> bool:
        return (self.size_bytes, self.mtime_ns) == (version.size_bytes, version.mtime_ns)


def journal_path(folder: Path, site: str) -> Path:
    """One journal per folder and site, in the user's state directory."""
    base = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    name = hashlib.sha256(f"{site}\n{folder.resolve()}".encode()).hexdigest()[:20]
    return base / "classproof" / f"{name}.json"


class Journal:
    """Entries by absolute path, written whole after each change."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: dict[str, Entry] = {}
        try:
            read = json.loads(path.read_text(encoding="utf-8", errors="surrogateescape"))
            self._entries = {name: Entry(**entry) for name, entry in read.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            pass  # none yet, not ours to read, or torn by a power cut: files are looked at again and answered by the site as known

    def get(self, path: Path, version: Version) -> Entry | None:
        """What is known of this very state of the file."""
        entry = self._entries.get(str(path.resolve()))
        return entry if entry and entry.is_of(version) else None

    def is_empty(self) -> bool:
        """Whether nothing was ever sent from here."""
        return not self._entries

    def files_of(self, recording_id: str) -> list[Path]:
        """Where files lay that were sent as this recording."""
        return [Path(name) for name, entry in self._entries.items() if entry.recording_id == recording_id]

    def put(self, path: Path, entry: Entry) -> None:
        """Remember, durably. Raises: OSError — the state directory cannot be written."""
        self._entries[str(path.resolve())] = entry
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_suffix(".part")
        text = json.dumps({name: asdict(e) for name, e in self._entries.items()}, ensure_ascii=False, indent=1)
        partial.write_text(text, encoding="utf-8", errors="surrogateescape")
        partial.replace(self._path)
