"""The doors of the embedded store that are not S3, tried one by one on the running store with a locked recording behind them.

On the store's defaults, most of these destroy it. What stays open is named in docs/design/engines.md: root of the machine, and whoever holds the
operator's certificate.
"""

import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import psutil
import pytest

from storage.engines.engines import Engines
from storage.engines.ports import GRPC_OFFSET
from storage.engines.seaweed import ROLES, Seaweed
from storage.engines.weed_shell import weed_program
from storage.objects.port import Buckets, StoredVersion
from tests.integration.conftest import private_place

BODY = b"behind the door" * 5000  # larger than what the filer would keep inside its own entry


@pytest.fixture(scope="module")
def seaweed(engines: Engines) -> Seaweed:
    assert engines.seaweed is not None
    return engines.seaweed


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=10) as client:
        yield client


@pytest.fixture
def locked(buckets: Buckets) -> Iterator[StoredVersion]:
    """A locked recording; whatever the test tried, it must be there, whole and locked, afterwards."""
    stored = buckets.evidence.put(f"door/{uuid4()}", BODY, "video/mp4")
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=730)
    buckets.evidence.lock_until(stored.key, stored.version_id, until)
    yield stored
    assert buckets.evidence.read_range(stored.key, stored.version_id, 0, len(BODY)) == BODY
    found = buckets.evidence.retention(stored.key, stored.version_id)
    assert found is not None
    assert found.until == until


def entry_path(buckets: Buckets, stored: StoredVersion) -> str:
    """Where the filer keeps a version."""
    return f"/buckets/{buckets.evidence.bucket}/{stored.key}.versions/v_{stored.version_id}"


def test_the_path_of_the_attack_is_the_real_one(seaweed: Seaweed, buckets: Buckets, locked: StoredVersion) -> None:
    said = seaweed.shell(f"fs.ls -l {entry_path(buckets, locked)}")
    assert f"v_{locked.version_id}" in said, said


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "POST"])
def test_the_filers_http_is_shut(method: str, seaweed: Seaweed, http: httpx.Client, buckets: Buckets, locked: StoredVersion) -> None:
    for path in (entry_path(buckets, locked), f"/buckets/{buckets.evidence.bucket}", "/buckets/"):
        for query in ("", "?recursive=true&ignoreRecursiveError=true"):
            answer = http.request(method, f"http://127.0.0.1:{seaweed.port('filer')}{path}{query}", content=b"forged" if method != "GET" else None)
            assert answer.status_code in (401, 403, 404, 405), (path, answer.text)
            assert BODY not in answer.content


@pytest.mark.parametrize(
    "path",
    ["/col/delete?collection={bucket}", "/vol/vacuum?garbageThreshold=0.0001", "/dir/assign", "/dir/status", "/vol/grow?count=1", "/submit"],
)
def test_the_masters_http_is_shut(path: str, seaweed: Seaweed, http: httpx.Client, buckets: Buckets, locked: StoredVersion) -> None:
    assert locked
    for method in ("GET", "POST"):
        answer = http.request(method, f"http://127.0.0.1:{seaweed.port('master')}{path.format(bucket=buckets.evidence.bucket)}")
        assert answer.status_code in (401, 403, 404, 405), answer.text


def test_the_volumes_http_gives_deletes_and_overwrites_nothing(seaweed: Seaweed, http: httpx.Client, buckets: Buckets, locked: StoredVersion) -> None:
    said = seaweed.shell(f"fs.meta.cat {entry_path(buckets, locked)}")
    file_ids = {line.split(":", 1)[1].strip('", ') for line in said.splitlines() if '"fileId"' in line}
    assert file_ids, said
    for file_id in file_ids:
        url = f"http://127.0.0.1:{seaweed.port('volume')}/{file_id}"
        answers = [http.get(url), http.delete(url), http.put(url, content=b"forged"), http.post(url, files={"file": b"forged"})]
        assert [answer.status_code for answer in answers] == [401] * 4
    for path in ("/admin/volume/delete?volume=1", f"/delete?fid={next(iter(file_ids))}", "/admin/assign_volume?volume=99"):
        for method in ("GET", "POST", "DELETE"):
            assert http.request(method, f"http://127.0.0.1:{seaweed.port('volume')}{path}").status_code in (400, 401, 403, 404, 405), path


def test_the_shell_without_a_certificate_of_this_installation_is_turned_away(seaweed: Seaweed, buckets: Buckets, locked: StoredVersion) -> None:
    bucket = buckets.evidence.bucket
    said = bare_shell(
        seaweed,
        f"fs.rm {entry_path(buckets, locked)}",
        f"fs.rm -rf /buckets/{bucket}",
        f"fs.ls /buckets/{bucket}",
        f"collection.delete -collection {bucket} -force",
        f"s3.bucket.delete -name {bucket}",
    )
    assert bucket + "/" not in said


def test_the_shell_with_the_operators_certificate_destroys_a_locked_version(seaweed: Seaweed, buckets: Buckets) -> None:
    """The limit that remains, and the proof that the refusals above are not the shell's own failing: see docs/design/engines.md."""
    stored = buckets.evidence.put(f"sacrifice/{uuid4()}", BODY, "video/mp4")
    buckets.evidence.lock_until(stored.key, stored.version_id, datetime.now(UTC) + timedelta(days=1))
    seaweed.shell(f"fs.rm {entry_path(buckets, stored)}")
    assert buckets.evidence.stat(stored.key, stored.version_id) is None


def bare_shell(seaweed: Seaweed, *commands: str) -> str:
    """`weed shell` as anybody on this machine can start it: no security file."""
    place = private_place("classproof-stranger-")
    script = "\n".join([*commands, "lock", *commands, "exit", ""])
    master, filer = seaweed.port("master"), seaweed.port("filer")
    arguments = [f"-master=127.0.0.1:{master}.{master + GRPC_OFFSET}", f"-filer=127.0.0.1:{filer}.{filer + GRPC_OFFSET}"]
    try:
        done = subprocess.run(
            [str(weed_program()), "shell", *arguments],
            input=script,
            cwd=place,
            env={"PATH": "/usr/bin:/bin", "HOME": str(place)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=6,
            check=False,
        )
    except subprocess.TimeoutExpired as waiting:  # it waits for ever for a channel that it will not get
        return (waiting.stdout or b"").decode(errors="replace")
    finally:
        place.rmdir()
    return done.stdout


@pytest.mark.parametrize("role", ROLES)
def test_the_inner_channel_speaks_to_nobody_without_tls(role: str, seaweed: Seaweed) -> None:
    with socket.create_connection(("127.0.0.1", seaweed.port(role) + GRPC_OFFSET), timeout=5) as stranger:
        stranger.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
        try:
            answer = stranger.recv(64)
        except ConnectionResetError:
            answer = b""
    # an HTTP/2 server would answer with a SETTINGS frame (type 4); a TLS one hangs up or sends a TLS alert (0x15)
    assert answer[:1] in (b"", b"\x15"), answer


def test_every_port_listens_on_loopback_only(seaweed: Seaweed, engines: Engines) -> None:
    listening = set()
    for process in psutil.process_iter():
        try:
            if process.cwd() in (str(seaweed.root), str(engines.postgres.cluster if engines.postgres else "")):
                listening |= {(c.laddr.ip, c.laddr.port) for c in process.net_connections("inet") if c.status == psutil.CONN_LISTEN}
        except psutil.Error:
            continue
    expected = {seaweed.port(role) for role in ROLES} | {seaweed.port(role) + GRPC_OFFSET for role in ROLES}
    assert {ip for ip, _ in listening} == {"127.0.0.1"}
    assert {port for _, port in listening} == expected | {engines.postgres.port if engines.postgres else 0}


def test_the_admin_page_and_the_iam_api_are_off(seaweed: Seaweed, http: httpx.Client) -> None:
    assert http.get(f"http://127.0.0.1:{seaweed.port('admin')}/").status_code in (401, 403, 404, 303)
    assert http.post(f"http://{seaweed.endpoint}/", data={"Action": "ListUsers", "Version": "2010-05-08"}).status_code in (400, 403, 404, 405)


def test_evidence_and_ledger_writes_are_synced(seaweed: Seaweed, engines: Engines) -> None:
    said = seaweed.shell("fs.configure")
    for bucket in ("classproof-evidence", "classproof-ledger"):
        assert f'"/buckets/{bucket}/"' in said
    assert engines.data_dir.exists()
