"""Refusals of the policy book."""

from storage.kernel.errors import DomainError


class DefectivePolicy(DomainError):
    """Parameter files with defects. Facts: defects = all of them, each naming file and parameter."""

    code = "policy-defective"


class UnknownParameter(DomainError):
    """No such parameter. Facts: parameter; alike = names that resemble it, where somebody asked by hand."""

    code = "policy-parameter-unknown"


class NoValueInForce(DomainError):
    """The parameter has no value on that day. Facts: parameter, day, first."""

    code = "policy-no-value-in-force"
