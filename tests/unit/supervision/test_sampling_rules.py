"""Frame, seed and draw: what is refused, and what always holds."""

import secrets
import unicodedata
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.ledger.merkle import verify_inclusion
from supervision.sampling.draw import (
    SamplingRule,
    bad_count,
    bound,
    detection_permille,
    detection_size,
    draw,
    in_order,
    order,
    ranking,
    sample_size,
    ticket,
)
from supervision.sampling.errors import FrameNotCanonical, MalformedContribution, MalformedPlan, RevealMismatch, TooFewParties
from supervision.sampling.frame import build_frame, prove_inclusion, read_frame
from supervision.sampling.seed import Revealed, check_reveal, commit, make_seed

SEED = bytes(range(32))
ids = st.lists(st.text("ABC/-0123焊", min_size=1, max_size=8), min_size=1, max_size=50, unique=True)


@pytest.mark.parametrize(
    ("natural_ids", "why"),
    [
        ([], "empty"),
        (["a", ""], "empty"),
        (["a", "b", "a"], "repeated"),
        ([unicodedata.normalize("NFD", "é/1")], "not-nfc"),
        ([" a"], "not-plain-text"),
        (["a\x00b"], "not-plain-text"),
        (["a\nb"], "not-plain-text"),
        (["a\ud800"], "not-plain-text"),
    ],
)
def test_a_list_that_could_be_read_in_two_ways_is_refused(natural_ids: list[str], why: str) -> None:
    with pytest.raises(FrameNotCanonical) as refusal:
        build_frame(natural_ids)
    assert refusal.value.facts["why"] == why


def test_a_stored_list_out_of_order_is_refused() -> None:
    with pytest.raises(FrameNotCanonical) as refusal:
        read_frame(["b", "a"])
    assert refusal.value.facts["why"] == "out-of-order"


@given(ids)
def test_every_lesson_can_prove_that_it_was_in_the_frame(natural_ids: list[str]) -> None:
    frame = build_frame(natural_ids)
    for position in range(len(frame.natural_ids)):
        proof = prove_inclusion(frame, position)
        assert verify_inclusion(frame.leaf_hashes[position], proof.position, proof.count, proof.path, frame.root)
        assert not verify_inclusion(frame.leaf_hashes[position], proof.position, proof.count, proof.path, bytes(32))


@given(ids, st.randoms())
def test_the_order_of_the_input_does_not_matter(natural_ids: list[str], random: object) -> None:
    shuffled = list(natural_ids)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert build_frame(natural_ids) == build_frame(shuffled)
    assert order(natural_ids, SEED) == order(shuffled, SEED)


@given(ids, st.integers(0, 60), st.integers(0, 60), st.binary(min_size=32, max_size=32))
def test_the_first_k_of_a_draw_of_n_are_the_draw_of_k(natural_ids: list[str], first: int, more: int, seed: bytes) -> None:
    small, large = draw(natural_ids, seed, first), draw(natural_ids, seed, first + more)
    assert large[: len(small)] == small
    assert large == order(natural_ids, seed)[: first + more]
    assert len({t.natural_id for t in large}) == len(large) == min(first + more, len(natural_ids))


@given(ids.filter(lambda x: len(x) > 2), st.binary(min_size=32, max_size=32))
def test_taking_a_lesson_out_of_the_frame_leaves_the_order_of_the_others(natural_ids: list[str], seed: bytes) -> None:
    left = [t.natural_id for t in order(natural_ids[1:], seed)]
    assert left == [t.natural_id for t in order(natural_ids, seed) if t.natural_id != natural_ids[0]]


def test_every_lesson_has_the_same_chance() -> None:
    lessons, rounds, size = [f"L/{i}" for i in range(20)], 4000, 5
    hits = dict.fromkeys(lessons, 0)
    for i in range(rounds):
        for drawn in draw(lessons, i.to_bytes(32, "big"), size):
            hits[drawn.natural_id] += 1
    expected = rounds * size / len(lessons)
    chi_square = sum((count - expected) ** 2 / expected for count in hits.values()) * (len(lessons) / (len(lessons) - size))
    assert chi_square < 52  # 19 degrees of freedom: a fair draw exceeds 50.8 once in 10 000; the seeds are fixed, so the figure is too


def test_a_short_contribution_is_refused() -> None:
    with pytest.raises(MalformedContribution):
        commit("县人社局", bytes(15))
    with pytest.raises(MalformedContribution):
        commit("", bytes(16))
    with pytest.raises(MalformedContribution):
        commit("a\x00b", bytes(16))


def test_another_value_or_another_party_does_not_open_a_commitment() -> None:
    value = secrets.token_bytes(16)
    commitment = commit("甲", value)
    assert check_reveal("甲", value, commitment) == Revealed("甲", value)
    with pytest.raises(RevealMismatch):
        check_reveal("甲", secrets.token_bytes(16), commitment)
    with pytest.raises(RevealMismatch):
        check_reveal("乙", value, commitment)


def test_one_party_makes_no_seed() -> None:
    for shares in ([], [Revealed("甲", bytes(16))], [Revealed("甲", bytes(16)), Revealed("甲", bytes(17))]):
        with pytest.raises(TooFewParties):
            make_seed(round_code="D2026-0001", frame_root=bytes(32), public_value="1", contributions=shares)


def test_every_ingredient_changes_the_seed() -> None:
    shares = [Revealed("甲", bytes(16)), Revealed("乙", bytes(16))]

    def seed(code: str = "D2026-0001", root: bytes = bytes(32), public: str = "1", made: list[Revealed] = shares) -> bytes:
        return make_seed(round_code=code, frame_root=root, public_value=public, contributions=made)

    variants = [
        seed(),
        seed(code="D2026-0002"),
        seed(root=b"\x01" * 32),
        seed(public="2"),
        seed(made=shares[::-1]),
        seed(made=[Revealed("甲", bytes(17)), Revealed("乙", bytes(16))]),
        seed(made=[*shares, Revealed("丙", bytes(16))]),
    ]
    assert len(set(variants)) == len(variants)


def test_the_figures_of_the_requirements_come_out() -> None:
    assert detection_size(200, 50, 950) == 51
    assert [detection_size(500, 50, confidence) for confidence in (800, 900, 950)] == [31, 43, 56]
    assert detection_permille(200, 10, 10) // 10 == 40  # "only 41 %", rounded down here
    assert bound(200, 10, 950).permille == 250
    assert bound(200, 59, 950).permille == 40


@given(st.integers(1, 400), st.integers(1, 1000), st.integers(0, 999))
def test_the_size_keeps_its_promise_and_one_less_would_not(n: int, bad: int, confidence: int) -> None:
    size, d = detection_size(n, bad, confidence), bad_count(n, bad)
    assert detection_permille(n, size, d) >= confidence
    assert size == 0 or detection_permille(n, size - 1, d) <= confidence
    assert d * 1000 >= n * bad


@given(st.integers(1, 300), st.integers(0, 1000), st.integers(1, 1000), st.integers(0, 1000))
def test_the_sample_is_never_below_the_floor_nor_above_the_frame(n: int, floor: int, bad: int, confidence: int) -> None:
    size = sample_size(n, SamplingRule(floor, bad, confidence))
    assert 1 <= size <= n
    assert size * 1000 >= n * floor


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))), st.integers(1, 999))
def test_the_bound_is_the_last_plausible_number(case: tuple[int, int], confidence: int) -> None:
    n, k = case
    bad = bound(n, k, confidence).bad
    assert bad <= n - k
    assert detection_permille(n, k, bad) <= confidence
    assert bad == n - k or detection_permille(n, k, bad + 1) >= confidence


def test_figures_out_of_range_are_refused_all_at_once() -> None:
    with pytest.raises(MalformedPlan) as refusal:
        sample_size(10, SamplingRule(-1, 0, 1001))
    wrong = (("sampling_floor_permille", -1), ("detection_bad_permille", 0), ("detection_confidence_permille", 1001))
    assert refusal.value.facts["errors"] == [{"where": where, "code": "out-of-range", "value": value} for where, value in wrong]


def test_a_frame_of_none_needs_no_sample() -> None:
    assert sample_size(0, SamplingRule(50, 100, 800)) == 0


def test_what_was_looked_at_and_good_is_never_counted_as_possibly_bad() -> None:
    assert bound(14, 1, 950).bad == 13  # P(14 lessons, 13 bad, the one looked at is good) = 1/14


def test_a_chance_of_exactly_the_confidence_is_enough_to_exclude() -> None:
    assert bound(10, 8, 800).bad == 0  # one bad lesson of ten escapes a sample of eight in exactly 200 of 1000 cases
    assert bound(10, 8, 801).bad == 1


def test_a_sample_that_cannot_be_is_told_in_its_figures() -> None:
    with pytest.raises(ValueError, match="found 3 of 2 of 10"):
        bound(10, 2, 950, found=3)


def bytes_from(*lengths: int) -> st.SearchStrategy[bytes]:
    """So many bytes of two kinds only, so that many begin alike."""
    return st.tuples(*(st.sampled_from([b"\x00" * n, b"\xff" * n, b"\x00" * (n - 1) + b"\x07"]) for n in lengths)).map(b"".join)


@given(st.lists(st.tuples(bytes_from(8, 16, 8), st.text(max_size=2)), max_size=30))
def test_tickets_that_begin_alike_are_told_apart_by_the_rest_and_then_by_the_id(rows: list[tuple[bytes, str]]) -> None:
    found = in_order(b"".join(ticket for ticket, _ in rows), [natural_id for _, natural_id in rows]).tolist()
    assert sorted(found) == list(range(len(rows)))
    assert [rows[at] for at in found] == sorted(rows)


@given(st.sets(st.text(min_size=1, max_size=6), max_size=40), st.binary(min_size=32, max_size=32))
def test_the_light_form_says_what_the_tickets_one_by_one_say(ids: set[str], seed: bytes) -> None:
    natural_ids = sorted(i for i in ids if i.isprintable())
    plain = sorted((ticket(seed, i), i) for i in natural_ids)
    light = ranking(natural_ids, seed)
    assert light.between(0, 99) == [(rank, i, t) for rank, (t, i) in enumerate(plain, start=1)]
    assert light.between(1, 3) == light.between(0, 99)[1:3]


def test_the_ticket_of_one_lesson_is_the_ticket_it_has_in_the_draw() -> None:
    assert ticket(SEED, "焊-1") == order(["焊-1"], SEED)[0].ticket == sha256(SEED + b"\x00" + "焊-1".encode()).digest()
