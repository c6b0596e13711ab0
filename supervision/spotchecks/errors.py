"""Refusals of the review. Moves out of turn are `ForbiddenMove` with the guard's reason."""

from storage.kernel.errors import DomainError, InvalidInput, NotFound


class AssignmentNotFound(NotFound):
    """No such assignment, or it is another inspector's. Facts: assignment."""

    code = "review-assignment-not-found"


class ReviewItemNotFound(NotFound):
    """The stretch does not belong to this assignment. Facts: item."""

    code = "review-item-not-found"


class NoEligibleInspector(DomainError):
    """Everybody on the list is recused for this lesson's institution. Facts: natural_id, inspectors."""

    code = "no-eligible-inspector"
    clause = "2.3.2"


class OutcomeNotFound(NotFound):
    """The lesson has no outcome in this round: it was not drawn there, or the round is not assigned yet. Facts: round, lesson."""

    code = "review-outcome-not-found"


class ResultsNotPublished(NotFound):
    """Nothing is published of the looks of this round: it is not closed, or nobody looked at footage. Facts: round, state."""

    code = "review-results-not-published"


class MalformedRecusal(InvalidInput):
    """A recusal without reason, with an unknown source, or one that ends before it begins. Facts: errors."""

    code = "recusal-malformed"


class MustStandAside(DomainError):
    """回避: this person stands in the recusal register for an institution that the act is about. Facts: institution, since, reason."""

    code = "must-stand-aside"
    clause = "2.3.2"


class OwnRegister(DomainError):
    """Nobody ends an interest of their own, nor decides whether a match of their own is one. Facts: none."""

    code = "interest-own-register"
    clause = "2.3.2"


class NotWatchedEnough(DomainError):
    """Signing off below the required seconds. Facts: watched_s, required_watch_s."""

    code = "not-watched-enough"
    clause = "2.3.2"


class MalformedBeat(InvalidInput):
    """A beat with a negative position or speed, or without a player. Facts: errors."""

    code = "playback-beat-malformed"


class InterestNotFound(NotFound):
    """No such entry in the register of interests, or it is another inspector's. Facts: interest."""

    code = "interest-not-found"


class MalformedInterest(InvalidInput):
    """An interest without organisation, name, relation or date, as its kind needs. Facts: errors."""

    code = "interest-malformed"


class MalformedMark(InvalidInput):
    """A mark whose end is not after its start, or that lies nowhere in the shown footage. Facts: errors."""

    code = "review-mark-malformed"


class MarkNotFound(NotFound):
    """No such mark in this review. Facts: mark."""

    code = "review-mark-not-found"


class MarkSettled(DomainError):
    """The mark became a finding or was dropped; it is not changed any more. Facts: mark, state."""

    code = "review-mark-settled"
    clause = "2.3.2"


class MarksOpen(DomainError):
    """Signing off while it is not said what becomes of each mark. Facts: count."""

    code = "review-marks-open"
    clause = "2.3.2"


class StillNotFound(NotFound):
    """No such still in this review. Facts: still."""

    code = "review-still-not-found"


class MalformedAnswer(InvalidInput):
    """An answer to an item that is not asked, or of a kind that the item does not take. Facts: errors."""

    code = "review-answer-malformed"


class ChecklistUnanswered(DomainError):
    """Signing off while required items of the checklist are not answered. Facts: count, errors (`where` is the item)."""

    code = "review-checklist-unanswered"
    clause = "2.3.2"
