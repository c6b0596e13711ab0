"""`classproof health PART`: one question to a running part of this machine, for a container's health check. Starts nothing."""

import http.client
from dataclasses import dataclass
from typing import Final, Literal

import psycopg

from api.pulse import find_pulse
from storage.kernel.configured import is_configured
from storage.kernel.settings import Settings

Part = Literal["api", "worker", "scheduler"]
TOO_OLD_S: Final = {"worker": 20.0, "scheduler": 10.0}
TIMEOUT_S: Final = 10
EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - a listener's address, asked for where it can be reached


@dataclass(frozen=True, slots=True)
class Verdict:
    """`sentence` says what was found, for whoever reads the container's health log."""

    well: bool
    sentence: str


def check(part: Part, settings: Settings) -> Verdict:
    """Raises: ConfiguredInHalf."""
    return _site(settings) if part == "api" else _process(part, settings)


def _site(settings: Settings) -> Verdict:
    """`/readyz`: database, store, and room on the recordings' disk; `/healthz` tells a silent process from one that cannot work."""
    live = _answer(settings, "/healthz")
    if live is None:
        return Verdict(False, "the site does not answer")
    ready = _answer(settings, "/readyz")
    if ready is None or live[0] != http.HTTPStatus.OK:
        return Verdict(False, "the site answers, but not whether it can work")
    return Verdict(ready[0] == http.HTTPStatus.OK, f"the site answers {ready[0]}: {ready[1][:400]}")


def _answer(settings: Settings, path: str) -> tuple[int, str] | None:
    connection = http.client.HTTPConnection(EVERYWHERE.get(settings.host, settings.host), settings.port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _process(part: Part, settings: Settings) -> Verdict:
    try:
        pulse = find_pulse(_database_url(settings), part)
    except psycopg.OperationalError as error:
        return Verdict(False, f"the database does not answer: {str(error).splitlines()[0]}")
    if pulse is None:
        return Verdict(False, f"no {part} of this machine is connected to the database")
    if pulse.age_s > TOO_OLD_S[part]:
        return Verdict(False, f"the {part} of this machine stands still since {pulse.age_s:.0f} s")
    doing = {"worker": "works", "scheduler": "leads" if pulse.leads else "stands by"}[part]
    return Verdict(True, f"the {part} {doing}, last heard of {pulse.age_s:.1f} s ago")


def _database_url(settings: Settings) -> str:
    if is_configured(settings) and settings.database_url is not None:
        return settings.database_url.get_secret_value()
    from storage.engines.engines import Engines

    with Engines(settings) as engines:  # not attached: where they are if they run
        return engines.addresses.database_url
