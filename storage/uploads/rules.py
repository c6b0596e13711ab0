"""Arithmetic and limits of an upload. Pure. R72."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from storage.uploads.errors import FileEmpty, FileTooLarge, NoSuchPart, QuotaExceeded, TooManyUploads, UploadIncomplete

MIB: Final = 1 << 20
GIB: Final = 1 << 30
TIB: Final = 1 << 40
MIN_PART_BYTES: Final = 5 * MIB  # S3: every part but the last
MAX_PART_BYTES: Final = 64 * MIB
DEFAULT_PART_BYTES: Final = 8 * MIB
MAX_PARTS: Final = 10_000  # S3


@dataclass(frozen=True, slots=True)
class UploadRule:
    """Limits in force, from the policy book."""

    max_file_gib: int
    max_open_uploads: int
    quota_tib: int
    open_upload_days: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What an institution has in the store and on the way."""

    stored_bytes: int
    in_flight_bytes: int
    open_uploads: int


def check_limits(rule: UploadRule, usage: Usage, *, size_bytes: int, file_name: str) -> None:
    """Refuse before the first byte. Raises: FileEmpty, FileTooLarge, TooManyUploads, QuotaExceeded."""
    if size_bytes <= 0:
        raise FileEmpty(file_name=file_name)
    if size_bytes > rule.max_file_gib * GIB:
        raise FileTooLarge(size_bytes=size_bytes, limit_bytes=rule.max_file_gib * GIB)
    if usage.open_uploads >= rule.max_open_uploads:
        raise TooManyUploads(open=usage.open_uploads, limit=rule.max_open_uploads)
    used = usage.stored_bytes + usage.in_flight_bytes
    if used + size_bytes > rule.quota_tib * TIB:
        raise QuotaExceeded(used_bytes=used, limit_bytes=rule.quota_tib * TIB, size_bytes=size_bytes)


def part_bytes_for(size_bytes: int, wished_bytes: int | None = None) -> int:
    """Part size in whole MiB: what the client wishes (it knows its line), within S3's limits of 5 MiB and 10 000 parts."""
    wished = min(max(wished_bytes or DEFAULT_PART_BYTES, MIN_PART_BYTES), MAX_PART_BYTES)
    least = -(-size_bytes // MAX_PARTS)
    return -(-max(wished, least) // MIB) * MIB


def part_count(size_bytes: int, part_bytes: int) -> int:
    """How many parts a file has."""
    return -(-size_bytes // part_bytes)


def size_of_part(number: int, size_bytes: int, part_bytes: int) -> int:
    """Bytes of part `number` (from 1). Raises: NoSuchPart."""
    count = part_count(size_bytes, part_bytes)
    if not 1 <= number <= count:
        raise NoSuchPart(number=number, part_count=count)
    return min(part_bytes, size_bytes - (number - 1) * part_bytes)


def check_arrived(arrived: Mapping[int, int], size_bytes: int, part_bytes: int) -> None:
    """`arrived` maps part number → bytes as the store lists them. Raises: UploadIncomplete — naming what is missing or wrong."""
    numbers = range(1, part_count(size_bytes, part_bytes) + 1)
    missing: Sequence[int] = [n for n in numbers if n not in arrived]
    wrong = [n for n in numbers if n in arrived and arrived[n] != size_of_part(n, size_bytes, part_bytes)]
    extra = [n for n in arrived if n not in numbers]
    if missing or wrong or extra:
        raise UploadIncomplete(missing=missing, wrong_size=wrong + extra)
