"""Login throttling: token buckets in one SQL statement each (ASVS 6.3.1), shared by every process.

Three buckets per try: name and address together (a typist), the name alone (a spread attack), the address alone (one guesser, many names).
The pair empties first, so that an attacker elsewhere cannot lock the owner out at once.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from sqlalchemy import delete, text

from api.auth.errors import TooManyAttempts
from api.auth.models import LoginThrottle
from storage.database.session import SYSTEM, Database
from storage.kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class Bucket:
    """`capacity` tries at once, one more every `refill_s`."""

    name: str
    capacity: int
    refill_s: int


PAIR_TRIES: Final = (5, 60)
NAME_TRIES: Final = (20, 60)
ADDRESS_TRIES: Final = (40, 6)
CODE_TRIES: Final = (5, 60)

# A refused try costs nothing but is remembered as refused; GREATEST guards against clocks that differ between processes.
_TAKE: Final = text("""
    insert into login_throttle as t (bucket, tokens, refused, touched_at) values (:bucket, :capacity - 1, false, :at)
    on conflict (bucket) do update set
        tokens = least(:capacity, t.tokens + greatest(extract(epoch from (:at - t.touched_at)), 0) / :refill_s)
               - case when least(:capacity, t.tokens + greatest(extract(epoch from (:at - t.touched_at)), 0) / :refill_s) >= 1 then 1 else 0 end,
        refused = least(:capacity, t.tokens + greatest(extract(epoch from (:at - t.touched_at)), 0) / :refill_s) < 1,
        touched_at = greatest(t.touched_at, :at)
    returning refused, tokens
""")


def login_buckets(login_name: str, ip: str) -> list[Bucket]:
    """Names are hashed: people type passwords into the name field."""
    name = hashlib.sha256(login_name.strip().lower().encode()).hexdigest()[:32]
    return [Bucket(f"pair:{name}:{ip}", *PAIR_TRIES), Bucket(f"name:{name}", *NAME_TRIES), Bucket(f"address:{ip}", *ADDRESS_TRIES)]


def code_bucket(account_id: object) -> list[Bucket]:
    """Guessing six digits: five tries, then one a minute."""
    return [Bucket(f"code:{account_id}", *CODE_TRIES)]


def take(database: Database, clock: Clock, buckets: Sequence[Bucket]) -> None:
    """Take a token from each bucket, in a transaction of its own: a failed login must not give the token back.

    Raises: TooManyAttempts(retry_after_s).
    """
    at, wait_s = clock.now_at(), 0
    with database.transaction(SYSTEM) as session:
        for bucket in sorted(buckets, key=lambda bucket: bucket.name):  # one order everywhere: no deadlock between two tries
            refused, tokens = session.execute(
                _TAKE, {"bucket": bucket.name, "capacity": bucket.capacity, "refill_s": bucket.refill_s, "at": at}
            ).one()
            if refused:
                wait_s = max(wait_s, ceil((1 - tokens) * bucket.refill_s))
    if wait_s:
        raise TooManyAttempts(retry_after_s=wait_s)


def refill(database: Database, buckets: Sequence[Bucket]) -> None:
    """After a success the person's own buckets are full again; the address's is not (one guesser may own one account)."""
    names = [bucket.name for bucket in buckets if not bucket.name.startswith("address:")]
    with database.transaction(SYSTEM) as session:
        session.execute(delete(LoginThrottle).where(LoginThrottle.bucket.in_(names)))


def sweep(database: Database, clock: Clock) -> int:
    """Forget buckets untouched for a day. Returns how many."""
    with database.transaction(SYSTEM) as session:
        gone = session.execute(
            delete(LoginThrottle).where(LoginThrottle.touched_at < clock.now_at() - timedelta(days=1)).returning(LoginThrottle.bucket)
        )
        return len(gone.all())


def next_try_at(refused: TooManyAttempts, now_at: datetime) -> datetime:
    """When a person may try again."""
    return now_at + timedelta(seconds=int(refused.facts["retry_after_s"]))
