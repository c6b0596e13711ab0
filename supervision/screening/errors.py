"""Refusals of screening."""

from storage.kernel.errors import DomainError, InvalidInput, NotFound


class LeadNotFound(NotFound):
    """No such lead, or not one that this scope may read. Facts: lead."""

    code = "screening-lead-not-found"


class LeadWithoutStill(NotFound):
    """The lead has no picture: none could be made. Facts: lead."""

    code = "screening-lead-without-still"


class ClockNotFound(NotFound):
    """Nothing of this number was learned of a camera's clock. Facts: clock."""

    code = "screening-clock-not-found"


class ClockWithoutReason(InvalidInput):
    """Whoever discards what was learned of a camera's clock says why. Facts: clock."""

    code = "screening-clock-without-reason"
    clause = "R60"


class VerdictWithoutReason(InvalidInput):
    """Whoever calls a lead not real says why. Facts: lead."""

    code = "screening-verdict-without-reason"
    clause = "R60"


class FigureNotTried(InvalidInput):
    """The held-out recordings cannot tell what this figure or value would do. Facts: parameter, value, possible."""

    code = "screening-figure-not-tried"
    clause = "R60"


class ScreenedElsewhere(DomainError):
    """Another worker holds this recording, or one that is gone and whose database session stands a little longer: not now. Facts: recording."""

    code = "screening-elsewhere"
    passing = True
