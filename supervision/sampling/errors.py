"""Refusals of the draw. Moves out of turn are `ForbiddenMove` with the guard's reason; these are about what was handed in."""

from storage.kernel.errors import Conflict, DomainError, InvalidInput, NotFound


class RoundNotFound(NotFound):
    """No such round. Facts: round."""

    code = "draw-round-not-found"


class MalformedPlan(InvalidInput):
    """A plan without title or public source, or with dates or figures out of range. Facts: errors."""

    code = "draw-plan-malformed"


class EmptyFrame(DomainError):
    """No lesson of the period has catalogued footage: there is nothing to draw. Facts: round."""

    code = "draw-frame-empty"
    clause = "R55"


class FrameNotCanonical(DomainError):
    """A natural id is empty, not NFC, holds a control character, is repeated or out of order. Facts: why, natural_id."""

    code = "draw-frame-not-canonical"
    clause = "R55"


class FrameNotCommitted(DomainError):
    """Contributions are accepted only while the round is frame-frozen: list and root first. Facts: round, state."""

    code = "draw-frame-not-committed"
    clause = "R55"


class CommitmentsClosed(DomainError):
    """The first reveal ended the time of commitments. Facts: round."""

    code = "draw-commitments-closed"
    clause = "R55"


class PublicValueAlreadyKnown(DomainError):
    """Frame or commitment after the public value became known: whoever acts now could choose. Facts: round, public_at."""

    code = "draw-public-value-already-known"
    clause = "R55"


class PublicValueNotYetKnown(DomainError):
    """The named value does not exist before `public_at`. Facts: round, public_at."""

    code = "draw-public-value-not-yet-known"
    clause = "R55"


class TooFewParties(DomainError):
    """Fewer than two parties have committed. Facts: round, parties, needed."""

    code = "draw-too-few-parties"
    clause = "R55"


class AlreadyCommitted(Conflict):
    """This party, or this account for another party, has already committed something else. Facts: round, party."""

    code = "draw-already-committed"


class UnknownParty(NotFound):
    """A reveal by a party that never committed. Facts: round, party."""

    code = "draw-unknown-party"


class MalformedContribution(InvalidInput):
    """Party name, commitment or value is not what the protocol asks for. Facts: errors."""

    code = "draw-contribution-malformed"


class RevealMismatch(DomainError):
    """The revealed value does not hash to the commitment. Facts: round, party."""

    code = "draw-reveal-mismatch"
    clause = "R55"


class ContributionsUnrevealed(DomainError):
    """Somebody who committed has not revealed: no seed; in the end the round is declared void. Facts: round, parties."""

    code = "draw-contributions-unrevealed"
    clause = "R55"


class FrameChanged(DomainError):
    """The stored frame no longer has the root that was committed to: an alarm. Facts: round."""

    code = "draw-frame-changed"
    clause = "R55"


class VoidReasonMissing(DomainError):
    """A round is declared void with a reason or not at all. Facts: round."""

    code = "draw-void-reason-missing"


class NotDrawn(DomainError):
    """The draw has not happened yet (or was void before it). Facts: round, state."""

    code = "draw-not-drawn"


class NotOnSite(DomainError):
    """Only the list of an on-site round is sealed and can be revealed. Facts: round."""

    code = "draw-not-on-site"


class VisitsOpen(DomainError):
    """The list stays sealed while a visit is still to be made: it would warn whoever is on it. Facts: round, open_visits."""

    code = "draw-visits-open"
    clause = "2.3.2"
