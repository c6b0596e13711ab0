"""The seed: at least two parties who committed before anything was known, and a public value named in advance. R55; domain.md 3.5. Pure.

commitment = SHA-256(UTF-8 party ‖ 0x00 ‖ value)
seed       = SHA-256(f(tag) ‖ f(round code) ‖ f(frame root) ‖ f(public value) ‖ f(party 1) ‖ f(value 1) ‖ f(party 2) ‖ f(value 2) ‖ …)
             with f(x) = length of x as 4 bytes big-endian ‖ x, and parties in the order of their commitments. A frame with strata has the
             second tag, and f(commitment to the strata) after the root.

Nobody can steer it: a party that knows the public value can no longer change its share, and the share of one honest party is enough.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from supervision.sampling.errors import MalformedContribution, RevealMismatch, TooFewParties
from supervision.sampling.lifecycle import MIN_PARTIES

SEED_TAG: Final = b"classproof-draw-seed-v1"
STRATA_SEED_TAG: Final = b"classproof-draw-seed-v2"
SEALED_TAG: Final = b"classproof-draw-sealed-v1"
MIN_VALUE_BYTES: Final = 16  # 128 bits; the length can be checked, the dice cannot
MAX_VALUE_BYTES: Final = 64


@dataclass(frozen=True, slots=True)
class Revealed:
    """One party's opened share."""

    party: str
    value: bytes


def check_party(party: str) -> str:
    """Raises: MalformedContribution — a name that could be read in two ways."""
    plain = party.strip() == party and party.isprintable() and unicodedata.is_normalized("NFC", party)
    if not party or not plain:
        raise MalformedContribution(errors=[{"where": "party", "code": "not-plain-text", "value": ascii(party)}])
    return party


def check_value(value: bytes) -> bytes:
    """Raises: MalformedContribution — shorter than 16 bytes (128 bits) or longer than 64."""
    if not MIN_VALUE_BYTES <= len(value) <= MAX_VALUE_BYTES:
        raise MalformedContribution(errors=[{"where": "value", "code": "wrong-length", "value": len(value)}])
    return value


def check_commitment(commitment: bytes) -> bytes:
    """Raises: MalformedContribution — not the 32 bytes of a SHA-256."""
    if len(commitment) != hashlib.sha256().digest_size:
        raise MalformedContribution(errors=[{"where": "commitment", "code": "wrong-length", "value": len(commitment)}])
    return commitment


def commit(party: str, value: bytes) -> bytes:
    """What a party publishes before it reveals; 32 bytes. The name is inside, so nobody can copy another's commitment."""
    return hashlib.sha256(check_party(party).encode() + b"\x00" + check_value(value)).digest()


def check_reveal(party: str, value: bytes, commitment: bytes) -> Revealed:
    """Raises: RevealMismatch — another value than the committed one."""
    if not hmac.compare_digest(commit(party, value), commitment):
        raise RevealMismatch(party=party)
    return Revealed(party, value)


def check_public_value(value: str) -> str:
    """The value in the one form that is hashed: NFC, no surrounding blanks. Raises: MalformedContribution — empty or not plain text."""
    plain = unicodedata.normalize("NFC", value.strip())
    if not plain or not plain.isprintable():
        raise MalformedContribution(errors=[{"where": "public_value", "code": "not-plain-text", "value": ascii(value)}])
    return plain


def make_seed(
    *, round_code: str, frame_root: bytes, public_value: str, contributions: Sequence[Revealed], strata_commitment: bytes | None = None
) -> bytes:
    """32 bytes. `contributions` in the order of their commitments. Raises: TooFewParties, MalformedContribution."""
    if len({c.party for c in contributions}) < MIN_PARTIES:
        raise TooFewParties(round=round_code, parties=len(contributions), needed=MIN_PARTIES)
    tag, strata = (SEED_TAG, []) if strata_commitment is None else (STRATA_SEED_TAG, [strata_commitment])
    fields = [tag, round_code.encode(), frame_root, *strata, check_public_value(public_value).encode()]
    for share in contributions:
        fields += [check_party(share.party).encode(), check_value(share.value)]
    digest = hashlib.sha256()
    for field in fields:
        digest.update(len(field).to_bytes(4, "big") + field)
    return digest.digest()


def seal(seed: bytes) -> bytes:
    """32 bytes that fix a seed, and so the list, without telling either: published for an on-site round until its visits are over."""
    return hashlib.sha256(SEALED_TAG + seed).digest()
