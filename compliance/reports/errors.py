"""Refusals of targets and reports. Moves out of turn are `ForbiddenMove` with the guard's reason."""

from storage.kernel.errors import Conflict, DomainError, InvalidInput, NotFound


class ReportNotFound(NotFound):
    """No biweekly report of that code. Facts: report."""

    code = "progress-report-not-found"


class PeriodNotOver(DomainError):
    """The period is still running, so its figures would be partial. Facts: ends_on."""

    code = "progress-report-period-running"
    clause = "R98"


class ReportExists(Conflict):
    """The period already has a report that is prepared or signed. Facts: report."""

    code = "progress-report-exists"


class ReportChanged(DomainError):
    """The stored figures no longer have the hash that stands in the ledger. Facts: report."""

    code = "progress-report-changed"


class MalformedFigure(InvalidInput):
    """A stated figure without document, with a day outside its year, or below zero. Facts: errors."""

    code = "stated-figure-malformed"


class MalformedDuty(InvalidInput):
    """A plan or a named person with something missing. Facts: errors."""

    code = "duty-malformed"
