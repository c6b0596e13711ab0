"""What a file holds, measured by a confined child. The caller's process parses nothing of the media itself."""

import tempfile
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from storage.media import packets, sandbox
from storage.media.errors import Reason, UnreadableMedia
from storage.media.facts import Limits, MediaFacts

INDEX_LIMIT_BYTES = 256_000_000  # of the index, and of the rows of the packets: eight million of them


@dataclass(frozen=True, slots=True)
class Inspection:
    """`index` is what `index.from_bytes` reads, `packets` what `packets.from_bytes` does: made in the same pass, so that no later question has to
    read the whole object.
    """

    facts: MediaFacts
    index: bytes
    packets: bytes


def inspect(path: Path, limits: Limits | None = None) -> MediaFacts:
    """Measure one local file. Raises: UnreadableMedia(reason), SandboxFailed."""
    return _measure(path, limits or Limits(), {})[0]


def inspect_and_index(path: Path, limits: Limits | None = None) -> Inspection:
    """Measure, and keep the position index. Raises: UnreadableMedia(reason), SandboxFailed."""
    # beside the media: what cleans up after a killed process finds it there
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".index") as file, tempfile.NamedTemporaryFile(dir=path.parent, suffix=".rows") as rows:
        facts, first_us = _measure(path, limits or Limits(), {"index": Path(file.name), "packets": Path(rows.name)})
        return Inspection(facts, Path(file.name).read_bytes(), packets.pack(Path(rows.name).read_bytes(), first_us))


def _measure(path: Path, limits: Limits, writes: dict[str, Path]) -> tuple[MediaFacts, int]:
    size = path.stat().st_size
    if size == 0:
        raise UnreadableMedia(Reason.EMPTY)
    answer = sandbox.run(
        "measure",
        asdict(limits),
        reads={"media": path},
        writes=writes,
        limits=limits,
        size_bytes=size,
        output_bytes=INDEX_LIMIT_BYTES if writes else 1_000_000,
    )
    try:
        facts, first_us = _adapter().validate_python(answer.value["facts"]), int(answer.value["first_us"])
    except (ValidationError, KeyError, TypeError, ValueError) as error:
        raise UnreadableMedia(Reason.HOSTILE, limit="output") from error
    if facts.size_bytes != size or len(facts.segments) > limits.segments or len(facts.packet_hash) != 64:
        raise UnreadableMedia(Reason.HOSTILE, limit="output")
    return replace(facts, sandbox=answer.sandbox), first_us


@cache
def _adapter() -> TypeAdapter[MediaFacts]:
    return TypeAdapter(MediaFacts)
