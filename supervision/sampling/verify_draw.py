"""Recompute a published draw and say OK, or name the first difference. Needs Python 3.10 or later and nothing else.

    python verify_draw.py D2026-0001.json [--root HEX]

If a file D2026-0001.looks.json lies beside it, what it says of the looks is recomputed too, as far as it is open.
Give `--root` what you wrote down when the list was frozen: it proves that the list was not exchanged afterwards.
What is still withheld is named (SEALED …) and cannot be checked yet: fetch the file again when the round is closed or the list revealed.
The rules are in docs/design/sampling.md; this file may be read aloud and typed in again.
"""

import hashlib
import heapq
import json
import sys
import unicodedata
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from math import comb
from pathlib import Path
from typing import Any

Draw = dict[str, Any]


class Difference(Exception):
    """What the file says and what the computation says."""


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def expect(what: str, published: object, computed: object) -> None:
    if published != computed:
        raise Difference(f"{what}: published {published!r}, computed {computed!r}")


def instant(text: object) -> datetime:
    if not isinstance(text, str):
        raise Difference(f"not an instant: {text!r}")
    return datetime.fromisoformat(text)


def merkle_root(ids: list[str]) -> bytes:
    """RFC 6962: a lone last node rises unchanged."""
    row = [sha256(b"\x00" + text.encode()) for text in ids]
    while len(row) > 1:
        paired = [sha256(b"\x01" + row[i] + row[i + 1]) for i in range(0, len(row) - 1, 2)]
        row = paired + row[len(paired) * 2 :]
    return row[0]


def promise_kept(counts: list[int], sizes: list[int], bad: int, allowed: int) -> bool:
    """Whether `bad` bad lessons, placed where they are hardest to find, are all missed in at most `allowed` of 1000 samples."""
    if allowed >= 1000:
        return True
    placed, likely = [0] * len(counts), 1.0
    queue = [(-Fraction(n - s, n), i) for i, (n, s) in enumerate(zip(counts, sizes, strict=True))]
    heapq.heapify(queue)
    for _ in range(bad):
        factor, i = heapq.heappop(queue)
        if factor == 0:
            return True
        placed[i], likely = placed[i] + 1, likely * float(-factor)
        if allowed and likely * 1000 < allowed * 0.999:
            return True
        if left := counts[i] - placed[i]:
            heapq.heappush(queue, (-Fraction(max(0, left - sizes[i]), left), i))
    missed = ways = 1
    for n, s, d in zip(counts, sizes, placed, strict=True):
        missed, ways = missed * comb(n - max(s, d), min(s, d)), ways * comb(n, min(s, d))
    return missed * 1000 <= allowed * ways


def sizes_of(strata: list[Draw], rule: dict[str, int]) -> list[int]:
    counts = [s["count"] for s in strata]
    total = sum(counts)
    bad = max(1, -(-total * rule["detection_bad_permille"] // 1000))

    def sizes(base: int) -> list[int]:
        return [min(s["count"], -(-s["weight_permille"] * base * s["count"] // (1000 * total))) for s in strata]

    low, high = max(1, -(-total * rule["sampling_floor_permille"] // 1000)), total
    while low < high:
        middle = (low + high) // 2
        if promise_kept(counts, sizes(middle), bad, 1000 - rule["detection_confidence_permille"]):
            high = middle
        else:
            low = middle + 1
    return sizes(low)


def check_frame(draw: Draw) -> list[str]:
    frame = draw["frame"]
    ids = [str(text) for text in frame["ids"]]
    expect("number of ids", frame["count"], len(ids))
    for text in ids:
        expect("normal form of an id", text, unicodedata.normalize("NFC", text))
    expect("ids sorted and unique", ids == sorted(set(ids)), True)
    expect("frame root", frame["root"], merkle_root(ids).hex())
    return ids


def check_strata(draw: Draw, ids: list[str]) -> list[Draw]:
    frame, strata = draw["frame"], draw["frame"]["strata"]["list"]
    of_id = frame["strata"]["of_id"]
    expect("one stratum for each id", len(of_id), len(ids))
    keys = [s["key"] for s in strata]
    expect("strata sorted and unique", keys, sorted(set(keys)))
    for position, stratum in enumerate(strata):
        expect(f"lessons of stratum {stratum['key']!r}", stratum["count"], of_id.count(position))
        if stratum["weight_permille"] < 1000:
            raise Difference(f"weight of stratum {stratum['key']!r}: {stratum['weight_permille']}, below the base rate")
    expect("sizes of the strata", [s["size"] for s in strata], sizes_of(strata, draw["rule"]))
    expect("sample size", frame["sample_size"], sum(s["size"] for s in strata))
    if draw["strata_by"]:
        lines = [f"{text}\t{keys[place]}".encode() for text, place in zip(ids, of_id, strict=True)]
        fields = [b"classproof-strata-v1", bytes.fromhex(frame["strata"]["salt"]), *lines]
        expect("commitment to the strata", frame["strata_commitment"], sha256(framed(fields)).hex())
    return list(strata)


def framed(fields: list[bytes]) -> bytes:
    return b"".join(len(f).to_bytes(4, "big") + f for f in fields)


def check_seed(draw: Draw) -> bytes:
    public, shares, strata = draw["public_value"], draw["contributions"], draw["frame"]["strata_commitment"]
    if len(shares) < 2:
        raise Difference(f"parties: {len(shares)}, at least 2 needed")
    expect("parties named once", len({s["party"] for s in shares}), len(shares))
    expect("a commitment to the strata exactly if there are any", strata is not None, bool(draw["strata_by"]))
    tag = b"classproof-draw-seed-v2" if strata else b"classproof-draw-seed-v1"
    fields = [tag, draw["round"].encode(), bytes.fromhex(draw["frame"]["root"])]
    fields += [bytes.fromhex(strata)] if strata else []
    fields.append(public["value"].encode())
    for position, share in enumerate(shares, start=1):
        expect("position of a contribution", share["position"], position)
        party, value = share["party"].encode(), bytes.fromhex(share["value"])
        if len(value) < 16:
            raise Difference(f"contribution of {share['party']}: {len(value)} bytes, at least 16 needed")
        expect(f"commitment of {share['party']}", share["commitment"], sha256(party + b"\x00" + value).hex())
        fields += [party, value]
    seed = sha256(framed(fields))
    expect("seed", draw["seed"], seed.hex())
    if draw["on_site"]:
        expect("seal of the seed", draw["sealed_seed"], sha256(b"classproof-draw-sealed-v1" + seed).hex())
    return seed


def check_times(draw: Draw) -> None:
    shares, known = draw["contributions"], instant(draw["public_value"]["known_at"])
    order = [
        ("list frozen", instant(draw["frame"]["frozen_at"])),
        ("first commitment", min(instant(s["committed_at"]) for s in shares)),
        ("last commitment", max(instant(s["committed_at"]) for s in shares)),
        ("first reveal", min(instant(s["revealed_at"]) for s in shares)),
        ("last reveal", max(instant(s["revealed_at"]) for s in shares)),
        ("seed", instant(draw["seeded_at"])),
        ("draw", instant(draw["drawn_at"])),
    ]
    for (earlier, a), (later, b) in pairwise(order):
        if a > b:
            raise Difference(f"order of events: {earlier} at {a.isoformat()} is after {later} at {b.isoformat()}")
    if not order[2][1] < known <= order[5][1]:
        raise Difference(f"public value known at {known.isoformat()}: must lie after the last commitment and not after the seed")


def check_tickets(draw: Draw, ids: list[str], seed: bytes, strata: list[Draw] | None) -> None:
    ranked = [
        {"rank": rank, "id": text, "ticket": ticket.hex()}
        for rank, (ticket, text) in enumerate(sorted((sha256(seed + b"\x00" + text.encode()), text) for text in ids), start=1)
    ]
    expect("number of selected lessons", len(draw["selected"]), draw["frame"]["sample_size"])
    if strata is None:  # which stratum a lesson is of is not known yet: at least every ticket must be right
        ranks = [row["rank"] for row in draw["selected"]]
        expect("ranks in order, each once", ranks, sorted(set(ranks)))
        for row in draw["selected"]:
            expect(f"rank {row['rank']}", row, ranked[row["rank"] - 1])
        return
    place, left = dict(zip(ids, draw["frame"]["strata"]["of_id"], strict=True)), [s["size"] for s in strata]
    drawn = []
    for row in ranked:
        left[place[str(row["id"])]] -= 1
        if left[place[str(row["id"])]] >= 0:
            drawn.append(row)
    for published, computed in zip(draw["selected"], drawn, strict=True):
        expect(f"rank {computed['rank']}", published, computed)


def verify(draw: Draw, root: str = "") -> list[str]:
    """What is still sealed, if anything. Raises: Difference — the first thing that does not come out as published."""
    expect("format", draw.get("format"), "classproof-draw/2")
    sealed = draw["on_site"] and draw["revealed_at"] is None
    if draw["drawn_at"] is None or (draw["selected"] is None and not sealed):
        raise Difference("nothing has been drawn yet")
    if root:
        expect("frame root you wrote down", draw["frame"]["root"], root.lower())
    if sealed:
        return ["list, shares, seed and drawn lessons of an on-site round, until its visits are over; keep its root and the seal of its seed"]
    ids = check_frame(draw)
    seed = check_seed(draw)
    check_times(draw)
    if draw["frame"]["strata"] is None:
        check_tickets(draw, ids, seed, None)
        return ["which lesson is in which stratum, until the round is closed; keep its commitment to the strata"]
    check_tickets(draw, ids, seed, check_strata(draw, ids))
    return []


def outcome_of(looks: list[str], *, again: bool) -> str:
    """What blind looks come to: two equal verdicts decide, of three the majority; a single "ok" stands unless chance wanted a second look."""
    if not looks or len(looks) > 3 or set(looks) - {"ok", "finding"}:
        raise Difference(f"looks: {looks!r}")
    if (len(looks) > 1) != (looks[0] == "finding" or again):
        raise Difference(f"looks: {looks!r}, a second one is made after a finding and where chance wants it, and only then")
    if len(looks) > 1 and (len(looks) > 2) != (looks[0] != looks[1]):
        raise Difference(f"looks: {looks!r}, a third one is made where two differ, and only then")
    return "finding" if looks.count("finding") >= 2 else "ok"


def check_looks(draw: Draw, looks: Draw) -> list[str]:
    """Lines to print. Raises: Difference."""
    expect("format of the looks", looks.get("format"), "classproof-looks/1")
    expect("round of the looks", looks["round"], draw["round"])
    if draw["selected"] is None or draw["seed"] is None:
        raise Difference("looks of a round that is sealed")
    ids, plan, totals = [str(row["id"]) for row in draw["selected"]], looks["plan"], looks["totals"]
    salt = bytes.fromhex(plan["salt"])
    expect("commitment to the salt of the looks", plan["commitment"], sha256(framed([b"classproof-looks-v1", salt])).hex())
    look_seed = sha256(bytes.fromhex(draw["seed"]) + b"\x04" + salt)
    chance = [int.from_bytes(sha256(look_seed + b"\x03" + text.encode()), "big") % 1000 < plan["clean_permille"] for text in ids]
    expect("number of commitments to lines", len(looks["commitments"]), len(ids))
    strata = (draw["frame"]["strata"] or {}).get("list", [])
    told = bool(strata) and all(s["bad"] is not None for s in strata)
    if totals is not None:
        expect("lessons in the totals", totals["drawn"], len(ids))
        expect("ok and findings", totals["ok"] + totals["finding"], totals["drawn"])
        if totals["second_looks"] < sum(chance):
            raise Difference(f"second looks: {totals['second_looks']}, chance alone wanted {sum(chance)}")
        if told:
            expect("bad lessons of all strata", sum(s["bad"] for s in strata), totals["finding"])
    lines = looks["lines"]
    if lines is None:
        said = [f"LOOKS {totals['finding']} of {totals['drawn']} lessons came to a finding, {totals['disagreements']} disputed"] if totals else []
        return [*said, "SEALED the line of each lesson, until all findings of the round have ended; keep their commitments"]
    expect("lessons of the lines", [line["id"] for line in lines], ids)
    for line, again, commitment in zip(lines, chance, looks["commitments"], strict=True):
        fields = [bytes.fromhex(line["salt"]), line["id"].encode(), ",".join(line["looks"]).encode(), line["outcome"].encode()]
        expect(f"commitment to the line of {line['id']}", commitment, sha256(framed([b"classproof-look-line-v1", *fields])).hex())
        expect(f"outcome of {line['id']}", line["outcome"], outcome_of(line["looks"], again=again))
    many = [line["looks"] for line in lines]
    counted = {
        "drawn": len(lines),
        "looked_at": len([one for one in many if one]),
        "ok": len([line for line in lines if line["outcome"] == "ok"]),
        "finding": len([line for line in lines if line["outcome"] == "finding"]),
        "second_looks": len([one for one in many if len(one) >= 2]),
        "third_looks": len([one for one in many if len(one) == 3]),
        "disagreements": len([one for one in many if len(set(one)) > 1]),
    }
    expect("totals", totals, counted)
    if told:
        place, bad = dict(zip(draw["frame"]["ids"], draw["frame"]["strata"]["of_id"], strict=True)), [0] * len(strata)
        for line in lines:
            bad[place[line["id"]]] += line["outcome"] == "finding"
        expect("bad lessons by stratum", [s["bad"] for s in strata], bad)
    return [f"LOOKS {len(lines)} lines as committed: {counted['finding']} findings, {counted['disagreements']} disputed"]


def main(arguments: list[str]) -> int:
    if len(arguments) not in (1, 3) or (len(arguments) == 3 and arguments[1] != "--root"):
        sys.stderr.write("usage: python verify_draw.py FILE [--root HEX]\n")
        return 2
    try:
        draw = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
        sealed = verify(draw, arguments[2] if len(arguments) == 3 else "")
        beside = Path(arguments[0]).with_suffix(".looks.json")
        looked = check_looks(draw, json.loads(beside.read_text(encoding="utf-8"))) if beside.exists() else []
    except Difference as difference:
        sys.stdout.write(f"DIFFERENT {difference}\n")
        return 1
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as problem:
        sys.stdout.write(f"UNREADABLE {type(problem).__name__}: {problem}\n")
        return 1
    void, proven = draw["void"], draw["selected"] is not None
    if proven:
        sys.stdout.write(f"OK {draw['round']}: {len(draw['selected'])} of {draw['frame']['count']} lessons, seed {draw['seed']}\n")
    strata = (draw["frame"]["strata"] or {}).get("list", [])
    if proven and strata and all(s["bad"] is not None for s in strata):
        bad = sum(Fraction(s["bad"] * s["count"], s["size"]) for s in strata)
        share = float(100 * bad / draw["frame"]["count"])
        sys.stdout.write(f"ESTIMATE {float(bad):.1f} of {draw['frame']['count']} lessons are bad ({share:.1f} %), without bias\n")
    for line in looked:
        sys.stdout.write(f"{line}\n")
    for what in sealed:
        sys.stdout.write(f"SEALED {what}\n")
    if void:
        sys.stdout.write(f"NOTE this round was declared void at {void['at']}: {void['reason']}\n")
    return 0 if proven else 3  # 3: nothing can be recomputed yet


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
