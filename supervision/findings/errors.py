"""Refusals of findings. Moves out of turn are `ForbiddenMove` with the guard's reason (`same-person`, `reason-needed`, …)."""

from storage.kernel.errors import DomainError, InvalidInput, NotFound


class FindingNotFound(NotFound):
    """No such finding, or not yours to see. Facts: finding."""

    code = "finding-not-found"


class MalformedFinding(InvalidInput):
    """Span, defect, severity or note do not go together. Facts: errors."""

    code = "finding-malformed"


class FootageNotVerified(DomainError):
    """The stored bytes were not seen to hash to what the catalogue says, right now. Facts: recording."""

    code = "finding-footage-not-verified"
    clause = "2.3.2"


class FootageNotCatalogued(DomainError):
    """A finding rests on catalogued, locked footage only. Facts: recording, state."""

    code = "finding-footage-not-catalogued"
    clause = "R73"


class SpanOutsideFootage(DomainError):
    """The marked range is not on the recording's continuous footage. Facts: recording, start_ms, end_ms."""

    code = "finding-span-outside-footage"


class BlindLookDecides(DomainError):
    """The finding comes from a draw: blind looks confirm or reject it, nobody by hand. Facts: finding."""

    code = "finding-blind-look-decides"
    clause = "2.3.2"


class MalformedStatement(InvalidInput):
    """A statement, a point or an attachment is missing, too long or of a kind that is not taken. Facts: errors."""

    code = "finding-statement-malformed"


class PaperNotFound(NotFound):
    """No such letter or attachment, or not yours to see. Facts: paper."""

    code = "finding-paper-not-found"
