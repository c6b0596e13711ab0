"""Where the site's own files are, and their addresses. An address carries a digest of the content, so a browser may keep it for ever."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final

STATIC_DIR: Final = Path(__file__).resolve().parent.parent / "static"
STATIC_URL: Final = "/static"
DOCUMENT_FONT: Final = STATIC_DIR / "vendor" / "fonts" / "ClassProofSansSC-Regular.ttf"  # TrueType, for PDF papers


@lru_cache(maxsize=512)
def _digest(path: str, modified_ns: int) -> str:
    del modified_ns  # part of the key: an edited file gets a new digest without a restart
    return hashlib.sha256((STATIC_DIR / path).read_bytes()).hexdigest()[:12]


def asset_url(path: str) -> str:
    """`css/base.css` → `/static/css/base.css?v=<digest>`. Raises: FileNotFoundError — a template names a file that is not there."""
    return f"{STATIC_URL}/{path}?v={_digest(path, (STATIC_DIR / path).stat().st_mtime_ns)}"
