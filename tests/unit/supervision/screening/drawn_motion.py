"""Movement drawn from a seed: people who hold a posture for a while in some fields of a room. Quicker than pictures, and as repeatable."""

import numpy as np

from supervision.screening.motion import Motion


def drawn(seed: int, seconds: int = 600, *, step_s: float = 2.0, first_s: float = 0.0, people: int = 16, room: int = 1, speed: float = 1.0) -> Motion:
    """The looks of a lesson at every `step_s` of file time; file second s shows lesson second `first_s + speed * s`."""
    rng = np.random.default_rng([71, seed])
    length = 4000
    moved = np.zeros((length, 18, 32), np.float32)
    for _ in range(people):
        y, x = int(rng.integers(3, 14)), int(rng.integers(1, 30))
        held: list[float] = []
        while len(held) < length:
            held += [float(rng.normal(0, 14))] * max(int(rng.exponential(8)), 2)
        moved[:, y : y + 2, x : x + 2] += np.array(held[:length], np.float32)[:, None, None]
    empty = np.random.default_rng([72, room]).uniform(40, 210, (18, 32)).astype(np.float32)
    at = np.arange(0, seconds, step_s)
    shown = (first_s + speed * at).round().astype(int)
    noise = np.random.default_rng([73, seed, int(first_s * 10), round(speed * 1000)]).normal(0, 0.2, (len(at), 18, 32))
    picture = np.kron(empty, np.ones((10, 10))).astype(np.uint8)
    return Motion((at * 1000).astype(np.int64), (empty + moved[shown] + noise).astype(np.float32), picture)
