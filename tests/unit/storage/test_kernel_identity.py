"""Identity numbers and sealed values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.kernel.identity import IdentityNumberInvalid, check_digit, identity_sealer, masked, matching_hash, parse_identity_number
from storage.kernel.sealing import SealBroken, Sealer, derive_key

KEY, OTHER = bytes(32), bytes([1]) * 32
SAMPLE = "11010519491231002X"  # the example of GB 11643


def test_the_standards_example_holds_and_is_read_as_clerks_type_it() -> None:
    assert parse_identity_number(" 110105 19491231 002x ").value == SAMPLE
    assert parse_identity_number(SAMPLE).born_on.isoformat() == "1949-12-31"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "length"),
        ("110105491231002", "length"),
        ("1101051949123100200", "length"),
        ("01010519491231002X", "shape"),
        ("1101O519491231002X", "shape"),
        ("１１０１０５１９４９１２３１００２Ｘ", "shape"),
        ("110105194902300028", "birth-date"),
        ("110105194912310021", "checksum"),
    ],
)
def test_a_wrong_number_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(IdentityNumberInvalid) as refused:
        parse_identity_number(text)
    assert refused.value.facts["why"] == why
    assert text not in str(refused.value) or not text


@given(st.integers(0, 16), st.integers(1, 9))
def test_any_single_wrong_digit_breaks_the_checksum(place: int, shift: int) -> None:
    digits = SAMPLE[:17]
    changed = digits[:place] + str((int(digits[place]) + shift) % 10) + digits[place + 1 :]
    assert check_digit(changed) != SAMPLE[17]


def test_a_number_is_shown_masked_everywhere_it_might_be_printed() -> None:
    number = parse_identity_number(SAMPLE)
    assert number.masked == "110***********002X"
    assert SAMPLE not in repr(number)
    assert masked("12345") == "*****"


def test_equal_numbers_match_under_one_key_only() -> None:
    number = parse_identity_number(SAMPLE)
    assert matching_hash(number, KEY) == matching_hash(parse_identity_number(SAMPLE.lower()), KEY)
    assert matching_hash(number, KEY) != matching_hash(number, OTHER)
    assert len(matching_hash(number, KEY)) == 32


def test_a_sealed_value_opens_in_its_place_only() -> None:
    sealer = identity_sealer(KEY)
    sealed = sealer.seal(SAMPLE.encode(), "trainee/1")
    assert sealer.open(sealed, "trainee/1").decode() == SAMPLE
    assert SAMPLE.encode() not in sealed
    assert sealed != sealer.seal(SAMPLE.encode(), "trainee/1")
    with pytest.raises(SealBroken):
        sealer.open(sealed, "trainee/2")


@given(st.integers(0, 60))
def test_a_sealed_value_altered_anywhere_does_not_open(place: int) -> None:
    sealer = Sealer([derive_key(KEY, "x")])
    sealed = bytearray(sealer.seal(b"some words", "c"))
    sealed[place % len(sealed)] ^= 1
    with pytest.raises(SealBroken):
        sealer.open(bytes(sealed), "c")


def test_after_a_rotation_old_values_open_and_are_known_as_stale() -> None:
    old = identity_sealer(KEY).seal(b"v", "c")
    rotated = identity_sealer(OTHER, KEY)
    assert rotated.open(old, "c") == b"v"
    assert rotated.stale(old)
    assert not rotated.stale(rotated.seal(b"v", "c"))
    with pytest.raises(SealBroken):
        identity_sealer(OTHER).open(old, "c")


def test_one_purposes_key_does_not_open_anothers() -> None:
    with pytest.raises(SealBroken):
        Sealer.derived([KEY], "totp").open(Sealer.derived([KEY], "identity-value").seal(b"v", "c"), "c")
