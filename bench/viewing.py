"""What an inspector waits for: first picture, blurred copy, hover sheets; out of a stored object of more than 2 GB, plain ways beside them."""

import io
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import av
import httpx
from playwright.sync_api import sync_playwright
from sqlalchemy import select

from api.auth.caller import Caller
from api.auth.identify import cookie_name
from api.auth.roles import Role
from api.playback import open_playback
from bench.results import Result
from bench.site import Running
from storage.clips.models import Clip
from storage.clips.service import ObjectSource, Wanted, cut_clip, remember_index, request_clip
from storage.database.session import SYSTEM
from storage.kernel.actor import Actor
from storage.media import sandbox
from storage.media.cut import cut
from storage.media.index import SampleIndex, build_index
from storage.media.sheets import make_sheets
from storage.objects.port import StoredVersion
from supervision.institutions.models import Institution
from tests.chromium import chromium
from tests.people import account_of, token_of

ROUNDS = 9
CLIP_MS = 30_000
SHEETS_MS = 3_600_000
PLAIN_MS = 120_000  # of the plain way: decoding an hour would take minutes
FIRST_RANGE_BYTES = 1 << 20
LOAD = """(url) => new Promise((done, failed) => {
  const video = document.createElement("video");
  video.muted = true;
  video.preload = "auto";
  const begun = performance.now();
  video.addEventListener("loadeddata", () => { const ms = performance.now() - begun; video.remove(); done(ms); });
  video.addEventListener("error", () => failed(new Error(video.error.message)));
  setTimeout(() => failed(new Error("no picture after ten seconds")), 10000);
  video.src = url;
  document.body.append(video);
})"""


class _Queue:
    """Nobody is told: the bench cuts by hand."""

    def publish(self, *_: object) -> None:
        return None


@contextmanager
def _child_cpu() -> Iterator[list[int]]:
    """CPU milliseconds of each confined child started inside; the children count them, because bubblewrap hides them from their parent."""
    spent: list[int] = []
    real = sandbox.run

    def counted(*args: object, **kwargs: object) -> sandbox.Answer:
        answer = real(*args, **kwargs)  # type: ignore[arg-type]  # passed through
        spent.append(answer.cpu_ms)
        return answer

    sandbox.run = counted  # type: ignore[assignment]
    try:
        yield spent
    finally:
        sandbox.run = real


def _say(what: str) -> None:
    print(f"  · {what}", flush=True)


def measure(running: Running, stored: StoredVersion, scratch: Path) -> list[Result]:
    """Everything on one object; each part stays under a minute."""
    source = ObjectSource(running.services.buckets.evidence, stored.key, stored.version_id, stored.size_bytes)
    index = build_index(source)
    assert isinstance(index, SampleIndex)
    remember_index(running.services.database, stored.key, stored.version_id, index.to_bytes(), running.services.clock.now_at())
    url = running.services.buckets.evidence.presign_get(stored.key, stored.version_id, expires_s=3600)
    return [
        *_first_frame(running, stored, index.duration_ms, url, scratch),
        *_blurred(source, index, url, scratch),
        *_sheets(source, index, url, scratch),
    ]


def _first_frame(running: Running, stored: StoredVersion, duration_ms: int, url: str, scratch: Path) -> list[Result]:
    services = running.services
    person = account_of(services, Role.INSPECTOR)
    cookie = {"name": cookie_name(services.settings), "value": token_of(services, person.id)}
    caller = Caller(
        "session", Actor(kind="account", name=person.login_name, role="inspector", id=person.id), account_id=person.id, role=Role.INSPECTOR
    )
    with services.database.transaction(SYSTEM) as session:
        tenant = session.scalars(select(Institution.id)).first()
    assert tenant is not None
    from_object, prepared, bytes_read = [], [], []
    addresses = []
    with httpx.Client(base_url=running.url, cookies={cookie["name"]: cookie["value"]}) as client:
        for n in range(ROUNDS):
            start_ms = (n + 1) * duration_ms // (ROUNDS + 2)
            begun = time.perf_counter()
            clip = _cut(running, stored, tenant, start_ms)
            address = open_playback(services, caller, clip, purpose="bench", case_ref="bench").url
            _decode_first(client.get(address, headers={"Range": f"bytes=0-{FIRST_RANGE_BYTES - 1}"}).content)
            from_object.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            _decode_first(client.get(address, headers={"Range": f"bytes=0-{FIRST_RANGE_BYTES - 1}"}).content)
            prepared.append(time.perf_counter() - begun)
            with services.database.transaction(SYSTEM) as session:
                bytes_read.append(session.get_one(Clip, clip).bytes_read or 0)
            addresses.append(address)
    _say("Chromium")
    browser = _in_chromium(running, cookie, addresses)
    _say("download, then ffmpeg")
    peer = _download_then_ffmpeg(url, duration_ms // 2, scratch)
    way = "download, then ffmpeg"
    middle = statistics.median
    return [
        Result("first frame: prepared copy, request to picture in Chromium, p50", middle(browser) * 1000, "ms", 300, "lower", way, peer * 1000),
        Result("first frame: prepared copy, request to decoded picture (PyAV), p50", middle(prepared) * 1000, "ms", 300, "lower"),
        Result(
            "first frame: 30 s cut out of the 2 GB object, to decoded picture, p50", middle(from_object) * 1000, "ms", None, "lower", way, peer * 1000
        ),
        Result("first frame: bytes read of the 2 GB object (median)", middle(bytes_read) / 1e6, "MB", None, "lower", way, stored.size_bytes / 1e6),
        Result("first frame: time / download, then ffmpeg", middle(from_object) / peer, "×", 0.1, "lower"),
    ]


def _cut(running: Running, stored: StoredVersion, tenant: UUID, start_ms: int) -> UUID:
    services = running.services
    with services.database.transaction(SYSTEM) as session:
        wanted = Wanted(tenant, uuid4(), stored.key, stored.version_id, start_ms, start_ms + CLIP_MS, f"bench/{start_ms}")
        clip = request_clip(session, wanted, events=_Queue(), at=services.clock.now_at()).id
    cut_clip(services.database, services.buckets, clip, clock=services.clock, scratch=services.settings.scratch)
    return clip


def _decode_first(data: bytes) -> None:
    with av.open(io.BytesIO(data)) as media:
        assert next(media.decode(video=0)).width


def _in_chromium(running: Running, cookie: dict[str, str], addresses: list[str]) -> list[float]:
    """Seconds from setting the address of a video element to its first picture on the screen."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        context = browser.new_context()
        context.add_cookies([{**cookie, "url": running.url}])  # type: ignore[list-item]  # a cookie
        page = context.new_page()
        page.goto(f"{running.url}/review")
        page.evaluate(LOAD, addresses[0])  # the decoder's library is loaded once
        found = [float(page.evaluate(LOAD, address)) / 1000 for address in addresses]
        browser.close()
    return found


def _download_then_ffmpeg(url: str, at_ms: int, scratch: Path) -> float:
    """Seconds of the plain way: fetch the file whole, then take a picture out of it."""
    whole = scratch / "whole.mp4"
    begun = time.perf_counter()
    with httpx.stream("GET", url) as answer, whole.open("wb") as file:
        for block in answer.iter_raw(1 << 20):
            file.write(block)
    _ffmpeg("-ss", str(at_ms / 1000), "-i", str(whole), "-frames:v", "1", str(scratch / "first.jpg"))
    spent = time.perf_counter() - begun
    whole.unlink()
    return spent


def _blurred(source: ObjectSource, index: SampleIndex, url: str, scratch: Path) -> list[Result]:
    _say("blurred copy")
    with _child_cpu() as spent:
        made = cut(source, index, 60_000, 60_000 + CLIP_MS, scratch / "blurred.mp4", blurred=True)
    assert made.veil is not None
    begun = time.perf_counter()
    _ffmpeg("-ss", "60", "-i", url, "-t", "30", "-c:v", "libx264", "-preset", "veryfast", "-crf", "25", "-threads", "1", str(scratch / "plain.mp4"))
    plain_s = time.perf_counter() - begun
    rate = CLIP_MS / sum(spent)
    return [
        Result(
            "blurred copy, 720p H.264: times real time per core",
            rate,
            "×",
            1,
            "higher",
            "ffmpeg re-encoding without blurring",
            CLIP_MS / 1000 / plain_s,
        ),
        Result("blurred copy: bytes read / packet bytes of the span", made.bytes_read / made.packet_bytes, "×", 1.02, "lower"),
    ]


def _sheets(source: ObjectSource, index: SampleIndex, url: str, scratch: Path) -> list[Result]:
    _say("hover sheets")
    span_ms = min(SHEETS_MS, index.duration_ms)  # noisy pictures fill 2 GB in less than an hour
    begun = time.process_time()
    with _child_cpu() as spent:
        made = make_sheets(source, index, 0, span_ms)
    cpu_s = sum(spent) / 1000 + time.process_time() - begun
    step_s = span_ms / 1000 / len(made.times_ms)
    before = time.perf_counter()
    _ffmpeg(
        "-i", url, "-t", str(PLAIN_MS / 1000), "-threads", "1", "-an", "-vf", f"fps=1/{step_s},scale=160:-2,tile=10x10", str(scratch / "plain-%d.jpg")
    )
    plain_rate = PLAIN_MS / 1000 / (time.perf_counter() - before)
    rate = span_ms / 1000 / cpu_s
    video = int(index.video.sizes.sum()) * span_ms // index.duration_ms
    return [
        Result("hover sheets of a lesson, blurred: times real time per core", rate, "×", 500, "higher", "ffmpeg decoding everything", plain_rate),
        Result("hover sheets: speed / decoding everything", rate / plain_rate, "×", None, "higher"),
        Result("hover sheets: bytes read / picture bytes of the lesson", made.bytes_read / video, "×", None, "lower"),
        Result("hover sheets: requests for a lesson", made.requests, "", None, "lower"),
    ]


def _ffmpeg(*arguments: str) -> None:
    subprocess.run([shutil.which("ffmpeg") or "ffmpeg", "-v", "error", "-y", *arguments], check=True, timeout=120)
