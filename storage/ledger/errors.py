"""Refusals of the ledger. All of them are alarms: none happens while everybody keeps to the rules."""

from typing import ClassVar

from storage.kernel.errors import DomainError


class MalformedNote(DomainError):
    """A checkpoint, key or proof is not in the C2SP format. Facts: why."""

    code: ClassVar[str] = "ledger-malformed-note"


class UnknownSignature(DomainError):
    """A note carries no valid signature of the expected key. Facts: key."""

    code: ClassVar[str] = "ledger-unknown-signature"


class LedgerForked(DomainError):
    """What would be signed does not extend what was signed before. Facts: size, why."""

    code: ClassVar[str] = "ledger-forked"


class LedgerRolledBack(DomainError):
    """A checkpoint outside the database is larger than the database's log: an older copy was restored. Facts: size, published_size."""

    code: ClassVar[str] = "ledger-rolled-back"


class NotYetSequenced(DomainError):
    """The entry is stored but no signed checkpoint covers it yet; a proof exists a few seconds later. Facts: entry."""

    code: ClassVar[str] = "ledger-not-yet-sequenced"


class NoSuchTree(DomainError):
    """A size the log never had, or a tree whose nodes are missing. Facts: size."""

    code: ClassVar[str] = "ledger-no-such-tree"
