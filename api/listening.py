"""How the site listens: whose forwarded headers it believes, and how long a request may take to finish when it stops."""

from typing import Final

import uvicorn

from api.http.headers import SecurityHeaders
from storage.kernel.settings import Settings

STOP_GRACE_S: Final = 10


def server_config(application: SecurityHeaders, settings: Settings) -> uvicorn.Config:
    """Without trusted proxies X-Forwarded-For and X-Forwarded-Proto are ignored: anybody could write them (ASVS 4.1.3).

    With them, the right-most address that is not a trusted proxy is the caller: what throttling counts and sessions record.
    """
    trusted = [proxy.strip() for proxy in settings.trusted_proxies.split(",") if proxy.strip()]
    return uvicorn.Config(
        application,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        proxy_headers=bool(trusted),
        forwarded_allow_ips=trusted or None,
        server_header=False,
        timeout_graceful_shutdown=STOP_GRACE_S,
    )
