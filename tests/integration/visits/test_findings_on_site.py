"""What was found on site becomes a finding that rests on the signed record and its photos, and verifies like footage. 2.3.2; R67, R103."""

from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from api.auth.roles import Role
from storage.database.session import SYSTEM
from storage.retention import service as retention
from supervision.findings.lifecycle import FindingState
from supervision.findings.models import Finding
from supervision.spotchecks.checklists import Answer
from supervision.visits.models import Visit, VisitAnswer, VisitMember, VisitPhoto
from tests.factories.county import Person, ok
from tests.integration.visits.conftest import Door

HTML = {"Accept": "text/html", "Accept-Language": "en"}


def act(who: Person, path: str, **form: str) -> int:
    return who.http.post(path, data=form, headers=HTML).status_code


@pytest.fixture
def signed(door: Door) -> Door:
    door.through(no="fire")
    return door


def finding_of(door: Door) -> Finding:
    with door.county.site.services.database.transaction(SYSTEM) as session:
        return session.scalars(select(Finding)).one()


def is_held(door: Door) -> bool:
    with door.county.site.services.database.transaction(SYSTEM) as session:
        photo = session.scalars(select(VisitPhoto).where(VisitPhoto.item == "fire")).one()
        kept = retention.kept_version(session, photo.object_key, photo.version_id)
        assert kept is not None
        matters = retention.open_matters(session, kept.id)
    facts = door.county.site.services.buckets.evidence.stat(photo.object_key, photo.version_id)
    assert facts is not None
    assert facts.legal_hold == bool(matters), "store and rows say the same"
    return facts.legal_hold


def test_a_problem_goes_from_the_spot_to_the_notice(signed: Door) -> None:
    officer, second = signed.county.person(Role.BUREAU_OFFICER), signed.county.person(Role.BUREAU_LEADER)
    visit = f"/visits/{signed.sent.visit}"
    shown = officer.http.get(visit, headers=HTML).text
    assert "fire equipment is valid" in shown
    assert "灭火器已过期" in shown
    assert act(officer, f"{visit}/close") == 409, "a problem is neither a finding nor dismissed"
    assert not is_held(signed)
    assert act(officer, f"{visit}/findings", item="fire", severity="serious") == 303
    found = finding_of(signed)
    assert (found.defect.value, found.clause, found.note) == ("fire-food-building", "R103", "灭火器已过期")
    assert found.recording_id is None
    assert is_held(signed)
    assert act(officer, f"{visit}/findings", item="fire", severity="serious") == 422, "one problem is one finding"
    assert act(officer, f"{visit}/close") == 303
    assert act(officer, f"/findings/{found.code}/confirm") == 409, "whoever recorded it does not confirm it"
    assert act(second, f"/findings/{found.code}/confirm") == 303
    head = signed.county.person(Role.INSTITUTION_HEAD)
    assert head.http.get(f"/findings/{found.code}", headers=HTML).status_code == 404
    assert act(officer, f"/findings/{found.code}/notice") == 303
    theirs = head.http.get(f"/findings/{found.code}", headers=HTML)
    assert theirs.status_code == 200
    assert "fire equipment is valid" in theirs.text
    assert signed.sent.visit not in theirs.text, "the visit itself is the bureau's; the letter cites it"
    assert head.http.get(visit).status_code == 403
    page = officer.http.get(f"/findings/{found.code}", headers=HTML).text
    letter = next(part.split('"')[0] for part in page.split('href="') if ".pdf" in part.split('"')[0])
    assert head.http.get(letter).content.startswith(b"%PDF")
    assert ok(officer.http.get("/api/v1/findings"))[0]["record_sha256"] == (found.record_sha256 or b"").hex()


def test_a_finding_that_is_rejected_lets_the_photos_go(signed: Door) -> None:
    officer, second = signed.county.person(Role.BUREAU_OFFICER), signed.county.person(Role.BUREAU_LEADER)
    visit = f"/visits/{signed.sent.visit}"
    assert act(officer, f"{visit}/findings", item="fire", severity="general") == 303
    assert act(second, f"/findings/{finding_of(signed).code}/reject", reason="照片为另一楼层") == 303
    assert finding_of(signed).state is FindingState.REJECTED
    assert not is_held(signed)
    assert act(officer, f"{visit}/close") == 409
    assert act(officer, f"{visit}/close", reason="经复核不成立") == 303


def test_a_record_that_no_longer_hashes_to_what_was_signed_carries_nothing(signed: Door) -> None:
    officer = signed.county.person(Role.BUREAU_OFFICER)
    services = signed.county.site.services
    with services.database.transaction(SYSTEM) as session:
        visit, member = session.scalars(select(Visit)).one(), session.scalars(select(VisitMember).limit(1)).one()
        now = services.clock.now_at()
        row = {"visit_id": visit.id, "member_id": member.id, "client_id": uuid4(), "answered_at": now, "received_at": now}
        session.add(VisitAnswer(item="building", answer=Answer.NO, note="事后添加", **row))
    answer = officer.http.post(f"/visits/{signed.sent.visit}/findings", data={"item": "fire", "severity": "serious"}, headers=HTML)
    assert answer.status_code == 409
    assert "no longer hashes" in answer.text


@pytest.mark.parametrize("item", ["held", "no-such-item"])
def test_only_a_no_becomes_a_finding(signed: Door, item: str) -> None:
    officer = signed.county.person(Role.BUREAU_OFFICER)
    assert act(officer, f"/visits/{signed.sent.visit}/findings", item=item, severity="minor") == 422


def test_the_database_takes_no_finding_without_evidence_or_with_two_kinds(signed: Door) -> None:
    officer = signed.county.person(Role.BUREAU_OFFICER)
    assert act(officer, f"/visits/{signed.sent.visit}/findings", item="fire", severity="serious") == 303
    for change in ({"visit_id": None}, {"record_sha256": None}, {"start_ms": 0, "end_ms": 5}, {"visit_item": ""}):
        with pytest.raises(IntegrityError), signed.county.site.services.database.transaction(SYSTEM) as session:
            row = session.scalars(select(Finding)).one()
            for name, value in change.items():
                setattr(row, name, value)
            session.flush()


def test_the_record_is_a_paper_for_members_and_the_office(signed: Door) -> None:
    path = f"/visits/{signed.sent.visit}/record.pdf"
    officer = signed.county.person(Role.BUREAU_OFFICER)
    first = officer.http.get(path).content
    assert first.startswith(b"%PDF")
    assert signed.a.http.get(path).content == first, "the same record prints the same bytes"
    assert signed.c.http.get(path).status_code == 404
    assert signed.county.person(Role.INSTITUTION_HEAD).http.get(path).status_code == 403


def test_a_void_round_takes_its_visits_with_it(door: Door) -> None:
    officer = door.county.person(Role.BUREAU_OFFICER)
    ok(officer.http.post(f"/api/v1/draws/{door.sent.code}/void", json={"reason": "公开值来源有误"}))
    assert ok(door.a.http.get(door.path))["state"] == "void"
    assert door.a.http.post(f"{door.path}/open").status_code == 409
    assert officer.http.post(f"/api/v1/draws/{door.sent.code}/assign").status_code in (404, 409)


def test_a_visit_is_declared_void_by_its_number_and_the_round_is_revealed_and_closed(door: Door) -> None:
    officer = door.county.person(Role.BUREAU_OFFICER)
    place = f"/visits/rounds/{door.sent.code}"
    assert act(officer, f"{place}/void-visit", visit="V2026-9999", reason="停课") == 404
    assert act(officer, f"{place}/void-visit", visit=door.sent.visit, reason=" ") == 409
    assert act(officer, f"{place}/reveal") == 409
    assert act(officer, f"{place}/void-visit", visit=door.sent.visit, reason="机构临时停电停课") == 303
    assert act(officer, f"{place}/close") == 409, "the list is sealed"
    assert act(officer, f"{place}/reveal") == 303
    assert act(officer, f"{place}/close") == 303
