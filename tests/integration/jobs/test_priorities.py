"""A verdict is followed at once, however many copies are still to be made (ADR 0002)."""

from sqlalchemy import text

from api.http.services import Services
from api.jobs import PRIORITIES, JobQueue
from storage.database.session import SYSTEM


def test_what_takes_a_moment_goes_before_what_takes_minutes(services: Services) -> None:
    assert set(PRIORITIES) == {"cut-clip", "make-sheets"}
    with services.database.transaction(SYSTEM) as session:
        for name in ("make-sheets", "cut-clip", "follow-review"):
            JobQueue({}).enqueue(session, name, {"made_for": "test_priorities"})
        rows = session.execute(
            text("select task_name from procrastinate_jobs where args ->> 'made_for' = 'test_priorities' order by priority desc, id")
        ).scalars()
        assert list(rows) == ["follow-review", "cut-clip", "make-sheets"]
        session.rollback()
