"""How well pieces of another recording are found among the lessons of a room, and how often honest lessons are told to hold one. F-06; R60.

`python -m bench.screening_pieces [part] [rooms] [first room]` goes on where it was, keeps a line for each room in `bench/screening/pieces.json` and
writes the held-out part into the product's table. Fifty honest lessons of one room (those of `screening_alarms`, drawn without an encoder) are kept,
each asked for among those before it as the worker does; then pieces of them, seen anew, are put into further lessons of the room.
"""

import hashlib
import inspect
import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench import screening_alarms
from bench.screening import quick
from bench.screening.cases import SEEDS, Part
from bench.screening_recall import BOOK, ON, RULE, SLACK_MS, WIDTH, Stored
from supervision.screening import measured, motion, pieces, recycled, repeats, signatures
from supervision.screening.looks import Code
from supervision.screening.motion import Motion

KEPT: Final = Path(__file__).parent / "screening" / "pieces.json"
PIECE: Final = BOOK.read(pieces.PieceRule, on=ON)
LENGTHS_S: Final = {"piece-one": (60, 120), "piece-two": (120, 240), "piece-six": (360, 600)}  # attacks of the product's table
OF_A_ROOM: Final = 6  # of each length
Row = dict[str, Any]  # Any: JSON


def told(stored: Stored, asking: Motion) -> list[tuple[str, pieces.Spliced | None]]:
    """(name, piece; None where a line of minutes tells) of every stored recording that would be told."""
    found: list[tuple[str, pieces.Spliced | None]] = []
    asked = stored.pointed(asking)
    for one in asked:
        match = recycled.compare(asking, stored.motions[one.row], RULE, mirror=one.mirrored)
        if match is not None and recycled.is_recycled(match, RULE):
            found.append((stored.names[one.row], None))
        elif (piece := pieces.find_pieces(asking, stored.motions[one.row], PIECE, mirror=one.mirrored, laid=True)) is not None:
            found.append((stored.names[one.row], piece))
    others = [row for row in reversed(range(len(stored.names))) if row not in {one.row for one in asked}]
    more = ((stored.names[row], pieces.find_pieces(asking, stored.motions[row], PIECE)) for row in others[: PIECE.spliced_most_compared])
    return [*found, *((name, piece) for name, piece in more if piece is not None)]


def measure(part: Part, number: int) -> Row:
    """One room: honest lessons, then pieces of them in others."""
    stored, made = Stored(), list[tuple[str, Motion]]()
    row: Row = {"part": part, "room": number, "hours": 0.0, "compared": 0, "told": [], "found": {}, "missed": []}
    for n in range(screening_alarms.LESSONS):
        name, its = screening_alarms.lesson(part, number, n)
        row["hours"] = round(row["hours"] + its.duration_ms / 3_600_000, 3)
        row["compared"] += min(n, PIECE.spliced_most_compared)
        row["told"] += [[name, other, piece.spans, piece.lag_ms, piece.evidence] for other, piece in told(stored, its) if piece is not None]
        stored.add(name, its)
        made.append((name, its))
    rng = np.random.default_rng([43, SEEDS[part], number])
    for n, (attack, (least, most)) in enumerate(LENGTHS_S.items()):
        tried = found = 0
        for turn in range(OF_A_ROOM):
            which = screening_alarms.LESSONS + n * OF_A_ROOM + turn
            _, host = screening_alarms.lesson(part, number, which)
            source = int(rng.integers(screening_alarms.LESSONS))
            again = screening_alarms.seen_again(part, number, source, int(rng.integers(1 << 30)), float(rng.uniform(0, 4)))
            looks, first, begin = int(rng.uniform(least, most)) // WIDTH.recycled_step_s, int(rng.integers(10, 700)), int(rng.integers(10, 700))
            looks = min(looks, len(host.times_ms) - first, len(again.times_ms) - begin)
            fields = host.fields.copy()
            fields[first : first + looks] = again.fields[begin : begin + looks]
            copy = replace(host, fields=fields)
            hit = _hit(dict(told(stored, copy)), made[source][0], first * WIDTH.recycled_step_s * 1000, looks * WIDTH.recycled_step_s * 1000)
            tried, found = tried + 1, found + hit
            if not hit:
                row["missed"].append(f"{attack}: {looks * WIDTH.recycled_step_s} s of {made[source][0]}")
        row["found"][attack] = [tried, found]
    return row


def _hit(names: dict[str, pieces.Spliced | None], source: str, begin_ms: int, length_ms: int) -> bool:
    """Told of the right recording, and where it lies when pieces tell: at least half of it, and nothing further off than `SLACK_MS`."""
    if source not in names:
        return False
    piece, end_ms = names[source], begin_ms + length_ms
    if piece is None:
        return True
    covered = sum(max(0, min(to_ms, end_ms) - max(from_ms, begin_ms)) for from_ms, to_ms in piece.spans)
    return covered * 2 >= length_ms and piece.spans[0][0] >= begin_ms - SLACK_MS and piece.spans[-1][1] <= end_ms + SLACK_MS


def method() -> str:
    """Names the code and the figures that decide, and what is made: rows of another method are measured anew."""
    modules, ours = (motion, recycled, signatures, repeats, pieces, quick), (measure, told, *screening_alarms.MADE)
    text = "".join([*(inspect.getsource(one) for one in modules), *(inspect.getsource(one) for one in ours)])
    return hashlib.sha256(f"{text}{RULE}{WIDTH}{PIECE}".encode()).hexdigest()[:12]


def main(arguments: list[str]) -> None:
    """Measure rooms that are not kept yet; tell what is."""
    part: Part = "tuning" if arguments[:1] == ["tuning"] else "held-out"
    rooms = int(arguments[1]) if len(arguments) > 1 else 1
    known = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else []
    rows: list[Row] = [row for row in known if row["method"] == method()]
    first = int(arguments[2]) if len(arguments) > 2 else screening_alarms.FIRST[part]
    for number in range(first, first + rooms):
        if any((row["part"], row["room"]) == (part, number) for row in rows):
            continue
        rows.append({"method": method(), **measure(part, number)})
        rows.sort(key=lambda one: (one["part"], one["room"]))
        text = ",\n".join(json.dumps(one, ensure_ascii=False) for one in rows)
        KEPT.write_text(f"[\n{text}\n]\n", encoding="utf-8")
        print(next(row for row in rows if row["room"] == number and row["part"] == part), flush=True)
    tell([row for row in rows if row["part"] == part], part)


def tell(rows: list[Row], part: Part) -> None:
    """On the terminal, and of the held-out part in the product's table."""
    tried, found = Counter[str](), Counter[str]()
    for row in rows:
        for attack, counts in row["found"].items():
            tried[attack] += counts[0]
            found[attack] += counts[1]
    for attack, count in tried.items():
        low, high = measured.share_interval(found[attack], count)
        print(f"{attack}: {found[attack]}/{count}  {low:.3f} – {high:.3f}", flush=True)
    hours, events, compared = (sum(row["hours"] for row in rows), sum(len(row["told"]) for row in rows), sum(row["compared"] for row in rows))
    if hours:
        print(
            f"{events} told in {hours:.1f} camera-hours, {compared} pairs; at most {measured.events_at_most(events) / hours * 1000:.2f} in a thousand"
        )
    if part == "held-out" and rows:
        recall = [{"code": Code.SPLICED.value, "attack": attack, "tried": count, "found": found[attack]} for attack, count in tried.items()]
        honest = [{"code": Code.SPLICED.value, "false_alarms": events, "camera_hours": round(hours, 2)}]
        measured.HELD_OUT.write_text(measured.plain(recall, honest), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
