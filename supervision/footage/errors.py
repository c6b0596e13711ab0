"""Refusals around footage. R71–R73."""

from storage.kernel.errors import DomainError, InvalidInput, NotFound


class SlotNotYours(DomainError):
    """The chosen slot does not exist or belongs to another institution; the two are not told apart."""

    code = "slot-not-found"
    clause = "R71"


class StartOutsideTimetable(DomainError):
    """A recording's start is too far from the lesson it is said to show. Facts: start, slot, hours."""

    code = "start-outside-timetable"
    clause = "R71"


class StartNotPossible(DomainError):
    """A recording would begin before there were recorders, or last beyond the instant at which it arrived. Facts: latest."""

    code = "start-not-possible"
    clause = "R71"


class LessonNotBegun(DomainError):
    """Nothing can be on tape of a lesson that has not begun. Facts: slot, starts."""

    code = "lesson-not-begun"
    clause = "R71"


class SpanOutsideGap(DomainError):
    """An explanation must lie inside what is missing. Facts: slot."""

    code = "span-outside-gap"
    clause = "R71"


class ExplanationTooLate(DomainError):
    """Facts: until."""

    code = "explanation-too-late"
    clause = "R71"


class NotVerifiedYet(DomainError):
    """Facts: state."""

    code = "recording-not-verified"
    clause = "R72"


class HashMismatch(DomainError):
    """The stored bytes no longer hash to what the catalogue says. Facts: recording."""

    code = "stored-hash-mismatch"
    clause = "R73"


class ScratchFull(DomainError):
    """Not enough room to spool a recording for verification; the job is tried again later. Facts: needed_bytes, free_bytes."""

    code = "scratch-full"
    clause = "R72"


class CopyCheckNotFound(NotFound):
    """No such check of an own copy, or it is another institution's. Facts: id."""

    code = "copy-check-not-found"


class CopyCheckOver(DomainError):
    """It was answered already, or its hours are over. Facts: until."""

    code = "copy-check-over"
    clause = "R73"


class MalformedAnswer(InvalidInput):
    """What was answered is no SHA-256. Facts: errors."""

    code = "copy-answer-malformed"


class FootageDestroyed(DomainError):
    """The recording was destroyed after its term; only its tombstone is left. Facts: recording."""

    code = "footage-destroyed"
    clause = "R73"


class DestructionNotFound(NotFound):
    """No such proposal, or nothing this reader may know of. Facts: id."""

    code = "destruction-not-found"


class DestructionPending(DomainError):
    """Somebody has proposed it already. Facts: file, state."""

    code = "destruction-pending"
    clause = "2.3.1"


class DestructionRefused(DomainError):
    """Something speaks against destroying a recording. Facts: file, why (a reason code)."""

    code = "destruction-refused"
    clause = "R73"


class MalformedDestruction(InvalidInput):
    """Nothing chosen, too much chosen, or no reason given. Facts: errors."""

    code = "destruction-malformed"


class DestructionIncomplete(DomainError):
    """Bytes are still in the store after they were deleted; the job goes on later. Facts: file, left."""

    code = "destruction-incomplete"
    clause = "R73"
