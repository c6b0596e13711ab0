"""Passwords: argon2id, at least 12 characters, no composition rules, and not one that others guess (ASVS 6.2)."""

import re
import secrets
from threading import BoundedSemaphore
from typing import Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from api.auth.errors import WeakPassword

MINIMUM: Final = 12
MAXIMUM: Final = 128

_READABLE: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_HASH: Final = PasswordHash((Argon2Hasher(time_cost=3, memory_cost=65536, parallelism=4),))
# One hash takes 64 MiB; a burst of logins must queue rather than exhaust the machine.
_AT_ONCE: Final = BoundedSemaphore(4)
# Verified against when the name is unknown, so that an unknown name takes as long as a wrong password.
_NOBODY: Final = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdC1vZi1ub2JvZHktMTY$Y0hOd0hSSlVEb2x5Z29uVGVzdE5vYm9keUhhc2gxMjM"

# Words that open every list of leaked passwords, Latin and pinyin, and the words of this trade.
_WORDS: Final = (
    "password", "passwort", "passw", "pass", "admin", "administrator", "root", "user", "guest", "test", "demo", "login", "welcome", "hello",
    "default",
    "changeme", "secret", "letmein", "master", "system", "server", "qwerty", "qwertz", "azerty", "qazwsx", "asdf", "zxcv", "abc", "iloveyou", "love",
    "dragon", "monkey", "football", "sunshine", "princess", "shadow", "superman", "batman", "freedom", "summer", "winter", "spring", "autumn",
    "china",
    "zhongguo", "woaini", "woaizhongguo", "nihao", "mima", "wode", "guanliyuan", "renshe", "renshej", "peixun", "jigou", "xuexiao", "laoshi",
    "guxian", "classproof", "kezheng", "beijing", "shanghai", "company", "office", "computer", "internet", "wangluo", "anquan", "huanying",
)  # fmt: skip
_SINGLE: Final = re.compile("(?:" + "|".join(sorted(set(_WORDS), key=len, reverse=True)) + ")+")
_LEET: Final = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "@": "a", "$": "s", "!": "i", "|": "i"})
_ROWS: Final = (
    "abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "qawsedrftgyhujikolp", "1234qwerasdfzxcv",
)  # fmt: skip


def one_time_password() -> str:
    """Four groups of five, 98 random bits or more, without letters that are taken for one another: it is read out and typed once."""
    return "-".join("".join(secrets.choice(_READABLE) for _ in range(5)) for _ in range(4))


def hash_password(password: str) -> str:
    """Argon2id, 64 MiB, 3 passes: about 0.1 s of one core."""
    with _AT_ONCE:
        return _HASH.hash(password)


def verify_password(password: str, stored: str | None) -> bool:
    """`stored` None (unknown account) takes as long and answers False."""
    if len(password) > MAXIMUM:
        password = password[:MAXIMUM] + "!"  # cannot be anyone's; spares hashing a megabyte
    with _AT_ONCE:
        right = _HASH.verify(password, stored or _NOBODY)
    return right and stored is not None


def require_strong(password: str, *names: str) -> None:
    """Refuse what is short, common, or says who owns it. `names`: login name, display name, institution code.

    Raises: WeakPassword with the first reason found.
    """
    why = weakness(password, names)
    if why is not None:
        raise WeakPassword(why=why, minimum=MINIMUM, maximum=MAXIMUM)


def weakness(password: str, names: tuple[str, ...] = ()) -> str | None:
    """Why the password is weak, or None. Pure."""
    if len(password) < MINIMUM:
        return "short"
    if len(password) > MAXIMUM:
        return "long"
    lowered = password.lower()
    if _block_repeats(lowered):
        return "repeated"
    if _walks(lowered):
        return "sequence"
    if any(len(name) >= 4 and name.lower() in lowered for name in names):
        return "contains-name"
    return "common" if _common(lowered) else None


def _block_repeats(text: str) -> bool:
    """aaaaaaaaaaaa, abcabcabcabc, 123456123456: a block of at most half the length, repeated to the end."""
    return any((text[:size] * (len(text) // size + 1))[: len(text)] == text for size in range(1, len(text) // 2 + 1)) or len(set(text)) <= 3


def _walks(text: str) -> bool:
    """Nothing but one or two walks along the alphabet, the digits or the keyboard."""
    rows = [*_ROWS, *(row[::-1] for row in _ROWS)]

    def is_walk(part: str) -> bool:
        return any(part in row for row in rows)

    undecorated = re.sub(r"[\d\W_]+$", "", text)
    return (
        is_walk(text)
        or (len(undecorated) >= 6 and is_walk(undecorated))
        or any(is_walk(text[:cut]) and is_walk(text[cut:]) for cut in range(4, len(text) - 3))
    )


def _common(text: str) -> bool:
    """Only well-known words once the usual decorations are taken off: `Admin@2026!!`, `P4ssw0rd-1234`, `woaini520520`."""
    if sum(not letter.isascii() for letter in text) >= 6:  # six Chinese characters are not on the Latin lists below
        return False
    bare = {
        re.sub(r"[^a-z]", "", text),
        re.sub(r"[^a-z]", "", text.translate(_LEET)),
        re.sub(r"[^a-z]", "", re.sub(r"[\d\W_]+$", "", text).translate(_LEET)),
    }
    return any(not letters or _SINGLE.fullmatch(letters) is not None for letters in bare) and not _enough_digits(text)


def _enough_digits(text: str) -> bool:
    """Sixteen and more digits that are no sequence are not guessed; shorter ones are phone numbers and birthdays."""
    return text.isdigit() and len(text) >= 16
