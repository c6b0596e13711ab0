"""Refusals of certificates, claims and payments. Moves out of turn are `ForbiddenMove` with the guard's reason."""

from storage.kernel.errors import DomainError, InvalidInput, NotFound


class SubsidyNotFound(NotFound):
    """No such class, certificate, claim or paper, or it is another institution's. Facts: what, id."""

    code = "subsidy-not-found"


class MalformedSubsidy(InvalidInput):
    """A paper, a waiver, a claim or a payment is incomplete. Facts: errors."""

    code = "subsidy-malformed"


class CertificateMissing(DomainError):
    """No certificate was issued for the class, so nothing can be claimed (不录不补). Facts: class_code."""

    code = "subsidy-certificate-missing"
    clause = "R84"


class CertificateOutdated(DomainError):
    """What the certificate rests on has changed since it was issued. Facts: number, certified_yuan, found_yuan."""

    code = "subsidy-certificate-outdated"
    clause = "R84"


class PaysTooMuch(DomainError):
    """A payment beyond what was decided. Facts: claim, approved_yuan, paid_yuan, amount_yuan."""

    code = "subsidy-pays-too-much"
    clause = "R87"


class NotPayable(DomainError):
    """The claim is not approved, so nothing can be paid. Facts: claim, state."""

    code = "subsidy-not-payable"
    clause = "R87"


class VoucherTaken(DomainError):
    """A payment with this voucher number is on record. Facts: voucher."""

    code = "subsidy-voucher-taken"
    clause = "R87"
