"""A still taken in the review room goes with the finding into the notice: its hash in the letter, its bytes beside it, both for ever the same."""

import hashlib
from pathlib import Path
from uuid import uuid4

import cv2
import numpy as np
from sqlalchemy import select

from api.papers.finding_letter import render_letter
from compliance.policy.book import Book
from storage.kernel.clock import local_date
from supervision.findings import procedure, queries
from supervision.findings import service as findings
from supervision.findings.clocks import ProcedureRule
from supervision.findings.models import PaperKind
from supervision.spotchecks import marks, service, stills
from supervision.spotchecks.models import ReviewAssignment, ReviewItem
from tests.integration.sampling.stage import BUREAU, PEOPLE, WATCHDOG, Stage, as_actor
from tests.integration.sampling.test_reviews_and_findings import Shelf, given, record

__all__ = ["given"]  # a fixture


def picture(shade: int) -> bytes:
    done, jpeg = cv2.imencode(".jpg", np.full((90, 160, 3), shade, np.uint8))
    assert done
    return jpeg.tobytes()


def test_the_letter_lists_every_still_of_the_mark_and_carries_it(stage: Stage, given: ReviewAssignment, tmp_path: Path) -> None:
    inspector = as_actor(next(person for person in PEOPLE if person.account_id == given.inspector_account_id))
    if given.started_at is None:
        service.start(stage.session, given.id, actor=inspector, clock=stage.clock)
    item = stage.session.scalars(select(ReviewItem).where(ReviewItem.assignment_id == given.id)).first()
    assert item is not None
    draft = marks.Draft(item.id, item.media_start_ms, item.media_start_ms + 5000, "lesson-not-held", "serious", "无教师", 1)
    mark = marks.save(stage.session, given.id, uuid4(), draft, actor=inspector, clock=stage.clock)
    taken = []
    for after_ms, shade in ((2000, 90), (1000, 200)):
        shot = stills.Picture(item.media_start_ms + after_ms, picture(shade), picture(0))
        taken.append(stills.keep(stage.session, mark, item, shot, client_id=uuid4(), actor=inspector, clock=stage.clock))
    found = record(stage, given, holds=Shelf(), assignment_id=None)
    marks.became(stage.session, mark, found.code, actor=inspector, clock=stage.clock)
    assert [one.id for one in stills.of_finding(stage.session, found.code)] == [taken[1].id, taken[0].id]  # by place in the recording

    findings.confirm(stage.session, found.code, hash_verified=True, actor=WATCHDOG, clock=stage.clock)
    rule = Book.load().read(ProcedureRule, on=local_date(stage.now))
    paper = procedure.serve_notice(stage.session, found.code, hash_verified=True, still=picture(10), rule=rule, actor=BUREAU, clock=stage.clock)
    assert [one["sha256"] for one in paper.content["stills"]] == [hashlib.sha256(picture(shade)).hexdigest() for shade in (200, 90)]
    assert [one["at_ms"] for one in paper.content["stills"]] == [item.media_start_ms + 1000, item.media_start_ms + 2000]
    names = [name for _, name, _ in queries.attachments(stage.session, [paper.id])[paper.id]]
    assert names == [f"{found.code}.jpg", f"{found.code}-1.jpg", f"{found.code}-2.jpg"]
    kept = [queries.attachment(stage.session, paper.id, position).data for position in (2, 3)]
    assert [hashlib.sha256(data).digest() for data in kept] == [taken[1].sha256, taken[0].sha256]
    bare = render_letter(PaperKind.NOTICE, paper.number, {**paper.content, "stills": []}, bureau="古县人社局", sha256=paper.sha256)
    whole = render_letter(PaperKind.NOTICE, paper.number, paper.content, bureau="古县人社局", sha256=paper.sha256, stills=kept)
    assert whole.count(b"/Subtype /Image") - bare.count(b"/Subtype /Image") == 2
