"""How the demo's inspector looks: fetch the clip, play it at eight times in real time, record a finding, answer the checklist, sign."""

import secrets
import time
from typing import Any, Final

from api.demo.browser import Person, Refused

BEAT_S: Final = 2.0
FAST_PERMILLE: Final = 8000
WATCHED_PERMILLE: Final = 970


def look(inspector: Person, assignment: str) -> tuple[dict[str, Any], dict[str, Any]]:  # Any: JSON
    """One whole look that ends in a finding. Returns finding and verdict."""
    base = f"/api/v1/assignments/{assignment}"
    inspector.call("POST", f"{base}/start")
    item = ready_item(inspector, base)
    opened = inspector.call("POST", f"{base}/items/{item['id']}/play", {"purpose": "按比例抽查审看"})
    piece = inspector.client.get(opened["url"], headers={"Range": "bytes=0-65535"})
    if piece.status_code != 206 or piece.content[4:8] != b"ftyp":
        raise Refused(piece.status_code, "play", "the clip is not an MP4")
    watch(inspector, base, item)
    start_ms = item["media_start_ms"] + 1000
    finding = inspector.call(
        "POST",
        f"{base}/findings",
        {
            "recording_id": item["recording_id"],
            "start_ms": start_ms,
            "end_ms": start_ms + 20_000,
            "defect": "missing-safety-content",
            "severity": "minor",
            "note": "本段未见安全、消防内容讲解。",
        },
    )
    for question in inspector.call("GET", f"{base}/answers"):
        inspector.call("PUT", f"{base}/answers/{question['item']}", {"answer": "yes", "sequence": 1})
    return finding, inspector.call("POST", f"{base}/verdict", {"verdict": "finding", "note": "见问题记录"})


def ready_item(inspector: Person, base: str) -> dict[str, Any]:  # Any: JSON
    """The first item whose clip is ready. Raises: Refused — none after five minutes."""
    for _ in range(600):
        items: list[dict[str, Any]] = inspector.call("GET", base)["items"]  # Any: JSON
        ready = [i for i in items if i["clip_state"] == "ready"]
        if ready:
            return ready[0]
        time.sleep(0.5)
    raise Refused(504, "clip-not-ready", base)


def watch(inspector: Person, base: str, item: dict[str, Any]) -> None:  # Any: JSON
    """Beats of a player at 8× in a visible tab, until more than the required share (950 ‰) is counted."""
    player = secrets.token_hex(8)
    began = time.monotonic()
    end_ms = item["media_end_ms"] - (item["media_end_ms"] - item["media_start_ms"]) * (1000 - WATCHED_PERMILLE) // 1000
    while True:
        passed_ms = round((time.monotonic() - began) * FAST_PERMILLE)
        position = min(item["media_start_ms"] + passed_ms, end_ms)
        body = {"item_id": item["id"], "player": player, "position_ms": position, "rate_permille": FAST_PERMILLE, "visible": True}
        inspector.call("POST", f"{base}/beats", body)
        if position >= end_ms:
            return
        time.sleep(min(BEAT_S, (end_ms - position) / FAST_PERMILLE))
