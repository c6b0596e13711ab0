"""The agent against a plain S3 client on the same store, and what the API process spends meanwhile."""

import statistics
import time
from pathlib import Path

import boto3
import psutil
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from api.agent.agent import Agent
from bench.results import Result
from bench.site import Running

TURNS = 6


def measure(running: Running, path: Path) -> list[Result]:
    """Medians over pairs of turns, taken in alternating order; the ratio is the median of the pairs' own, so both meet the same machine.

    One turn of each goes first and is not counted: whoever comes first on a fresh machine pays for memory that the next one finds warm.
    Every SHA-256 that the agent promises is part of its time.
    """
    size_mb = path.stat().st_size / 1e6
    address = running.engines.bootstrap_s3()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{address.endpoint}",
        aws_access_key_id=address.access_key,
        aws_secret_access_key=address.secret_key,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required"),
    )
    plain = TransferConfig(multipart_threshold=1, multipart_chunksize=16 << 20, max_concurrency=3)
    api = psutil.Process(running.api_pid)

    def by_peer(turn: int) -> float:
        begun = time.perf_counter()
        client.upload_file(str(path), f"{address.bucket_prefix}-evidence", f"bench/plain-{turn}", Config=plain)
        return size_mb / (time.perf_counter() - begun)

    def by_agent(turn: int) -> float:
        name = path.with_name(f"bench-{turn}-{path.name}")
        name.hardlink_to(path)
        with Agent(running.url, running.key, lanes=3) as agent:  # made before the clock starts, like the peer's client
            begun = time.perf_counter()
            agent.send(name)
            speed = size_mb / (time.perf_counter() - begun)
        name.unlink()
        return speed

    mine, peer, cpu = [], [], []
    for turn in range(TURNS + 1):
        peer_first = turn % 2 == 0
        theirs = by_peer(turn) if peer_first else 0.0
        before = sum(api.cpu_times()[:2])
        ours = by_agent(turn)
        spent_s = sum(api.cpu_times()[:2]) - before
        theirs = theirs or by_peer(turn)
        if turn:
            mine.append(ours)
            peer.append(theirs)
            cpu.append(spent_s / (size_mb / 1000))
    speed, peer_speed = statistics.median(mine), statistics.median(peer)
    ratio = statistics.median(ours / theirs for ours, theirs in zip(mine, peer, strict=True))
    return [
        Result("upload by the agent, SHA-256 of every part", speed, "MB/s", None, "higher", "boto3, no checksums", peer_speed),
        Result("upload: agent / plain S3 client", ratio, "×", 0.9, "higher"),
        Result("upload: CPU seconds of the API per GB", statistics.median(cpu), "s", 0.5, "lower"),
    ]
