"""Leads where people meet them: listed and judged by name, hidden from whoever reviews, shown to their institution, counted in the strata. R60."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import Range

from api.auth.identify import cookie_name
from api.auth.models import FootageView
from api.auth.roles import Role
from api.http.services import Services
from api.wiring import FLAG_SOURCES
from storage.database.session import SYSTEM
from storage.kernel.actor import Actor
from storage.ledger.models import LedgerEntry
from supervision.classes.models import Lesson
from supervision.footage.lifecycle import SlotState
from supervision.footage.models import Recording, Slot
from supervision.sampling.queries import lesson_facts
from supervision.screening import lead_lists, leads
from supervision.screening.errors import LeadNotFound, VerdictWithoutReason
from supervision.screening.lead_lists import Judged, Narrowed, Order
from supervision.screening.looks import Code
from supervision.screening.screening_models import ScreeningLead
from supervision.spotchecks.flags import LEAD_WORDS, screening_flags
from supervision.spotchecks.models import ReviewItem
from tests.factories.world import World
from tests.integration.screening.conftest import Filmed
from tests.people import account_of, token_of
from tests.site_fixtures import Site, serving

OFFICER = Actor(kind="account", name="李四", role="bureau-officer")


def of(services: Services, recording_id: UUID, code: Code) -> ScreeningLead:
    with services.database.transaction(SYSTEM) as session:
        return session.scalars(select(ScreeningLead).where(ScreeningLead.recording_id == recording_id, ScreeningLead.code == code)).one()


def page(site: Site, role: Role, path: str, institution_id: UUID | None = None, **form: str) -> httpx.Response:
    account = account_of(site.services, role, institution_id)
    cookies = {cookie_name(site.services.settings): token_of(site.services, account.id)}
    with httpx.Client(base_url=site.url, cookies=cookies, headers={"X-ClassProof": "1"}, follow_redirects=True) as client:
        return client.post(path, data=form) if form else client.get(path)


def test_a_lead_is_judged_by_name_and_the_newest_verdict_counts(services: Services, filmed: Filmed) -> None:
    lead = of(services, filmed(((60, "black"),)), Code.BLACK)
    at = services.clock.now_at()
    with services.database.transaction(SYSTEM) as session:
        before = leads.live(session)[Code.BLACK]
        with pytest.raises(VerdictWithoutReason):
            leads.judge(session, lead.id, real=False, note="  ", actor=OFFICER, at=at)
        leads.judge(session, lead.id, real=True, note="", actor=OFFICER, at=at)
        leads.judge(session, lead.id, real=False, note="放映时关灯", actor=OFFICER, at=at + timedelta(minutes=1))
        with pytest.raises(LeadNotFound):
            leads.judge(session, UUID(int=3), real=True, note="", actor=OFFICER, at=at)
    with services.database.transaction(SYSTEM) as session:
        after = leads.live(session)[Code.BLACK]
        assert (after.judged - before.judged, after.real - before.real) == (1, 0)
        assert [v.note for v in leads.verdicts_of(session, lead.id)] == ["放映时关灯", ""]
        assert leads.of_recordings(session, [lead.recording_id], technical=True) == [
            one for one in leads.of_recordings(session, [lead.recording_id]) if one.code is not Code.BLACK
        ]
        entries = session.scalars(select(LedgerEntry).where(LedgerEntry.subject == f"screening-lead/{lead.id}")).all()
        assert [(entry.action, entry.actor_name, entry.tenant_id) for entry in entries] == [("lead.judged", "李四", None)] * 2


def test_the_list_is_narrowed_and_paged_strongest_first(services: Services, filmed: Filmed, world: World) -> None:
    filmed()
    filmed(((40, "busy"), (60, "covered")), lesson=1)
    own = world.institution.id
    with services.database.transaction(SYSTEM) as session:
        folds = lead_lists.folded(session, Narrowed(institution_id=own), Order.STRENGTH)
        assert [fold.place.key for fold in folds] == sorted((fold.place.key for fold in folds), reverse=True)
        assert [fold.first.lead.strength for fold in folds] == [fold.place.key for fold in folds]
        assert {code for fold in folds for code in fold.kinds} >= {Code.BLACK, Code.FROZEN, Code.COVERED}
        for fold in folds:
            alone = Narrowed(institution_id=own, recording_id=fold.place.recording_id)
            rows = lead_lists.of_recording(session, alone)
            assert (len(rows), fold.count) == (sum(fold.kinds.values()), len(rows))
            assert [row.lead.strength for row in rows] == sorted((row.lead.strength for row in rows), reverse=True)
            rest = lead_lists.of_recording(session, alone, after=(rows[0].lead.strength, rows[0].lead.id))
            assert [row.lead.id for row in rest] == [row.lead.id for row in rows[1:]]
        (behind,) = lead_lists.folded(session, Narrowed(institution_id=own), Order.STRENGTH, after=folds[0].place)
        assert behind.place == folds[1].place
        (only,) = lead_lists.folded(session, Narrowed(codes=frozenset({Code.COVERED}), institution_id=own), Order.STRENGTH)
        assert list(only.kinds) == [only.first.lead.code] == [Code.COVERED]
        assert only.first.at is not None
        assert lead_lists.folded(session, Narrowed(institution_id=own, judged=Judged.YES), Order.STRENGTH) == []
        assert lead_lists.folded(session, Narrowed(institution_id=own, words="没有这个机构"), Order.FOUND) == []
        assert leads.cost(session).hours > 0


def test_flags_lie_where_the_leads_are_and_a_dismissed_one_is_gone(services: Services, filmed: Filmed) -> None:
    recording_id = filmed()
    assert screening_flags in FLAG_SOURCES
    assert set(LEAD_WORDS) == set(Code)
    item = ReviewItem(recording_id=recording_id)
    lead = of(services, recording_id, Code.BLACK)
    with services.database.transaction(SYSTEM) as session:
        start_at = session.get_one(Recording, recording_id).declared_start_at
        assert start_at is not None
        (black,) = [flag for flag in screening_flags(session, [item]) if flag.code == "black"]
        assert (black.start_at, black.end_at) == (start_at + timedelta(seconds=60), start_at + timedelta(seconds=120))
        leads.judge(session, lead.id, real=False, note="关灯", actor=OFFICER, at=services.clock.now_at())
        assert "black" not in {flag.code for flag in screening_flags(session, [item])}


def test_a_strong_lead_flags_its_lesson_in_the_strata_and_a_weak_or_dismissed_one_does_not(services: Services, filmed: Filmed, world: World) -> None:
    recording_id = filmed(((60, "black"),))
    lesson_id, today = world.lessons[0].id, services.clock.today_on()
    with services.database.transaction(SYSTEM) as session:
        session.execute(update(Slot).where(Slot.lesson_id == lesson_id).values(state=SlotState.COVERED))
        strongest = max(lead.strength for lead in leads.of_recordings(session, [recording_id]))
        assert lesson_facts(session, [lesson_id], on=today, strength=strongest)[lesson_id].flagged
        assert lesson_facts(session, [lesson_id], on=today, strength=100, of_class=True)[lesson_id].flagged
        assert not lesson_facts(session, [lesson_id], on=today, strength=strongest + 1)[lesson_id].flagged
        assert not lesson_facts(session, [world.lessons[1].id], on=today, strength=1)[world.lessons[1].id].flagged
        for lead in leads.of_recordings(session, [recording_id]):
            leads.judge(session, lead.id, real=False, note="误报", actor=OFFICER, at=services.clock.now_at())
        assert not lesson_facts(session, [lesson_id], on=today, strength=1)[lesson_id].flagged


def test_of_a_recording_with_two_lessons_the_one_that_the_lead_lies_in_is_flagged(services: Services, filmed: Filmed, world: World) -> None:
    recording_id = filmed(((240, "busy"), (60, "black"), (20, "busy")))
    first, second = world.lessons[:2]
    today = services.clock.today_on()
    with services.database.transaction(SYSTEM) as session:
        # the recorder went on: the second lesson begins three minutes after the first and is on the same file
        starts_at = first.starts_at + timedelta(minutes=3)
        span = Range(starts_at, starts_at + timedelta(minutes=2))
        session.execute(update(Lesson).where(Lesson.id == second.id).values(starts_at=span.lower, ends_at=span.upper))
        session.execute(update(Slot).where(Slot.lesson_id == second.id).values(starts_at=span.lower, span=span))
        session.execute(update(Slot).where(Slot.lesson_id.in_([first.id, second.id])).values(state=SlotState.COVERED))
        for lead in leads.of_recordings(session, [recording_id]):
            if lead.code is not Code.BLACK:  # the small picture is one of both
                leads.judge(session, lead.id, real=False, note="合同约定", actor=OFFICER, at=services.clock.now_at())
        facts = lesson_facts(session, [first.id, second.id], on=today, strength=100)
        assert {lesson_id for lesson_id, told in facts.items() if told.flagged} == {second.id}
        (lead,) = leads.of_recordings(session, [recording_id])
        leads.judge(session, lead.id, real=False, note="误报", actor=OFFICER, at=services.clock.now_at())
        assert not lesson_facts(session, [second.id], on=today, strength=1)[second.id].flagged


def test_each_role_sees_what_is_theirs(services: Services, filmed: Filmed, world: World, run_jobs: Callable[[], None]) -> None:
    recording_id = filmed()
    lead = of(services, recording_id, Code.BLACK)
    address = f"/leads/{lead.id}"
    with serving(services) as site:
        listed = page(site, Role.BUREAU_OFFICER, f"/leads?kind=black&institution={world.institution.code}")
        assert address in listed.text
        assert page(site, Role.BUREAU_OFFICER, f"{address}").status_code == 200
        picture = page(site, Role.LEGAL_OFFICER, f"{address}/still.jpg")
        assert picture.content[:2] == b"\xff\xd8"
        for role in (Role.INSPECTOR, Role.THIRD_PARTY_VERIFIER, Role.DEPARTMENT_OFFICER, Role.ADMINISTRATOR):
            assert page(site, role, "/leads").status_code == 403
        for role in (Role.INSTITUTION_HEAD, Role.INSTITUTION_OPERATOR):
            assert page(site, role, "/leads", world.institution.id).status_code == 403
        own = page(site, Role.INSTITUTION_OPERATOR, f"/recordings/{recording_id}", world.institution.id).text
        assert 'id="defects"' in own
        assert "00:01:00" in own
        assert 'id="defects"' not in page(site, Role.INSPECTOR, f"/recordings/{recording_id}").text  # nobody is led before they have judged
        refused = page(site, Role.BUREAU_OFFICER, f"{address}/verdict", None, real="no", note=" ")
        assert refused.status_code == 422
        assert page(site, Role.BUREAU_OFFICER, f"{address}/verdict", None, real="no", note="关灯").status_code == 200
        assert page(site, Role.AUDITOR, f"{address}/verdict", None, real="yes").status_code == 403
        machine = page(site, Role.BUREAU_LEADER, "/machine").text
        assert 'id="cost"' in machine
        assert 'id="cost"' not in page(site, Role.INSTITUTION_HEAD, "/machine", world.institution.id).text
        found = page(site, Role.BUREAU_OFFICER, f"/recordings?q={world.institution.name}").text
        assert f'href="/recordings/{recording_id}"' in found
        assert f"<small>{world.institution.name}</small>" in found
        assert f'href="/recordings/{recording_id}"' not in page(site, Role.BUREAU_OFFICER, "/recordings?q=nobody").text
        seen = page(site, Role.BUREAU_LEADER, "/watch/views").text  # in words, and to be followed: no id, no English
        assert f'<a href="/leads/{lead.id}">机器线索' in seen
        assert "查看机器线索" in seen
        assert f">lead/{lead.id}" not in seen
        taken = page(site, Role.BUREAU_LEADER, "/watch/views?export=csv").content.decode("utf-8-sig").splitlines()
        assert (taken[0], "查看机器线索,机器线索," in taken[1], len(taken) - 1) == (
            "时间,人员,方式,录像,机构,用途,案件,案件编号",
            True,
            seen.count("<tr><td"),
        )
        asked = page(site, Role.BUREAU_LEADER, "/watch/decisions?export=csv").content.decode("utf-8-sig").splitlines()
        assert len(asked) == 1 + page(site, Role.BUREAU_LEADER, "/watch/decisions").text.count("<tr><td")
        leader = account_of(site.services, Role.BUREAU_LEADER)
        nobody = page(site, Role.BUREAU_LEADER, f"/watch/views?person={leader.login_name}").text  # nothing seen, still by name
        assert f">{leader.display_name}</p>" in nobody
    with services.database.transaction(SYSTEM) as session:
        view = session.scalars(select(FootageView).where(FootageView.case_ref == f"lead/{lead.id}")).one()
        assert (view.recording_id, view.kind.value) == (recording_id, "still")
