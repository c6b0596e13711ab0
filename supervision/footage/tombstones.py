"""Tombstones are patrolled like footage: what was destroyed must stay away. R73; domain.md 2.3.1; G4."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import select

from storage.database.session import SYSTEM
from storage.ledger import service as ledger
from storage.retention.models import KeptVersion
from supervision.footage.patrol import PATROL, PatrolRule
from supervision.footage.verification import Bench

log = logging.getLogger(__name__)
BACK: Final = "retention.destroyed-but-there"


def patrol_tombstones(bench: Bench, rule: PatrolRule, *, batch: int = 20) -> Sequence[str]:
    """Look for the bytes of what was destroyed, each at least every `patrol_days`. Returns the keys under which something is, each put on record.

    Nothing is deleted: whoever brought bytes back did something that a person must look into. Raises: StoreUnavailable.
    """
    at = bench.clock.now_at()
    with bench.database.transaction(SYSTEM) as session:
        unseen = (KeptVersion.patrolled_at < KeptVersion.destroyed_at) | (KeptVersion.patrolled_at < at - timedelta(days=rule.patrol_days))
        due = session.scalars(
            select(KeptVersion)
            .where(KeptVersion.destroyed_at.is_not(None), KeptVersion.patrolled_at.is_(None) | unseen)
            .order_by(KeptVersion.patrolled_at.asc().nulls_first())
            .limit(batch)
            .with_for_update(skip_locked=True)
        ).all()
        back: list[str] = []
        for kept in due:
            found = [v.version_id for v in bench.store.list_versions(kept.object_key) if v.key == kept.object_key]
            kept.patrolled_at = at
            if found:
                back.append(kept.object_key)
                log.error("object %s was destroyed and is in the store again: %s", kept.object_key, ", ".join(found))
                subject = f"object/{kept.object_key}@{kept.version_id}"
                ledger.append(session, actor=PATROL, at=at, action=BACK, subject=subject, tenant=None, body={"versions": found})
        return back
