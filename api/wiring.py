"""The composition root: which event starts which job, which policy figures a stage gets, which ports it works with.

No stage names the next; this file does.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from api import destroying, sweeps
from api.auth import throttle
from api.auth.models import LoginSession
from api.employment import employment_rule
from api.holds import EvidenceHolds
from api.http.services import Services
from api.inspectors import REGISTRY_CHANGED, eligible_for, review_due
from api.jobs import JobQueue
from api.policy import Policy
from compliance.approvals import queries as approvals_q
from compliance.approvals import watching
from compliance.exit import effects as exit_effects
from compliance.exit import opening as exit_opening
from compliance.exit import queries as exit_queries
from compliance.exit.rules import ExitRule
from compliance.policy.book import Book
from compliance.rating import falling
from compliance.rating import items as credit_items
from compliance.rating.ruleset import in_force
from storage.clips import discarding, sheets
from storage.clips import service as clips
from storage.database.session import SYSTEM, Database, make_engine
from storage.engines.engines import Engines
from storage.kernel import workdays
from storage.kernel.actor import Actor
from storage.kernel.clock import Clock
from storage.kernel.settings import Settings
from storage.objects.buckets import open_buckets
from storage.retention.rules import RetentionRule
from storage.uploads import service as uploads
from supervision.findings import evidence, reminders, settling
from supervision.findings import footage as marked
from supervision.findings import queries as findings_q
from supervision.findings.clocks import ProcedureRule
from supervision.findings.models import Finding
from supervision.footage import copies, patrol, receipts, tombstones
from supervision.footage import service as footage
from supervision.footage.copy_rules import CopyRule
from supervision.footage.models import Recording
from supervision.footage.rules import CoverageRule
from supervision.footage.service import find
from supervision.footage.verification import Bench, catalogue, check_hash, confirm, verify
from supervision.institutions.models import Institution
from supervision.releases import service as releases
from supervision.screening.comparing import Comparer, ComparingRule, compare_recording
from supervision.screening.lessons_judged import judge_lately, judge_recording
from supervision.screening.loop import LoopRule
from supervision.screening.pieces import PieceRule
from supervision.screening.recycled import RecycledRule
from supervision.screening.rules import ScreeningRule
from supervision.screening.service import Screener, screen
from supervision.screening.signals.view_unusual import UsualRule
from supervision.spotchecks import interests, looks, results, viewing
from supervision.spotchecks.flags import FlagSource, catalogue_flags, screening_flags
from supervision.spotchecks.rules import ReviewRule
from supervision.visits import service as visits

FOLLOWS: Final[Mapping[str, tuple[str, ...]]] = {
    "recording.received": ("verify-recording",),
    "recording.verified": ("catalogue-recording", "screen-recording"),
    "recording.screened": ("compare-recording", "judge-head-counts"),
    "recording.unreadable": ("judge-head-counts",),
    "recording.catalogued": ("confirm-recording", "issue-receipt"),
    "recording.rejected": (),
    "destruction.approved": ("destroy-recording",),
    "clip.requested": ("cut-clip",),
    "sheets.requested": ("make-sheets",),
    "review.assigned": ("prepare-review",),
    "review.ended": ("follow-review",),
    "review.followed": ("settle-findings", "end-viewing"),
    REGISTRY_CHANGED: ("detect-interests",),
    "finding.recorded": (),
    "exit.in-force": (),
    "exit.ended": ("reread-ratings",),
    "finding.moved": ("keep-approvals", "reread-ratings"),
}
FLAG_SOURCES: Final[tuple[FlagSource, ...]] = (catalogue_flags, screening_flags)  # what the machine noticed
SCHEDULER: Final = Actor(kind="system", name="scheduler", role="scheduler")


def build_services(engines: Engines, settings: Settings, *, clock: Clock | None = None, pool_size: int = 10) -> Services:
    """Everything a process works with."""
    exceptions = workdays.load_exceptions(workdays.OWN_EXCEPTIONS)
    workdays.use(exceptions | (workdays.load_exceptions(settings.workdays_file) if settings.workdays_file else {}))
    addresses = engines.addresses
    return Services(
        database=Database(make_engine(addresses.database_url, pool_size=pool_size)),
        clock=clock or Clock(),
        settings=settings,
        buckets=open_buckets(addresses.s3),
        secrets=engines.secrets,
        events=JobQueue(FOLLOWS),
        policy=Policy(Book.load()),
        engines=engines,
    )


def bench(services: Services) -> Bench:
    """The worker's tools, with the figures in force today."""
    today = services.clock.today_on()
    return Bench(
        database=services.database,
        store=services.buckets.evidence,
        side=services.buckets.viewing,
        clock=services.clock,
        events=services.events,
        scratch=services.settings.scratch,
        coverage_rule=services.policy.read(CoverageRule, today),
        retention_rule=services.policy.read(RetentionRule, today),
    )


def screener(services: Services) -> Screener:
    """What screening works with, with the figures in force today."""
    return Screener(
        database=services.database,
        buckets=services.buckets,
        clock=services.clock,
        events=services.events,
        scratch=services.settings.scratch,
        rule=services.policy.read(ScreeningRule, services.clock.today_on()),
        usual=services.policy.read(UsualRule, services.clock.today_on()),
        reference=approvals_q.reference_of_camera,
    )


def comparer(services: Services) -> Comparer:
    """What the search for footage used before works with."""
    today = services.clock.today_on()
    policy = services.policy
    rules = policy.read(ComparingRule, today), policy.read(RecycledRule, today), policy.read(LoopRule, today), policy.read(PieceRule, today)
    return Comparer(screener(services), *rules)


def job_handlers(services: Services) -> Mapping[str, Callable[..., object]]:
    """Job name → what the worker runs. Arguments are the job's payload: ids as text."""
    return {
        "verify-recording": lambda recording_id: verify(bench(services), UUID(recording_id)),
        "catalogue-recording": lambda recording_id: catalogue(bench(services), UUID(recording_id)),
        "confirm-recording": lambda recording_id: confirm(bench(services), UUID(recording_id)),
        "issue-receipt": partial(_issue_receipt, services),
        "compare-recording": lambda recording_id: compare_recording(comparer(services), UUID(recording_id)),
        "judge-head-counts-lately": lambda: judge_lately(screener(services)),
        "judge-head-counts": lambda recording_id: judge_recording(screener(services), UUID(recording_id)),
        "screen-recording": lambda recording_id: screen(screener(services), UUID(recording_id)),
        "cut-clip": lambda clip_id: clips.cut_clip(
            services.database, services.buckets, UUID(clip_id), clock=services.clock, scratch=services.settings.scratch
        ),
        "make-sheets": lambda sheets_id: sheets.make(
            services.database, services.buckets, UUID(sheets_id), clock=services.clock, scratch=services.settings.scratch
        ),
        "end-viewing": partial(_end_viewing, services),
        "end-releases": partial(_end_releases, services),
        "open-looks": partial(_open_looks, services),
        "prepare-review": partial(_prepare_review, services),
        "follow-review": partial(_follow_review, services),
        "detect-interests": partial(_detect_interests, services),
        "settle-findings": partial(_settle_findings, services),
        "mark-overdue": partial(_mark_overdue, services),
        "expire-uploads": partial(sweeps.expire_uploads, services, SCHEDULER),
        "discard-refused": partial(sweeps.discard_refused, services, SCHEDULER),
        "sweep-orphans": partial(_sweep_orphans, services),
        "expire-clips": partial(_expire_clips, services),
        "extend-locks": partial(_extend_locks, services),
        "settle-retention": partial(_settle_retention, services),
        "settle-destructions": partial(destroying.settle_destructions, services, SCHEDULER),
        "destroy-recording": lambda destruction_id: destroying.run_destruction(services, bench(services), destruction_id),
        "patrol": partial(_patrol, services),
        "miss-visits": partial(_miss_visits, services),
        "detect-exits": partial(_detect_exits, services),
        "end-exit-terms": partial(_end_exit_terms, services),
        "remind-findings": partial(_remind_findings, services),
        "expire-credit-items": partial(_expire_credit_items, services),
        "keep-approvals": partial(_keep_approvals, services),
        "reread-ratings": partial(_reread_ratings, services),
        "forget-sign-ins": partial(_forget_sign_ins, services),
        "check-copies": partial(_check_copies, services),
    }


def _issue_receipt(services: Services, recording_id: str) -> None:
    with services.database.transaction(SYSTEM) as session:
        recording = find(session, UUID(recording_id), None, lock=True)
        receipts.issue(session, recording, services.secrets.receipt_key(), at=services.clock.now_at())


def _prepare_review(services: Services, assignment_id: str) -> None:
    with services.database.transaction(SYSTEM) as session:
        viewing.prepare(session, UUID(assignment_id), events=services.events, at=services.clock.now_at())


def _follow_review(services: Services, assignment_id: str) -> None:
    """A verdict is in, or somebody stepped aside: decide the outcome or draw the next look."""
    rule = services.policy.read(ReviewRule, services.clock.today_on())
    with services.database.transaction(SYSTEM) as session:
        looks.follow(
            session,
            UUID(assignment_id),
            inspectors=eligible_for(session, services, UUID(assignment_id)),
            rule=rule,
            due_at=review_due(services),
            actor=SCHEDULER,
            clock=services.clock,
            events=services.events,
        )


def _detect_interests(services: Services) -> None:
    """New classes, teachers and trainees against the register of interests."""
    rule = services.policy.read(ReviewRule, services.clock.today_on())
    with services.database.transaction(SYSTEM) as session:
        interests.detect(session, cooling_off_years=rule.cooling_off_years, actor=SCHEDULER, clock=services.clock)


def _settle_findings(services: Services, assignment_id: str) -> None:
    """What the looks say of the findings, one transaction each: footage is read in full before a fact is confirmed."""
    holds = EvidenceHolds(services.buckets.evidence)
    while True:
        with services.database.transaction(SYSTEM) as session:
            due = settling.due_rulings(session, UUID(assignment_id))
            if not due:
                return
            settling.apply(session, due[0], verify=partial(_verify_footage, services), holds=holds, actor=SCHEDULER, clock=services.clock)


def _verify_footage(services: Services, session: Session, found: Finding) -> None:
    stretch = evidence.marked(found)
    if stretch is not None:
        check_hash(bench(services), session.get_one(Recording, stretch.recording_id))


def _mark_overdue(services: Services) -> None:
    rule = services.policy.read(CoverageRule, services.clock.today_on())
    while True:
        with services.database.transaction(SYSTEM) as session:
            if footage.mark_overdue(session, rule, actor=SCHEDULER, at=services.clock.now_at()) == 0:
                return


def _sweep_orphans(services: Services) -> None:
    with services.database.transaction(SYSTEM) as session:
        uploads.sweep_orphans(session, services.buckets.evidence, at=services.clock.now_at())


def _expire_clips(services: Services) -> None:
    """Copies past their day, and those of reviews and findings that are decided: originals stay, copies do not outlive their purpose."""
    at = services.clock.now_at()
    with services.database.transaction(SYSTEM) as session:
        discarding.expire(session, services.buckets.viewing, actor=SCHEDULER, at=at)
        for purpose in (*viewing.ended_purposes(session), *marked.ended_purposes(session)):
            discarding.discard(session, services.buckets.viewing, purpose, why="its purpose ended", actor=SCHEDULER, at=at)


def _end_viewing(services: Services, assignment_id: str) -> None:
    """A review ended: its copies and sheets go to the next look at the same minutes, or are deleted at once; what was released for it is deleted."""
    ended = UUID(assignment_id)
    with services.database.transaction(SYSTEM) as session:
        if not viewing.has_ended(session, ended):
            return
        if (following := viewing.next_look(session, ended)) is not None:
            viewing.take_over(session, following, at=services.clock.now_at())
        purposes = [viewing.purpose_of(ended), *releases.end_of_assignment(session, ended, actor=SCHEDULER, clock=services.clock)]
        for purpose in purposes:
            discarding.discard(session, services.buckets.viewing, purpose, why="the review ended", actor=SCHEDULER, at=services.clock.now_at())


def _end_releases(services: Services) -> None:
    """Requests nobody decided, and approvals whose hours are over."""
    with services.database.transaction(SYSTEM) as session:
        for purpose in releases.end_over(session, actor=SCHEDULER, clock=services.clock):
            discarding.discard(session, services.buckets.viewing, purpose, why="the release is over", actor=SCHEDULER, at=services.clock.now_at())


def _open_looks(services: Services) -> None:
    """Lines of closed rounds whose findings have all ended."""
    with services.database.transaction(SYSTEM) as session:
        rounds = results.due(session, services.clock.now_at())
    for code, round_id in rounds:
        with services.database.transaction(SYSTEM) as session:
            ends = findings_q.ends_of_round(session, round_id)
            results.open_lines(session, code, ends=ends, actor=SCHEDULER, clock=services.clock)


def _extend_locks(services: Services) -> None:
    rule = services.policy.read(RetentionRule, services.clock.today_on())
    while True:
        with services.database.transaction(SYSTEM) as session:
            if patrol.extend_locks(session, services.buckets.evidence, rule, actor=SCHEDULER, at=services.clock.now_at()) == 0:
                return


def _settle_retention(services: Services) -> None:
    while True:
        with services.database.transaction(SYSTEM) as session:
            if patrol.settle_due(session, actor=SCHEDULER, at=services.clock.now_at()) == 0:
                return


def _patrol(services: Services) -> None:
    rule = services.policy.read(patrol.PatrolRule, services.clock.today_on())
    patrol.patrol(bench(services), rule)
    tombstones.patrol_tombstones(bench(services), rule)


def _check_copies(services: Services) -> None:
    """Ask institutions for a stretch of their own copies, each in its own transaction (Q3, F-14)."""
    rule = services.policy.read(CopyRule, services.clock.today_on())
    with services.database.transaction(SYSTEM) as session:
        ids = session.scalars(select(Institution.id).order_by(Institution.id)).all()
    for institution_id in ids:
        with services.database.transaction(SYSTEM) as session:
            copies.ask(session, institution_id, rule, actor=SCHEDULER, clock=services.clock)


def _miss_visits(services: Services) -> None:
    with services.database.transaction(SYSTEM) as session:
        visits.miss_overdue(session, actor=SCHEDULER, clock=services.clock)


def _remind_findings(services: Services) -> None:
    """Each finding in its own transaction: one that fails keeps no other from being told."""
    rule = services.policy.read(ProcedureRule, services.clock.today_on())
    with services.database.transaction(SYSTEM) as session:
        waiting = [finding.code for finding in reminders.awaiting(session)]
    for code in waiting:
        with services.database.transaction(SYSTEM) as session:
            reminders.remind(session, findings_q.locked_finding(session, code), rule, actor=SCHEDULER, clock=services.clock)


def _reread_ratings(services: Services, institution_id: str = "") -> None:
    """Findings and decisions that fell away: the ratings in force are computed without them (2.3.5). All are looked at, whoever's it was."""
    effects = in_force(services.policy.book, services.clock.today_on()).effects
    with services.database.transaction(SYSTEM) as session:
        fallen = [*falling.withdrawn_findings(session), *(falling.reversed_problem(one) for one in exit_queries.reversed_problems(session))]
        falling.reread(session, fallen, effects=effects, actor=SCHEDULER, clock=services.clock)


def _expire_credit_items(services: Services) -> None:
    """Items whose longest publication is over, a batch in each transaction (R65)."""
    rules = in_force(services.policy.book, services.clock.today_on())
    after: UUID | None = None
    while True:
        with services.database.transaction(SYSTEM) as session:
            _, after = credit_items.expire_due(session, rules=rules, actor=SCHEDULER, clock=services.clock, after=after)
        if after is None:
            return


def _detect_exits(services: Services) -> None:
    """Grounds for an exit, each institution in its own transaction. A case proposes; nothing is forbidden by it."""
    today = services.clock.today_on()
    rule, counting = services.policy.read(ExitRule, today), employment_rule(services.policy, today)
    holds = EvidenceHolds(services.buckets.evidence)
    with services.database.transaction(SYSTEM) as session:
        listed = session.scalars(select(Institution.id).order_by(Institution.id)).all()
    for institution_id in listed:
        with services.database.transaction(SYSTEM) as session:
            institution = session.get_one(Institution, institution_id)
            exit_opening.detect(session, institution, rule, counting, holds=holds, actor=SCHEDULER, clock=services.clock)


def _end_exit_terms(services: Services) -> None:
    """Restrictions lapse on their day; exclusions wait for the readmission."""
    holds = EvidenceHolds(services.buckets.evidence)
    while True:
        with services.database.transaction(SYSTEM) as session:
            due = exit_queries.due_to_end(session, services.clock.today_on(), limit=20)
            for row in due:
                exit_effects.end_term(session, row, holds=holds, actor=SCHEDULER, clock=services.clock, events=services.events)
            if not due:
                return


def _keep_approvals(services: Services) -> None:
    """Approvals come into force, expire, and follow the safety findings at their places."""
    while True:
        with services.database.transaction(SYSTEM) as session:
            if watching.keep(session, actor=SCHEDULER, clock=services.clock) == 0:
                return


def _forget_sign_ins(services: Services) -> None:
    """Throttle buckets and sessions that ended long ago."""
    throttle.sweep(services.database, services.clock)
    with services.database.transaction(SYSTEM) as session:
        session.execute(delete(LoginSession).where(LoginSession.expires_at < services.clock.now_at() - timedelta(days=30)))
