"""Presigned addresses (AWS Signature Version 4, query form). Pure.

Unlike minio-py's, a signature here can cover headers: `x-amz-checksum-sha256` in the signature makes the store refuse any other bytes
(wrong digest: BadDigest; header left out or changed: SignatureDoesNotMatch). Addresses live for minutes.
"""

import hmac
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final
from urllib.parse import quote

ALGORITHM: Final = "AWS4-HMAC-SHA256"
UNRESERVED: Final = "-_.~"
LONGEST_LIFE_S: Final = 3600


@dataclass(frozen=True, slots=True)
class Signer:
    """`origin` is `scheme://host[:port]` as the receiver of the address will call it: it is part of the signature."""

    origin: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str = "us-east-1"

    def presign(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        *,
        at: datetime,
        expires_s: int,
        longest_life_s: int = LONGEST_LIFE_S,
    ) -> str:
        """The address. `path` is unquoted and starts with `/`; the caller must send `headers` exactly as given.

        Raises: ValueError — expiry outside 1..3600 s.
        """
        if not 1 <= expires_s <= longest_life_s:
            msg = f"expiry of {expires_s} s is outside 1..{longest_life_s}"
            raise ValueError(msg)
        stamp = at.strftime("%Y%m%dT%H%M%SZ")
        scope = f"{stamp[:8]}/{self.region}/s3/aws4_request"
        signed = {"host": self.origin.split("://", 1)[1], **{name.lower(): value.strip() for name, value in headers.items()}}
        names = ";".join(sorted(signed))
        parameters = {
            **query,
            "X-Amz-Algorithm": ALGORITHM,
            "X-Amz-Credential": f"{self.access_key}/{scope}",
            "X-Amz-Date": stamp,
            "X-Amz-Expires": str(expires_s),
            "X-Amz-SignedHeaders": names,
        }
        quoted_path = quote(path, safe="/" + UNRESERVED)
        quoted_query = "&".join(f"{quote(name, safe=UNRESERVED)}={quote(parameters[name], safe=UNRESERVED)}" for name in sorted(parameters))
        lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
        request = f"{method}\n{quoted_path}\n{quoted_query}\n{lines}\n{names}\nUNSIGNED-PAYLOAD"
        to_sign = f"{ALGORITHM}\n{stamp}\n{scope}\n{sha256(request.encode()).hexdigest()}"
        key = f"AWS4{self.secret_key}".encode()
        for piece in (stamp[:8], self.region, "s3", "aws4_request"):
            key = hmac.digest(key, piece.encode(), "sha256")
        signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
        return f"{self.origin}{quoted_path}?{quoted_query}&X-Amz-Signature={signature}"


def checksum_header(digest: bytes) -> dict[str, str]:
    """The header by which the store checks the bytes that arrive. `digest` is the SHA-256, 32 bytes."""
    return {"x-amz-checksum-sha256": b64encode(digest).decode()}


def digest_of_hex(sha256_hex: str) -> bytes:
    """32 bytes. Raises: ValueError — not 64 hex digits."""
    digest = bytes.fromhex(sha256_hex)
    if len(digest) != 32:
        msg = "a SHA-256 has 64 hex digits"
        raise ValueError(msg)
    return digest
