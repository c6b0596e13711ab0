"""Looks of a finished file as screening takes them: key frames only, at least `step_ms` apart, grey, 320 × 180."""

from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np

from supervision.screening.looks import HEIGHT_PX, WIDTH_PX, Look


def key_looks(path: Path, step_ms: int = 0) -> Iterator[Look]:
    """media_ms 0 is the first picture."""
    with av.open(str(path)) as media:
        stream = media.streams.video[0]
        stream.thread_type = "SLICE"
        stream.codec_context.skip_frame = "NONKEY"
        first, last = None, None
        for frame in media.decode(stream):
            at = float(frame.time or 0.0) * 1000
            first = at if first is None else first
            if last is not None and at - last < step_ms - 1:
                continue
            last = at
            plane = frame.planes[0]
            luma = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]
            yield Look(round(at - first), cv2.resize(luma, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA))
