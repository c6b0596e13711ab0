"""Footage whose packets are used again, as it is measured: copies are made of real files, found at their place, and nothing else is. R60; F-05."""

from bench import screening_packets
from bench.screening_packets import CUT, EXACT, REMUXED, Source, judged, made


def test_copies_without_a_new_encoding_are_found_where_they_are_and_only_there(tmp_path):
    tmp_path.chmod(0o755)
    rows = [made(n, tmp_path) for n in (0, 1)]
    assert not list(tmp_path.iterdir())
    assert [(row["attack"], row["tried"], row["found"]) for row in judged(rows)] == [(EXACT, 2, 2), (REMUXED, 2, 2), (CUT, 2, 2)]
    assert {copy["suffix"] for row in rows for copy in row["copies"].values()} == {".mp4", ".mkv", ".ts"}
    rows[0]["copies"][EXACT]["begin_ms"] = 60_000
    rows[1]["copies"][CUT]["marks"] = rows[1]["copies"][CUT]["marks"][:2]
    assert [(row["attack"], row["found"]) for row in judged(rows)] == [(EXACT, 1), (REMUXED, 2), (CUT, 1)]


def test_the_same_number_makes_the_same_recording():
    assert Source.of(5) == Source.of(5) != Source.of(6)
    assert {Source.of(n).suffix for n in range(4)} == set(screening_packets.INTO)
