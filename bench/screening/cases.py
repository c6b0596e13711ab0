"""The cases of the tuning part and of the held-out part: recordings with what is true of them. One seed, one suite.

Thresholds are chosen on `tuning`; `held-out` is other rooms, other people, other seeds, and is only ever measured.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Literal

import numpy as np

from bench.screening.camera import Camera, Defect
from bench.screening.encoding import Capped, Change, Encoder, altered, encode, remux, scramble
from bench.screening.lessons import Lesson
from bench.screening.rooms import Room, room

Part = Literal["tuning", "held-out"]
SEEDS: dict[Part, int] = {"tuning": 1000, "held-out": 5000}
CHINA = timezone(timedelta(hours=8))
DEFECTS = ("black", "covered", "defocused", "frozen", "moved", "other-room", "jump", "clock-jump", "loop", "no-movement", "undecodable")
UNMOVING_LESSON_S = 2100
BRIEF_S = 300
FIRST = 20  # recordings of a defect in the first three rooms
COPIES = (
    "exact", "remuxed", "stream-cut", "re-encoded", "hevc", "rescaled", "trimmed", "mirrored", "cropped", "brightened", "clock-replaced",
    "slower", "quicker", "combined", "beside",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Truth:
    kind: str
    begin_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Filmed:
    """A lesson and the camera before it: everything needed to make its recording, and what is wrong with it."""

    name: str
    camera: Camera
    encoder: Encoder
    truths: tuple[Truth, ...] = ()
    suffix: str = ".mp4"

    @property
    def case(self) -> str:
        """Names everything that the recording is made of: another lesson, camera, defect or encoder is another case."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:12]

    def write(self, folder: Path) -> Path:
        """Encoded once per folder."""
        target = folder / f"{self.name}{self.suffix}"
        if not target.exists():
            part = target.with_name(f"part-{target.name}")
            encode(part, self.camera.pictures(self.encoder.fps), self.encoder)
            for truth in self.truths:
                if truth.kind == "undecodable":
                    scramble(part, truth.begin_ms, truth.end_ms, self.camera.noise_seed)
            part.rename(target)
        return target


@dataclass(frozen=True, slots=True)
class Copied:
    """A recording that is another again. Second s of the copy shows second `offset_s + slope * s` of the source."""

    name: str
    attack: str
    source: Filmed
    change: Change
    encoder: Encoder | None
    suffix: str = ".mp4"
    beside: Camera | None = None

    @property
    def slope(self) -> float:
        return self.change.speed

    @property
    def offset_s(self) -> float:
        return self.change.begin_s

    def write(self, folder: Path) -> Path:
        target = folder / f"{self.name}{self.suffix}"
        if target.exists():
            return target
        part = target.with_name(f"part-{target.name}")
        if self.beside is not None and self.encoder is not None:
            encode(part, self.beside.pictures(self.encoder.fps), self.encoder)
        else:
            source = self.source.write(folder)
            if self.encoder is None:
                remux(source, part, self.change.begin_s, self.change.end_s)
            else:
                encode(part, altered(source, self.change, self.encoder.fps), self.encoder)
        part.rename(target)
        return target


def honest(part: Part, rooms: int = 3, per_room: int = 8, seconds: int = 600) -> list[Filmed]:
    """Lessons of some rooms: each room has one camera, each pair of lessons one class, and some lessons share their habits.

    The first rooms of more rooms are the same; another number of lessons in each draws other lessons.
    """
    rng = np.random.default_rng([51, SEEDS[part]])
    made = []
    for r in range(rooms):
        place = room(SEEDS[part] + r)
        for n in range(per_room):
            seed = SEEDS[part] + 100 * (r + 1) + n
            lesson = Lesson(
                place, seed, seconds,
                people=int(rng.integers(5, 19)),
                cast=SEEDS[part] + r * 10 + n // 2,
                activity=float(rng.choice([0.5, 1.0, 1.0, 1.4])),
                habits=SEEDS[part] + r if n % 2 else None,
                teacher=bool(rng.random() < 0.85),
            )  # fmt: skip
            begins = datetime(2026, 3, 2, 8, 30, tzinfo=CHINA) + timedelta(days=r * 20 + n, hours=int(rng.integers(0, 8)))
            camera = Camera(lesson, begins, noise=float(rng.uniform(1.2, 3)), noise_seed=seed)
            gop = float(rng.choice([1, 2, 2, 2, 4]))
            made.append(Filmed(f"{part}-room{r}-{n}", camera, Encoder(gop_s=gop, crf=int(rng.integers(30, 37)))))
    return made


def spoilt(part: Part, count: int = 2, seconds: int = 600, kinds: tuple[str, ...] = DEFECTS) -> Iterator[Filmed]:
    """Each defect in `count` recordings, at a drawn place and for a drawn time of 20 to 180 seconds; nobody there for 21 to 25 minutes of 35.

    The first recordings of more recordings are the same; the later ones are filmed in more rooms.
    """
    for k, kind in enumerate(DEFECTS):
        if kind not in kinds:
            continue
        for n in range(count):
            seed = SEEDS[part] + (5000 + k * 50 + n if n < FIRST else 100_000 + k * 10_000 + n)
            lasts, longest = (UNMOVING_LESSON_S, (1260, 1500)) if kind == "no-movement" else (seconds, (20, 180))
            places = room(SEEDS[part] + n % (3 if n < FIRST else 12)), room(SEEDS[part] + 40 + n)
            begins = datetime(2026, 4, 1, 9, 0, tzinfo=CHINA) + timedelta(days=k * 3 + n)
            dice = np.random.default_rng([52, SEEDS[part], k, n])
            yield _spoilt(f"{part}-{kind}-{n}", kind, dice, seed, places, lasts, longest, begins)


def brief(part: Part, numbers: Iterable[int], kinds: Sequence[str] = DEFECTS) -> Iterator[Filmed]:
    """Recordings of five minutes, forty rooms, a defect of 20 to 90 seconds: for half the work of `spoilt`, so that more of them can be had.

    One of each kind after the other, so that a measurement that is broken off has as many of each. Defects that last longer are left out.
    """
    for n in numbers:
        for k, kind in enumerate(DEFECTS):
            if kind in kinds and kind not in ("no-movement", "loop"):
                places = room(SEEDS[part] + 200 + n % 40), room(SEEDS[part] + 240 + n % 40)
                begins = datetime(2026, 6, 1, 9, 0, tzinfo=CHINA) + timedelta(days=n, hours=k)
                dice = np.random.default_rng([55, SEEDS[part], k, n])
                yield _spoilt(f"{part}-{kind}-brief-{n}", kind, dice, SEEDS[part] + 300_000 + k * 10_000 + n, places, BRIEF_S, (20, 90), begins)


def quiet(part: Part, numbers: Iterable[int]) -> Iterator[Filmed]:
    """Honest recordings that look like a still: a sensor with hardly any noise, few bits, and nobody who moves for minutes or all the time.

    In three of four a lively class is gone for one to two and a half minutes: only beside it do the packets of an empty room look small.
    """
    for n in numbers:
        dice = np.random.default_rng([56, SEEDS[part], n])
        scene = ("break", "break", "break", "empty", "break", "break", "break", "few")[n % 8]
        people = {"break": int(dice.integers(5, 19)), "empty": 0, "few": int(dice.integers(1, 4))}[scene]
        lesson = Lesson(
            room(SEEDS[part] + 300 + n % 40), SEEDS[part] + 500_000 + n, BRIEF_S,
            people=people, activity=0.1 if scene == "few" else 1.0, teacher=scene == "break",
        )  # fmt: skip
        length = float(dice.uniform(60, 150))
        begin = float(dice.uniform(60, BRIEF_S - length - 30))
        gone = (Defect("no-movement", begin, begin + length),) if scene == "break" else ()
        yield Filmed(f"{part}-quiet-{n}", _quiet_camera(lesson, dice, n, gone), _recorder(dice))


def quiet_freezes(part: Part, numbers: Iterable[int]) -> Iterator[Filmed]:
    """Stills of 20 to 90 seconds by the same quiet cameras and recorders; others are in the room."""
    for n in numbers:
        dice = np.random.default_rng([57, SEEDS[part], n])
        lesson = Lesson(room(SEEDS[part] + 340 + n % 40), SEEDS[part] + 600_000 + n, BRIEF_S, people=int(dice.integers(5, 19)))
        length = float(dice.uniform(20, 90))
        begin = float(dice.uniform(130, BRIEF_S - length - 60))
        camera = _quiet_camera(lesson, dice, n, (Defect("frozen", begin, begin + length),))
        truth = Truth("frozen-quiet", round(begin * 1000), round((begin + length) * 1000))
        yield Filmed(f"{part}-frozen-quiet-{n}", camera, _recorder(dice), (truth,))


def _quiet_camera(lesson: Lesson, dice: np.random.Generator, n: int, defects: tuple[Defect, ...]) -> Camera:
    begins = datetime(2026, 7, 1, 9, 0, tzinfo=CHINA) + timedelta(hours=n)
    clock = "%Y-%m-%d %H:%M:%S" if dice.random() < 0.7 else None
    return Camera(lesson, begins, float(dice.uniform(0.3, 1.2)), lesson.seed, clock, defects=defects)


def _recorder(dice: np.random.Generator) -> Encoder:
    """A third each: constant quality without B pictures, with them, and so many bits a second; one in four is H.265."""
    gop, crf = float(dice.choice([1, 2, 2, 4])), int(dice.integers(28, 40))
    preset = ("ultrafast", "veryfast", "faster")[int(dice.integers(3))]
    kbps, codec = int(dice.integers(40, 160)), "libx265" if dice.random() < 0.25 else "libx264"
    preset = "ultrafast" if codec == "libx265" else preset
    if dice.random() < 1 / 3:
        return Capped(codec, gop_s=gop, preset=preset, kbps=kbps)
    return Encoder(codec, gop_s=gop, crf=crf, preset=preset)


def _spoilt(
    name: str,
    kind: str,
    rng: np.random.Generator,
    seed: int,
    places: tuple[Room, Room],
    seconds: int,
    longest: tuple[int, int],
    begins: datetime,
) -> Filmed:
    """One recording with one defect; `places`: where the lesson is, and the room that the camera is carried to."""
    lesson = Lesson(places[0], seed, seconds, people=int(rng.integers(5, 19)))
    length = float(rng.uniform(*longest))
    begin = float(rng.uniform(130, seconds - length - 60))
    amount, end, in_time = 0.0, begin + length, kind == "jump"
    if kind == "loop":
        amount = float(rng.uniform(45, 120))
        begin = float(rng.uniform(amount + 5, amount + 60))
        end = min(begin + amount * int(rng.integers(2, 4)), seconds - 5.0)
    elif kind in ("jump", "clock-jump"):
        amount = float(rng.uniform(10, 90))
        end = begin + 1e9
    elif kind == "defocused":
        amount = float(rng.uniform(4, 9))
    elif kind == "moved":
        amount = float(rng.uniform(25, 90))
    base = "jump" if kind == "clock-jump" else kind
    defect = Defect(base, begin, end, amount, places[1] if kind == "other-room" else None, in_time)
    camera = Camera(lesson, begins, noise=float(rng.uniform(1.2, 3)), noise_seed=seed, defects=(defect,))
    last = (begin + amount if in_time else begin) if base == "jump" else end
    truth = Truth(kind, round(begin * 1000), round(last * 1000))
    gop, crf = float(rng.choice([1, 2, 2, 4])), int(rng.integers(30, 37))
    return Filmed(name, camera, Encoder(fps=2 if kind == "no-movement" else 5, gop_s=gop, crf=crf), (truth,))


CLOCKS = (("%Y-%m-%d %H:%M:%S", (10, 24)), ("%d/%m/%Y %H:%M:%S", (330, 350)), ("%H:%M:%S %Y/%m/%d", (200, 24)), ("%m-%d-%Y  %H:%M:%S", (12, 350)))
CLOCK_ATTACKS = ("clock-jump", "clock-wrong", "old-recording", "clock-replaced")


@dataclass(frozen=True, slots=True)
class Clocked:
    """A recording and when it is said to have begun. `attack` empty: honest, its clock within two minutes of the claim."""

    filmed: Filmed
    camera: int
    claimed_at: datetime
    attack: str = ""
    painted: Copied | None = None

    def write(self, folder: Path) -> Path:
        return self.painted.write(folder) if self.painted is not None else self.filmed.write(folder)


def clocked(part: Part, rooms: int = 4, honest_each: int = 6, attacks_each: int = 2, seconds: int = 600) -> Iterator[Clocked]:
    """Of each room some honest lessons first, then each attack on others of its lessons. Rooms differ in place and order of the clock."""
    for r in range(rooms):
        form, place = CLOCKS[r % len(CLOCKS)]
        attacks = [attack for attack in CLOCK_ATTACKS if attack != "clock-replaced" or place == CLOCKS[0][1]]
        wanted = [""] * honest_each + attacks * attacks_each
        for n, attack in enumerate(wanted):
            rng = np.random.default_rng([54, SEEDS[part], r, n])
            seed = SEEDS[part] + 8000 + r * 100 + n
            lesson = Lesson(room(SEEDS[part] + 60 + r), seed, seconds, people=int(rng.integers(5, 19)), teacher=bool(rng.random() < 0.85))
            claimed = datetime(2026, 3, 1, 8, 0, tzinfo=CHINA) + timedelta(days=int(rng.integers(0, 250)), minutes=int(rng.integers(0, 600)))
            begins = claimed + timedelta(seconds=float(rng.uniform(-120, 120)))
            defects: tuple[Defect, ...] = ()
            truths: tuple[Truth, ...] = ()
            if attack == "clock-jump":
                at, amount = float(rng.uniform(130, seconds - 190)), float(rng.uniform(10, 90))
                defects = (Defect("jump", at, 1e9, amount, None, False),)
                truths = (Truth(attack, round(at * 1000), round(at * 1000)),)
            elif attack == "clock-wrong":
                begins = claimed + timedelta(minutes=float(rng.uniform(15, 600)) * float(rng.choice([-1, 1])))
            elif attack == "old-recording":
                begins = claimed - timedelta(days=int(rng.integers(3, 90)), minutes=float(rng.uniform(-120, 120)))
            camera = Camera(lesson, begins, float(rng.uniform(1.2, 3)), seed, clock=form, clock_at=place, defects=defects)
            encoder = Encoder(gop_s=float(rng.choice([1, 2, 2, 4])), crf=int(rng.integers(30, 37)))
            filmed = Filmed(f"{part}-clock{r}-{n}-{attack or 'honest'}", camera, encoder, truths)
            painted = _copied(filmed, attack, rng) if attack == "clock-replaced" else None
            yield Clocked(filmed, r, claimed, attack, painted)


def copies(part: Part, sources: list[Filmed], attacks: tuple[str, ...] = COPIES) -> Iterator[Copied]:
    """Every attack on every source. The encoder, the cut and the strength are drawn anew each time."""
    for s, source in enumerate(sources):
        for a, attack in enumerate(COPIES):
            if attack in attacks:
                yield _copied(source, attack, np.random.default_rng([53, SEEDS[part], s, a]))


def _copied(source: Filmed, attack: str, rng: np.random.Generator) -> Copied:
    camera, length = source.camera, source.camera.lesson.seconds
    encoder = Encoder(gop_s=float(rng.choice([1, 2, 2, 5])), crf=int(rng.integers(31, 37)), preset="superfast")
    begin, end = float(rng.uniform(20, 100)), length - float(rng.uniform(10, 90))
    clock = camera.begins_at + timedelta(days=int(rng.integers(3, 90)), seconds=int(rng.integers(-3000, 3000)))
    crop, far, gain = float(rng.uniform(0.04, 0.10)), float(rng.uniform(0.01, 0.02)), float(rng.uniform(0.75, 1.25))
    turned, larger = float(rng.uniform(-2, 2)), float(rng.uniform(1.0, 1.06))
    if attack == "beside":
        move = (turned, larger, float(rng.uniform(-10, 10)), float(rng.uniform(-6, 6)))
        second = Camera(
            camera.lesson, camera.begins_at + timedelta(seconds=7), camera.noise, camera.noise_seed + 77, beside=move, clock_at=(330, 350)
        )
        return Copied(f"{source.name}-{attack}", attack, source, Change(), encoder, beside=second)
    changes = {
        "stream-cut": Change(begin, end),
        "trimmed": Change(begin, end),
        "mirrored": Change(mirror=True),
        "cropped": Change(crop=crop),
        "brightened": Change(gain=gain, lift=float(rng.uniform(-15, 25))),
        "clock-replaced": Change(clock=clock),
        "slower": Change(speed=1 - far),
        "quicker": Change(speed=1 + far),
        "combined": Change(
            begin, length - 20.0, mirror=bool(rng.random() < 0.5), crop=crop * 0.7, gain=1 + (gain - 1) * 0.6, lift=5,
            speed=1 + far * float(rng.choice([-0.75, 0.75])), clock=clock,
        ),
    }  # fmt: skip
    encoders = {
        "hevc": Encoder("libx265", gop_s=2, crf=int(rng.integers(30, 36))),
        "rescaled": Encoder(gop_s=2, crf=32, width=426, height=240),
        "combined": Encoder(gop_s=2, crf=33, width=480, height=270, fps=4),
    }
    suffix = {"remuxed": ".mkv", "stream-cut": ".ts"}.get(attack, ".mp4")
    made = None if attack in ("exact", "remuxed", "stream-cut") else encoders.get(attack, encoder)
    return Copied(f"{source.name}-{attack}", attack, source, changes.get(attack, Change()), made, suffix)
