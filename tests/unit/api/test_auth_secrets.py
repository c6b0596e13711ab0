"""Passwords, codes, tokens, sealed values: pure."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from api.auth.errors import WeakPassword
from api.auth.passwords import hash_password, require_strong, verify_password, weakness
from api.auth.tokens import form_token, new_token, token_hash
from api.auth.totp import matching_step, new_secret, provisioning_uri, qr_svg

AT = datetime(2026, 11, 24, 1, 0, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "short"),
        ("x" * 129, "long"),
        ("aaaaaaaaaaaa", "repeated"),
        ("abcabcabcabc", "repeated"),
        ("123456789012", "sequence"),
        ("qwertyuiop12", "sequence"),
        ("1qaz2wsx3edc", "sequence"),
        ("P4ssw0rd-1234", "common"),
        ("Admin@2026!!!", "common"),
        ("woaini520520", "common"),
        ("13800138000123", "common"),
        ("liangxiaoyan-88", "contains-name"),
    ],
)
def test_a_password_that_others_guess_is_weak(password: str, why: str) -> None:
    assert weakness(password, ("liangxiaoyan",)) == why


@pytest.mark.parametrize(
    "password", ["correct horse battery", "vier falbe Pferde 77", "梧桐树下的三轮车和旧收音机", "tK9dQ2wzR7mXbL4v", " spaces are fine "]
)
def test_a_long_unusual_password_is_strong_without_symbols(password: str) -> None:
    assert weakness(password, ("liangxiaoyan",)) is None


def test_the_refusal_says_why() -> None:
    with pytest.raises(WeakPassword) as refused:
        require_strong("short")
    assert refused.value.facts["why"] == "short"


def test_a_password_is_verified_against_its_hash_and_nobodys_never() -> None:
    stored = hash_password("vier falbe Pferde 77")
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert verify_password("vier falbe Pferde 77", stored)
    assert not verify_password("vier falbe Pferde 78", stored)
    assert not verify_password("vier falbe Pferde 77", None)


def test_a_megabyte_is_not_a_password() -> None:
    assert not verify_password("x" * 1_000_000, hash_password("vier falbe Pferde 77"))


def test_a_code_counts_one_step_early_or_late_but_not_two() -> None:
    secret = new_secret()
    code = pyotp.TOTP(secret).at(AT)
    step = int(AT.timestamp()) // 30
    for drift_s, expected in ((-60, None), (-30, step), (0, step), (30, step), (60, None)):
        assert matching_step(secret, code, at=AT + timedelta(seconds=drift_s), last_step=None) == expected


def test_a_used_step_and_everything_before_it_is_refused() -> None:
    secret = new_secret()
    code = pyotp.TOTP(secret).at(AT)
    step = int(AT.timestamp()) // 30
    assert matching_step(secret, code, at=AT, last_step=step) is None
    assert matching_step(secret, code, at=AT, last_step=step + 1) is None
    assert matching_step(secret, code, at=AT, last_step=step - 1) == step


@pytest.mark.parametrize("nonsense", ["", "12345", "1234567", "abcdef", "１２３４５６", "12 34", "-12345"])
def test_what_is_not_six_digits_is_no_code(nonsense: str) -> None:
    assert matching_step(new_secret(), nonsense, at=AT, last_step=None) is None


def test_the_qr_picture_is_plain_svg_without_script_or_style() -> None:
    picture = qr_svg(provisioning_uri(new_secret(), "xincheng"))
    assert picture.startswith("<svg")
    assert "script" not in picture
    assert "style" not in picture


def test_tokens_are_long_and_different_and_the_form_token_does_not_reveal_them() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    token = tokens.pop()
    assert len(token) == 43
    assert len(token_hash(token)) == 32
    assert token not in form_token(token)
    assert form_token(token) == form_token(token) != form_token(tokens.pop())
