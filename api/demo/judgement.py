"""The last act of the demo's story: exit case up to the notice, an information item, ratings of the year, rewards, repair, the public list."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

import httpx

from api.demo.browser import Person, Refused
from compliance.exit.rules import LEGAL_CHECKS

EXCLUSION_MONTHS: Final = 12
ORDERED_AGO: Final = timedelta(days=120)  # the least publication of an ordinary item is over: repair can be applied for
NEW_TASK_PERSONS: Final = 300
_ITEM_LETTER: Final = re.compile(r"/credit/papers/[0-9a-f-]{36}\.pdf")


@dataclass
class Judged:
    """What the bureau decided, as the API, the letters and the public pages tell it."""

    case: dict[str, Any] = field(default_factory=dict)  # Any: JSON of the API, here and below
    sheet: dict[str, Any] = field(default_factory=dict)
    notice: dict[str, Any] = field(default_factory=dict)
    notice_pdf: bytes = b""
    ratings: dict[str, dict[str, Any]] = field(default_factory=dict)  # code of the institution → rating
    selection: list[dict[str, Any]] = field(default_factory=list)
    tasks: dict[str, str] = field(default_factory=dict)  # code of the institution → "signed", or why the new task was refused
    early: dict[str, str] = field(default_factory=dict)  # code of the institution → why the decision was refused before the declaration
    item: str = ""
    item_letter: bytes = b""
    item_state: str = ""  # once it was checked
    listed: dict[str, dict[str, Any]] = field(default_factory=dict)  # the feed, by code
    pages: dict[str, str] = field(default_factory=dict)  # public page of each rated institution


def exit_case(told: Judged, officer: Person, legal: Person, institution_id: str, today: date) -> None:
    """An audit's document, classified as major by a named official, opens the case; then submission, legal review, prior notice (R46, Q7)."""
    opened = officer.call(
        "POST",
        "/api/v1/audit-problems",
        {
            "institution_id": institution_id,
            "issuer": "古县审计局（演示）",
            "level": "county",
            "document": f"古审报〔{today.year}〕12号（演示）",
            "issued_on": today.isoformat(),
            "summary": "同一录像重复用于三个课次，二十四人签到而画面仅三人，签到由一部手机集中完成。",
            "major": True,
            "reason": "以重复录像和集中签到冒充授课，涉及补贴资金安全，认定为重大问题。",
        },
    )
    base = f"/api/v1/exit-cases/{opened['code']}"
    told.sheet = officer.call("GET", f"{base}/sheet")
    reasons = "审计报告载明的事实有录像校验值、签到记录佐证，属于审计检查发现的重大问题。"
    officer.call("POST", f"{base}/submission", {"reasons": reasons, "effect": "exclude", "months": EXCLUSION_MONTHS})
    review = {"checks": dict.fromkeys(LEGAL_CHECKS, True), "opinion": "事实清楚，证据充分，依据正确，程序合法。", "passed": True}
    legal.call("POST", f"{base}/legal-review", review)
    officer.call("POST", f"{base}/notice")
    told.case = officer.call("GET", base)
    told.notice = next(paper for paper in told.case["papers"] if paper["kind"] == "notice")
    told.notice_pdf = officer.fetch(f"/exit/{opened['code']}/papers/{told.notice['id']}.pdf")


def ratings(told: Judged, officer: Person, leader: Person, heads: Mapping[str, Person], year: int) -> None:
    """The year's cycle for all. Where the head declares that there is no objection the leader decides at once, and it is published."""
    for opened in officer.call("POST", "/api/v1/ratings", {"year": year}):
        base = f"/api/v1/ratings/{opened['code']}"
        for step in ("freeze", "check", "notice"):
            told.ratings[opened["institution"]] = officer.call("POST", f"{base}/{step}")
    for code, head in heads.items():
        base = f"/api/v1/ratings/{told.ratings[code]['code']}"
        try:
            leader.call("POST", f"{base}/decision")
        except Refused as refused:
            told.early[code] = refused.code
        head.call("POST", f"{base}/waiver", {"declared": True})
        leader.call("POST", f"{base}/decision")
        told.ratings[code] = officer.call("POST", f"{base}/publication")


def information_item(told: Judged, officer: Person, second: Person, head: Person, leader: Person, code: str, today: date) -> None:
    """A correction order of months ago: recorded by one officer, classified by another; its letter goes out with the page that says how to
    repair (两书同达). The head signs that no statement follows, a leader decides: it is published and counts in the rating.
    """
    led = officer.press(
        "/credit/items",
        "/credit/items",
        institution=code,
        ground="decision",
        document=f"古人社责改〔{(today - ORDERED_AGO).year}〕7号（演示）",
        decided_on=(today - ORDERED_AGO).isoformat(),
        summary="上一期培训在协议以外的地点授课，一课次无录像",
    )
    second.press(led, f"{led}/classify", kind="general")
    told.item = led.rsplit("/", 1)[-1]
    letter = _ITEM_LETTER.search(second.fetch(led).decode())
    told.item_letter = second.fetch(letter[0]) if letter else b""
    head.press(led, f"{led}/waive", declared="yes")
    leader.press(led, f"{led}/decide")


def repair(told: Judged, head: Person, officer: Person, room: bytes) -> None:
    """信用修复: the head applies with promise and evidence, a picture of the room, after the least publication.

    An officer accepts; somebody else has yet to verify it.
    """
    led = f"/credit/items/{told.item}"
    said = "协议以外的地点已停用，实训室补装摄像机，近一个月课次录像完整。"
    head.press(led, f"{led}/apply", files={"files": ("整改后实训室.jpg", room)}, said=said, promise="yes")
    officer.press(led, f"{led}/accept")


def rewards(told: Judged, officer: Person, institutions: Mapping[str, str], persons: int, year: int) -> None:
    """守信激励, 失信惩戒: the same new task is offered in the order of selection; who may have it, and whom the limit of the tier stops."""
    told.selection = officer.call("GET", "/api/v1/selection")
    for line in told.selection:
        code = line["institution"]
        if code not in institutions:
            continue
        body = {
            "number": f"古人社培〔{year}〕{code}-9号（演示）",
            "year": year,
            "category": "universal",
            "task_persons": persons,
            "signed_on": f"{year}-01-04",
            "valid_from": f"{year}-01-05",
            "valid_until": f"{year}-12-31",
            "teaching_points": [f"{code}-T1"],
        }
        try:
            officer.call("POST", f"/api/v1/institutions/{institutions[code]}/agreements", body)
            told.tasks[code] = "signed"
        except Refused as refused:
            told.tasks[code] = refused.code


def public_list(told: Judged, site: str) -> None:
    """What somebody reads who is not signed in."""
    with httpx.Client(base_url=site, timeout=60, trust_env=False) as anyone:
        feed = anyone.get("/public/institutions.json").raise_for_status().json()
        told.listed = {line["code"]: line for line in feed["items"]}
        for code in told.ratings:
            told.pages[code] = anyone.get(f"/public/institutions/{code}").raise_for_status().text
