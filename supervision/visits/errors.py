"""Refusals of visits. Moves out of turn are `ForbiddenMove` with the guard's reason (`two-members-needed`, `photos-missing`, …)."""

from storage.kernel.errors import DomainError, InvalidInput, NotFound


class VisitNotFound(NotFound):
    """No such visit, not yours, or not yours to know of yet. Facts: visit."""

    code = "visit-not-found"


class TooFewInspectors(DomainError):
    """Not enough people are left for a lesson after the recusals; which lesson stays sealed. Facts: eligible, needed."""

    code = "visit-too-few-inspectors"
    clause = "2.3.2"


class VisitNotOpen(DomainError):
    """Answers and photos are taken from the opening until every member has signed. Facts: visit, state."""

    code = "visit-not-open"


class RecordChanged(DomainError):
    """The record is no longer what the signer was shown. Facts: visit."""

    code = "visit-record-changed"


class MalformedAnswer(InvalidInput):
    """Unknown item or answer, a note that is missing or too long, an impossible place or time. Facts: errors."""

    code = "visit-answer-malformed"


class MalformedPhoto(InvalidInput):
    """Not a JPEG or PNG, empty, or too large. Facts: errors."""

    code = "visit-photo-malformed"


class PhotoMismatch(DomainError):
    """The bytes that arrived are not those whose hash the device named. Facts: said, found."""

    code = "visit-photo-mismatch"


class PhotoNotVerified(DomainError):
    """The stored bytes of a photo were not seen to hash to what the record says, right now. Facts: photo."""

    code = "visit-photo-not-verified"
    clause = "2.3.2"
