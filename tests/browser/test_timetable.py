"""A clerk files a timetable from a sheet, cancels a lesson that will not take place; the bureau moves the end of a class. R68, R71, R73."""

from datetime import timedelta
from pathlib import Path

from playwright.sync_api import expect
from sqlalchemy import func, select

from api.auth.roles import Role
from storage.database.session import SYSTEM
from storage.kernel.clock import BUREAU_ZONE
from supervision.classes.models import TrainingClass
from supervision.footage.lifecycle import SlotState
from supervision.footage.models import Slot
from tests.browser.conftest import People, look
from tests.factories.world import make_world


def test_a_timetable_is_filed_a_lesson_cancelled_and_the_end_moved(people: People, tmp_path: Path) -> None:
    people.expected |= {409, 422}
    services = people.site.services
    with services.database.transaction(SYSTEM) as session:
        world = make_world(session, services.clock.now_at(), ends_in_days=22)
    page = f"/classes/{world.training_class.code}"
    officer = people.signed_in(Role.BUREAU_OFFICER)
    officer.goto(page)
    last = services.clock.today_on() + timedelta(days=20)
    officer.get_by_label("New last day").fill(last.isoformat())
    officer.locator("#end-reason").fill("shortened by the county, document 2026-9")
    officer.get_by_role("button", name="Move the last day").click()
    expect(officer).to_have_url(page)

    operator = people.signed_in(Role.INSTITUTION_OPERATOR, world.institution.id)
    operator.goto(page)
    days = [services.clock.today_on() + timedelta(days=n) for n in (2, 3)]
    sheet = tmp_path / "课程表.csv"
    room, camera = world.room.code, 1
    lines = "".join(f"{day:%Y年%m月%d日},09:00,11:00,{room},孟凡成\n" for day in days)
    sheet.write_text("日期,开始时间,结束时间,教室,授课教师\n" + lines + "明天,9,10,C9,\n", encoding="utf-8")
    operator.locator("#table").set_input_files(sheet)
    operator.get_by_role("button", name="File the timetable").click()
    expect(operator.get_by_text("Bad rows: nothing was imported")).to_be_visible()
    sheet.write_text("日期,开始时间,结束时间,教室,授课教师\n" + lines, encoding="utf-8")
    operator.locator("#table").set_input_files(sheet)
    operator.get_by_role("button", name="File the timetable").click()
    expect(operator.get_by_text(f"2 lessons are new, 0 stood there already; {2 * camera} recordings are expected now.")).to_be_visible()

    roster = tmp_path / "花名册.csv"
    roster.write_text("姓名,身份证号\n王小明,11010519491231002X\n", encoding="utf-8")
    operator.locator("#sheet").set_input_files(roster)
    operator.get_by_role("button", name="Import", exact=True).click()
    expect(operator.get_by_text("Roster imported.")).to_be_visible()
    signs = tmp_path / "签到.csv"
    begun = world.lessons[0]
    day = begun.starts_at.astimezone(BUREAU_ZONE)
    signs.write_text(f"身份证号,课次,签到时间\n11010519491231002X,{begun.natural_id},{day:%Y-%m-%d %H:%M}\n", encoding="utf-8")
    operator.locator("#signed").set_input_files(signs)
    operator.get_by_role("button", name="Import the sign-ins").click()
    expect(operator.get_by_text("1 are new, 0 stood there already.")).to_be_visible()

    cancelled = f"{world.training_class.code}/{days[0].isoformat()}/1"
    operator.get_by_role("button", name=f"Cancel {cancelled}").click()
    operator.get_by_role("dialog").get_by_label("Reason").fill("the teacher is ill")
    operator.get_by_role("dialog").get_by_role("button", name="Cancel the lesson").click()
    expect(operator.get_by_role("row").filter(has_text=cancelled)).to_contain_text("cancelled")
    look(operator, page, "class")
    with services.database.transaction(SYSTEM) as session:
        states = dict(
            session.execute(
                select(Slot.natural_id, Slot.state).where(Slot.natural_id.startswith(world.training_class.code + "/" + days[0].isoformat()))
            ).all()
        )
        assert set(states.values()) == {SlotState.CANCELLED}
        assert session.scalar(select(func.count()).where(Slot.state == SlotState.CANCELLED)) == len(states) == camera
        assert session.get_one(TrainingClass, world.training_class.id).ends_on == last

    officer.goto(page)
    officer.get_by_label("New last day").fill(days[0].isoformat())
    officer.locator("#end-reason").fill("a slip")
    officer.get_by_role("button", name="Move the last day").click()
    expect(officer.get_by_role("alert")).to_be_visible()  # a lesson lies after it
    officer.get_by_label("New last day").fill((last + timedelta(days=3)).isoformat())
    officer.locator("#end-reason").fill("one more day than planned")
    officer.get_by_role("button", name="Move the last day").click()
    expect(officer.get_by_role("alert")).to_contain_text("An approved extension is needed")
