"""Who may be given a task: an institution of the directory whose licence covers every day of the agreement. R39–R42, R47."""

from collections.abc import Callable
from datetime import date

import pytest

from api.http.services import Services
from storage.database.session import SYSTEM
from storage.kernel.actor import SYSTEM_ACTOR
from supervision.classes import service as classes
from supervision.classes.errors import NotTaskable, QualificationLapsed
from supervision.classes.models import Category, TrainingAgreement
from supervision.institutions import service as registry
from supervision.institutions.models import InstitutionKind, InstitutionStatus

Sign = Callable[..., TrainingAgreement]
FROM, UNTIL = date(2026, 1, 1), date(2026, 12, 31)


@pytest.fixture
def sign(services: Services) -> Sign:
    def run(code: str, licence: tuple[date, date] | None, status: InstitutionStatus = InstitutionStatus.ACTIVE) -> TrainingAgreement:
        by = {"actor": SYSTEM_ACTOR, "at": services.clock.now_at()}
        with services.database.transaction(SYSTEM) as session:
            school = registry.register_institution(
                session, code=code, name=f"{code}学校", kind=InstitutionKind.TRAINING, principal="赵一", legal_representative="钱二", **by
            )
            school.status = status
            if licence is not None:
                first, last = licence
                registry.add_qualification(
                    session, school, title="办学许可证", number=f"{code}-1", issued_by="古县人社局", valid_from=first, valid_until=last, **by
                )
            registry.add_teaching_point(session, school, code=f"{code}-P1", name="城关教学点", address="古县城关", **by)
            return classes.sign_agreement(
                session,
                school,
                number=f"{code}-XY",
                year=2026,
                category=Category.UNIVERSAL,
                task_persons=60,
                signed_on=FROM,
                valid_from=FROM,
                valid_until=UNTIL,
                teaching_point_codes=[f"{code}-P1"],
                **by,
            )

    return run


def test_a_licence_that_covers_exactly_the_days_of_the_agreement_is_enough(sign: Sign) -> None:
    assert sign("TASK-1", (FROM, UNTIL)).task_persons == 60


@pytest.mark.parametrize(
    ("code", "licence"),
    [
        ("TASK-2", None),
        ("TASK-3", (FROM, date(2026, 12, 30))),
        ("TASK-4", (date(2026, 1, 2), UNTIL)),
    ],
)
def test_a_day_without_a_licence_refuses_the_agreement(sign: Sign, code: str, licence: tuple[date, date] | None) -> None:
    with pytest.raises(QualificationLapsed):
        sign(code, licence)


def test_who_is_suspended_in_the_directory_gets_no_task(sign: Sign) -> None:
    """Who is excluded gets none either: `tests/integration/exit`, for only a decision excludes."""
    with pytest.raises(NotTaskable) as refused:
        sign("TASK-5", (FROM, UNTIL), InstitutionStatus.SUSPENDED)
    assert refused.value.facts["status"] == "suspended"
