"""A county with lessons on tape and a clock that the test moves, for draws, reviews and findings."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid4

from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from storage.kernel.actor import SYSTEM_ACTOR, Actor
from storage.kernel.clock import Clock, local_date
from storage.kernel.events import Event
from supervision.findings import settling
from supervision.footage.lifecycle import RecordingState
from supervision.footage.models import RecordedSpan, Recording
from supervision.sampling import service as sampling
from supervision.sampling.draw import SamplingRule
from supervision.sampling.lifecycle import DrawMethod
from supervision.sampling.models import DrawRound
from supervision.sampling.seed import commit
from supervision.sampling.strata import RiskWeights
from supervision.spotchecks import looks
from supervision.spotchecks.inspectors import Inspector
from supervision.spotchecks.look_lines import ResultsRule
from supervision.spotchecks.models import ReviewAssignment, ReviewOutcome
from supervision.spotchecks.rules import ReviewRule
from tests.factories.world import World, make_world

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
RULE = SamplingRule(sampling_floor_permille=50, detection_bad_permille=300, detection_confidence_permille=800)
WEIGHTS = RiskWeights(1000, 1000, 2000, 4000, 1500, 2000, 1_000_000)
REVIEW = ReviewRule(
    clip_seconds=60,
    watch_permille=950,
    review_working_days=5,
    clean_second_look_permille=0,
    planted_permille=0,
    cooling_off_years=3,
    depth_tier_c_permille=1500,
    depth_tier_d_permille=2000,
)
RESULTS = ResultsRule(looks_fewest_others=5, looks_sealed_days=30)
BUREAU = Actor(kind="account", name="officer", role="bureau-officer", id=UUID(int=1))
WATCHDOG = Actor(kind="account", name="watchdog", role="auditor", id=UUID(int=2))
PARTIES = (("县人社局培训科", BUREAU, bytes(range(16))), ("县纪委监委派驻组", WATCHDOG, bytes(range(32, 64))))
PEOPLE = tuple(Inspector(f"inspector-{n:02d}", UUID(int=100 + n), f"检查员{n}") for n in range(3))
_files = itertools.count(1)


def as_actor(person: Inspector) -> Actor:
    return Actor(kind="account", name=person.login, role="inspector", id=person.account_id)


@dataclass
class Outbox:
    """Keeps what was published: the outgoing port of a stage."""

    published: list[Event] = field(default_factory=list)

    def publish(self, session: Session, event: Event) -> None:
        assert session.in_transaction()
        self.published.append(event)


@dataclass
class Stage:
    """`now` is what the product's clock says."""

    session: Session
    now: datetime = NOW
    outbox: Outbox = field(default_factory=Outbox)

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now)

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    def world(self, lessons: int, *, cameras: int = 1, on_tape: int | None = None) -> World:
        """A class of which the first `on_tape` lessons (all) have every camera's footage."""
        made = make_world(self.session, self.now, lessons=lessons, cameras=cameras)
        taped = {lesson.id for lesson in made.lessons[: len(made.lessons) if on_tape is None else on_tape]}
        for slot in made.slots:
            if slot.lesson_id in taped:
                self.tape(made, slot.id)
        return made

    def tape(self, world: World, slot_id: UUID, *, state: RecordingState = RecordingState.CATALOGUED) -> Recording:
        """A recording of a whole slot; its file begins two seconds before the lesson."""
        slot = next(s for s in world.slots if s.id == slot_id)
        assert slot.span.lower is not None
        span = Range(slot.span.lower - timedelta(seconds=2), slot.span.upper, bounds="[)")
        number = next(_files)
        recording = Recording(
            institution_id=world.institution.id,
            upload_id=uuid4(),
            slot_id=slot.id,
            camera_id=slot.camera_id,
            file_name=f"{number}.mp4",
            state=state,
            object_key=f"recordings/{number}",
            version_id=f"v{number}",
            size_bytes=1000,
            sha256=sha256(str(number).encode()).digest(),
            recorded_span=span,
        )
        self.session.add(recording)
        self.session.flush()
        self.session.add(
            RecordedSpan(institution_id=world.institution.id, recording_id=recording.id, camera_id=slot.camera_id, span=span, media_start_ms=0)
        )
        self.session.flush()
        return recording

    def plan(
        self,
        *,
        rule: SamplingRule = RULE,
        on: date | None = None,
        strata_by: Sequence[str] = (),
        on_site: bool = False,
        method: DrawMethod = DrawMethod.PROPORTIONAL,
    ) -> DrawRound:
        """A round over yesterday, whose public value is known in an hour."""
        day = on or local_date(self.now - timedelta(days=1))
        return sampling.plan(
            self.session,
            method=method,
            title="十一月按比例抽查",
            period_starts_on=day,
            period_ends_on=day,
            rule=rule,
            weights=WEIGHTS,
            strata_by=strata_by,
            on_site=on_site,
            public_source="上证指数 2026-11-20 收盘",
            public_at=self.now + timedelta(hours=1),
            actor=BUREAU,
            clock=self.clock,
        )

    def freeze(self, code: str) -> DrawRound:
        return sampling.freeze_frame(self.session, code, actor=BUREAU, clock=self.clock)

    def commit_all(self, code: str) -> None:
        for party, actor, value in PARTIES:
            sampling.commit_contribution(self.session, code, party=party, commitment=commit(party, value), actor=actor, clock=self.clock)

    def reveal_all(self, code: str) -> None:
        for party, actor, value in PARTIES:
            sampling.reveal_contribution(self.session, code, party=party, value=value, actor=actor, clock=self.clock)

    def seeded(self, *, rule: SamplingRule = RULE, strata_by: Sequence[str] = (), on_site: bool = False) -> DrawRound:
        """A round with everything done but the draw."""
        on = local_date(self.now + timedelta(days=2)) if on_site else None
        code = self.plan(rule=rule, on=on, strata_by=strata_by, on_site=on_site).code
        self.freeze(code)
        self.commit_all(code)
        self.reveal_all(code)
        self.later(hours=2)
        return sampling.publish_public_value(self.session, code, value="3882.78", actor=BUREAU, clock=self.clock)

    def drawn(self, *, rule: SamplingRule = RULE, strata_by: Sequence[str] = (), on_site: bool = False) -> DrawRound:
        round_ = self.seeded(rule=rule, strata_by=strata_by, on_site=on_site)
        sampling.draw(self.session, round_.code, actor=BUREAU, clock=self.clock)
        return round_

    def follow(self, given: ReviewAssignment, *, people: Sequence[Inspector] = PEOPLE, rule: ReviewRule = REVIEW) -> ReviewOutcome | None:
        """What the worker does after a verdict: outcome or next look, and what that means for the findings (the store is not asked)."""
        by = {"inspectors": people, "rule": rule, "due_at": self.now + timedelta(days=7), "actor": SYSTEM_ACTOR, "clock": self.clock}
        outcome = looks.follow(self.session, given.id, **by, events=self.outbox)  # type: ignore[arg-type]  # keywords
        self.settle(given)
        return outcome

    def settle(self, given: ReviewAssignment) -> list[str]:
        """Every ruling that is due; their words."""
        made: list[str] = []
        while due := settling.due_rulings(self.session, given.id):
            settling.apply(self.session, due[0], verify=lambda *_: None, holds=Unheld(), actor=SYSTEM_ACTOR, clock=self.clock)
            made.append(f"{due[0].code} {due[0].event}")
        return made


class Unheld:
    """Holds nothing: for steps that another test looks at with a store."""

    def place(self, session: Session, **_facts: object) -> None:
        assert session.in_transaction()

    release = place
