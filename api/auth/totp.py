"""Time-based one-time codes (RFC 6238): 6 digits, 30 s, one step of clock drift either way, each code good once. Pure."""

import io
from datetime import datetime
from typing import Final

import pyotp
import segno

STEP_S: Final = 30
DRIFT_STEPS: Final = 1
ISSUER: Final = "ClassProof 课证"


def new_secret() -> str:
    """160 random bits, base32."""
    return pyotp.random_base32()


def matching_step(secret: str, code: str, *, at: datetime, last_step: int | None) -> int | None:
    """The step a code belongs to, if it is one of the accepted steps and later than the last one used; else None."""
    digits = "".join(code.split())
    if len(digits) != 6 or not digits.isascii() or not digits.isdigit():
        return None
    now_step = int(at.timestamp()) // STEP_S
    totp = pyotp.TOTP(secret)
    for step in range(now_step - DRIFT_STEPS, now_step + DRIFT_STEPS + 1):
        if (last_step is None or step > last_step) and pyotp.utils.strings_equal(totp.generate_otp(step), digits):
            return step
    return None


def provisioning_uri(secret: str, login_name: str) -> str:
    """What an authenticator app reads from the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=login_name, issuer_name=ISSUER)


def qr_svg(uri: str) -> str:
    """An inline `<svg>` without styles or scripts, so that the strict CSP holds."""
    out = io.BytesIO()
    segno.make(uri, error="m").save(out, kind="svg", xmldecl=False, svgns=True, border=2, scale=5, omitsize=False)
    return out.getvalue().decode()
