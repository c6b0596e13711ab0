"""What must be true of the judgement at the demo's end, and how the summary tells it. docs/design/demo.md."""

import hashlib
import re
from datetime import date
from typing import Any, Final

from sqlalchemy import select

from api.demo.judgement import Judged
from api.http.services import Services
from api.papers.exit_letter import render_letter
from compliance.exit.models import ExitCase
from compliance.papers import service as papers
from compliance.papers.models import CasePaper
from compliance.rating import replay
from compliance.rating.item_lifecycle import ItemState
from compliance.rating.models import CreditItem
from storage.database.session import SYSTEM
from storage.kernel.canonical import canonical_json
from storage.ledger.models import LedgerEntry
from supervision.sampling.strata import RiskWeights

GOOD: Final = ("A", "B")
BAD: Final = ("C", "D")
_TIER_SHOWN: Final = re.compile(r'class="tier">[^<A-D]*([A-D])')


def check_judgement(services: Services, told: Judged, today: date) -> list[str]:
    """Each failure is one sentence."""
    failures = _check_case(services, told) + _check_public(told)

    def must(fact: bool, sentence: str) -> None:
        if not fact:
            failures.append(sentence)

    honest, careless, cheating = (told.ratings[code] for code in ("GX001", "GX002", "GX003"))
    must(
        (honest["state"], careless["state"], cheating["state"]) == ("published", "published", "noticed"), "the ratings do not stand where they should"
    )
    must(honest["tier"] in GOOD, f"the honest institution is rated {honest['tier']}: {honest['reasons']}")
    must(careless["tier"] in BAD, f"the careless institution is rated {careless['tier']}: {careless['reasons']}")
    must(cheating["tier"] in BAD, f"the cheating institution is rated {cheating['tier']}: {cheating['reasons']}")
    must(set(told.early.values()) == {"forbidden-move"}, f"a decision before the declaration of no objection was not refused: {told.early}")
    rank = {line["institution"]: line for line in told.selection}
    must(rank["GX001"]["rank"] < rank["GX002"]["rank"], "the honest institution is not selected before the careless one")
    must(rank["GX001"]["most_persons"] is None, "the honest institution has a limit on new tasks")
    must(rank["GX002"]["most_persons"] is not None, "the careless institution has no limit on new tasks")
    weights = services.policy.read(RiskWeights, today)
    must(weights.of_tier(honest["tier"]) < weights.of_tier(careless["tier"]), "the careless institution is not drawn more often")
    must(told.tasks["GX001"] == "signed", f"the honest institution was not given the new task: {told.tasks['GX001']}")
    must(told.tasks["GX002"] == "task-restricted", f"the limit of the careless institution did not stop the new task: {told.tasks['GX002']}")
    must(told.item_letter.startswith(b"%PDF-"), "the information item has no letter")
    failures += _check_repair(services, told)
    with services.database.transaction(SYSTEM) as session:
        again = list(replay.replay_all(session))
    must({one.code for one in again} == {one["code"] for one in told.ratings.values()}, "not every rating was computed again")
    failures += [f"rating {one.code} is not reproduced: {one.why}" for one in again if one.why]
    return failures


def _check_case(services: Services, told: Judged) -> list[str]:
    """At the notice stage; sheet and notice hash to what is said, in the ledger too; the PDF is the stored letter."""
    failures = [] if told.case["state"] == "notice-served" else [f"the exit case is {told.case['state']}"]
    if hashlib.sha256(canonical_json(told.sheet["content"])).hexdigest() != told.sheet["sha256"]:
        failures.append("the sheet of the exit case does not hash to what it says")
    with services.database.transaction(SYSTEM) as session:
        case = session.scalars(select(ExitCase).where(ExitCase.code == told.case["code"])).one()
        paper = session.get_one(CasePaper, told.notice["id"])
        bodies = b"".join(session.scalars(select(LedgerEntry.body).where(LedgerEntry.subject == f"{ExitCase.MACHINE}/{case.id}")))
        if hashlib.sha256(canonical_json(paper.content)).hexdigest() != told.notice["sha256"]:
            failures.append("the notice does not hash to what the case says")
        printed = render_letter(paper.kind, paper.number, paper.content, bureau=services.settings.bureau_name, sha256=paper.sha256)
    if printed != told.notice_pdf:
        failures.append("the notice that was fetched is not the letter that is stored")
    return failures + [
        f"the ledger does not name the hash of the {name}"
        for name, told_ in (("sheet", told.sheet), ("notice", told.notice))
        if told_["sha256"].encode() not in bodies
    ]


def _check_repair(services: Services, told: Judged) -> list[str]:
    """The item is in force, counts in the tier, and its repair is open: applied for with promise and evidence, accepted, not yet verified."""
    failures = []
    with services.database.transaction(SYSTEM) as session:
        item = session.scalars(select(CreditItem).where(CreditItem.code == told.item)).one()
        kinds = [paper.kind for paper in papers.of_case(session, item.id)]
        if (item.state, item.publication_on, item.restriction_on) != (ItemState.ACCEPTED, True, True):
            failures.append(f"the repair of the information item is not open: {item.state}, published {item.publication_on}")
        told.item_state = item.state.value
    if kinds != ["item-letter", "item-waiver", "item-decision", "repair-application", "repair-acceptance"]:
        failures.append(f"the papers of the information item are {kinds}")
    if not any(reason["code"].startswith("item-") for reason in told.ratings["GX002"]["reasons"]):
        failures.append("the information item is no reason of the careless institution's tier")
    if told.item not in told.pages["GX002"] or "已申请修复，正在核实" not in told.pages["GX002"]:
        failures.append("the public page of the careless institution does not show the item with its open repair")
    return failures


def _check_public(told: Judged) -> list[str]:
    """Feed and page show tier and reasons of what is published, and nothing of what is not."""
    failures = []
    for code, rating in told.ratings.items():
        line, shown = told.listed[code], _TIER_SHOWN.search(told.pages[code])
        wanted = rating["tier"] if rating["state"] == "published" else None
        if line["tier"] != wanted or (shown[1] if shown else None) != wanted:
            failures.append(f"the public list shows {code} as {line['tier']}, its page as {shown[1] if shown else None}, not as {wanted}")
        if wanted in BAD and not line["reasons"]:
            failures.append(f"the public list gives no reason for the tier of {code}")
        if told.case["code"] in told.pages[code]:
            failures.append(f"the page of {code} names an exit case that is not decided")
    return failures


def judgement_summary(told: Judged) -> dict[str, Any]:  # Any: JSON
    """The lines of the summary."""
    rank = {line["institution"]: line["rank"] for line in told.selection}
    return {
        "exit": {"case": told.case["code"], "state": told.case["state"], "notice": told.notice["number"], "notice_sha256": told.notice["sha256"]},
        "ratings": {
            code: {
                "code": one["code"],
                "state": one["state"],
                "tier": one["tier"],
                "score": one["score"],
                "reasons": [reason["code"] for reason in one["reasons"]],
                "selection_rank": rank.get(code),
            }
            for code, one in told.ratings.items()
        },
        "information_item": told.item,
        "repair": {"item": told.item, "state": told.item_state},
        "new_tasks": told.tasks,
        "public_tiers": {code: told.listed[code]["tier"] for code in told.ratings},
    }


def judgement_lines(told: Judged) -> list[str]:
    """The same for the table that is printed."""
    rank = {line["institution"]: line for line in told.selection}
    lines = [f"退出 exit {told.case['code']} {told.case['state']} · 告知 notice {told.notice['number']} SHA-256 {told.notice['sha256'][:16]}…"]
    for code, one in told.ratings.items():
        place = rank.get(code, {})
        limit = "无 none" if place.get("most_persons") is None else str(place["most_persons"])
        public = told.listed[code]["tier"] or "–"
        stands = f"信用 rating {one['code']} {code} {one['tier']} {one['score']} {one['state']}"
        lines.append(f"{stands} · 遴选 rank {place.get('rank')} · 限额 limit {limit} · 公开 public {public}")
    lines.append("新任务 new task：" + " · ".join(f"{code} {said}" for code, said in told.tasks.items()))
    return [*lines, f"信用信息 item {told.item}：告知书附修复告知，修复 repair {told.item_state}"]
