"""How good each signal is: what was measured on recordings that nobody tuned on, with intervals. Pure. R60.

The table is a file of the package, written by the measurement itself (`python -m bench screening`), never by hand.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from supervision.screening.looks import Code

HELD_OUT: Final = Path(__file__).parent / "held_out.json"
Z: Final = 1.959964  # 95 %

# figures that cannot be tried on what is kept (`rehearsal`), and which signals they decide: measured whole
DECIDES: Final[Mapping[str, tuple[Code, ...]]] = {
    **dict.fromkeys(
        (
            "recycled_window_permille", "recycled_least_windows", "recycled_median_permille", "recycled_least_active_fields",
            "recycled_fields_permille", "recycled_view_bits", "recycled_most_compared", "recycled_same_packets",
        ),
        (Code.RECYCLED,),
    ),
    "recycled_step_s": (Code.RECYCLED, Code.LOOP, Code.SPLICED),
    **dict.fromkeys(
        (
            "loop_least_lag_s", "loop_least_repeated_s", "loop_evidence", "loop_asked_evidence", "loop_closer_evidence", "loop_least_active_fields",
        ),
        (Code.LOOP,),
    ),
    **dict.fromkeys(("spliced_evidence", "spliced_least_s", "spliced_least_active_fields", "spliced_most_compared"), (Code.SPLICED,)),
    **dict.fromkeys(
        ("screening_usual_least", "screening_usual_most", "screening_usual_away_permille"), (Code.UNUSUAL_VIEW, Code.TURNED_SINCE),
    ),
    **dict.fromkeys(("screening_least_frames", "screening_frame_rate_s"), (Code.LOW_FRAME_RATE,)),
    **dict.fromkeys(("screening_sound_step_s", "screening_silent_db", "screening_silent_s"), (Code.SILENT,)),
    **dict.fromkeys(
        ("screening_clock_instants", "screening_clock_score_permille", "screening_clock_agreed_permille", "screening_clock_least_reads"),
        (Code.CLOCK_OTHER_TIME, Code.CLOCK_JUMP),
    ),
    "screening_clock_other_minutes": (Code.CLOCK_OTHER_TIME,),
    "screening_clock_jump_s": (Code.CLOCK_JUMP,),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recall:
    """Of `tried` made defects of one kind, `found` were found where they are. `low` and `high`: 95 % interval of the share (Wilson)."""

    attack: str
    tried: int
    found: int

    @property
    def interval(self) -> tuple[float, float]:
        return share_interval(self.found, self.tried)


@dataclass(frozen=True, slots=True)
class Measured:
    """One signal: recall by kind of defect, and leads on honest recordings: by hour, or by `lessons` where each is judged once."""

    recalls: tuple[Recall, ...]
    false_alarms: int
    camera_hours: float
    lessons: int = 0

    @property
    def all_recalls(self) -> Recall:
        """Over all kinds together."""
        return Recall("", sum(one.tried for one in self.recalls), sum(one.found for one in self.recalls))

    @property
    def weakest(self) -> Recall:
        """The kind that is found least often. Raises: ValueError — none was made."""
        return min(self.recalls, key=lambda one: (one.found / one.tried, one.attack))

    @property
    def per_hour(self) -> float:
        return self.false_alarms / self.camera_hours if self.camera_hours else 0.0

    @property
    def per_hour_at_most(self) -> float:
        """The upper end of the 95 % interval; with no false alarm seen, 3.7 over the hours looked at."""
        return events_at_most(self.false_alarms) / self.camera_hours if self.camera_hours else math.inf

    @property
    def of_lessons_at_most(self) -> float:
        """The upper end of the 95 % interval of the share of honest lessons that are told."""
        return share_interval(self.false_alarms, self.lessons)[1]


def share_interval(found: int, tried: int) -> tuple[float, float]:
    """Wilson's interval. Nothing tried: anything is possible."""
    if tried == 0:
        return 0.0, 1.0
    share, square = found / tried, Z * Z
    middle = (share + square / (2 * tried)) / (1 + square / tried)
    half = Z * math.sqrt(share * (1 - share) / tried + square / (4 * tried * tried)) / (1 + square / tried)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def events_at_most(seen: int) -> float:
    """Upper end of the two-sided 95 % interval of a Poisson count: half the 97.5 % point of chi-square, by Wilson and Hilferty's formula."""
    n = seen + 1
    return n * (1 - 1 / (9 * n) + Z / (3 * math.sqrt(n))) ** 3


def read(path: Path = HELD_OUT) -> Mapping[Code, Measured]:
    """The table; empty when nothing was measured yet."""
    if not path.exists():
        return {}
    return parse(json.loads(path.read_text(encoding="utf-8")))


def parse(data: Mapping[str, Any]) -> Mapping[Code, Measured]:  # Any: parsed JSON
    """`{"recall": [{"code", "attack", "tried", "found"}], "honest": [{"code", "false_alarms", "camera_hours" or "lessons"}]}`."""
    recalls: dict[Code, list[Recall]] = {}
    for row in data.get("recall", ()):
        recalls.setdefault(Code(row["code"]), []).append(Recall(str(row["attack"]), int(row["tried"]), int(row["found"])))
    honest = {
        Code(row["code"]): (int(row["false_alarms"]), float(row.get("camera_hours", 0)), int(row.get("lessons", 0))) for row in data.get("honest", ())
    }
    return {code: Measured(tuple(recalls.get(code, ())), *honest.get(code, (0, 0.0, 0))) for code in Code if code in recalls or code in honest}


def plain(
    recalls: Sequence[Mapping[str, Any]], honest: Sequence[Mapping[str, Any]], *, attacks_only: bool = False, **about: object
) -> str:  # Any: rows of JSON
    """The file's text, as the measurement writes it: rows of what was not measured this time stay as they were.

    `attacks_only`: so do the signal's other attacks, which another measurement made.
    """
    known = json.loads(HELD_OUT.read_text(encoding="utf-8")) if HELD_OUT.exists() else {}
    fresh = {(row["code"], row["attack"]) if attacks_only else row["code"] for row in recalls}, {row["code"] for row in honest}
    kept = {
        "recall": [row for row in known.get("recall", ()) if not {row["code"], (row["code"], row["attack"])} & fresh[0]],
        "honest": [row for row in known.get("honest", ()) if row["code"] not in fresh[1]],
    }
    value = {
        **{key: known[key] for key in known if key not in ("recall", "honest")},
        **about,
        "recall": sorted([*kept["recall"], *recalls], key=lambda row: (row["code"], row["attack"])),
        "honest": sorted([*kept["honest"], *honest], key=lambda row: row["code"]),
    }
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
