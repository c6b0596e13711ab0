"""What must not be evidence, and what must not get out: each refused with its reason, within limits, nothing else harmed."""

import contextlib
import os
import random
import socket
import struct
import threading
import time
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

from storage.kernel.processor import BACKGROUND_NICE
from storage.media import sandbox
from storage.media.errors import Reason, SandboxFailed, SandboxStopped, UnreadableMedia
from storage.media.facts import Limits
from storage.media.index import build_index, from_bytes
from storage.media.inspect import inspect, inspect_and_index
from storage.media.source import FileSource
from tests.videos import Scene, film, record


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _nested() -> bytes:
    """20 000 boxes, each inside the one before."""
    body = b""
    for _ in range(20_000):
        body = struct.pack(">I4s", 8 + len(body), b"trak") + body
    return _box(b"ftyp", b"isom\0\0\2\0isom") + _box(b"moov", body)


def _size_bomb() -> bytes:
    """A real recording whose size table claims 2^28 samples of one byte."""
    data = bytearray(record(Scene()).read_bytes())
    at = data.index(b"stsz")
    data[at + 8 : at + 16] = struct.pack(">II", 1, 1 << 28)
    return bytes(data)


def _picture_bomb() -> bytes:
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


def _zip(path: Path) -> bytes:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("lesson.mp4", b"x" * 1000)
    return path.read_bytes()


NOT_VIDEOS: dict[str, tuple[Callable[[Path], bytes], set[Reason]]] = {
    "random": (lambda _: random.Random(4).randbytes(300_000), {Reason.NOT_A_VIDEO}),
    "zip": (lambda p: _zip(p / "z"), {Reason.NOT_A_VIDEO}),
    "playlist": (lambda _: b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n", {Reason.NOT_A_VIDEO}),
    "concat": (lambda _: b"ffconcat version 1.0\nfile /etc/passwd\n", {Reason.NOT_A_VIDEO}),
    "picture": (lambda _: _picture_bomb(), {Reason.NOT_A_VIDEO}),
    "nested": (lambda _: _nested(), {Reason.DAMAGED, Reason.NO_VIDEO_STREAM}),
    "sizes": (lambda _: _size_bomb(), {Reason.DAMAGED, Reason.NO_VIDEO_STREAM, Reason.DECODE_FAILED, Reason.HOSTILE}),
    "flash": (lambda _: b"FLV\1\5\0\0\0\x09" + bytes(1000), {Reason.UNSUPPORTED_CONTAINER}),
    "wave": (lambda _: b"RIFF\x24\0\0\0WAVEfmt " + bytes(100), {Reason.NOT_A_VIDEO}),
    "packs": (lambda _: b"\0\0\1\xba\x44" + bytes(9000), {Reason.NO_PROGRAM_STREAM_MAP}),
    "empty": (lambda _: b"", {Reason.EMPTY}),
}


@pytest.mark.parametrize("kind", NOT_VIDEOS)
def test_what_is_no_recording_is_refused_with_its_reason_in_short_time(tmp_path: Path, kind: str) -> None:
    make, reasons = NOT_VIDEOS[kind]
    path = tmp_path / "lesson.mp4"
    path.write_bytes(make(tmp_path))
    begun = time.monotonic()
    with pytest.raises(UnreadableMedia) as refusal:
        inspect(path)
    assert refusal.value.reason in reasons
    assert time.monotonic() - begun < 10


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    import av

    path = tmp_path / "sound.mp4"
    with av.open(str(record(Scene(sound=True)))) as media, av.open(str(path), "w", format="mp4") as out:
        target = out.add_stream_from_template(media.streams.audio[0])
        for packet in media.demux(media.streams.audio[0]):
            if packet.size:
                packet.stream = target
                out.mux(packet)
    with pytest.raises(UnreadableMedia) as refusal:
        inspect(path)
    assert refusal.value.reason is Reason.NO_VIDEO_STREAM


@pytest.mark.parametrize("container", ["mp4", "mp4-fragmented", "mkv", "ts", "ps", "avi"])
def test_a_file_with_flipped_bytes_ends_accepted_or_refused_and_never_otherwise(tmp_path: Path, container: str) -> None:
    good = film(tmp_path / "good", container, Scene(seconds=4, sound=True)).read_bytes()
    rng = random.Random(container)
    path = tmp_path / "bad"
    for _ in range(12):
        data = bytearray(good)
        for _ in range(40):
            # half of the damage hits the structure at the front or the back
            at = rng.choice([rng.randrange(len(data)), rng.randrange(min(3000, len(data))), len(data) - 1 - rng.randrange(min(3000, len(data)))])
            data[at] = rng.randrange(256)
        path.write_bytes(data)
        try:
            from_bytes(inspect_and_index(path).index)
        except UnreadableMedia:
            continue


def test_damaged_tables_never_break_the_index_reader(tmp_path: Path) -> None:
    good = record(Scene(seconds=4, sound=True)).read_bytes()
    rng = random.Random(9)
    front = good.index(b"mdat")
    for _ in range(150):
        data = bytearray(good)
        for _ in range(rng.randrange(1, 12)):
            data[rng.randrange(front)] = rng.randrange(256)
        path = tmp_path / "bad"
        path.write_bytes(data)
        with FileSource(path) as source:
            try:
                build_index(source)
            except UnreadableMedia:
                continue


@pytest.mark.parametrize(
    ("limits", "limit"), [(Limits(base_s=0), {"time"}), (Limits(memory_bytes=1 << 20), {"memory", "crash"})], ids=["time", "memory"]
)
def test_running_out_of_time_or_memory_is_called_hostile(limits: Limits, limit: set[str]) -> None:
    with pytest.raises(UnreadableMedia) as refusal:
        inspect(record(Scene()), limits)
    assert refusal.value.reason is Reason.HOSTILE
    assert refusal.value.facts["limit"] in limit


@pytest.mark.parametrize("bubblewrap", [True, False], ids=["bubblewrap", "fallback"])
def test_a_child_killed_from_outside_says_nothing_against_the_file(tmp_path: Path, bubblewrap: bool) -> None:
    if bubblewrap and not sandbox.bubblewrap_works():
        pytest.skip("bubblewrap does not work on this machine")
    stop = threading.Event()
    before = {child.pid for child in psutil.Process().children(recursive=True)}

    def killer() -> None:
        """Out of memory, as the kernel answers it: the innermost process goes without a word."""
        while not stop.is_set():
            for child in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    if child.pid not in before and child.name() != "bwrap":
                        child.kill()

    media = tmp_path / "media"
    os.mkfifo(media)  # nobody ever writes into it, so the child is still reading when it is killed
    thread = threading.Thread(target=killer)
    thread.start()
    try:
        with pytest.raises(SandboxFailed) as refused:
            sandbox.run("measure", asdict(Limits()), reads={"media": media}, limits=Limits(), size_bytes=1, bubblewrap=bubblewrap)
    finally:
        stop.set()
        thread.join()
    assert "outside" in refused.value.facts["why"]


@pytest.mark.parametrize("bubblewrap", [True, False], ids=["bubblewrap", "fallback"])
def test_what_nobody_waits_for_gives_way_and_is_broken_off_when_the_process_ends(
    tmp_path: Path, bubblewrap: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if bubblewrap and not sandbox.bubblewrap_works():
        pytest.skip("bubblewrap does not work on this machine")
    monkeypatch.setattr(sandbox, "_stopped", threading.Event())
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    seen: list[int] = []

    def stop() -> None:
        while BACKGROUND_NICE not in seen:
            for child in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    if child.pid not in before:
                        seen.append(child.nice())
        sandbox.stop_background()

    media = tmp_path / "media"
    os.mkfifo(media)  # nobody ever writes into it
    thread = threading.Thread(target=stop)
    thread.start()
    with pytest.raises(SandboxStopped):
        sandbox.run("measure", asdict(Limits()), reads={"media": media}, limits=Limits(), size_bytes=1, bubblewrap=bubblewrap, background=True)
    thread.join()
    with pytest.raises(SandboxStopped):  # nor is another begun
        sandbox.run("measure", asdict(Limits()), reads={"media": media}, limits=Limits(), size_bytes=1, bubblewrap=bubblewrap, background=True)
    assert sandbox.run("measure", asdict(Limits()), reads={"media": record(Scene())}, limits=Limits(), size_bytes=10**6, bubblewrap=bubblewrap).value


@pytest.mark.parametrize("bubblewrap", [True, False], ids=["bubblewrap", "fallback"])
def test_from_inside_no_other_file_no_network_and_no_program_can_be_reached(tmp_path: Path, bubblewrap: bool) -> None:
    if bubblewrap and not sandbox.bubblewrap_works():
        pytest.skip("bubblewrap does not work on this machine")
    secret, media = tmp_path / "secret", tmp_path / "media"
    secret.write_bytes(b"secret")
    media.write_bytes(b"x")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        target = {"file": str(secret), "host": "127.0.0.1", "port": listener.getsockname()[1]}
        answer = sandbox.run("probe-confinement", target, reads={"media": media}, limits=Limits(), size_bytes=1, bubblewrap=bubblewrap)
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert "seccomp" in answer.sandbox and "limits" in answer.sandbox
    assert answer.sandbox.startswith("bwrap") == bubblewrap
    tried = {name: answer.value[name] for name in ("file", "passwd", "write", "network", "program", "fork", "signal")}
    assert all(str(result).startswith("refused") for result in tried.values()), tried


@pytest.mark.parametrize("missing", ["landlock.restrict", "seccomp.install"])
def test_a_machine_that_cannot_confine_the_child_opens_no_file(missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel without Landlock or system-call filter, and no bubblewrap: our machine is at fault, not the file."""
    lacking = f"from storage.media import child, landlock, seccomp; {missing} = lambda *_: False; child.main()"
    interpreter = sandbox._interpreter()
    monkeypatch.setattr(sandbox, "_interpreter", lambda: [*interpreter[:-1], lacking])
    media = tmp_path / "media"
    media.write_bytes(b"x")
    with pytest.raises(SandboxFailed) as failed:
        sandbox.run(
            "probe-confinement",
            {"file": str(media), "host": "127.0.0.1", "port": 1},
            reads={"media": media},
            limits=Limits(),
            size_bytes=1,
            bubblewrap=False,
        )
    assert "refused to open the file" in failed.value.facts["why"]


def test_the_fallback_measures_the_same(tmp_path: Path) -> None:
    from dataclasses import asdict

    path = record(Scene())
    answers = [
        sandbox.run("measure", asdict(Limits()), reads={"media": path}, limits=Limits(), size_bytes=path.stat().st_size, bubblewrap=b).value
        for b in ((True, False) if sandbox.bubblewrap_works() else (False,))
    ]
    assert all(a == answers[0] for a in answers)
    assert answers[0]["facts"]["duration_ms"] == 10_000


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    path = film(tmp_path / "lesson.mp4")
    before = sorted(p.name for p in tmp_path.iterdir())
    inspect_and_index(path)
    assert sorted(p.name for p in tmp_path.iterdir()) == before
