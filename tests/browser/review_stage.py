"""Lessons on tape, drawn and assigned, for tests that sit in the review room."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Page

from api.auth.models import Account
from api.auth.roles import Role
from api.http.services import Services
from storage.database.session import BUREAU, SYSTEM
from storage.kernel.actor import Actor
from storage.kernel.clock import BUREAU_ZONE
from supervision.sampling import service as sampling
from supervision.sampling.draw import SamplingRule
from supervision.sampling.lifecycle import DrawMethod
from supervision.spotchecks import service as spotchecks
from supervision.spotchecks.inspectors import Inspector
from supervision.spotchecks.rules import ReviewRule
from tests import videos
from tests.browser.conftest import People
from tests.factories.world import make_world
from tests.integration.spine.test_upload_to_catalogue import send
from tests.people import account_of
from tests.site_fixtures import Hands


def inspector_of(services: Services, people: People, page: Page) -> Inspector:
    """The person behind a signed-in page, as the draw knows them."""
    with services.database.transaction(SYSTEM) as session:
        account = session.get_one(Account, people.accounts[page.context])
        return Inspector(account.login_name, account.id, account.display_name)


def drawn_assignment(
    services: Services, hands: Hands, run_jobs: Callable[[], None], inspector: Inspector, folder: Path, *, codec: str = "h264"
) -> str:
    """One lesson, recorded, drawn and assigned; its clip is cut. Returns the assignment's id."""
    with services.database.transaction(SYSTEM) as session:
        world = make_world(session, services.clock.now_at())
    send(services, world, videos.film(folder / "lesson.mp4", "mp4", videos.Scene(seconds=120, fps=10, gop=20, codec=codec)))
    run_jobs()
    return assigned(services, hands, run_jobs, inspector, clip_seconds=60)


def two_cameras(services: Services, hands: Hands, run_jobs: Callable[[], None], inspector: Inspector, folder: Path) -> str:
    """One lesson of two minutes, drawn whole: the first camera in two files that join, the second only for the first 80 seconds, at another rate."""
    with services.database.transaction(SYSTEM) as session:
        world = make_world(session, services.clock.now_at(), cameras=2)
    start = world.lessons[0].starts_at.astimezone(BUREAU_ZONE)
    for camera, after_s, seconds, seed, fps in ((0, 0, 60, 1, 10), (0, 60, 60, 2, 10), (1, 0, 80, 3, 12)):
        name = f"{world.cameras[camera].code}_{start + timedelta(seconds=after_s):%Y%m%d%H%M%S}.mp4"
        film = videos.film(folder / f"{camera}-{after_s}.mp4", "mp4", videos.Scene(seconds=seconds, fps=fps, gop=2 * fps, seed=seed))
        send(services, world, film, file_name=name)
    run_jobs()
    return assigned(services, hands, run_jobs, inspector, clip_seconds=0)


def assigned(services: Services, hands: Hands, run_jobs: Callable[[], None], inspector: Inspector, *, clip_seconds: int) -> str:
    """Draw the one lesson on tape and give it to this inspector; what is to be played is cut. Returns the assignment's id."""
    parties = [Actor("account", f"party{n}", "legal-officer", account_of(services, Role.LEGAL_OFFICER).id) for n in range(2)]
    today = services.clock.today_on()
    with services.database.transaction(BUREAU) as session:
        code = sampling.plan(
            session,
            method=DrawMethod.PROPORTIONAL,
            title="抽查",
            period_starts_on=today - timedelta(days=5),
            period_ends_on=today,
            rule=SamplingRule(1000, 100, 800),
            public_source="约定数字",
            public_at=services.clock.now_at() + timedelta(minutes=1),
            actor=parties[0],
            clock=services.clock,
        ).code
        sampling.freeze_frame(session, code, actor=parties[0], clock=services.clock)
        values = [secrets.token_bytes(32) for _ in parties]
        for actor, value in zip(parties, values, strict=True):
            commitment = hashlib.sha256(actor.name.encode() + b"\x00" + value).digest()
            sampling.commit_contribution(session, code, party=actor.name, commitment=commitment, actor=actor, clock=services.clock)
    hands.forward(minutes=2)
    with services.database.transaction(BUREAU) as session:
        for actor, value in zip(parties, values, strict=True):
            sampling.reveal_contribution(session, code, party=actor.name, value=value, actor=actor, clock=services.clock)
        sampling.publish_public_value(session, code, value="314159", actor=parties[0], clock=services.clock)
        sampling.draw(session, code, actor=parties[0], clock=services.clock)
        rule = ReviewRule(
            clip_seconds=clip_seconds, watch_permille=50, review_working_days=5, clean_second_look_permille=0, planted_permille=0,
            cooling_off_years=3, depth_tier_c_permille=1500, depth_tier_d_permille=2000,
        )  # fmt: skip
        made = spotchecks.assign(
            session, code, inspectors=[inspector], rule=rule, due_at=None, actor=parties[0], clock=services.clock, events=services.events
        )
        found = str(made[0].id)
    run_jobs()
    return found
