"""What may come with a statement: documents and pictures, told by their first bytes and not by their name. Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from supervision.findings.errors import MalformedStatement

MAX_FILES: Final = 10
MAX_FILE_BYTES: Final = 8 << 20
MAX_TOGETHER_BYTES: Final = 10 << 20
_KINDS: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
)


@dataclass(frozen=True, slots=True)
class Given:
    """A file as it was handed in."""

    file_name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Checked:
    """The same with its kind and hash."""

    file_name: str
    media_type: str
    data: bytes
    sha256: bytes


def as_many_as_go(files: Sequence[Given]) -> list[Given]:
    """The first ones that a paper takes; what does not go with it stays in the case file, and its hash in the letter."""
    taken: list[Given] = []
    for file in files[:MAX_FILES]:
        if sum(len(one.data) for one in taken) + len(file.data) > MAX_TOGETHER_BYTES:
            break
        taken.append(file)
    return taken


def check(files: Sequence[Given]) -> list[Checked]:
    """Raises: MalformedStatement — naming every file that is not taken."""
    errors: list[dict[str, object]] = []
    if len(files) > MAX_FILES:
        errors.append({"where": "files", "code": "too-many", "value": len(files)})
    if sum(len(file.data) for file in files) > MAX_TOGETHER_BYTES:
        errors.append({"where": "files", "code": "too-large", "value": sum(len(file.data) for file in files)})
    checked: list[Checked] = []
    for file in files:
        name = PurePosixPath(file.file_name.replace("\\", "/")).name[:255] or "file"
        kind = next((kind for start, kind in _KINDS if file.data.startswith(start)), "")
        if not file.data or len(file.data) > MAX_FILE_BYTES:
            errors.append({"where": name, "code": "too-large" if file.data else "missing", "value": len(file.data)})
        elif not kind:
            errors.append({"where": name, "code": "wrong-kind-of-file", "kinds": "PDF, JPEG, PNG"})
        else:
            checked.append(Checked(name, kind, file.data, hashlib.sha256(file.data).digest()))
    if errors:
        raise MalformedStatement(errors=errors)
    return checked
