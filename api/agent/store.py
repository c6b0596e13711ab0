"""PUT of one part to the object store by a presigned address. The store's refusals become our words."""

import re
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import httpx

from api.agent.errors import DigestRefused, FileChanged, LineDown, stopped
from api.agent.files import blocks, shown
from api.agent.pace import Pace

SEND_BYTES: Final = 128 << 10  # about what a socket takes at once: the transport below copies the rest of a block after every partial send
_CODE: Final = re.compile(rb"<Code>([A-Za-z]+)</Code>")
_EXPIRED: Final = frozenset({"AccessDenied", "ExpiredToken", "RequestExpired"})


class AddressExpired(Exception):
    """The address is too old, or the upload moved on: ask for another."""


class UploadLost(Exception):
    """The store no longer knows the multipart upload: look again at what arrived."""


class PartSender:
    """Sends parts over kept connections until `stopping`. Safe to use from several threads."""

    def __init__(self, lanes: int, *, local: bool, stopping: threading.Event, timeout_s: float = 60.0) -> None:
        self._stopping = stopping
        limits = httpx.Limits(max_connections=lanes, max_keepalive_connections=lanes)
        self._client = httpx.Client(timeout=httpx.Timeout(timeout_s, connect=10), limits=limits, trust_env=not local)

    def close(self) -> None:
        self._client.close()

    def put(self, url: str, headers: Mapping[str, str], path: Path, start: int, end: int, pace: Pace) -> None:
        """Bytes `[start, end)` of the file.

        Raises: LineDown, AddressExpired, UploadLost, DigestRefused, FileChanged, OSError, AgentStopped(clock-wrong, interrupted).
        """
        counted = 0

        def body() -> Iterator[bytes]:
            nonlocal counted
            for block in blocks(path, start, end, block_bytes=SEND_BYTES):
                if self._stopping.is_set():
                    raise stopped("interrupted")
                yield block
                counted += len(block)
                pace.sent(len(block))

        try:
            answer = self._client.put(url, content=body(), headers={**headers, "Content-Length": str(end - start)})
        except httpx.LocalProtocolError as error:  # fewer bytes than announced: the file became shorter
            pace.sent(-counted)
            raise FileChanged(shown(path.name)) from error
        except httpx.TransportError as error:
            pace.sent(-counted)
            raise LineDown(f"{type(error).__name__}: {error}") from error
        if answer.is_success:
            return
        pace.sent(-counted)
        found = _CODE.search(answer.content)
        _refuse(answer.status_code, found[1].decode() if found else "")


def _refuse(status: int, code: str) -> None:
    if code == "RequestTimeTooSkewed":
        raise stopped("clock-wrong", code)
    if code == "NoSuchUpload" or status == 404:
        raise UploadLost(code)
    if code in {"BadDigest", "XAmzContentSHA256Mismatch", "InvalidDigest", "XAmzContentChecksumMismatch"}:
        raise DigestRefused(code)
    if status >= 500 or status in {408, 429}:
        raise LineDown(f"store {status} {code}")
    if code in _EXPIRED or status in {400, 403}:
        raise AddressExpired(f"{status} {code}")
    raise stopped("store-refused", f"{status} {code}")
