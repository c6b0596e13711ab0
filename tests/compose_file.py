"""docker-compose.yml as data: what the architecture tests check and the process test plays."""

import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
Service = dict[str, Any]  # Any: parsed YAML, its shape is checked by tests/architecture/test_compose.py
VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)(?:[:?-][^}]*)?\}")
ONE_SHOT = ("prepare-secrets", "prepare-database", "migrate", "prepare-store")
OURS = (*ONE_SHOT, "api", "worker", "scheduler")
WEED = ("weed-master", "weed-volume-1", "weed-volume-2", "weed-volume-3", "weed-filer", "weed-s3")


@cache
def compose() -> dict[str, Any]:  # Any: parsed YAML
    """The whole file, anchors resolved."""
    loaded = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def services() -> dict[str, Service]:
    found = compose()["services"]
    assert isinstance(found, dict)
    return found


def interpolated(text: str, values: dict[str, str]) -> str:
    """`${NAME:?why}` replaced. Raises: KeyError — no value."""
    return VARIABLE.sub(lambda found: values[found[1]], text)


def secrets_of(service: Service) -> dict[str, str]:
    """Secret name → where the service sees it."""
    given = [entry if isinstance(entry, dict) else {"source": entry} for entry in service.get("secrets", [])]
    return {entry["source"]: entry.get("target", f"/run/secrets/{entry['source']}") for entry in given}


def weed_arguments(service: Service) -> tuple[str, list[str]]:
    """The subcommand of a weed service and its flags, without the global ones."""
    command = [str(word) for word in service["command"]]
    at = next(n for n, word in enumerate(command) if not word.startswith("-"))
    return command[at], command[at + 1 :]


def health_command(service: Service) -> list[str]:
    test = service["healthcheck"]["test"]
    assert test[0] == "CMD"
    return [str(word) for word in test[1:]]


def dockerfile_lines() -> list[str]:
    """Logical lines: continuations joined, comments out."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def initdb_arguments() -> list[str]:
    return shlex.split(services()["postgres"]["environment"]["POSTGRES_INITDB_ARGS"])
