"""How well footage is found whose packets are used again without a new encoding, by the marks of its packets alone. R60; F-05.

`python -m bench.screening_packets [recordings]` makes recordings of real encoders and containers, copies each in three ways, reads all of them as
verification does (the confined child), and looks for each copy among all recordings as `compare-recording` does. What the pictures show does not
matter to marks, so they are small: blocks that move over a drawn room under noise, in some recordings with minutes in which nothing moves. One line
is kept for each recording (`bench/screening/packets.json`): a run goes on where it was. No figure was chosen on these files.
"""

import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from bench.screening.cases import SEEDS
from bench.screening.encoding import Encoder, encode, remux
from bench.screening.rooms import Luma, room
from bench.screening_recall import WIDTH
from storage.media import packets
from storage.media.inspect import inspect_and_index
from supervision.screening import measured, packet_marks
from supervision.screening.looks import Code, Packets

KEPT: Final = Path(__file__).parent / "screening" / "packets.json"
SEED: Final = SEEDS["held-out"]
WIDE, HIGH = 320, 180
MADE_AS: Final = (
    ("libx264", ".mp4", "ultrafast"),
    ("libx264", ".mkv", "veryfast"),
    ("libx265", ".mp4", "ultrafast"),
    ("libx264", ".ts", "superfast"),
)
INTO: Final[dict[str, tuple[str, ...]]] = {".mp4": (".mkv", ".ts"), ".mkv": (".mp4", ".ts"), ".ts": (".mp4", ".mkv")}
EXACT, REMUXED, CUT = "packets-exact", "packets-remuxed", "packets-cut"  # attacks of the product's table
REORDERED: Final = 4  # pictures by which an encoder may show one later than it is coded; a container begins with either
ROUNDED_MS: Final = 100
TS_BEGINS_MS: Final = 1_500  # times of a transport stream begin so late, and `remux` cuts by them
SHEETS: Final = 16
Row = dict[str, Any]  # Any: JSON
Marks = list[list[int]]  # hash, shown_ms


@dataclass(frozen=True, slots=True)
class Source:
    """Number `n`: 5 to 10 minutes, 2 to 5 pictures a second, key frames 1 to 5 s apart."""

    n: int
    seconds: int
    still: tuple[float, float]
    noise: float
    encoder: Encoder
    suffix: str

    @classmethod
    def of(cls, n: int) -> "Source":
        rng = np.random.default_rng([91, SEED, n])
        codec, suffix, preset = MADE_AS[n % len(MADE_AS)]
        seconds = int(rng.integers(300, 601))
        begin = float(rng.uniform(30, seconds - 240))
        still = (begin, begin + float(rng.uniform(60, 180))) if rng.random() < 0.3 else (0.0, 0.0)
        encoder = Encoder(
            codec, fps=int(rng.integers(2, 6)), gop_s=float(rng.choice([1, 2, 2, 4, 5])), crf=int(rng.integers(26, 33)), preset=preset,
            width=WIDE, height=HIGH,
        )  # fmt: skip
        return cls(n, seconds, still, float(rng.uniform(0, 3)), encoder, suffix)

    def pictures(self) -> Iterator[tuple[float, Luma]]:
        rng = np.random.default_rng([92, SEED, self.n])
        empty = cv2.resize(room(SEED + 3_000_000 + self.n).picture, (WIDE, HIGH), interpolation=cv2.INTER_AREA)
        sheets = [rng.normal(0, self.noise, (HIGH, WIDE)).round().clip(-9, 9).astype(np.int16) for _ in range(SHEETS)]
        people = rng.uniform((30, 60, 14, 18, 40), (280, 130, 26, 34, 210), (8, 5))
        for k in range(int(self.seconds * self.encoder.fps)):
            at = k / self.encoder.fps
            moving = not self.still[0] <= at < self.still[1]
            if moving:
                people[:, :2] = np.clip(people[:, :2] + rng.normal(0, 1.5, (8, 2)), (20, 40), (290, 140))
            picture = empty.copy()
            for x, y, wide, high, grey in people.tolist():
                cv2.rectangle(picture, (int(x), int(y)), (int(x + wide), int(y + high)), grey, -1)
            turn = (k * 37 % 97, k * 53 % 89) if moving else (0, 0)
            noise = np.roll(sheets[k % SHEETS if moving else 0], turn, (0, 1))
            yield at, (picture + noise).clip(0, 255).astype(np.uint8)


def marks(path: Path) -> Marks:
    """As `compare-recording` keeps them."""
    facts = packets.from_bytes(inspect_and_index(path).packets)
    return [[mark.hash, mark.shown_ms] for mark in packet_marks.marks(Packets(facts.sizes, facts.shown_ms, facts.keys, facts.hashes))]


def made(n: int, folder: Path) -> Row:
    """One recording and its copies: their marks, and where each copy begins in the source, in ms."""
    one = Source.of(n)
    rng = np.random.default_rng([93, SEED, n])
    source = encode(folder / f"source{one.suffix}", one.pictures(), one.encoder)
    suffixes = [str(suffix) for suffix in rng.permutation(INTO[one.suffix])]
    begin = float(rng.uniform(5, one.seconds - 190))
    end = float(rng.uniform(begin + 180, min(begin + 540, one.seconds)))
    copies = {
        EXACT: (remux(source, folder / f"exact{one.suffix}"), 0.0),
        REMUXED: (remux(source, folder / f"remuxed{suffixes[0]}"), 0.0),
        CUT: (remux(source, folder / f"cut{suffixes[1]}", begin, end), begin),
    }
    row: Row = {"n": n, "codec": one.encoder.codec, "suffix": one.suffix, "seconds": one.seconds, "marks": marks(source), "copies": {}}
    for attack, (path, begins_s) in copies.items():
        seconds = round(end - begin) if begins_s else one.seconds
        row["copies"][attack] = {"suffix": path.suffix, "begin_ms": round(begins_s * 1000), "seconds": seconds, "marks": marks(path)}
        path.unlink()
    source.unlink()
    return row


def begins(n: int, lag_ms: int, cut_ms: int) -> bool:
    """Whether a copy of recording `n` may begin at `lag_ms` of it: at the first or next key frame from where it was cut."""
    source = Source.of(n)
    encoder, before_ms = source.encoder, TS_BEGINS_MS if source.suffix == ".ts" and cut_ms else 0
    reorder_ms = REORDERED * 1000 / encoder.fps + ROUNDED_MS
    return -reorder_ms - before_ms <= lag_ms - cut_ms <= encoder.gop_s * 1000 + reorder_ms


class Known:
    """Every recording's marks, as the table of the product holds them."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._of: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for row in rows:
            for value, shown_ms in row["marks"]:
                self._of[value].append((row["n"], shown_ms))

    def told(self, asked: Marks) -> dict[int, int]:
        """Recording → its time minus that of the copy, in ms."""
        pairs: dict[int, list[tuple[packet_marks.Mark, packet_marks.Mark]]] = defaultdict(list)
        for value, shown_ms in asked:
            for n, at_ms in self._of.get(value, ()):
                pairs[n].append((packet_marks.Mark(value, shown_ms), packet_marks.Mark(value, at_ms)))
        agreed = {n: packet_marks.one_lag(both, WIDTH.recycled_same_packets) for n, both in pairs.items()}
        return {n: one[0] for n, one in agreed.items() if one is not None}


def judged(rows: Sequence[Row]) -> list[Row]:
    """Rows of the product's table. Found: the source is told, at its place. Whatever else is told is printed."""
    known = Known(rows)
    tried, found = dict.fromkeys((EXACT, REMUXED, CUT), 0), dict.fromkeys((EXACT, REMUXED, CUT), 0)
    for row in rows:
        others = set(known.told(row["marks"])) - {row["n"]}
        for attack, copy in row["copies"].items():
            told = known.told(copy["marks"])
            hit = row["n"] in told and begins(row["n"], told[row["n"]], copy["begin_ms"])
            tried[attack] += 1
            found[attack] += hit
            others |= set(told) - {row["n"]}
            if not hit:
                print(f"{row['n']} {attack} to {copy['suffix']}, {copy['seconds']} s, {len(copy['marks'])} marks: told {told}", flush=True)
        if others:
            print(f"{row['n']}: also told {sorted(others)}", flush=True)
    return [{"code": Code.RECYCLED.value, "attack": attack, "tried": count, "found": found[attack]} for attack, count in tried.items()]


def main() -> None:
    """Make what is not kept yet, search, tell."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    rows: list[Row] = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else []
    with tempfile.TemporaryDirectory(prefix="classproof-packets-") as folder:
        Path(folder).chmod(0o755)
        for n in sorted(set(range(count)) - {row["n"] for row in rows}):
            rows.append(made(n, Path(folder)))
            text = ",\n".join(json.dumps(row) for row in sorted(rows, key=lambda row: row["n"]))
            KEPT.write_text(f"[\n{text}\n]\n", encoding="utf-8")
            print(n, rows[-1]["suffix"], rows[-1]["seconds"], [len(copy["marks"]) for copy in rows[-1]["copies"].values()], flush=True)
    table = judged(rows)
    for row in table:
        low, high = measured.share_interval(row["found"], row["tried"])
        print(f"{row['attack']}: {row['found']}/{row['tried']}  {low:.3f} – {high:.3f}", flush=True)
    measured.HELD_OUT.write_text(measured.plain(table, [], attacks_only=True), encoding="utf-8")


if __name__ == "__main__":
    main()
