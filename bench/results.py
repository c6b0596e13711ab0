"""What a benchmark says: a value beside its target and, where there is one, beside a peer measured in the same run."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

RESULTS = Path(__file__).parent / "results.json"


@dataclass(frozen=True, slots=True)
class Result:
    """`better` says in which direction the target lies. `peer_value` in the same unit, None when there is no peer."""

    name: str
    value: float
    unit: str
    target: float | None
    better: Literal["higher", "lower"]
    peer: str = ""
    peer_value: float | None = None

    @property
    def met(self) -> bool | None:
        if self.target is None:
            return None
        return self.value >= self.target if self.better == "higher" else self.value <= self.target


def write(results: list[Result]) -> None:
    """`bench/results.json` and a table on standard output. Figures of parts that were not run stay as they were."""
    new = {r.name: asdict(r) for r in results}
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    kept = [new.pop(one["name"], one) for one in known]
    RESULTS.write_text(json.dumps([*kept, *new.values()], ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{'what':58} {'value':>12} {'target':>12}  peer")
    for r in results:
        mark = {True: "✓", False: "✗", None: " "}[r.met]
        target = "" if r.target is None else f"{'≥' if r.better == 'higher' else '≤'} {r.target:g}"
        peer = f"{r.peer}: {r.peer_value:.4g}" if r.peer_value is not None else r.peer
        print(f"{r.name:58} {r.value:9.4g} {r.unit:>2} {target:>12} {mark} {peer}")
