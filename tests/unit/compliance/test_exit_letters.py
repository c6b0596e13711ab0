"""Letters of an exit case: whole in content, printable, the same bytes for ever; the decision carries its repair page. 2.3.5, 2.1."""

from datetime import UTC, datetime

import pytest

from api.papers.exit_letter import render_letter
from compliance.exit import letters
from compliance.exit.rules import Effect, Measure, Trigger
from supervision.findings.letters import Signer
from supervision.institutions.models import RunningClasses

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
SIGNER = Signer("李科长", "bureau-officer")
MATTER = letters.Matter("E2026-0001", "GX003", "古县虚晃职业培训学校", Trigger.EMPLOYMENT, 2025, (1, 5, 250), (("计算表 SHA-256", "ab" * 32),))
DECISION = {
    "at": AT,
    "signer": SIGNER,
    "reasons": "经复核，2025年度结业学员5人，统计期内就业1人，低于规定标准。",
    "running_classes": RunningClasses.CONTINUE,
    "points": [("学员外出务工未回", "未提供证明材料，不予采纳")],
    "recheck": "复核时重新计算为 1/5（立案时 1/5），立案事实成立。",
    "collective": "2026年12月1日局长办公会研究同意",
    "reconsider_days": 60,
    "sue_months": 6,
}


def contents() -> dict[str, dict[str, object]]:
    by = {"at": AT, "signer": SIGNER}
    return {
        "notice": letters.notice(
            MATTER,
            reasons="2025年度结业学员5人，统计期内就业1人，低于规定标准。",
            intended=Measure(Effect.EXCLUDE, 12),
            statement_until=AT,
            statement_days=5,
            hearing_until=AT,
            hearing_days=5,
            **by,  # type: ignore[arg-type]
        ),
        "hearing-call": letters.hearing_call(MATTER, hearing_at=AT, place="人社局二楼会议室", chair="王主任", **by),  # type: ignore[arg-type]
        "decision": letters.decision(MATTER, measure=Measure(Effect.EXCLUDE, 12), **DECISION),  # type: ignore[arg-type]
        "service": letters.service(
            MATTER,
            decision_number="古人社退决〔2026〕1号",
            decision_sha256="cd" * 32,
            how="直接送达",
            received_by="赵一",
            **by,  # type: ignore[arg-type]
        ),
        "withdrawal": letters.ending("withdrawal", MATTER, reasons="机构认错", follows="本案撤销。", **by),  # type: ignore[arg-type]
        "reversal": letters.ending(
            "reversal", MATTER, reasons="认定有误", follows="恢复目录状态。", document="古政复决〔2027〕1号", decision="古人社退决〔2026〕1号", **by
        ),  # type: ignore[arg-type]
        "readmission": letters.readmission(
            MATTER,
            admitted=True,
            reasons="条件具备",
            checks=dict.fromkeys(("cause_removed", "subsidy_repaid", "site_checked"), "符合"),
            reconsider_days=60,
            sue_months=6,
            **by,  # type: ignore[arg-type]
        ),
    }


@pytest.mark.parametrize("kind", letters.WORDS)
def test_every_letter_prints_and_prints_the_same_bytes_again(kind: str) -> None:
    content = contents()[kind]
    first = render_letter(kind, "古人社退〔2026〕1号", content, bureau="古县人力资源和社会保障局", sha256=bytes(32))
    assert first.startswith(b"%PDF-")
    assert first == render_letter(kind, "古人社退〔2026〕1号", content, bureau="古县人力资源和社会保障局", sha256=bytes(32))


def test_a_decision_has_one_page_more_than_a_dismissal_for_how_to_repair() -> None:
    dismissed = letters.decision(MATTER, measure=Measure(Effect.DISMISS), **(DECISION | {"running_classes": None}))  # type: ignore[arg-type]
    assert "repair" not in dismissed
    assert dismissed["remedies"] == ""
    for effect in (Effect.EXCLUDE, Effect.RESTRICT, Effect.CORRECT):
        assert letters.decision(MATTER, measure=Measure(effect), **DECISION)["repair"]  # type: ignore[arg-type]
    pages = [
        render_letter("decision", "1", content, bureau="局", sha256=bytes(32)).count(b"/Type /Page\n")
        for content in (dismissed, contents()["decision"])
    ]
    assert pages[1] > pages[0]


@pytest.mark.parametrize("lost", ["reasons", "basis", "rights", "statement_until", "hearing_until"])
def test_a_notice_that_lacks_something_is_not_whole(lost: str) -> None:
    whole = contents()["notice"]
    assert all(letters.is_whole(whole).values())
    assert not all(letters.is_whole({name: value for name, value in whole.items() if name != lost}).values())


def test_an_evaluation_institution_is_told_its_own_clause() -> None:
    assert "及时淘汰" in letters.basis_of(Trigger.EVALUATION)
    assert "就业率低于25%" in letters.basis_of(Trigger.TASK)
