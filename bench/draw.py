"""A draw over a million lessons: tickets, order and selection; and the frame with its Merkle root. R55; G8."""

import statistics
import time

import numpy as np

from bench.results import Result
from supervision.sampling.draw import SamplingRule, draw, ranking
from supervision.sampling.estimate import Sampled, estimate
from supervision.sampling.frame import build_frame
from supervision.sampling.strata import allocate, choose, commitment

LESSONS = 1_000_000
TURNS = 3
STRATA = 24  # four tiers, three categories, flagged or not


def measure() -> list[Result]:
    """Medians of seconds of one core, without the database."""
    ids = [f"GX{n % 400:03d}-2026-{n % 90:02d}/2026-{n % 12 + 1:02d}-{n % 28 + 1:02d}/{n}" for n in range(LESSONS)]
    seed = bytes(range(32))
    places = [n * 7919 % STRATA for n in range(LESSONS)]
    keys = [f"tier={place:02}" for place in range(STRATA)]
    drawing, framing, committing, weighted = [], [], [], []
    for _ in range(TURNS):
        begun = time.process_time()
        assert len(draw(ids, seed, 50_000)) == 50_000
        drawing.append(time.process_time() - begun)
        begun = time.process_time()
        build_frame(ids)
        framing.append(time.process_time() - begun)
        begun = time.process_time()
        commitment(seed, ((i, keys[place]) for i, place in zip(ids, places, strict=True)))
        committing.append(time.process_time() - begun)
        counts = {key: (places.count(place), 1000 * (1 + place % 4)) for place, key in enumerate(keys)}
        begun = time.process_time()
        strata = allocate(counts, SamplingRule(50, 50, 950))
        sizes = [s.size for s in strata]
        assert choose(np.asarray(places)[ranking(ids, seed).positions], sizes).sum() == sum(sizes)
        weighted.append(time.process_time() - begun)
    begun = time.process_time()
    estimate([Sampled(s.count // 100, s.size // 100, s.size // 1000) for s in strata], 950)
    estimated = time.process_time() - begun
    return [
        Result("draw of 50 000 among 1 M lessons", statistics.median(drawing), "s of one core", 2, "lower"),
        Result("weighted draw among 1 M lessons in 24 strata", statistics.median(weighted), "s of one core", 2, "lower"),
        Result("commitment to the strata of 1 M lessons", statistics.median(committing), "s of one core", None, "lower"),
        Result("interval of the share over 10 000 lessons in 24 strata", estimated, "s of one core", None, "lower"),
        Result("frame of 1 M lessons with its root", statistics.median(framing), "s of one core", None, "lower"),
    ]
