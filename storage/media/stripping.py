"""The confined child's part of reading strips: decode, cut the bands out of the grey picture, write them down. Nothing is read in them here."""

from pathlib import Path
from typing import Any

import av.video.reformatter
import numpy as np

from storage.media.looking import pictures
from storage.media.strips import HEAD, rows_of, size_of


def strips_task(arguments: dict[str, Any], reads: dict[str, str], writes: dict[str, str]) -> dict[str, object]:  # Any: parsed JSON
    """Write HEAD and the rows of the bands for each picture. Answers the size of the picture; those of another size than the first are left out."""
    bands, most, count = [(int(a), int(b)) for a, b in arguments["bands"]], int(arguments["most"]), 0
    size: tuple[int, int] | None = None
    head, scaler = np.zeros(1, HEAD), av.video.reformatter.VideoReformatter()
    with Path(writes["strips"]).open("wb") as out:
        for number, after_us, picture in pictures(arguments, reads["media"], {}):
            if count >= most:
                break
            own = size_of(picture.width, picture.height)
            size = size or own
            if own != size:
                continue
            grey = scaler.reformat(picture, width=size[0], height=size[1], format="gray", interpolation="AREA").to_ndarray()
            head["number"], head["after_us"] = number, after_us
            out.write(head.tobytes())
            for band in bands:
                top, bottom = rows_of(band, size[1])
                out.write(np.ascontiguousarray(grey[top:bottom]).tobytes())
            count += 1
    return {"strips": count, "width_px": size[0] if size else 0, "height_px": size[1] if size else 0}
