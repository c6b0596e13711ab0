"""Random tokens and what is kept of them."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode


def new_token() -> str:
    """256 random bits, URL-safe, 43 characters."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """SHA-256: the token is random, so a slow hash would add nothing."""
    return hashlib.sha256(token.encode()).digest()


def form_token(session_token: str) -> str:
    """The CSRF field of a session's forms. Derived, so nothing more is stored; it does not reveal the session token."""
    return urlsafe_b64encode(hmac.new(session_token.encode(), b"classproof/form", hashlib.sha256).digest()).rstrip(b"=").decode()


def same(left: str, right: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())
