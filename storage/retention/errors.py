"""Refusals of retention."""

from storage.kernel.errors import DomainError


class LockNotConfirmed(DomainError):
    """The store did not confirm the lock when it was read back. Facts: key, wanted, found."""

    code = "lock-not-confirmed"
    clause = "R73"


class StillKept(DomainError):
    """Destruction before the day, or while a matter holds it. Facts: until, matters."""

    code = "still-kept"
    clause = "R73"
