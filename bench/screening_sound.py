"""How good is *no sound*, and does sound help with footage used again? Drawn sound through real encoders and the very reading of the worker.

`python -m bench.screening_sound [tuning|held-out] [honest recordings] [recordings of each fault]` prints the tables; of the held-out part it writes
the rows of `silent` into `supervision/screening/held_out.json`.
"""

import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np

from bench.screening.cases import SEEDS, Part
from bench.screening.sounds import Microphone, Muted, Wave, envelope, film, waves
from compliance.policy.book import Book
from storage.media.index import MarkIndex, SampleIndex, build_index
from storage.media.sound import hear_stretch
from storage.media.source import FileSource
from supervision.screening import measured, same_sound
from supervision.screening.levels import GateRule, pauses
from supervision.screening.looks import Code
from supervision.screening.recycled import Line
from supervision.screening.rules import ScreeningRule
from supervision.screening.signals import silence
from supervision.screening.sound import listen

RULE: Final = Book.load().read(ScreeningRule, on=date(2026, 9, 1))
GATE: Final = Book.load().read(GateRule, on=date(2026, 9, 1))
SECONDS: Final = 2400
SLACK_MS: Final = 35_000  # a step of the listening, and a sentence
STRETCH_S: Final = 150
FAULTS: Final = ("muted", "unplugged", "muted-throughout")
CHANGES: Final = ("encoded anew", "other gain", "as G.711", "1 to 2 % quicker", "noise added")


@dataclass(frozen=True, slots=True)
class Case:
    """A recording and the fault in it."""

    name: str
    seed: int
    microphone: Microphone
    quiet: tuple[tuple[float, float], ...] = ()
    fault: str = ""
    muted: tuple[Muted, ...] = ()

    def write(self, folder: Path) -> Path:
        suffix = ".avi" if self.microphone.codec == "pcm_alaw" else ".mp4"
        loud = envelope(self.seed, SECONDS, self.microphone, self.quiet)
        return film(folder / f"{self.name}{suffix}", waves(self.seed, loud, self.microphone, self.muted), self.microphone.codec)


def microphone(rng: np.random.Generator) -> Microphone:
    """Near or far, in a quiet or a loud room, some with a gate that writes nothing in pauses."""
    gated, codec = bool(rng.random() < 0.3), str(rng.choice(["aac", "pcm_alaw", "pcm_alaw"]))
    return Microphone(float(rng.uniform(-46, -20)), float(rng.uniform(-60, -42)), float(rng.uniform(0.15, 0.8)), gated, codec)


def honest(part: Part, count: int) -> Iterator[Case]:
    """Half of them with a break of ten to fifteen minutes in which nobody speaks; where there is a gate, of eight at most."""
    for n in range(count):
        rng = np.random.default_rng([73, SEEDS[part], n])
        own, begin = microphone(rng), float(rng.uniform(200, 1200))
        length = float(rng.uniform(300, 480) if own.gated else rng.uniform(600, 900))
        yield Case(f"{part}-honest-{n}", SEEDS[part] + n, own, ((begin, begin + length),) if n % 2 else ())


def faulty(part: Part, count: int) -> Iterator[Case]:
    """A microphone muted for a while, its plug pulled out, or muted from beginning to end."""
    for k, fault in enumerate(FAULTS):
        for n in range(count):
            rng = np.random.default_rng([74, SEEDS[part], k, n])
            length = float(rng.uniform(660, 1500))
            begin = float(rng.uniform(60, SECONDS - length - 60))
            span = (-1.0, SECONDS + 1.0) if fault == "muted-throughout" else (begin, begin + length)
            floor = None if fault == "unplugged" or rng.random() < 0.3 else float(rng.uniform(-95, -70))
            yield Case(f"{part}-{fault}-{n}", SEEDS[part] + 500 + 50 * k + n, microphone(rng), fault=fault, muted=(Muted(*span, floor),))


def silences(part: Part, folder: Path, honest_count: int, fault_count: int) -> None:
    tried, found = Counter[str](), Counter[str]()
    false, hours, cpu_ms, requests, share = 0, 0.0, 0, 0, []
    edges: list[int] = []
    said: dict[str, Counter[str]] = {"gate": Counter(), "no gate": Counter()}
    for case in (*honest(part, honest_count), *faulty(part, fault_count)):
        path = case.write(folder)
        with FileSource(path) as source:
            index = build_index(source)
            heard = listen(source, index, RULE)
            share.append(heard.bytes_read / source.size_bytes)
        path.unlink()
        leads = silence.find(heard.sound, has_sound=True, duration_ms=index.duration_ms, rule=RULE)
        if heard.sound is not None:
            known = pauses(heard.sound, [(one.from_ms, one.to_ms) for one in leads], RULE, GATE)
            said["gate" if case.microphone.gated else "no gate"][known] += 1
        hours, cpu_ms, requests = hours + index.duration_ms / 3_600_000, cpu_ms + heard.cpu_ms, requests + heard.requests
        if case.fault:
            tried[case.fault] += 1
            begin, end = (min(max(int(s * 1000), 0), index.duration_ms) for s in (case.muted[0].begin_s, case.muted[0].end_s))
            hits = [one for one in leads if abs(one.from_ms - begin) <= SLACK_MS and abs(one.to_ms - end) <= SLACK_MS]
            found[case.fault] += bool(hits)
            edges += [max(abs(one.from_ms - begin), abs(one.to_ms - end)) for one in hits]
            if not hits:
                print(f"missed {case}: {leads}", flush=True)
            leads = [one for one in leads if one not in hits]
        false += len(leads)
        for one in leads:
            print(f"false in {case}: {one}", flush=True)
    for fault, n in tried.items():
        low, high = measured.share_interval(found[fault], n)
        print(f"{fault:17} {found[fault]}/{n}  {low:.3f} – {high:.3f}", flush=True)
    print(f"edges at most {max(edges, default=0) / 1000:.1f} s off; {false} false in {hours:.1f} camera-hours", flush=True)
    for gate, counts in said.items():
        print(f"{gate}: pauses are said to hold {dict(counts)}", flush=True)
    print(f"{cpu_ms / 1000 / hours:.2f} s of the confined child and {requests / hours:.0f} requests an hour", flush=True)
    if part == "held-out":
        recall = [{"code": Code.SILENT.value, "attack": fault, "tried": n, "found": found[fault]} for fault, n in tried.items()]
        alarms = [{"code": Code.SILENT.value, "false_alarms": false, "camera_hours": round(hours, 2)}]
        measured.HELD_OUT.write_text(measured.plain(recall, alarms, sound_version=RULE.version), encoding="utf-8")


def pairs(part: Part, folder: Path, count: int) -> None:
    """Likeness of a stretch to changed copies of itself, and to other lessons: only what pictures found already is ever asked."""
    same, other = defaultdict[str, list[int | None]](list), list[int | None]()
    stretches: list[tuple[np.ndarray, np.ndarray]] = []
    for n in range(count):
        rng = np.random.default_rng([75, SEEDS[part], n])
        own = replace(microphone(rng), codec="aac")
        seed = SEEDS[part] + 900 + n
        loud = envelope(seed, STRETCH_S + 20, own)
        first = _stretch(folder, seed, loud, own)
        for change in CHANGES:
            speed = float(rng.uniform(1.01, 1.02)) if "quicker" in change else 1.0
            gain = 10 ** (float(rng.uniform(-12, 6)) / 20) if change != "encoded anew" else 1.0
            changed = replace(own, codec="pcm_alaw" if "G.711" in change else "aac")
            if change == "noise added":
                changed = replace(changed, room_db=own.speech_db - 15, gated=False)
            copy = _stretch(folder, seed + 7000, loud, changed, gain, speed)
            off_ms = round(float(rng.uniform(-3800, 3800)))  # how far the line of pictures may be off
            same[change].append(same_sound.alike(*_cut(copy), *first, Line(off_ms, speed)))
        other += [same_sound.alike(*_cut(first), *one, Line(round(float(rng.uniform(-3800, 3800))), 1.0)) for one in stretches]
        stretches.append(first)
    for change, values in same.items():
        print(f"same, {change:17} {_told(values)}", flush=True)
    print(f"other lessons          {_told(other)}", flush=True)


def _told(values: list[int | None]) -> str:
    known = sorted(v for v in values if v is not None)
    return (
        f"{len(known)} of {len(values)} compared: least {known[0]}, median {known[len(known) // 2]}, most {known[-1]} ‰" if known else "none compared"
    )


def _cut(stretch: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The inner two minutes: the source is read with slack around them."""
    inside = (stretch[0] >= 10_000) & (stretch[0] < 130_000)
    return stretch[0][inside], stretch[1][inside]


def _stretch(folder: Path, seed: int, loud: Wave, own: Microphone, gain: float = 1.0, speed: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    path = film(folder / ("stretch.avi" if own.codec == "pcm_alaw" else "stretch.mp4"), waves(seed, loud, own, (), gain, speed), own.codec, 32_000)
    with FileSource(path) as source:
        index: SampleIndex | MarkIndex = build_index(source)
        heard = hear_stretch(source, index, 0, min(STRETCH_S * 1000, index.duration_ms), same_sound.BIN_MS)
    path.unlink()
    return heard.media_ms, heard.levels


def main() -> None:
    """Measure one part."""
    part: Part = "tuning" if sys.argv[1:2] == ["tuning"] else "held-out"
    honest_count, fault_count = (int(sys.argv[n]) if len(sys.argv) > n else default for n, default in ((2, 24), (3, 8)))
    with tempfile.TemporaryDirectory(prefix="classproof-sound-") as folder:
        pairs(part, Path(folder), fault_count)
        silences(part, Path(folder), honest_count, fault_count)


if __name__ == "__main__":
    main()
