"""The confined child's part of sprite sheets: decode each key frame alone, blur, scale, lay into grids."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from storage.media import blur
from storage.media.demux import enumerate_decoded, open_media
from storage.media.facts import Limits

LOOK_TIMES: Final = 2  # faces are looked for in this many times the width of a tile
JPEG_QUALITY: Final = 70


def sheets_task(arguments: dict[str, Any], reads: dict[str, str], writes: dict[str, str]) -> dict[str, object]:  # Any: parsed JSON
    """Answers `shown`: which of the asked key frames gave a picture, in order; the others have no tile."""
    width, columns, rows = int(arguments["tile_width_px"]), int(arguments["columns"]), int(arguments["rows"])
    limits = Limits(streams=arguments["streams"], picture_px=arguments["picture_px"])
    shown: list[int] = []
    faces = height = 0
    grid: blur.BgrPicture | None = None
    with Path(writes["sheets"]).open("wb") as out:
        for number, picture in _pictures(arguments, reads["media"], limits):
            if number >= int(arguments["count"]):
                break
            if not height:
                height = max(round(picture.height * width / picture.width), 1)
            tile, found = _tile(picture, width, height, int(arguments["turns"]), blurred=bool(arguments["blur"]))
            place = len(shown) % (columns * rows)
            if place == 0:
                if grid is not None:
                    _write(out, grid)
                left = int(arguments["count"]) - number
                grid = np.zeros((min(rows, -(-left // columns)) * height, columns * width, 3), np.uint8)
            assert grid is not None  # noqa: S101 - place 0 made it
            top, at = place // columns * height, place % columns * width
            grid[top : top + height, at : at + width] = tile
            faces += found
            shown.append(number)
        if grid is not None:
            _write(out, grid)
    return {"tile_height_px": height, "shown": shown, "faces": faces}


def _tile(picture: Any, width: int, height: int, turns: int, *, blurred: bool) -> tuple[blur.BgrPicture, int]:  # Any: av.VideoFrame
    """The picture at tile size, and how many faces were found."""
    if not blurred:
        return picture.reformat(width=width, height=height, format="bgr24").to_ndarray(), 0
    wide = picture.reformat(width=width * LOOK_TIMES, height=height * LOOK_TIMES, format="bgr24").to_ndarray()
    veiled, found = blur.veil_still(wide, turns)
    return np.asarray(cv2.resize(veiled, (width, height), interpolation=cv2.INTER_AREA), np.uint8), found


def _write(out: Any, grid: blur.BgrPicture) -> None:  # Any: binary file
    done, jpeg = cv2.imencode(".jpg", grid, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise ValueError("no JPEG of the grid")
    out.write(len(jpeg).to_bytes(4, "big") + jpeg.tobytes())


def _pictures(arguments: dict[str, Any], path: str, limits: Limits) -> Iterator[tuple[int, Any]]:
    """(number of the key frame asked for, decoded picture); a damaged one is left out."""
    demuxer, parts = arguments["demuxer"], arguments["parts"]
    if demuxer == "mov":
        with open_media(path, demuxer) as media:
            yield from enumerate_decoded(media, demuxer, limits)
        return
    with Path(path).open("rb") as file:
        for number, (head, start, end) in enumerate(parts):
            file.seek(0)
            first = file.read(head)
            file.seek(start)
            with open_media(io.BytesIO(first + file.read(end - start)), demuxer) as media:
                for _, picture in enumerate_decoded(media, demuxer, limits):
                    yield number, picture
                    break
