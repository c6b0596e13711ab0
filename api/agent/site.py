"""The site as the agent talks to it: JSON with an API key, patient with a bad line, clear about a refusal."""

import random
import threading
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import httpx

from api.agent.errors import LineDown, stopped

PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
BUSY: Final = frozenset({"busy", "store-low-on-space", "too-many-uploads"})
MAX_WAIT_S: Final = 30.0
TELL_EVERY_S: Final = 60.0  # of one trouble; a line that is down all night must not fill a log
SKEW_S: Final = 300.0
T = TypeVar("T")


class Waited(Exception):
    """A passing refusal: not now. `after_s` = what the server asked for."""

    def __init__(self, why: str, after_s: float = 0.0) -> None:
        super().__init__(why)
        self.after_s = after_s


class Site:
    """One site and one key. Safe to use from several threads.

    `patience_s`: how long a line may stay down before the agent gives up; None = for ever (watching).
    """

    def __init__(
        self, address: str, key: str, *, patience_s: float | None = 600.0, timeout_s: float = 60.0, told: Callable[[str], None] = lambda _: None
    ) -> None:
        self.patience_s = patience_s
        self.stopping = threading.Event()
        self.clock_off_s = 0.0
        self._told = told
        self._told_at = -TELL_EVERY_S
        self._client = httpx.Client(
            base_url=address.rstrip("/"),
            headers={"Authorization": f"Bearer {key}", "Accept": "application/json", "Accept-Language": "zh, en"},
            timeout=httpx.Timeout(timeout_s, connect=10),
            trust_env=not is_local(address),
        )

    def close(self) -> None:
        self._client.close()

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None) -> Any:  # Any: JSON
        """One call, repeated while the trouble passes. Raises: AgentStopped."""
        return self.insist(lambda: self._once(method, path, body, headers or {}))

    def insist(self, act: Callable[[], T]) -> T:
        """Try until it works, backing off; gives up when patience ends. Raises: AgentStopped."""
        began, attempt = time.monotonic(), 0
        while not self.stopping.is_set():
            try:
                return act()
            except (LineDown, Waited) as trouble:
                if self.patience_s is not None and time.monotonic() - began > self.patience_s:
                    raise stopped("line-down", str(trouble)) from trouble
                asked_s = trouble.after_s if isinstance(trouble, Waited) else 0.0
                wait_s = backoff_s(attempt, spread=random.uniform(0.5, 1.0), asked_s=asked_s)  # noqa: S311 — spreads retries
                attempt += 1
                self._tell(trouble, wait_s)
                self.stopping.wait(wait_s)
        raise stopped("interrupted")

    def _tell(self, trouble: LineDown | Waited, wait_s: float) -> None:
        now = time.monotonic()
        if now - self._told_at >= TELL_EVERY_S:
            self._told_at = now
            self._told(f"连接中断，{wait_s:.0f} 秒后重试 / trying again in {wait_s:.0f} s: {trouble}")

    def _once(self, method: str, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]) -> Any:  # Any: JSON
        try:
            answer = self._client.request(method, path, json=body, headers=dict(headers))
        except (httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
            raise stopped("site-address", str(error)) from error
        except httpx.TransportError as error:
            raise LineDown(f"{type(error).__name__}: {error}") from error
        self._note_clock(answer)
        if answer.is_success:
            return _answered(answer)
        problem = _json(answer)
        code = str(problem.get("type", "")).removeprefix("/problems/") or f"http-{answer.status_code}"
        if answer.status_code in PASSING or code in BUSY:
            raise Waited(str(problem.get("detail") or code), asked_wait_s(answer.headers.get("Retry-After")))
        raise stopped(code, str(problem.get("detail") or ""))

    def _note_clock(self, answer: httpx.Response) -> None:
        try:
            off_s = time.time() - parsedate_to_datetime(answer.headers["date"]).timestamp()
        except (KeyError, ValueError):
            return
        if abs(off_s) > SKEW_S and abs(self.clock_off_s) <= SKEW_S:
            self._told(f"本机时钟与服务器相差 {off_s:.0f} 秒，请校时 / this machine's clock differs from the site's by {off_s:.0f} s: set it")
        self.clock_off_s = off_s


def backoff_s(attempt: int, *, spread: float, asked_s: float = 0.0) -> float:
    """Seconds before try `attempt` + 1: doubling from half a second to half a minute, times `spread`; never before the server asked for."""
    return max(asked_s, min(MAX_WAIT_S, 0.5 * 2.0 ** min(attempt, 10)) * spread)


def asked_wait_s(header: str | None) -> float:
    """`Retry-After` in seconds; 0 for none, for a date and for nonsense."""
    return float(header) if header is not None and header.isascii() and header.isdigit() else 0.0


def is_local(address: str) -> bool:
    """Loopback is never reached through a proxy."""
    return urlsplit(address).hostname in {"127.0.0.1", "::1", "localhost"}


def _answered(answer: httpx.Response) -> Any:  # Any: JSON
    if not answer.content:
        return None
    try:
        return answer.json()
    except ValueError as error:
        raise LineDown("the answer is not the site's: a proxy or a sign-in page of the network?") from error


def _json(answer: httpx.Response) -> dict[str, Any]:  # Any: JSON
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
