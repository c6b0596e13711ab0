"""What the registers know of institutions that are out and of all others, for `successors`. F-29; R43, R47. Reads only."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from compliance.exit.successors import Known, Link, SuccessorRule, links
from compliance.subsidy.models import SubsidyClaim
from supervision.classes.models import Lesson
from supervision.institutions.models import Bar, Camera, DirectoryExclusion, Institution, TeachingPoint

MOST: Final = 2000  # institutions of a county and of those who come from elsewhere


def successor_links(session: Session, rule: SuccessorRule, *, institution_id: UUID | None = None) -> list[Link]:
    """Every pair, or those that one institution is part of."""
    out = set(
        session.scalars(
            select(DirectoryExclusion.institution_id).where(DirectoryExclusion.bar == Bar.EXCLUDED, DirectoryExclusion.lifted_on.is_(None))
        )
    )
    if not out:
        return []
    known = facts(session)
    told = links([one for one in known if one.institution_id in out], [one for one in known if one.institution_id not in out], rule)
    return [link for link in told if institution_id is None or institution_id in (link.out, link.other)]


def facts(session: Session) -> Sequence[Known]:
    """All institutions, with the places, cameras, payees and teachers that stand in the registers under them."""
    rows = session.execute(
        select(Institution.id, Institution.legal_representative, Institution.principal, Institution.address).order_by(Institution.code).limit(MOST)
    ).all()
    places, cameras, accounts, teachers = (
        defaultdict[UUID, set[str]](set),
        defaultdict[UUID, set[str]](set),
        defaultdict[UUID, set[str]](set),
        defaultdict[UUID, set[str]](set),
    )
    for owner, text in session.execute(select(TeachingPoint.institution_id, TeachingPoint.address)):
        places[owner].add(text)
    for owner, text in session.execute(select(Camera.institution_id, Camera.serial).where(Camera.serial != "")):
        cameras[owner].add(text)
    for owner, payee, mask in session.execute(select(SubsidyClaim.institution_id, SubsidyClaim.payee, SubsidyClaim.account_masked).distinct()):
        accounts[owner].add(f"{payee} {mask}")
    for owner, text in session.execute(select(Lesson.institution_id, Lesson.teacher).where(Lesson.teacher != "").distinct()):
        teachers[owner].add(text.strip())
    return [
        Known(
            institution_id=row.id,
            legal_representative=row.legal_representative,
            principal=row.principal,
            addresses=frozenset(places[row.id] | ({row.address} if row.address else set())),
            cameras=frozenset(cameras[row.id]),
            accounts=frozenset(accounts[row.id]),
            teachers=frozenset(teachers[row.id]),
        )
        for row in rows
    ]
