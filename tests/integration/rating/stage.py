"""A county whose year is over, with a rating to make and people to make it."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from compliance.exit import queries as exit_queries
from compliance.policy.book import Book
from compliance.rating import items, queries, repair, service
from compliance.rating.models import CreditItem, Ground, Rating
from compliance.rating.ruleset import Ruleset, in_force
from compliance.rating.terms import ItemClass
from storage.kernel.actor import Actor
from storage.kernel.clock import Clock, local_date
from supervision.findings.attachments import Given
from supervision.institutions.models import CreditTier, Institution
from tests.factories.world import World, make_world

NOW = datetime(2027, 1, 11, 2, tzinfo=UTC)
OFFICER = Actor(kind="account", name="officer", role="bureau-officer", id=UUID(int=901))
SECOND = Actor(kind="account", name="officer-2", role="bureau-officer", id=UUID(int=902))
LEADER = Actor(kind="account", name="leader", role="bureau-leader", id=UUID(int=903))
LEGAL = Actor(kind="account", name="legal", role="legal-officer", id=UUID(int=904))
HEAD = Actor(kind="account", name="head", role="institution-head", id=UUID(int=905))
PAPER = Given("整改证明.pdf", b"%PDF-1.7 proof")
BOOK = Book.load()


@dataclass
class Bench:
    """`now` is what the product's clock says; the world's lessons lie in 2026."""

    session: Session
    now: datetime = NOW
    world: World = field(init=False)

    def __post_init__(self) -> None:
        self.world = make_world(self.session, datetime(2026, 6, 10, 2, tzinfo=UTC), lessons=2)

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now)

    @property
    def rules(self) -> Ruleset:
        return in_force(BOOK, local_date(self.now))

    @property
    def owner(self) -> Institution:
        return self.world.institution

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    def opened(self, year: int = 2026) -> Rating:
        return service.open_rating(self.session, self.owner, year, actor=OFFICER, clock=self.clock)

    def frozen(self, year: int = 2026) -> Rating:
        return self.freeze(self.opened(year))

    def freeze(self, row: Rating) -> Rating:
        fallen = [one.id for one in exit_queries.reversed_problems(self.session)]
        return service.freeze(self.session, row.code, rules=self.rules, reversed_problems=fallen, actor=OFFICER, clock=self.clock)

    def noticed(self, year: int = 2026) -> Rating:
        row = self.frozen(year)
        service.check(self.session, row.code, actor=OFFICER, clock=self.clock)
        service.serve_notice(self.session, row.code, rules=self.rules, actor=OFFICER, clock=self.clock)
        return row

    def final(self, year: int = 2026) -> Rating:
        row = self.noticed(year)
        assert row.object_until is not None
        self.now = row.object_until
        service.finalise(self.session, row.code, rules=self.rules, actor=LEADER, clock=self.clock)
        return row

    def published(self, year: int = 2026) -> Rating:
        return service.publish(self.session, self.final(year).code, actor=OFFICER, clock=self.clock)

    def waive(self, row: Rating, *, actor: Actor = HEAD, declared: bool = True) -> None:
        service.waive_objection(self.session, row.code, declared=declared, institution_id=self.owner.id, actor=actor, clock=self.clock)

    def waive_item(self, row: CreditItem, *, actor: Actor = HEAD, declared: bool = True) -> None:
        items.waive_statement(self.session, row.code, declared=declared, institution_id=self.owner.id, actor=actor, clock=self.clock)

    def object(self, row: Rating, *points: str) -> None:
        service.raise_objection(self.session, row.code, points=points, files=[PAPER], institution_id=self.owner.id, actor=HEAD, clock=self.clock)

    def recorded(self, *, ground: Ground = Ground.DECISION, on: date | None = None, safety: bool = False, repairable: bool = True) -> CreditItem:
        return items.record_decision(
            self.session,
            self.owner,
            ground=ground,
            document=f"古人社罚〔2026〕{self.now.timestamp():.0f}号",
            decided_on=on or local_date(self.now),
            summary="未按课表授课",
            safety=safety,
            repairable=repairable,
            actor=OFFICER,
            clock=self.clock,
        )

    def in_effect(self, *, kind: ItemClass = ItemClass.SERIOUS, ground: Ground = Ground.DECISION, on: date | None = None) -> CreditItem:
        row = self.recorded(ground=ground, on=on)
        items.classify(self.session, row.code, kind=kind, rules=self.rules, actor=SECOND, clock=self.clock)
        assert row.state_until is not None
        self.now = row.state_until
        items.decide(self.session, row.code, rules=self.rules, actor=LEADER, clock=self.clock)
        return row

    def applied(self, row: CreditItem) -> None:
        repair.apply_for_repair(
            self.session, row.code, said="已改正并履行完毕", promise=True, files=[PAPER], rules=self.rules, institution_id=self.owner.id,
            actor=HEAD, clock=self.clock,
        )  # fmt: skip

    def repaired(self, row: CreditItem) -> None:
        self.applied(row)
        repair.accept_application(self.session, row.code, rules=self.rules, actor=OFFICER, clock=self.clock)
        repair.verify_repair(self.session, row.code, how="现场核实，已改正", rules=self.rules, actor=SECOND, clock=self.clock)

    def tiers(self) -> list[str]:
        rows = self.session.scalars(select(CreditTier).where(CreditTier.institution_id == self.owner.id).order_by(CreditTier.from_on))
        return [row.tier.value for row in rows]

    def standing(self) -> Rating | None:
        return queries.in_force(self.session, self.owner.id)
