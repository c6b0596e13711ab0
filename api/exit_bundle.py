"""The case file of an exit case in one download, for whoever reviews it: 行政复议, 行政诉讼. domain.md 2.3.5 (RECONSIDERATION), G24.

The same case gives the same bytes. Every sheet and letter is in it as the canonical JSON that was hashed into the ledger, so that it can be checked
without this system: `manifest.json` names the SHA-256 of each file, `README.txt` says how.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.papers.exit_letter import render_letter
from compliance.exit import queries
from compliance.exit.letters import WORDS
from compliance.exit.models import ExitCase, ExitChallenge, ExitSheet
from compliance.papers import service as papers
from compliance.papers.models import CaseAttachment, CasePaper
from storage.kernel.canonical import canonical_json
from storage.ledger import history
from supervision.findings import evidence
from supervision.findings import queries as finding_queries
from supervision.findings.models import Finding, FindingAttachment
from supervision.footage.models import Recording
from supervision.institutions.models import Institution

LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)  # no time of making: the same case gives the same bytes
ENDINGS: Final = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}
README: Final = """退出案件卷宗 {code} {institution}

sheets/     计算表（规范化 JSON，SHA-256 已记入日志）
papers/     告知、陈述、决定等文书：PDF 及其规范化 JSON；机构提交的附件
findings/   所依据的问题的告知、申辩、答复等文书：规范化 JSON 和附件
evidence.json   所依据的问题：时段、录像的校验值和存储版本；现场检查的记录和照片的校验值
moves.json      每一步：时间、人员、条款、理由、日志编号
challenges.json 复议、诉讼
manifest.json   每个文件的 SHA-256

核对：sha256sum 各文件与 manifest.json 比较；papers、findings、sheets 中 JSON 的 SHA-256 与文书所载、日志所记一致。
录像和照片不在卷宗内：按 evidence.json 所列对象和版本调取，计算 SHA-256 与所列数值比较。

Case file. Compare `sha256sum` of each file with manifest.json; the SHA-256 of each JSON in papers, findings and sheets is the one printed and logged.
Footage and photos are not in it: evidence.json names object and version of each, and the SHA-256 that its bytes must have.
"""


def bundle(session: Session, row: ExitCase, *, bureau: str) -> bytes:
    """A ZIP with everything the case rests on and everything that was said in it."""
    files = dict(_files(session, row, bureau))
    files["manifest.json"] = canonical_json({"case": row.code, "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}})
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in sorted(files):
            packed.writestr(zipfile.ZipInfo(name, LONG_AGO), files[name], zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _files(session: Session, row: ExitCase, bureau: str) -> Iterator[tuple[str, bytes]]:
    owner = session.get_one(Institution, row.institution_id)
    yield "README.txt", README.format(code=row.code, institution=owner.name).encode()
    sheets = session.scalars(select(ExitSheet).where(ExitSheet.case_id == row.id).order_by(ExitSheet.at, ExitSheet.id))
    for number, sheet in enumerate(sheets, start=1):
        yield f"sheets/{number:02d}-{sheet.kind.value}.json", canonical_json(sheet.content)
    for number, paper in enumerate(papers.of_case(session, row.id), start=1):
        yield from _paper(session, paper, f"papers/{number:02d}-{paper.kind}", bureau)
    for found in queries.findings(session, row.id):
        yield from _finding(session, found)
    yield "evidence.json", canonical_json([_evidence(session, found) for found in queries.findings(session, row.id)])
    yield "moves.json", canonical_json([_move(one) for one in history.timeline(session, ExitCase.MACHINE, row.id)])
    yield "challenges.json", canonical_json([_challenge(one) for one in queries.challenges(session, row.id)])


def _challenge(one: ExitChallenge) -> dict[str, Any]:  # Any: JSON
    return {
        "kind": one.kind,
        "state": one.state,
        "authority": one.authority,
        "document": one.document,
        "filed_on": one.filed_on,
        "outcome_document": one.outcome_document,
        "decided_on": one.decided_on,
    }


def _paper(session: Session, paper: CasePaper, name: str, bureau: str) -> Iterator[tuple[str, bytes]]:
    yield f"{name}.json", canonical_json(paper.content)
    if paper.kind in WORDS:
        yield f"{name}.pdf", render_letter(paper.kind, paper.number, paper.content, bureau=bureau, sha256=paper.sha256)
    for given in session.scalars(select(CaseAttachment).where(CaseAttachment.paper_id == paper.id).order_by(CaseAttachment.position)):
        yield f"{name}-{given.position}.{ENDINGS[given.media_type]}", given.data


def _finding(session: Session, found: Finding) -> Iterator[tuple[str, bytes]]:
    """Its letters and statements in their order, each as the JSON whose hash is printed, with what came along."""
    for number, paper in enumerate(finding_queries.papers(session, found.id), start=1):
        name = f"findings/{found.code}/{number:02d}-{paper.kind.value}"
        yield f"{name}.json", canonical_json(paper.content)
        given = session.scalars(select(FindingAttachment).where(FindingAttachment.paper_id == paper.id).order_by(FindingAttachment.position))
        for one in given:
            yield f"{name}-{one.position}.{ENDINGS[one.media_type]}", one.data


def _evidence(session: Session, found: Finding) -> dict[str, Any]:  # Any: JSON
    """What one finding rests on, with where its bytes lie and what they must hash to: a stretch of footage, or a signed visit and its photos."""
    told: dict[str, Any] = {  # Any: JSON
        "finding": found.code,
        "defect": found.defect,
        "severity": found.severity,
        "clause": found.clause,
        "begins_at": found.span.lower,
        "ends_at": found.span.upper,
    }
    stretch = evidence.marked(found)
    if stretch is not None:
        recording = session.get_one(Recording, stretch.recording_id)
        return told | {
            "start_ms": stretch.start_ms,
            "end_ms": stretch.end_ms,
            "footage_sha256": stretch.sha256.hex(),
            "recording": {
                "file": recording.file_name,
                "object": recording.object_key,
                "version": recording.version_id,
                "size_bytes": recording.size_bytes,
                "sha256": (recording.sha256 or b"").hex(),
            },
        }
    visit = evidence.visit_of(session, found)
    return told | {
        "visit": visit.code if visit else "",
        "item": found.visit_item,
        "record_sha256": (found.record_sha256 or b"").hex(),
        "photos": [
            {"object": one.object_key, "version": one.version_id, "size_bytes": one.size_bytes, "sha256": one.sha256.hex(), "taken_at": one.taken_at}
            for one in evidence.photos_of(session, found)
        ],
    }


def _move(one: Any) -> dict[str, Any]:  # Any: a row of the history, JSON
    return {
        "at": one.at,
        "event": one.event,
        "from": one.from_state,
        "to": one.to_state,
        "by": one.actor_name,
        "role": one.actor_role,
        "clause": one.clause,
        "reason": one.reason,
        "log_entry": one.entry_id,
    }
