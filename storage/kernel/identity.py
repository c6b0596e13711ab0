"""Identity numbers (身份证号, GB 11643-1999): checked, matched by keyed hash, kept sealed, shown masked. R70 real-name training.

Pure: keys come in. A plain hash would not do: there are only about 10^10 plausible numbers, so it could be searched; HMAC needs the key.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from storage.kernel.errors import InvalidInput
from storage.kernel.sealing import Sealer, derive_key

_SHAPE: Final = re.compile(r"[1-9][0-9]{16}[0-9X]")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK: Final = "10X98765432"
MASK: Final = "*"


class IdentityNumberInvalid(InvalidInput):
    """Facts: why = length | shape | birth-date | checksum. The number itself is never a fact: errors are logged."""

    code = "identity-number-invalid"


@dataclass(frozen=True, slots=True)
class IdentityNumber:
    """A checked number of 18 characters. `repr` shows it masked, so that it does not reach logs."""

    value: str

    @property
    def born_on(self) -> date:
        return date(int(self.value[6:10]), int(self.value[10:12]), int(self.value[12:14]))

    @property
    def masked(self) -> str:
        return masked(self.value)

    def __repr__(self) -> str:
        return f"IdentityNumber({self.masked})"


def parse_identity_number(text: str) -> IdentityNumber:
    """Read a number as clerks type it: spaces and a small x are tolerated, nothing else is.

    Raises: IdentityNumberInvalid — the 15-digit numbers retired in 2013 fall under `length`.
    """
    value = re.sub(r"[\s\u3000]", "", text).upper()
    if len(value) != 18:
        raise IdentityNumberInvalid(why="length")
    if not _SHAPE.fullmatch(value):
        raise IdentityNumberInvalid(why="shape")
    try:
        date(int(value[6:10]), int(value[10:12]), int(value[12:14]))
    except ValueError as wrong:
        raise IdentityNumberInvalid(why="birth-date") from wrong
    if check_digit(value[:17]) != value[17]:
        raise IdentityNumberInvalid(why="checksum")
    return IdentityNumber(value)


def check_digit(first_17: str) -> str:
    """ISO 7064 MOD 11-2 over the first 17 digits."""
    return _CHECK[sum(int(digit) * weight for digit, weight in zip(first_17, _WEIGHTS, strict=True)) % 11]


def masked(value: str) -> str:
    """First 3 and last 4 characters, the rest starred: enough to recognise one's own, not to rebuild (the birth date is hidden)."""
    return value[:3] + MASK * max(len(value) - 7, 0) + value[-4:] if len(value) > 7 else MASK * len(value)


def matching_hash(number: IdentityNumber, master_key: bytes) -> bytes:
    """32 bytes, equal for equal numbers under the same master key: the column to join and to make unique."""
    return hmac.new(derive_key(master_key, "identity-match"), number.value.encode(), hashlib.sha256).digest()


def identity_sealer(master_key: bytes, *retired: bytes) -> Sealer:
    """Seals the value itself; use the row's natural key as context."""
    return Sealer.derived([master_key, *retired], "identity-value")
