"""Keep the ledger's head moving: place pending entries, sign a checkpoint, copy it to the locked bucket. safety: 1.3."""

from datetime import timedelta
from typing import Final

from api.http.services import Services
from storage.database.session import SYSTEM
from storage.ledger.note import VerifierKey, verifier_key
from storage.ledger.publish import bucket_anchor, publish
from storage.ledger.sequencer import sequence
from storage.retention.rules import RetentionRule

MARGIN_YEARS: Final = 1  # a proof outlives the evidence it is about


def origin(services: Services) -> str:
    """The log's name in its checkpoints."""
    return f"classproof/{services.settings.s3_bucket_prefix}"


def verifier(services: Services) -> VerifierKey:
    """The public half, as published."""
    return verifier_key(origin(services), services.secrets.ledger_key())


def sequence_pending(services: Services) -> bool:
    """One round of the sequencer; whether anything was placed. The newest checkpoint in the locked bucket must be extended, or it refuses."""
    anchor = bucket_anchor(services.buckets.ledger, [verifier(services)], origin(services), services.clock)
    with services.database.transaction(SYSTEM) as session:
        made = sequence(session, key=services.secrets.ledger_key(), origin=origin(services), clock=services.clock, anchor=anchor)
    return made is not None


def publish_heads(services: Services) -> int:
    """Copy new checkpoints and full tiles to the locked bucket. Returns how many checkpoints were added."""
    now = services.clock.now_at()
    years = services.policy.read(RetentionRule, services.clock.today_on()).retention_years + MARGIN_YEARS
    with services.database.transaction(SYSTEM) as session:
        done = publish(
            session,
            services.buckets.ledger,
            keys=[verifier(services)],
            origin=origin(services),
            clock=services.clock,
            until=now + timedelta(days=366 * years),
        )
    return done.checkpoints
