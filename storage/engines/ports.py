"""Loopback ports of the embedded engines: chosen once, remembered, chosen again only when somebody else sits on one."""

import contextlib
import json
import random
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

from storage.engines.errors import EngineWontStart
from storage.engines.private_files import write_private

# Below 32768, so that no outgoing connection of this machine is ever given one of them while the engine is down.
LOWEST, HIGHEST = 15000, 22000
GRPC_OFFSET = 10000  # SeaweedFS expects a role's gRPC port here
TRIES = 200


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:port now (an address in TIME_WAIT counts as free)."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return True
    return False


class PortBook:
    """`<data_dir>/run/ports.json`: role → port."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, int]:
        """What is remembered; empty when nothing is or the file is damaged."""
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return {str(role): int(port) for role, port in kept.items()} if isinstance(kept, dict) else {}

    def free_ports(self, roles: Iterable[str], *, paired: bool) -> dict[str, int]:
        """A free port per role, the remembered one where possible; `paired` wants `port + 10000` free as well.

        Called while the engine is down, under the start lock. Raises: EngineWontStart — no free port found.
        """
        kept = self.read()
        chosen: dict[str, int] = {}
        for role in roles:
            taken = {*chosen.values(), *(port for other, port in kept.items() if other != role)}
            remembered = [kept[role]] if role in kept else []
            port = next((p for p in [*remembered, *_candidates()] if p not in taken and _usable(p, paired=paired)), None)
            if port is None:
                raise EngineWontStart(engine=role, why="no free loopback port")
            chosen[role] = port
        write_private(self._path, json.dumps({**kept, **chosen}, indent=1, sort_keys=True).encode())
        return chosen


def _candidates() -> Iterator[int]:
    return (random.randint(LOWEST, HIGHEST) for _ in range(TRIES))  # noqa: S311 — not a secret


def _usable(port: int, *, paired: bool) -> bool:
    return is_free(port) and (not paired or is_free(port + GRPC_OFFSET))
