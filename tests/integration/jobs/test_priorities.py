"""A verdict is followed at once, however many copies are still to be made (ADR 0002)."""

from sqlalchemy import text

from api.http.services import Services
from api.jobs import COPIES, PRIORITIES, QUEUE, QUEUES, SCREENING, JobQueue
from storage.database.session import SYSTEM


def test_what_takes_minutes_has_slots_of_its_own_and_clips_go_before_sheets(services: Services) -> None:
    assert set(PRIORITIES) == set(QUEUES)
    with services.database.transaction(SYSTEM) as session:
        for name in ("screen-recording", "make-sheets", "cut-clip", "follow-review"):
            JobQueue({}).enqueue(session, name, {"made_for": "test_priorities"})
        rows = session.execute(
            text("select queue_name, task_name from procrastinate_jobs where args ->> 'made_for' = 'test_priorities' order by priority desc, id")
        )
        assert [tuple(row) for row in rows] == [
            (QUEUE, "follow-review"),
            (COPIES, "cut-clip"),
            (COPIES, "make-sheets"),
            (SCREENING, "screen-recording"),
        ]
        session.rollback()
