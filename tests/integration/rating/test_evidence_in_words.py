"""A letter about a rating says what its evidence is: kind, day, lesson or document; the number that says nothing stands in the small print. R62."""

import re
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from api.papers.credit_letter import render_credit_letter
from compliance.papers import service as papers
from compliance.papers.models import CasePaper
from compliance.rating import evidence, service
from compliance.rating.models import Ground
from storage.database.session import Scope, apply_scope
from supervision.findings.rules import Severity
from supervision.outcomes.models import AuditLevel, AuditProblem, Complaint, QualityEvaluation
from tests.factories.outcomes import SECRET, published_finding
from tests.integration.rating.stage import LEGAL, Bench

UUID_TEXT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-")


def complaint(bench: Bench, on: date, summary: str) -> Complaint:
    row = Complaint(
        institution_id=bench.owner.id, received_on=on, summary=summary, substantiated=True, decided_on=date(2026, 6, 20), decided_by="officer",
        recorded_at=bench.now, recorded_by="officer",
    )  # fmt: skip
    bench.session.add(row)
    bench.session.flush()
    return row


@pytest.fixture
def told(bench: Bench) -> tuple[Bench, Complaint]:
    """A year with something of nearly every kind in it."""
    second = complaint(bench, date(2026, 5, 3), "反映七月班只上了三天课，签到表由一人代签，发放的教材与课程表不符，学员多次反映无果后再次来信")
    complaint(bench, date(2026, 3, 1), "反映缺课")
    published_finding(bench.session, bench.world, severity=Severity.GENERAL)
    bench.session.add(
        QualityEvaluation(
            institution_id=bench.owner.id, year=2026, score_permille=800, document="古人社评〔2026〕5号", evaluated_on=date(2026, 12, 1),
            recorded_at=bench.now, recorded_by="officer",
        )
    )  # fmt: skip
    bench.in_effect(ground=Ground.FORGED_FOOTAGE)
    return bench, second


def notice_of(session: Session, bench: Bench) -> CasePaper:
    row = bench.noticed(2026)
    paper = papers.last(session, row.id, "rating-notice")
    assert paper is not None
    return paper


def text_of(paper: CasePaper, tmp_path: Path) -> str:
    pdf = tmp_path / "letter.pdf"
    pdf.write_bytes(render_credit_letter(paper.number, paper.content, bureau="古县人力资源和社会保障局", sha256=paper.sha256))
    tool = shutil.which("pdftotext")
    assert tool, "poppler-utils is installed by make test"
    return subprocess.run([tool, "-layout", str(pdf), "-"], capture_output=True, check=True, text=True).stdout


def test_the_notice_names_its_evidence_in_words_and_keeps_the_number_as_small_print(told: tuple[Bench, Complaint], tmp_path: Path) -> None:
    bench, second = told
    paper = notice_of(bench.session, bench)
    reasons = "\n".join(paper.content["sections"][0]["paragraphs"])
    assert not UUID_TEXT.search(reasons), reasons
    assert "2026年3月1日收到的投诉举报（2026年6月20日查实，反映“反映缺课”）" in reasons
    assert reasons.index("2026年3月1日收到") < reasons.index("2026年5月3日收到的投诉举报（") and "…”）" in reasons
    assert "24时前" in "".join(paper.content["sections"][2]["paragraphs"]), "the last day counts to its end"
    assert "质量评估报告古人社评〔2026〕5号" in reasons
    assert "2026年应当录像的课次" in reasons
    assert not re.search(r"[a-z]+(-[a-z]+)?/\d", reasons), reasons
    assert ["2026年5月3日收到的投诉举报", str(second.id)] in paper.content["numbers"]
    text = text_of(paper, tmp_path)
    body, small = text.split("（印章）")[:2]
    assert not UUID_TEXT.search(body)
    assert str(second.id) in small.replace("\n", "").replace(" ", "")


def test_the_answer_names_what_it_strikes_in_words(told: tuple[Bench, Complaint]) -> None:
    bench, second = told
    row = bench.noticed(2026)
    bench.object(row, "投诉不属实")
    service.answer_objection(bench.session, row.code, answers=["经复核不属实"], strike=[f"complaint/{second.id}"], actor=LEGAL, clock=bench.clock)
    paper = papers.last(bench.session, row.id, "rating-answer")
    assert paper is not None
    assert "投诉举报" in paper.content["follows"] and not UUID_TEXT.search(paper.content["follows"])
    assert paper.content["numbers"] == [["2026年5月3日收到的投诉举报", str(second.id)]]
    assert paper.content["struck"] == [f"complaint/{second.id}"], "the record keeps the reference"


def test_who_may_not_read_complaints_is_told_that_there_is_one_and_no_more(told: tuple[Bench, Complaint]) -> None:
    bench, second = told
    row = bench.noticed(2026)
    reasons = [reason for reason in row.reasons if reason["code"] == "complaint"]
    open_to_office = evidence.told(bench.session, reasons)[f"complaint/{second.id}"]
    assert "complaint received on 3 May 2026" in open_to_office.en
    apply_scope(bench.session, Scope("institution", bench.owner.id))
    found = evidence.told(bench.session, reasons)
    assert found[f"complaint/{second.id}"].zh == "投诉举报"
    assert "三天" not in "".join(one.zh + one.en for one in found.values())


def test_findings_and_documents_of_audits_are_named(bench: Bench) -> None:
    row = published_finding(bench.session, bench.world, severity=Severity.SERIOUS)
    bench.session.add(
        AuditProblem(
            institution_id=bench.owner.id, issuer="审计局", level=AuditLevel.COUNTY, document="古审〔2026〕3号",
            issued_on=date(2026, 5, 1), summary="缺课", major=True, classified_by_id=LEGAL.id, classified_by="周法规",
            classification_reason="重大", recorded_at=bench.now,
        )
    )  # fmt: skip
    bench.session.flush()
    found = evidence.told(
        bench.session, [{"code": "finding-serious", "evidence": [row.code, "F2000-9"]}, {"code": "major-problem", "evidence": ["古审〔2026〕3号"]}]
    )
    assert found[row.code].zh.startswith(f"问题{row.code}（") and bench.world.lessons[0].natural_id in found[row.code].en
    assert SECRET not in found[row.code].zh
    assert "F2000-9" not in found, "what no longer exists keeps its reference"
    assert found["古审〔2026〕3号"].en == "audit document 古审〔2026〕3号"
