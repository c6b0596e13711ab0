"""Real clips of a footage folder, where there is one: MP4 as it is, GIF encoded to MP4."""

from fractions import Fraction
from pathlib import Path
from typing import Final

import av

from api.demo.plan import RealClip

CREDIT: Final = "Intel Corporation, intel-iot-devkit/sample-videos, CC BY 4.0"


def real_clips(folder: Path, cache: Path) -> list[RealClip]:
    """Clips in the order of their names; none when the folder is missing. Encoded ones are kept in `cache`."""
    clips = []
    for source in sorted(folder.glob("*")) if folder.is_dir() else []:
        path = source if source.suffix.lower() == ".mp4" else _encoded(source, cache) if source.suffix.lower() == ".gif" else None
        if path is not None:
            clips.append(RealClip(path, source.name, _play_time_s(path), CREDIT))
    return clips


def _play_time_s(path: Path) -> float:
    with av.open(str(path)) as container:
        return (container.duration or 0) / av.time_base


def _encoded(source: Path, cache: Path) -> Path:
    """H.264 in MP4 beside the cached recordings, made once."""
    cache.mkdir(parents=True, exist_ok=True)
    path = cache / f"real-{source.stem}.mp4"
    if path.exists():
        return path
    partial = path.with_suffix(".part")
    with av.open(str(source)) as given, av.open(str(partial), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}) as taken:
        pictures = given.streams.video[0]
        stream = taken.add_stream("libx264", rate=round(pictures.average_rate or Fraction(10)))
        stream.width, stream.height, stream.pix_fmt = pictures.width // 2 * 2, pictures.height // 2 * 2, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.codec_context.options = {"preset": "veryfast", "crf": "23", "x264-params": "threads=1:bframes=0"}
        for frame in given.decode(pictures):
            picture = frame.reformat(width=stream.width, height=stream.height, format="yuv420p")
            picture.pts, picture.time_base = round((frame.time or 0.0) * 1000), Fraction(1, 1000)
            taken.mux(stream.encode(picture))
        taken.mux(stream.encode(None))
    partial.replace(path)
    return path
