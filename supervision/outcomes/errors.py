"""Refusals of outcomes. Sheets are refused as `sheet-defective`, moves out of turn as `ForbiddenMove` with the guard's reason."""

from storage.kernel.errors import DomainError, InvalidInput, NotFound


class OutcomeNotFound(NotFound):
    """No such evidence or complaint, or it is another institution's. Facts: what, id."""

    code = "outcome-not-found"


class MalformedOutcome(InvalidInput):
    """A completion, a piece of evidence or an official record is incomplete or contradicts itself. Facts: errors."""

    code = "outcome-malformed"


class CorrectionNeedsReason(DomainError):
    """Another result stands for these people; changing it needs a reason. Facts: people, count."""

    code = "outcome-correction-needs-reason"
    clause = "R74"


class EvidenceTaken(DomainError):
    """The same paper was filed before, for this person or for another one of the class. Facts: reference."""

    code = "outcome-evidence-taken"
    clause = "F-21"


class ComplaintDecided(DomainError):
    """What was found about this complaint stands already. Facts: id."""

    code = "outcome-complaint-decided"
