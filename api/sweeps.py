"""Sweeps over uploads with the figures in force: the hourly and daily jobs that delete what never became evidence. R72; domain.md 2.3.1."""

from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from api.http.services import Services
from api.policy import Policy
from storage.kernel.actor import Actor
from storage.kernel.clock import local_date
from storage.uploads.rules import UploadRule
from supervision.findings.models import Finding
from supervision.footage import sweeping
from supervision.footage.rules import RejectedRule, original_kept_until


def expire_uploads(services: Services, actor: Actor) -> None:
    """Uploads that nobody goes on with."""
    rule, at = services.policy.read(UploadRule, services.clock.today_on()), services.clock.now_at()
    sweeping.expire_idle(services.database, services.buckets.evidence, rule, actor=actor, at=at, events=services.events)


def discard_refused(services: Services, actor: Actor) -> None:
    """Originals of refused recordings, once their days for a dispute are over and no finding names them."""
    stores = (services.buckets.evidence, services.buckets.viewing)
    until, at = partial(kept_until, services.policy), services.clock.now_at()
    sweeping.discard_refused(services.database, stores, until, _a_finding_names_it, actor=actor, at=at)


def kept_until(policy: Policy, refused_at: datetime) -> datetime:
    """Until when the original of a file refused at that instant is kept: what is promised on that day, a later figure does not shorten."""
    return original_kept_until(refused_at, policy.read(RejectedRule, local_date(refused_at)))


def _a_finding_names_it(session: Session, recording_id: UUID) -> bool:
    """Any finding, in whatever state: its objections and its notice refer to these bytes."""
    return bool(session.scalar(select(exists().where(Finding.recording_id == recording_id))))
