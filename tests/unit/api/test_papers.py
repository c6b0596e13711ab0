"""The printed receipt says what was signed, in Chinese that can be searched, and prints the same bytes twice."""

import shutil
import subprocess
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pytest

from api.papers.approval_letter import render_approval_letter
from api.papers.finding_letter import render_letter
from api.papers.receipt import render_receipt
from compliance.approvals.letters import LetterKind, Signer, Subject, letter
from compliance.approvals.rules import Kind
from storage.kernel.canonical import canonical_json
from supervision.findings import letters
from supervision.findings.models import PaperKind
from supervision.findings.rules import DEFECTS, DefectCode, Severity

BODY = canonical_json(
    {
        "format": "classproof-receipt@v1",
        "number": "R20261124-0123456789AB",
        "institution": {"code": "GX001", "name": "鑫诚职业培训学校"},
        "recording": "0199f0b2-0000-7000-8000-000000000000",
        "file_name": "GX001-A101-C1_20261123090000.mp4",
        "slot": "GX001-2026-03/2026-11-23/1/GX001-A101-C1",
        "starts_at": "2026-11-23T01:00:00.000000Z",
        "duration_ms": 5_400_000,
        "held_ms": 5_377_000,
        "size_bytes": 123_456_789,
        "sha256": "ab" * 32,
        "object_key": "k",
        "version_id": "v",
        "retain_until": "2028-11-23T16:00:00.000000Z",
        "ledger_entry": 42,
        "issued_at": "2026-11-24T02:00:00.000000Z",
        "public_key": "A" * 44,
    }
)


def test_an_acceptance_says_what_its_last_day_is_the_last_day_of(tmp_path: Path) -> None:
    """It once stood under the legal basis, with no word of what ends."""
    subject = Subject(
        "GX001-A2026-001", Kind.EXTENSION, "GX001", "鑫诚职业培训学校", ["GX001-2026-03 中式面点师"], "R21", until_on=date(2026, 12, 20), days=2
    )
    body = {"says": ["贵单位提交的申请材料齐全，现予受理，由李经办经办。"], "act_until": "2026-12-04T16:00:00+00:00"}
    content = letter(LetterKind.ACCEPTANCE, subject, at=datetime(2026, 11, 27, 2, tzinfo=UTC), signer=Signer("李经办", "bureau-officer"), body=body)
    pdf = tmp_path / "acceptance.pdf"
    pdf.write_bytes(render_approval_letter("古人社评受〔2026〕1号", content, bureau="古县人力资源和社会保障局", sha256=b"s" * 32))
    tool = shutil.which("pdftotext")
    assert tool, "poppler-utils is installed by make test"
    text = subprocess.run([tool, str(pdf), "-"], capture_output=True, check=True, text=True).stdout
    assert text.index("二、依据") < text.index("三、办理期限") < text.index("期限届满：2026年12月4日24时")


def test_the_receipt_prints_the_same_bytes_twice() -> None:
    assert render_receipt(BODY, b"s" * 64) == render_receipt(BODY, b"s" * 64)


def test_the_receipt_is_searchable_chinese(tmp_path: Path) -> None:
    pdf = tmp_path / "receipt.pdf"
    pdf.write_bytes(render_receipt(BODY, b"s" * 64))
    tool = shutil.which("pdftotext")
    assert tool, "poppler-utils is installed by make test"
    text = subprocess.run([tool, str(pdf), "-"], capture_output=True, check=True, text=True).stdout
    for wanted in ("录像接收回执", "鑫诚职业培训学校", "01:30:00", "2028年11月24日", "123,456,789"):
        assert wanted in text


CASE = letters.Case(
    code="F2026-0001",
    institution_code="GX002",
    institution_name="古县禾苗职业技能培训中心",
    lesson="GX002-2026-01/2026-11-24/2",
    place="B201 教室",
    camera="GX002-B201-C1",
    starts_at=datetime(2026, 11, 24, 7, tzinfo=UTC),
    ends_at=datetime(2026, 11, 24, 7, 0, 20, tzinfo=UTC),
    start_ms=1000,
    end_ms=21_000,
    file_name="GX002-B201-C1_20261124150004.mp4",
    footage_sha256="ab" * 32,
    defect=DEFECTS[DefectCode.COVERED_CAMERA],
    severity=Severity.SERIOUS,
    note="镜头被遮挡",
)
AT = datetime(2026, 11, 25, 2, tzinfo=UTC)
UNTIL = datetime(2026, 12, 2, 16, tzinfo=UTC)
SIGNER = letters.Signer("袁海燕", "bureau-officer")
LETTERS = {
    PaperKind.NOTICE: (
        letters.notice(CASE, at=AT, signer=SIGNER, object_until=UNTIL, working_days=5, still_sha256=""),
        ("视频监控要全面覆盖", "5个工作日", "2026年12月2日24时前", "不因陈述申辩而加重处理"),
    ),
    PaperKind.ANSWER: (
        letters.answer(CASE, at=AT, signer=SIGNER, points=[("停电", "供电正常")], rectify_until=UNTIL),
        ("意见：停电", "答复：供电正常", "维持原认定", "2026年12月2日24时前"),
    ),
    PaperKind.RECTIFICATION_ORDER: (
        letters.rectification_order(CASE, at=AT, signer=SIGNER, rectify_until=UNTIL, wanted="固定摄像机"),
        ("固定摄像机", "2026年12月2日24时前完成整改"),
    ),
    PaperKind.CLOSING: (
        letters.closing(CASE, at=AT, signer=SIGNER, how_verified="现场核验", review_until=UNTIL),
        ("现场核验", "申请复核", "信用修复"),
    ),
}


@pytest.mark.parametrize("kind", LETTERS)
def test_a_letter_says_facts_basis_rights_signer_and_office_in_searchable_chinese(kind: PaperKind, tmp_path: Path) -> None:
    content, wanted = LETTERS[kind]
    print_it = partial(render_letter, kind, "古人社检告〔2026〕1号", content, bureau="古县人力资源和社会保障局", sha256=b"s" * 32)
    assert print_it() == print_it()
    pdf = tmp_path / "letter.pdf"
    pdf.write_bytes(print_it())
    text = subprocess.run(["pdftotext", str(pdf), "-"], capture_output=True, check=True, text=True).stdout.replace("\n", "")
    for words in (*wanted, "古县禾苗职业技能培训中心", "2026年11月24日 15:00:00", "古人社发〔2023〕21号", "袁海燕", "古县人力资源和社会保障局"):
        assert words in text
