"""A county with an institution whose trainees found no work, and the people who each do one step of an exit case."""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from compliance.exit import effects, opening, procedure, queries, readmission
from compliance.exit.clocks import ExitClocks
from compliance.exit.models import ExitCase
from compliance.exit.rules import LEGAL_CHECKS, Effect, ExitRule, Measure, RemedyRule
from compliance.policy.book import Book
from storage.kernel.actor import SYSTEM_ACTOR, Actor
from storage.kernel.clock import Clock
from storage.kernel.events import Event
from supervision.classes import service as classes
from supervision.classes.models import Category, Enrolment, Trainee, TrainingAgreement, TrainingClass
from supervision.institutions import service as registry
from supervision.institutions.models import Institution, InstitutionKind, RunningClasses
from supervision.outcomes.lifecycle import EvidenceState
from supervision.outcomes.models import AuditLevel, AuditProblem, Completion, EmploymentEvidence, EvidenceKind, Result
from supervision.outcomes.rules import EmploymentRule

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)  # a Friday
BOOK = Book.load()
_numbers = itertools.count(1)


def person(number: int, role: str) -> Actor:
    return Actor(kind="account", name=f"{role}-{number}", role=role, id=UUID(int=9000 + number))


OFFICER, SECOND, LEGAL = person(1, "bureau-officer"), person(2, "bureau-officer"), person(3, "legal-officer")
LEADER, CHIEF = person(4, "bureau-leader"), person(5, "bureau-leader")
HEAD = person(6, "institution-head")
EXCLUDE = Measure(Effect.EXCLUDE, 12)


@dataclass
class Shelf:
    """The port of retention: who holds what."""

    held: set[tuple[str, str]] = field(default_factory=set)

    def place(self, _session: Session, *, key: str, version_id: str, matter: str, reason: str, actor: Actor, at: datetime) -> None:
        assert reason and version_id and actor and at
        self.held.add((matter, key))

    def release(self, _session: Session, *, key: str, version_id: str, matter: str, reason: str, actor: Actor, at: datetime) -> None:
        assert reason and version_id and actor and at
        self.held.discard((matter, key))


@dataclass
class Outbox:
    """Keeps what was published."""

    published: list[str] = field(default_factory=list)

    def publish(self, session: Session, event: Event) -> None:
        assert session.in_transaction()
        self.published.append(event.name)


@dataclass
class ExitStage:
    """`now` is what the product's clock says; each method is one honest step."""

    session: Session
    now: datetime = NOW
    shelf: Shelf = field(default_factory=Shelf)
    outbox: Outbox = field(default_factory=Outbox)

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now)

    @property
    def rule(self) -> ExitRule:
        return BOOK.read(ExitRule, on=self.clock.today_on())

    @property
    def counting(self) -> EmploymentRule:
        return BOOK.read(EmploymentRule, on=self.clock.today_on())

    @property
    def clocks(self) -> ExitClocks:
        return BOOK.read(ExitClocks, on=self.clock.today_on())

    @property
    def remedies(self) -> RemedyRule:
        return BOOK.read(RemedyRule, on=self.clock.today_on())

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    def institution(self, *, kind: InstitutionKind = InstitutionKind.TRAINING, name: str = "古县虚晃职业培训学校") -> Institution:
        code = f"X{next(_numbers)}"
        by = {"actor": SYSTEM_ACTOR, "at": self.now}
        made = registry.register_institution(self.session, code=code, name=name, kind=kind, principal="赵一", legal_representative="钱二", **by)  # type: ignore[arg-type]
        valid = {"valid_from": date(2020, 1, 1), "valid_until": date(2035, 12, 31)}
        registry.add_qualification(self.session, made, title="办学许可证", number=f"{code}-1", issued_by="古县人社局", **valid, **by)  # type: ignore[arg-type]
        registry.add_teaching_point(self.session, made, code=f"{code}-P1", name="城关教学点", address="古县城关", **by)  # type: ignore[arg-type]
        return made

    def agreement(
        self, institution: Institution, *, year: int = 2025, persons: int = 4, category: Category = Category.UNIVERSAL
    ) -> TrainingAgreement:
        return classes.sign_agreement(
            self.session,
            institution,
            number=f"{institution.code}-{year}-{next(_numbers)}",
            year=year,
            category=category,
            task_persons=persons,
            signed_on=date(year, 1, 5),
            valid_from=date(year, 1, 5),
            valid_until=date(year, 12, 31),
            teaching_point_codes=[f"{institution.code}-P1"],
            actor=SYSTEM_ACTOR,
            at=self.now,
        )

    def course(
        self, institution: Institution, agreement: TrainingAgreement, *, ended_on: date = date(2025, 6, 30), persons: int = 4, employed: int = 0
    ) -> TrainingClass:
        """A class whose trainees all passed; the first `employed` have verified evidence of a month later."""
        made = classes.open_class(
            self.session,
            institution,
            agreement=agreement,
            code=f"{institution.code}-K{next(_numbers)}",
            trade="中式面点师",
            department=None,
            starts_on=ended_on - timedelta(days=9),
            ends_on=ended_on,
            actor=SYSTEM_ACTOR,
            at=self.now,
        )
        for number in range(persons):
            self.trainee(institution, made, ended_on, employed=number < employed)
        return made

    def trainee(self, institution: Institution, course: TrainingClass, ended_on: date, *, employed: bool) -> Trainee:
        number = next(_numbers)
        trainee = Trainee(
            institution_id=institution.id,
            name=f"学员{number}",
            id_number_hash=number.to_bytes(32, "big"),
            id_number_cipher=b"sealed",
            id_number_masked=f"1410**********{number % 10000:04d}",
        )
        self.session.add(trainee)
        self.session.flush()
        enrolment = Enrolment(institution_id=institution.id, class_id=course.id, trainee_id=trainee.id)
        self.session.add(enrolment)
        self.session.flush()
        self.session.add(
            Completion(
                enrolment_id=enrolment.id,
                institution_id=institution.id,
                class_id=course.id,
                trainee_id=trainee.id,
                result=Result.PASSED,
                ended_on=ended_on,
                recorded_at=self.now,
                recorded_by="officer",
            )
        )
        if employed:
            self.work(institution, course, trainee, ended_on + timedelta(days=30))
        self.session.flush()
        return trainee

    def work(self, institution: Institution, course: TrainingClass, trainee: Trainee, on: date) -> EmploymentEvidence:
        made = EmploymentEvidence(
            institution_id=institution.id,
            class_id=course.id,
            trainee_id=trainee.id,
            kind=EvidenceKind.CONTRACT,
            employer="古县面业",
            reference=f"HT{next(_numbers)}",
            employed_on=on,
            state=EvidenceState.VERIFIED,
            filed_at=self.now,
            filed_by_id=HEAD.id,
            decided_at=self.now,
            decided_by_id=OFFICER.id,
            decided_by="officer",
        )
        self.session.add(made)
        self.session.flush()
        return made

    def problem(self, institution: Institution, *, major: bool = True) -> AuditProblem:
        made = AuditProblem(
            institution_id=institution.id,
            issuer="临汾市审计局",
            level=AuditLevel.CITY,
            document=f"临审报〔2026〕{next(_numbers)}号",
            issued_on=date(2026, 10, 8),
            summary="以虚假签到套取补贴",
            major=major,
            classified_by_id=CHIEF.id or UUID(int=0),
            classified_by="王主任",
            classification_reason="涉及金额大、多期",
            recorded_at=self.now,
        )
        self.session.add(made)
        self.session.flush()
        return made

    def audited(self, institution: Institution | None = None) -> ExitCase:
        """A case by trigger C."""
        found = self.problem(institution or self.institution())
        return opening.open_audit(self.session, found, holds=self.shelf, actor=CHIEF, clock=self.clock)

    def detect(self, institution: Institution) -> list[ExitCase]:
        return opening.detect(self.session, institution, self.rule, self.counting, holds=self.shelf, actor=SYSTEM_ACTOR, clock=self.clock)

    def submit(self, row: ExitCase, *, measure: Measure = EXCLUDE, actor: Actor = OFFICER) -> None:
        procedure.submit(self.session, row.code, reasons="事实清楚，见计算表", measure=measure, rule=self.rule, actor=actor, clock=self.clock)

    def clear(self, row: ExitCase, *, actor: Actor = LEGAL, passed: bool = True, checks: tuple[str, ...] = LEGAL_CHECKS) -> None:
        answered = dict.fromkeys(checks, True)
        procedure.review_legality(self.session, row.code, checks=answered, opinion="合法合规", passed=passed, actor=actor, clock=self.clock)

    def notice(self, row: ExitCase, *, actor: Actor = OFFICER) -> None:
        procedure.serve_notice(self.session, row.code, clocks=self.clocks, actor=actor, clock=self.clock)

    def noticed(self, row: ExitCase, *, measure: Measure = EXCLUDE) -> ExitCase:
        self.submit(row, measure=measure)
        self.clear(row)
        self.notice(row)
        return row

    def state(self, row: ExitCase, *points: str) -> None:
        procedure.state(self.session, row.code, points=points, files=(), institution_id=row.institution_id, actor=HEAD, clock=self.clock)

    def after_the_days(self, row: ExitCase) -> None:
        assert row.statement_until_at is not None and row.hearing_until_at is not None
        self.now = max(row.statement_until_at, row.hearing_until_at)

    def recheck(self, row: ExitCase, *, actor: Actor = SECOND, stands: bool = True) -> None:
        procedure.recheck(
            self.session, row.code, opinion="已复核", stands=stands, rule=self.rule, counting=self.counting, actor=actor, clock=self.clock
        )

    def propose(
        self, row: ExitCase, *, measure: Measure = EXCLUDE, actor: Actor = OFFICER, collective: str = "2026年12月1日局长办公会研究同意"
    ) -> None:
        procedure.propose(
            self.session,
            row.code,
            reasons="事实清楚，证据充分",
            measure=measure,
            running_classes=RunningClasses.CONTINUE,
            answers=["不予采纳，理由见复核意见" for _ in queries.points(self.session, row.id)],
            collective=collective,
            rule=self.rule,
            actor=actor,
            clock=self.clock,
        )

    def decide(self, row: ExitCase, *, actor: Actor = LEADER) -> None:
        procedure.decide(self.session, row.code, remedies=self.remedies, actor=actor, clock=self.clock)

    def serve(self, row: ExitCase, *, actor: Actor = OFFICER) -> None:
        effects.serve(self.session, row.code, how="直接送达", received_by="赵一", holds=self.shelf, actor=actor, clock=self.clock, events=self.outbox)

    def publish(self, row: ExitCase) -> None:
        effects.publish(self.session, row.code, actor=OFFICER, clock=self.clock)

    def decided(self, row: ExitCase, *, measure: Measure = EXCLUDE) -> ExitCase:
        self.noticed(row, measure=measure)
        self.after_the_days(row)
        self.recheck(row)
        self.propose(row, measure=measure)
        self.decide(row)
        return row

    def in_force(self, row: ExitCase, *, measure: Measure = EXCLUDE) -> ExitCase:
        self.decided(row, measure=measure)
        self.serve(row)
        return row

    def end_term(self, row: ExitCase) -> None:
        effects.end_term(self.session, row, holds=self.shelf, actor=SYSTEM_ACTOR, clock=self.clock, events=self.outbox)

    def apply(self, row: ExitCase) -> None:
        readmission.apply(self.session, row.code, points=["已整改"], files=(), institution_id=row.institution_id, actor=HEAD, clock=self.clock)

    def assess(self, row: ExitCase, **checks: bool) -> None:
        met = {"cause_removed": True, "subsidy_repaid": True, "site_checked": True} | checks
        readmission.assess(self.session, row.code, checks=met, notes=dict.fromkeys(met, "已核实"), actor=SECOND, clock=self.clock)

    def readmit(self, row: ExitCase, *, admitted: bool = True, actor: Actor = LEADER) -> None:
        readmission.decide(
            self.session,
            row.code,
            admitted=admitted,
            reasons="条件具备" if admitted else "补贴尚未退回",
            rule=self.remedies,
            holds=self.shelf,
            actor=actor,
            clock=self.clock,
            events=self.outbox,
        )
