"""Refusals of ratings and information items. Moves out of turn are `ForbiddenMove` with the guard's reason."""

from storage.kernel.errors import DomainError, InvalidInput, NotFound


class RatingNotFound(NotFound):
    """No such rating, or it is another institution's, or not told yet. Facts: rating."""

    code = "rating-not-found"


class ItemNotFound(NotFound):
    """No such information item, or it is another institution's, or not told yet. Facts: item."""

    code = "credit-item-not-found"


class MalformedRating(InvalidInput):
    """A statement, an answer or an item that is not whole. Facts: errors."""

    code = "rating-malformed"


class RatingExists(DomainError):
    """The institution has a rating of this year that is not void. Facts: institution, year."""

    code = "rating-exists"
    clause = "Q5"


class BasisNotFinal(DomainError):
    """An information item may only rest on a finding that is closed and not contested, or on a decision with its document. Facts: basis, state."""

    code = "credit-item-basis-not-final"
    clause = "R64"


class NotReproduced(DomainError):
    """The stored inputs do not give the stored result, or their hash is not in the ledger. Facts: rating, why."""

    code = "rating-not-reproduced"
    clause = "R62"
