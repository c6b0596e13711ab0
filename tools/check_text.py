"""What must not stand in any tracked file: addresses of package registries, paths of a developer's machine, unfinished words."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOSTS = ("py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "deb." + "debian.org")
FORBIDDEN = [
    (re.compile("|".join(re.escape(h) for h in HOSTS)), "address of a package registry"),
    (re.compile(r"(?<![\w.])/(?:root|home/\w+|work)/\w"), "path of one machine"),
    (re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b"), "unfinished word"),
]
HOSTS_ONLY = {"requirements.lock"}


def main() -> int:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    bad = 0
    for name in filter(None, tracked):
        path = ROOT / name
        if not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        patterns = FORBIDDEN[:1] if name in HOSTS_ONLY else FORBIDDEN
        for number, line in enumerate(text.splitlines(), start=1):
            for pattern, what in patterns:
                if pattern.search(line):
                    print(f"{name}:{number}: {what}: {line.strip()[:100]}")
                    bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
