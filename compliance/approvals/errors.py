"""Refusals of approvals. Moves out of turn are `ForbiddenMove` with the guard's reason (`wrong-decider`, `same-person`, `nothing-left`, …)."""

from storage.kernel.errors import DomainError, InvalidInput, NotFound


class ApprovalNotFound(NotFound):
    """No such application, or not yours to see. Facts: approval."""

    code = "approval-not-found"


class ApprovalPaperNotFound(NotFound):
    """No such paper of an application, or not yours to see. Facts: paper."""

    code = "approval-paper-not-found"


class MalformedApproval(InvalidInput):
    """Something of an application is missing or does not fit; all of it is named. Facts: errors."""

    code = "approval-malformed"


class WrongDecider(DomainError):
    """Somebody else decides about this application. Facts: approval, decider, clause."""

    code = "approval-wrong-decider"
    clause = "R23"


class NotADraft(DomainError):
    """An application that was handed in is not changed any more. Facts: approval, state."""

    code = "approval-not-a-draft"
    clause = "2.3.3"


class AlreadyAssessed(DomainError):
    """This test was made, or the person made the other one: quality and safety are assessed by two people. Facts: approval, aspect."""

    code = "approval-already-assessed"
    clause = "R79"


class ExtensionExhausted(DomainError):
    """With this approval the class would have more added days than allowed in total. Facts: approval, class_code, approved_days, days, most."""

    code = "approval-extension-exhausted"
    clause = "R22"


class RevocationNotAnnounced(DomainError):
    """A view can be stated only while an announced revocation's days run. Facts: approval."""

    code = "approval-no-revocation-announced"
    clause = "2.3.3"
