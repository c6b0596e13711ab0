"""Print the part of requirements.lock that one purpose needs, hashes and all: `python tools/lock_subset.py runtime|build [--without NAME]`.

The lock file says under each package who wants it ("via"); the part is what a root of that purpose reaches. Nothing is resolved anew, so an
image holds exactly the versions that the tests ran on, without the test tools.
"""

import argparse
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOTS = {"runtime": "classproof (pyproject.toml)", "build": "classproof (pyproject.toml:build)"}
LOCK = Path(__file__).resolve().parent.parent / "requirements.lock"


@dataclass
class Entry:
    """A pinned package: its lines without comments, and who wants it."""

    name: str
    lines: list[str] = field(default_factory=list)
    wanted_by: set[str] = field(default_factory=set)


def read(lock: str) -> list[Entry]:
    """Every entry; a package has several when versions differ by interpreter.

    Raises: ValueError — an entry says nobody wants it: the form of the file has changed.
    """
    entries: list[Entry] = []
    for line in lock.splitlines():
        if pinned := re.match(r"([a-z0-9][a-z0-9._-]*)==", line):
            entries.append(Entry(pinned[1], [line]))
        elif entries and line.lstrip().startswith("#"):
            wanting = re.sub(r"^\s*#\s*(via\b\s*)?", "", line).strip()
            entries[-1].wanted_by |= {wanting} if wanting else set()
        elif entries and line.strip():
            entries[-1].lines.append(line)
    unwanted = [entry.name for entry in entries if not entry.wanted_by]
    if unwanted or not entries:
        msg = f"nobody wants {unwanted or 'anything'}"
        raise ValueError(msg)
    return entries


def subset(entries: list[Entry], purpose: str, without: set[str]) -> list[Entry]:
    """What the purpose's root reaches; `without` is left out, with what only it wanted."""
    reached = {ROOTS[purpose]}
    while True:
        more = {entry.name for entry in entries if entry.wanted_by & reached and entry.name not in without} - reached
        if not more:
            return [entry for entry in entries if entry.name in reached]
        reached |= more


def main() -> int:
    parser = argparse.ArgumentParser(description="part of requirements.lock")
    parser.add_argument("purpose", choices=sorted(ROOTS))
    parser.add_argument("--without", action="append", default=[])
    chosen = parser.parse_args()
    for entry in subset(read(LOCK.read_text(encoding="utf-8")), chosen.purpose, set(chosen.without)):
        print("\n".join(entry.lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
