"""Large recordings for measuring: a minute encoded once, its packets repeated until the file is as large as wanted."""

from pathlib import Path

import av

from tests.videos import Scene, record

MINUTE = Scene(seconds=60, fps=25, width=1280, height=720, gop=50, noise=5, sound=True, crf=24, seed=5)


def large_mp4(target: Path, at_least_bytes: int) -> Path:
    """A fast-start MP4 of real H.264 (and sound) packets with rising times."""
    if target.exists() and target.stat().st_size >= at_least_bytes:
        return target
    source = record(MINUTE)
    partial = target.with_suffix(".part")
    with av.open(str(source)) as media, av.open(str(partial), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        streams = [s for s in media.streams if s.type in ("video", "audio")]
        outs = {s.index: out.add_stream_from_template(s) for s in streams}
        packets = [(p.stream.index, bytes(p), p.pts, p.dts, p.duration, p.time_base, p.is_keyframe) for p in media.demux(*streams) if p.size]
        lengths = {s.index: round(MINUTE.seconds / s.time_base) for s in streams}
        written = turn = 0
        while written < at_least_bytes:
            for index, data, pts, dts, duration, base, key in packets:
                packet = av.Packet(data)
                packet.pts, packet.dts = pts + turn * lengths[index], dts + turn * lengths[index]
                packet.duration, packet.time_base, packet.is_keyframe = duration, base, key
                packet.stream = outs[index]
                out.mux(packet)
                written += len(data)
            turn += 1
    partial.rename(target)
    return target
