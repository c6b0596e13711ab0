"""Refusals of the release of original footage. Moves out of turn are `ForbiddenMove` with the guard's reason."""

from storage.kernel.errors import DomainError, InvalidInput, NotFound


class ReleaseNotFound(NotFound):
    """No such request, or it is another inspector's. Facts: release."""

    code = "footage-release-not-found"


class MalformedRelease(InvalidInput):
    """A request without reason, or with a span outside its item or longer than allowed. Facts: errors."""

    code = "footage-release-malformed"


class ReleaseNotOpen(DomainError):
    """The original cannot be played: not approved, its time is over, or the review it belongs to has ended. Facts: release, state."""

    code = "footage-release-not-open"
    clause = "2.3.2"


class ReleasePending(DomainError):
    """The same item has a request that is not decided or not over. Facts: release, state."""

    code = "footage-release-pending"
