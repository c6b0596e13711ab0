"""What a frame, a seed, a plan and an estimate refuse, to the last fact; each limit on both sides. R55, R59, R66; domain.md 3.5."""

from collections.abc import Callable

import pytest

from storage.kernel.errors import DomainError
from storage.ledger import merkle
from supervision.sampling.errors import FrameNotCanonical, MalformedContribution, MalformedPlan, RevealMismatch, TooFewParties
from supervision.sampling.frame import build_frame, check_natural_id, prove_inclusion, read_frame
from supervision.sampling.seed import Revealed, check_commitment, check_party, check_public_value, check_reveal, check_value, commit, make_seed
from supervision.sampling.strata import RiskWeights, check_plan

ROOT = bytes(32)
ONE, OTHER = Revealed("甲", bytes(16)), Revealed("乙", bytes(16))
NFD = "e\u0301"


def made(*shares: Revealed, public: str = "1") -> bytes:
    return make_seed(round_code="D2026-0001", frame_root=ROOT, public_value=public, contributions=shares)


def malformed(where: str, code: str, value: object) -> dict[str, object]:
    return {"errors": [{"where": where, "code": code, "value": value}]}


@pytest.mark.parametrize(
    ("act", "refusal", "facts"),
    [
        (lambda: build_frame([]), FrameNotCanonical, {"why": "empty", "natural_id": ""}),
        (lambda: build_frame(["b", "a", "b"]), FrameNotCanonical, {"why": "repeated", "natural_id": "b"}),
        (lambda: read_frame(["a", "a"]), FrameNotCanonical, {"why": "repeated", "natural_id": "a"}),
        (lambda: read_frame(["b", "a"]), FrameNotCanonical, {"why": "out-of-order", "natural_id": "a"}),
        (lambda: check_natural_id(""), FrameNotCanonical, {"why": "empty", "natural_id": ""}),
        (lambda: check_natural_id(NFD), FrameNotCanonical, {"why": "not-nfc", "natural_id": NFD}),
        (lambda: check_natural_id("课 "), FrameNotCanonical, {"why": "not-plain-text", "natural_id": "'\\u8bfe '"}),
        (lambda: check_natural_id("a\nb"), FrameNotCanonical, {"why": "not-plain-text", "natural_id": "'a\\nb'"}),
        (lambda: check_party(""), MalformedContribution, malformed("party", "not-plain-text", "''")),
        (lambda: check_party(" 甲"), MalformedContribution, malformed("party", "not-plain-text", "' \\u7532'")),
        (lambda: check_party("a\x00b"), MalformedContribution, malformed("party", "not-plain-text", "'a\\x00b'")),
        (lambda: check_party(NFD), MalformedContribution, malformed("party", "not-plain-text", "'e\\u0301'")),
        (lambda: check_value(bytes(15)), MalformedContribution, malformed("value", "wrong-length", 15)),
        (lambda: check_value(bytes(65)), MalformedContribution, malformed("value", "wrong-length", 65)),
        (lambda: check_commitment(bytes(31)), MalformedContribution, malformed("commitment", "wrong-length", 31)),
        (lambda: check_public_value(" "), MalformedContribution, malformed("public_value", "not-plain-text", "' '")),
        (lambda: check_public_value("1\n2"), MalformedContribution, malformed("public_value", "not-plain-text", "'1\\n2'")),
        (lambda: check_reveal("甲", bytes(16), commit("乙", bytes(16))), RevealMismatch, {"party": "甲"}),
        (lambda: made(ONE, ONE, ONE), TooFewParties, {"round": "D2026-0001", "parties": 3, "needed": 2}),
        (lambda: made(ONE, Revealed(" ", bytes(16))), MalformedContribution, malformed("party", "not-plain-text", "' '")),
        (lambda: made(ONE, Revealed("乙", bytes(15))), MalformedContribution, malformed("value", "wrong-length", 15)),
        (lambda: made(ONE, OTHER, public=""), MalformedContribution, malformed("public_value", "not-plain-text", "''")),
        (lambda: check_plan(["tier"], None), MalformedPlan, malformed("weights", "missing", "")),
    ],
)
def test_a_refusal_names_its_facts(act: Callable[[], object], refusal: type[DomainError], facts: dict[str, object]) -> None:
    with pytest.raises(refusal) as refused:
        act()
    assert refused.value.facts == facts


def test_what_lies_on_the_limits_is_taken_as_it_is() -> None:
    assert (check_value(bytes(16)), check_value(bytes(64))) == (bytes(16), bytes(64))
    assert (check_commitment(bytes(32)), check_party("甲"), check_natural_id("课/1")) == (bytes(32), "甲", "课/1")
    assert check_public_value(f" {NFD} ") == "é"
    assert made(ONE, OTHER, public=" 1 ") == made(ONE, OTHER)


def test_a_plan_names_every_defect_and_takes_the_least_and_the_greatest_weight() -> None:
    assert check_plan([], None) == ()
    assert check_plan(["tier"], RiskWeights(1000, 1000, 1000, 1000, 1000, 1000, 1_000_000))
    with pytest.raises(MalformedPlan) as refused:
        check_plan(["tier", "colour", "tier"], RiskWeights(999, 1000, 1000, 1000, 1000, 1000, 1_000_001))
    assert refused.value.facts["errors"] == [
        {"where": "strata_by", "code": "unknown", "value": "tier"},
        {"where": "strata_by", "code": "unknown", "value": "colour"},
        {"where": "strata_by", "code": "unknown", "value": "tier"},
        {"where": "weight_tier_a_permille", "code": "out-of-range", "value": 999},
        {"where": "weight_probation_permille", "code": "out-of-range", "value": 1_000_001},
    ]


def test_a_frame_stands_in_order_with_its_leaves_and_proves_where_an_id_stands() -> None:
    frame = build_frame(["b", "课", "a"])
    assert frame.natural_ids == ("a", "b", "课")
    assert frame.leaf_hashes == tuple(merkle.leaf_hash(i.encode()) for i in frame.natural_ids)
    assert frame.root == merkle.root(frame.leaf_hashes)
    assert read_frame(frame.natural_ids) == frame
    proof = prove_inclusion(frame, 1)
    assert (proof.natural_id, proof.position, proof.count) == ("b", 1, 3)
