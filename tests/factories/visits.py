"""An on-site round with its teams, made through the services, and the hour before the door."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth.models import Account
from api.auth.roles import Role
from api.http.services import Services
from storage.database.session import BUREAU, SYSTEM
from storage.kernel.actor import Actor
from supervision.sampling import service as sampling
from supervision.sampling.draw import SamplingRule
from supervision.sampling.lifecycle import DrawMethod
from supervision.sampling.strata import RiskWeights
from supervision.spotchecks.inspectors import Inspector
from supervision.visits import service as visits
from supervision.visits.models import Visit, VisitMember
from supervision.visits.rules import VisitRule
from tests.factories.world import World, make_world
from tests.people import account_of
from tests.site_fixtures import Hands

EVERY_LESSON = SamplingRule(1000, 100, 800)
RULE = VisitRule(team_size=2, visible_hours_before=18, cooling_off_years=3)
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + b"a photo" + bytes.fromhex("ffd9")


@dataclass
class Sent:
    """A round whose visits are drawn. `members[code]` are the accounts of a team, its lead first."""

    world: World
    code: str
    visits: tuple[str, ...]
    members: dict[str, list[UUID]]
    seed: bytes

    @property
    def visit(self) -> str:
        return self.visits[0]


def inspectors_of(services: Services, count: int) -> list[Account]:
    return [account_of(services, Role.INSPECTOR) for _ in range(count)]


def world_ahead(services: Services, *, lessons: int = 1) -> World:
    """A world whose lessons are two days ahead."""
    with services.database.transaction(SYSTEM) as session:
        return make_world(session, services.clock.now_at(), lessons=lessons, length=timedelta(minutes=45), days_ago=-2)


def send_out(services: Services, hands: Hands, world: World, people: list[Account], *, rule: SamplingRule = EVERY_LESSON) -> Sent:
    """Announce, freeze, commit, reveal, draw, and give every lesson its team."""
    parties = [Actor("account", f"party-{n}", "legal-officer", uuid4()) for n in range(2)]
    officer, day = parties[0], services.clock.today_on() + timedelta(days=2)
    by = {"actor": officer, "clock": services.clock}
    with services.database.transaction(BUREAU) as session:
        code = sampling.plan(
            session,
            method=DrawMethod.ROUTINE,
            title="日常检查（现场）",
            period_starts_on=day,
            period_ends_on=day,
            rule=rule,
            weights=services.policy.read(RiskWeights, services.clock.today_on()),
            on_site=True,
            public_source="约定数字",
            public_at=services.clock.now_at() + timedelta(minutes=1),
            **by,
        ).code
        sampling.freeze_frame(session, code, **by)
        values = [secrets.token_bytes(32) for _ in parties]
        for party, value in zip(parties, values, strict=True):
            commitment = hashlib.sha256(party.name.encode() + b"\x00" + value).digest()
            sampling.commit_contribution(session, code, party=party.name, commitment=commitment, actor=party, clock=services.clock)
    hands.forward(minutes=2)
    with services.database.transaction(BUREAU) as session:
        for party, value in zip(parties, values, strict=True):
            sampling.reveal_contribution(session, code, party=party.name, value=value, actor=party, clock=services.clock)
        seed = sampling.publish_public_value(session, code, value="314159", **by).seed or b""
        sampling.draw(session, code, **by)
        people_ = [Inspector(p.login_name, p.id, p.display_name) for p in people]
        made = visits.assign(session, code, inspectors=people_, rule=RULE, **by)
        return Sent(world, code, tuple(v.code for v in made), {v.code: _team(session, v) for v in made}, seed)


def on_the_day(services: Services, hands: Hands, world: World, *, minutes_before: int = 30) -> None:
    """Turn the clock to shortly before the first lesson."""
    hands.ahead += world.lessons[0].starts_at - timedelta(minutes=minutes_before) - services.clock.now_at()


def _team(session: Session, visit: Visit) -> list[UUID]:
    rows = select(VisitMember.inspector_account_id).where(VisitMember.visit_id == visit.id, VisitMember.recused_at.is_(None))
    return list(session.scalars(rows.order_by(VisitMember.is_lead.desc())))
