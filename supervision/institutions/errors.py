"""Refusals of the registry."""

from storage.kernel.errors import DomainError, InvalidInput


class CodeTaken(DomainError):
    """A natural code must be unique, it stands in documents. Facts: what, code."""

    code = "code-taken"


class RegistryMissing(DomainError):
    """A record that another one must belong to does not exist for this institution. Facts: what, name."""

    code = "registry-missing"


class ExceptionNeedsReason(InvalidInput):
    """An exception from a limit on new tasks names a person, a number and a reason. Facts: persons."""

    code = "task-exception-unreasoned"
    clause = "R64"
