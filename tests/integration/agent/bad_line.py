"""A bad line: a small HTTP relay in front of the store or the site that cuts, stalls, slows, damages and answers in the other's place.

It counts what passes, so a test can say how much was sent, and which parts. Addresses stay valid through it: the relay forwards `Host`.
"""

import http.client
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qs, urlsplit

BLOCK_BYTES: Final = 1 << 16


class Fault(StrEnum):
    NONE = "none"
    CUT = "cut"  # half of the body passes nowhere, then a reset
    CUT_ANSWER = "cut-answer"  # the other side has it all, but nobody hears
    STALL = "stall"  # nothing moves until the relay closes
    DAMAGE = "damage"  # one bit is turned over
    BUSY = "busy"  # 503 in the other's place
    PORTAL = "portal"  # 200 and a page of somebody else


@dataclass
class BadLine:
    """`fault(n)` says what happens to the n-th request (from 1). `bytes_per_s`: of bodies, all connections together; 0 = as fast as it goes."""

    upstream: str
    fault: Callable[[int], Fault] = lambda _: Fault.NONE
    bytes_per_s: int = 0
    down: bool = False
    answers: list[tuple[str, str, int]] = field(default_factory=list)  # method, path with query, status of the other side
    closing: threading.Event = field(default_factory=threading.Event)
    changed: threading.Condition = field(default_factory=threading.Condition)
    address: str = ""
    seen: int = 0
    faults: list[Fault] = field(default_factory=list)
    _pace: threading.Lock = field(default_factory=threading.Lock)

    def parts(self) -> list[int]:
        """Numbers of the parts that the store took, in order of arrival."""
        with self.changed:
            taken = [path for method, path, status in self.answers if method == "PUT" and status == 200]
        return [int(parse_qs(urlsplit(path).query)["partNumber"][0]) for path in taken]

    def wait_for(self, what: Callable[[], bool], timeout_s: float = 30) -> None:
        with self.changed:
            assert self.changed.wait_for(what, timeout_s)

    def next_fault(self) -> Fault:
        with self.changed:
            self.seen += 1
            self.faults.append(self.fault(self.seen))
            self.changed.notify_all()
            return self.faults[-1]

    def answered(self, method: str, path: str, status: int) -> None:
        with self.changed:
            self.answers.append((method, path, status))
            self.changed.notify_all()

    def delay(self, count: int) -> None:
        if self.bytes_per_s:
            with self._pace:
                self.closing.wait(count / self.bytes_per_s)


class Relay(BaseHTTPRequestHandler):
    """One connection through the line."""

    line: BadLine
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def _pass_on(self) -> None:
        fault = self.line.next_fault()
        if self.line.down or (fault is Fault.CUT and not self._half_of_body()):
            return self._reset()
        if fault is Fault.STALL:
            self.line.closing.wait()
            return self._reset()
        body = self._body(int(self.headers.get("Content-Length") or 0))
        if fault in (Fault.BUSY, Fault.PORTAL):
            return self._answer(503 if fault is Fault.BUSY else 200, {"Content-Type": "text/html"}, b"<h1>sign in</h1>")
        if fault is Fault.DAMAGE and body:
            body = body[:-1] + bytes([body[-1] ^ 1])
        other = http.client.HTTPConnection(self.line.upstream, timeout=60)
        try:
            other.request(self.command, self.path, body or None, dict(self.headers))
            found = other.getresponse()
            data = found.read()
            self.line.answered(self.command, self.path, found.status)
            if fault is Fault.CUT_ANSWER:
                return self._reset()
            kept = {k: v for k, v in found.getheaders() if k.lower() not in {"transfer-encoding", "connection", "content-length"}}
            self._answer(found.status, kept, data)
        finally:
            other.close()

    def _half_of_body(self) -> bool:
        self._body(int(self.headers.get("Content-Length") or 0) // 2)
        return False

    def _body(self, size: int) -> bytes:
        got = bytearray()
        while len(got) < size and (block := self.rfile.read(min(BLOCK_BYTES, size - len(got)))):
            self.line.delay(len(block))
            got += block
        return bytes(got)

    def _answer(self, status: int, headers: dict[str, str], data: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _reset(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):  # every method alike
            return self._pass_on
        raise AttributeError(name)

    def handle(self) -> None:
        with suppress(ConnectionError, http.client.HTTPException):
            super().handle()


@contextmanager
def bad_line(upstream: str) -> Iterator[BadLine]:
    """A relay on a free port of this machine to `upstream` (host:port)."""
    line = BadLine(upstream)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Relay", (Relay,), {"line": line}))
    server.daemon_threads = True
    line.address = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield line
    finally:
        line.closing.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
