"""A picture a second of some spans of a recording, as `find_loops` asks for them. R60."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from storage.kernel.scratch import working_folder
from storage.media.errors import UnreadableMedia
from storage.media.index import MarkIndex, SampleIndex
from storage.media.looks import Density, Luma, read_looks
from storage.media.source import ByteSource
from storage.objects.errors import ObjectMissing
from supervision.screening.loop import Span
from supervision.screening.motion import Fields, Motion, fields_of
from supervision.screening.repeats import CLOSER_STEP_MS


@dataclass(slots=True)
class SecondLooks:
    """Reads them and counts what that cost. `room`: of the first pass. Raises, when called: StoreUnavailable, SandboxFailed."""

    source: ByteSource
    index: SampleIndex | MarkIndex
    room: Luma
    scratch: Path
    looks: int = 0
    cpu_ms: int = 0

    def __call__(self, spans: Sequence[Span]) -> Motion | None:
        """None: nothing of the spans can be read."""
        times_ms, fields = list[int](), list[Fields]()
        density = Density(CLOSER_STEP_MS, full=True)
        try:
            with working_folder(self.scratch) as folder:
                for from_ms, to_ms in spans:
                    for batch in read_looks(self.source, self.index, density, start_ms=from_ms, end_ms=to_ms, scratch=folder):
                        self.cpu_ms += batch.cpu_ms
                        times_ms += [at for at, _ in batch.looks]
                        fields += [fields_of(luma) for _, luma in batch.looks]
        except (UnreadableMedia, ObjectMissing):
            return None
        self.looks += len(times_ms)
        return Motion(np.array(times_ms, np.int64), np.stack(fields), self.room) if times_ms else None
