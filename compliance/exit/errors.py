"""Refusals of exit cases. Moves out of turn are `ForbiddenMove` with the guard's reason (`statement-time-open`, `same-person`, …)."""

from storage.kernel.errors import DomainError, InvalidInput, NotFound


class ExitCaseNotFound(NotFound):
    """No such case, or not yours to see. Facts: case."""

    code = "exit-case-not-found"


class ExitCaseOpen(DomainError):
    """The institution has an open case for the same ground and year. Facts: case."""

    code = "exit-case-open"
    clause = "R43"


class MalformedExit(InvalidInput):
    """Something of an act is missing, too long, or does not fit. Facts: errors."""

    code = "exit-malformed"


class NotMajor(DomainError):
    """A case needs a problem that a named official classified as major, with its document (Q7). Facts: document."""

    code = "exit-problem-not-major"
    clause = "R46"


class ChallengeNotFound(NotFound):
    """No such reconsideration or action. Facts: challenge."""

    code = "exit-challenge-not-found"
