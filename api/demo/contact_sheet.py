"""One picture of all the scenes that the demo films, to look at: `python -m api.demo.contact_sheet OUT.png`."""

import sys
from datetime import date
from pathlib import Path

import cv2
import numpy as np

from api.demo.institutions import build_plan
from api.demo.recorder import Film
from api.demo.scenes import Planes, Stage, new_planes
from api.demo.view import HEIGHT_PX, WIDTH_PX, Image

THUMB_PX = (640, 360)


def picture(planes: Planes) -> Image:
    """BGR of a YUV 4:2:0 canvas."""
    flat = np.concatenate([plane.reshape(-1) for plane in planes]).reshape(HEIGHT_PX * 3 // 2, WIDTH_PX)
    return np.asarray(cv2.cvtColor(flat, cv2.COLOR_YUV2BGR_I420), dtype=np.uint8)


def middle_of(film: Film) -> Image:
    """The picture in the middle of a film's span."""
    planes = new_planes()
    Stage(film.scene, planes).advance(film.start_at + (film.end_at - film.start_at) / 2)
    return picture(planes)


def contact_sheet(today: date, across: int = 3) -> Image:
    """Thumbnails of every film of the plan, in the order of the story."""
    thumbs = [cv2.resize(middle_of(film), THUMB_PX, interpolation=cv2.INTER_AREA) for film in build_plan(today).films]
    thumbs += [np.zeros_like(thumbs[0])] * (-len(thumbs) % across)
    return np.asarray(np.vstack([np.hstack(thumbs[at : at + across]) for at in range(0, len(thumbs), across)]), dtype=np.uint8)


if __name__ == "__main__":
    cv2.imwrite(str(Path(sys.argv[1])), contact_sheet(date(2026, 9, 3)))
