"""The vectors of docs/design/sampling.md, against the product and against a second implementation written from that page alone."""

import hashlib
import json
import re
from fractions import Fraction
from itertools import product
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.sampling import strata, verify_draw
from supervision.sampling.draw import SamplingRule, bound, order, sample_size
from supervision.sampling.frame import build_frame
from supervision.sampling.seed import Revealed, commit, make_seed, seal
from supervision.spotchecks import outcomes
from supervision.spotchecks.inspectors import inspector_ticket, look_ticket
from supervision.spotchecks.lifecycle import Verdict
from supervision.spotchecks.look_lines import Line, commit_line, may_be_told
from supervision.spotchecks.outcomes import MAX_LOOKS
from supervision.spotchecks.stretch import stretch_ticket

PAGE = Path(__file__).parents[3] / "docs" / "design" / "sampling.md"


@pytest.fixture(scope="module")
def vectors() -> dict[str, Any]:
    (block,) = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    return dict(json.loads(block))


class FromThePage:
    """The section "The computation" step by step, in the words of the page and nothing else."""

    @staticmethod
    def h(*parts: bytes) -> bytes:
        return hashlib.new("sha256", b"".join(parts)).digest()

    def root(self, ids: list[str]) -> bytes:
        def tree(leaves: list[bytes]) -> bytes:
            if len(leaves) == 1:
                return leaves[0]
            half = 1
            while half * 2 < len(leaves):
                half *= 2
            return self.h(b"\x01", tree(leaves[:half]), tree(leaves[half:]))

        return tree([self.h(b"\x00", i.encode("utf-8")) for i in ids])

    def seed(self, code: str, root: bytes, public: str, shares: list[tuple[str, bytes]]) -> bytes:
        def f(x: bytes) -> bytes:
            return len(x).to_bytes(4, "big") + x

        text = [f(b"classproof-draw-seed-v1"), f(code.encode()), f(root), f(public.encode())]
        for party, value in shares:
            text.append(f(party.encode()))
            text.append(f(value))
        return self.h(*text)

    def tickets(self, ids: list[str], seed: bytes) -> list[tuple[bytes, str]]:
        return sorted((self.h(seed, b"\x00", i.encode()), i) for i in ids)

    @staticmethod
    def size(n: int, floor: int, bad: int, confidence: int) -> int:
        d = max(1, -((-n * bad) // 1000))
        k = next(k for k in range(n + 1) if Fraction(comb(n - d, k), comb(n, k)) <= Fraction(1000 - confidence, 1000))
        return min(n, max(1, -((-n * floor) // 1000), k))

    @staticmethod
    def bound(n: int, k: int, x: int, confidence: int) -> tuple[int, int]:
        def chance(b: int) -> Fraction:
            return Fraction(sum(comb(b, i) * comb(n - b, k - i) for i in range(x + 1) if i <= b and k - i <= n - b), comb(n, k))

        b = max(b for b in range(n + 1) if chance(b) > Fraction(1000 - confidence, 1000))
        return b, -((-1000 * b) // n)

    def strata_commitment(self, salt: bytes, ids: list[str], keys: list[str]) -> bytes:
        def f(x: bytes) -> bytes:
            return len(x).to_bytes(4, "big") + x

        return self.h(f(b"classproof-strata-v1"), f(salt), *(f(i.encode() + b"\t" + k.encode()) for i, k in zip(ids, keys, strict=True)))

    def line(self, salt: bytes, i: str, looks: list[str], outcome: str) -> bytes:
        fields = (b"classproof-look-line-v1", salt, i.encode(), ",".join(looks).encode(), outcome.encode())
        return self.h(*(len(x).to_bytes(4, "big") + x for x in fields))

    @staticmethod
    def told(institutions: str, doubted: int, fewest: int) -> bool:
        others = len(institutions) - max(institutions.count(one) for one in institutions)
        return others >= fewest and doubted <= others

    @staticmethod
    def outcome(looks: list[str], clean_share: bool) -> str | None:
        """None where the page says that the looks cannot be these."""
        if looks == ["ok"]:
            return None if clean_share else "ok"
        if len(looks) == 2 and looks[0] == looks[1]:
            return None if looks[0] == "ok" and not clean_share else looks[0]
        if len(looks) == 3 and looks[0] != looks[1] and not (looks[0] == "ok" and not clean_share):
            return max(("ok", "finding"), key=looks.count)
        return None

    @staticmethod
    def allocation(strata: list[tuple[int, int]], floor: int, bad: int, confidence: int) -> list[int]:
        """Every k from below, every place of the bad lessons."""
        n = sum(count for count, _ in strata)
        d = max(1, -((-n * bad) // 1000))
        for k in range(max(1, -((-n * floor) // 1000)), n + 1):
            sizes = [min(count, -((-weight * k * count) // (1000 * n))) for count, weight in strata]
            worst: dict[int, Fraction] = {0: Fraction(1)}  # bad lessons placed so far → best chance to miss them
            for (count, _), size in zip(strata, sizes, strict=True):
                after: dict[int, Fraction] = {}
                for placed, chance in worst.items():
                    for here in range(min(count, d - placed) + 1):
                        missed = chance * Fraction(comb(count - here, size), comb(count, size))
                        after[placed + here] = max(missed, after.get(placed + here, Fraction(0)))
                worst = after
            if worst[d] <= Fraction(1000 - confidence, 1000):
                return sizes
        raise AssertionError("a sample of everything finds everything")


second = FromThePage()


def test_the_root_of_the_page_comes_out_twice(vectors: dict[str, Any]) -> None:
    assert build_frame(reversed(vectors["ids"])).root.hex() == vectors["frame_root"] == second.root(vectors["ids"]).hex()


def test_the_commitments_and_the_seed_of_the_page_come_out_twice(vectors: dict[str, Any]) -> None:
    shares = [Revealed(c["party"], bytes.fromhex(c["value"])) for c in vectors["contributions"]]
    for share, published in zip(shares, vectors["contributions"], strict=True):
        assert commit(share.party, share.value).hex() == published["commitment"] == second.h(share.party.encode(), b"\x00", share.value).hex()
    root = bytes.fromhex(vectors["frame_root"])
    ours = make_seed(round_code=vectors["round"], frame_root=root, public_value=vectors["public_value"], contributions=shares)
    theirs = second.seed(vectors["round"], root, vectors["public_value"], [(s.party, s.value) for s in shares])
    assert ours.hex() == theirs.hex() == vectors["seed"]


def test_the_tickets_of_the_page_come_out_twice(vectors: dict[str, Any]) -> None:
    seed = bytes.fromhex(vectors["seed"])
    published = [(t["rank"], t["id"], t["ticket"]) for t in vectors["tickets"]]
    assert [(t.rank, t.natural_id, t.ticket.hex()) for t in order(vectors["ids"], seed)] == published
    assert [(rank, i, ticket.hex()) for rank, (ticket, i) in enumerate(second.tickets(vectors["ids"], seed), start=1)] == published


def test_the_inspector_and_minute_tickets_of_the_page_come_out_twice(vectors: dict[str, Any]) -> None:
    seed, person, minute = bytes.fromhex(vectors["seed"]), vectors["inspector_ticket"], vectors["stretch_ticket"]
    assert inspector_ticket(seed, person["login"], person["id"]).hex() == person["ticket"]
    assert second.h(seed, b"\x02", person["login"].encode(), b"\x00", person["id"].encode()).hex() == person["ticket"]
    assert f"{stretch_ticket(seed, minute['id']):064x}" == minute["ticket"] == second.h(seed, b"\x01", minute["id"].encode()).hex()


def test_the_later_looks_of_the_page_come_out_twice(vectors: dict[str, Any]) -> None:
    page, seed = vectors["looks"], bytes.fromhex(vectors["seed"])
    salt, person, lesson = bytes.fromhex(page["salt"]), page["login"], page["id"]
    tag = b"classproof-looks-v1"
    theirs = second.h(len(tag).to_bytes(4, "big"), tag, len(salt).to_bytes(4, "big"), salt)
    assert outcomes.salt_commitment(salt).hex() == theirs.hex() == page["commitment"]
    looks = second.h(seed, b"\x04", salt)
    assert outcomes.look_seed(seed, salt).hex() == looks.hex() == page["look_seed"]
    for number, ticket in page["tickets"].items():
        ours = look_ticket(looks, int(number), person, lesson)
        assert ours.hex() == second.h(looks, b"\x02", bytes([int(number)]), person.encode(), b"\x00", lesson.encode()).hex() == ticket
    assert outcomes.planted_ticket(looks, lesson).hex() == second.h(looks, b"\x05", lesson.encode()).hex() == page["known_item"]
    for natural_id, number in zip(vectors["ids"], page["clean_numbers"], strict=True):
        assert int.from_bytes(second.h(looks, b"\x03", natural_id.encode()), "big") % 1000 == number
        assert [outcomes.in_clean_share(looks, natural_id, share) for share in (number, number + 1)] == [False, True]


def test_the_result_lines_of_the_page_come_out_twice(vectors: dict[str, Any]) -> None:
    salt = bytes.fromhex(vectors["result_lines"]["salt"])
    for row in vectors["result_lines"]["lines"]:
        ours = commit_line(salt, Line(row["id"], tuple(Verdict(one) for one in row["looks"]), Verdict(row["outcome"])))
        assert ours.hex() == second.line(salt, row["id"], row["looks"], row["outcome"]).hex() == row["commitment"]
    for row in vectors["told"]:
        ok, bad = Line("x", (Verdict.OK,), Verdict.OK), Line("x", (Verdict.FINDING, Verdict.OK, Verdict.OK), Verdict.OK)
        part = [(name, bad if n < row["doubted"] else ok) for n, name in enumerate(row["institutions"])]
        assert may_be_told(part, row["fewest_others"]) == second.told(row["institutions"], row["doubted"], row["fewest_others"]) == row["told"], row


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("looks", [list(looks) for n in range(5) for looks in product(("ok", "finding"), repeat=n)], ids=",".join)
def test_the_script_takes_the_looks_that_the_page_and_the_product_allow(looks: list[str], again: bool) -> None:
    verdicts = [Verdict(one) for one in looks]
    follows = 0 < len(looks) <= MAX_LOOKS and all(
        outcomes.next_step(verdicts[:n], clean_share=again) == outcomes.LookDue(n + 1) for n in range(len(looks))
    )
    ends = outcomes.next_step(verdicts, clean_share=again) if follows else None
    product_says = ends.verdict.value if isinstance(ends, outcomes.Decided) else None
    assert second.outcome(looks, again) == product_says
    if product_says is None:
        with pytest.raises(verify_draw.Difference):
            verify_draw.outcome_of(looks, again=again)
    else:
        assert verify_draw.outcome_of(looks, again=again) == product_says


def test_the_sizes_of_the_page_come_out_twice(vectors: dict[str, Any]) -> None:
    for row in vectors["sizes"]:
        n, floor, bad, confidence = (
            row[name] for name in ("frame_count", "sampling_floor_permille", "detection_bad_permille", "detection_confidence_permille")
        )
        assert sample_size(n, SamplingRule(floor, bad, confidence)) == row["sample_size"] == second.size(n, floor, bad, confidence), row


def test_the_strata_of_the_page_come_out_twice(vectors: dict[str, Any]) -> None:
    page, ids, root = vectors["strata"], vectors["ids"], bytes.fromhex(vectors["frame_root"])
    salt = bytes.fromhex(page["salt"])
    ours = strata.commitment(salt, zip(ids, page["keys"], strict=True))
    assert ours.hex() == second.strata_commitment(salt, ids, page["keys"]).hex() == page["commitment"]
    shares = [(c["party"], bytes.fromhex(c["value"])) for c in vectors["contributions"]]
    revealed = [Revealed(party, value) for party, value in shares]
    seed = make_seed(
        round_code=vectors["round"], frame_root=root, public_value=vectors["public_value"], contributions=revealed, strata_commitment=ours
    )
    fields = [b"classproof-draw-seed-v2", vectors["round"].encode(), root, ours, vectors["public_value"].encode()]
    fields += [field for party, value in shares for field in (party.encode(), value)]
    assert seed.hex() == page["seed"] == second.h(*(len(x).to_bytes(4, "big") + x for x in fields)).hex()
    assert seal(seed).hex() == page["seal"] == second.h(b"classproof-draw-sealed-v1", seed).hex()
    keys = [s["key"] for s in page["list"]]
    left = {s["key"]: s["size"] for s in page["list"]}
    key_of = dict(zip(ids, page["keys"], strict=True))
    theirs = []
    for _, i in second.tickets(ids, seed):
        left[key_of[i]] -= 1
        theirs += [i] if left[key_of[i]] >= 0 else []
    tickets = order(ids, seed)
    chosen = strata.choose(np.array([keys.index(key_of[t.natural_id]) for t in tickets]), [s["size"] for s in page["list"]])
    assert [t.natural_id for t, yes in zip(tickets, chosen, strict=True) if yes] == theirs == page["selected"]
    found = strata.allocate({s["key"]: (s["count"], s["weight_permille"]) for s in page["list"]}, SamplingRule(**page["rule"]))
    assert [s.size for s in found] == [s["size"] for s in page["list"]]


def test_the_allocations_of_the_page_come_out_twice(vectors: dict[str, Any]) -> None:
    for row in vectors["allocations"]:
        figures = tuple(row[name] for name in ("sampling_floor_permille", "detection_bad_permille", "detection_confidence_permille"))
        found = strata.allocate({f"{n:02}": (count, weight) for n, (count, weight) in enumerate(row["strata"])}, SamplingRule(*figures))
        assert [s.size for s in found] == row["sizes"], row
        if sum(count for count, _ in row["strata"]) <= 200:  # the second implementation tries every place
            assert second.allocation([(c, w) for c, w in row["strata"]], *figures) == row["sizes"], row


few_strata = st.lists(st.tuples(st.integers(1, 15), st.sampled_from([1000, 1500, 2000, 4000])), min_size=1, max_size=4)


@given(few_strata, st.integers(0, 1000), st.integers(1, 1000), st.integers(0, 1000))
def test_both_implementations_allocate_alike(found: list[tuple[int, int]], floor: int, bad: int, confidence: int) -> None:
    ours = strata.allocate({f"{n:02}": one for n, one in enumerate(found)}, SamplingRule(floor, bad, confidence))
    assert [s.size for s in ours] == second.allocation(found, floor, bad, confidence)


def test_the_bounds_of_the_page_come_out_twice(vectors: dict[str, Any]) -> None:
    for row in vectors["bounds"]:
        ours = bound(row["frame_count"], row["sampled"], row["confidence_permille"], found=row["found"])
        if row["frame_count"] <= 500:  # the second implementation tries every number
            assert second.bound(row["frame_count"], row["sampled"], row["found"], row["confidence_permille"]) == (row["bad"], row["permille"])
        assert (ours.bad, ours.permille) == (row["bad"], row["permille"]), row


ids = st.lists(st.from_regex(r"[A-Z]{2}[0-9]{1,3}(焊工|-[0-9])?/[0-9]{1,2}", fullmatch=True), min_size=1, max_size=40, unique=True)


@given(ids, st.binary(min_size=32, max_size=32))
def test_both_implementations_draw_alike(natural_ids: list[str], seed: bytes) -> None:
    frame = build_frame(natural_ids)
    assert frame.root == second.root(sorted(natural_ids))
    assert [(t.ticket, t.natural_id) for t in order(natural_ids, seed)] == second.tickets(natural_ids, seed)


@given(st.integers(1, 120), st.integers(0, 1000), st.integers(1, 1000), st.integers(0, 1000))
def test_both_implementations_size_alike(n: int, floor: int, bad: int, confidence: int) -> None:
    assert sample_size(n, SamplingRule(floor, bad, confidence)) == second.size(n, floor, bad, confidence)


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))), st.integers(0, 3), st.integers(500, 999))
def test_both_implementations_bound_alike(size: tuple[int, int], found: int, confidence: int) -> None:
    n, k = size
    found = min(found, k)
    ours = bound(n, k, confidence, found=found)
    assert (ours.bad, ours.permille) == second.bound(n, k, found, confidence)
