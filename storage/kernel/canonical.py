"""Canonical JSON: one byte string for one value, so that a hash of it means something (RFC 8785 restricted to our types).

Only str, int, bool, None, list, dict with str keys, datetime (UTC, microseconds), date, UUID, StrEnum. Floats are refused:
figures are integers in a named unit (`_ms`, `_bytes`, `_permille`).
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from enum import Enum
from uuid import UUID


def _plain(value: object) -> object:
    if value is None or (isinstance(value, bool | str | int) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            msg = "naive datetime in a canonical value"
            raise TypeError(msg)
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_plain(v) for v in value]
    msg = f"{type(value).__name__} has no canonical form"
    raise TypeError(msg)


def canonical_json(value: object) -> bytes:
    """UTF-8 bytes, keys sorted by code point, no spaces. Raises: TypeError for a type without canonical form."""
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False).encode()
