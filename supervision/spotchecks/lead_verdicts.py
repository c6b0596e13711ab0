"""Who may say what a lead is worth: nobody whom the recusal register bars from an institution that it is about. 2.3.2; R55, R60; F-25.

The same holds for throwing away what was learned of a camera's clock, since leads go with it.
"""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.kernel.clock import Clock, local_date
from supervision.footage.models import Recording
from supervision.institutions.models import Camera, Institution
from supervision.screening import clocks, leads
from supervision.screening.clock_models import CameraClock
from supervision.screening.screening_models import LeadVerdict, ScreeningLead
from supervision.spotchecks.models import Recusal
from supervision.spotchecks.recusals import barring, require_free


def about(session: Session, lead: ScreeningLead) -> frozenset[UUID]:
    """The institutions that a lead is about: its own, and that of the other recording which shows the same."""
    others = session.scalars(select(Recording.institution_id).where(Recording.id == lead.related_recording_id))
    return frozenset({lead.institution_id, *others})


def barred(session: Session, lead: ScreeningLead, account_id: UUID, *, clock: Clock) -> tuple[Recusal, Institution] | None:
    """Why this person must not judge the lead today; None when nothing speaks against it."""
    return barring(session, account_id, about(session, lead), local_date(clock.now_at()))


def judge(session: Session, lead_id: UUID, *, real: bool, note: str, account_id: UUID, actor: Actor, clock: Clock) -> LeadVerdict:
    """Say whether a lead is real. Raises: MustStandAside; LeadNotFound, VerdictWithoutReason."""
    require_free(session, account_id, about(session, leads.find(session, lead_id).lead), local_date(clock.now_at()))
    return leads.judge(session, lead_id, real=real, note=note, actor=actor, at=clock.now_at())


def discard_clock(session: Session, clock_id: UUID, *, why: str, account_id: UUID, actor: Actor, clock: Clock) -> CameraClock:
    """Throw away what was learned of a camera's clock. Raises: MustStandAside; ClockNotFound, ClockWithoutReason."""
    owners = session.scalars(
        select(Camera.institution_id).join(CameraClock, CameraClock.camera_id == Camera.id).where(CameraClock.id == clock_id)
    ).all()
    require_free(session, account_id, owners, local_date(clock.now_at()))
    return clocks.discard(session, clock_id, why=why, actor=actor, at=clock.now_at())
