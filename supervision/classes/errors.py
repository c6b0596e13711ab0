"""Refusals of agreements, classes, timetable, roster and sign-ins."""

from storage.kernel.errors import DomainError


class DefectiveSheet(DomainError):
    """An imported sheet has bad rows; nothing was imported. Facts: errors = [{"row", "column", "code", "value"}], all at once."""

    code = "sheet-defective"
    clause = "R74"


class UnreadableSheet(DomainError):
    """Not an .xlsx or .csv that can be read. Facts: file_name, why."""

    code = "sheet-unreadable"
    clause = "R74"


class RoomTaken(DomainError):
    """Another lesson is in the room at that time. Facts: room, lesson."""

    code = "room-taken"
    clause = "R77"


class LessonOutsideClass(DomainError):
    """A lesson lies outside the class's first and last day. Facts: lesson, starts_on, ends_on."""

    code = "lesson-outside-class"


class LessonBegun(DomainError):
    """A lesson that has begun cannot be cancelled or moved. Facts: lesson."""

    code = "lesson-begun"
    clause = "R86"


class NotTaskable(DomainError):
    """The institution may not be given subsidised training. Facts: institution, status."""

    code = "institution-not-taskable"
    clause = "R47"


class QualificationLapsed(DomainError):
    """No licence of the institution is valid for the whole agreement. Facts: institution, day."""

    code = "qualification-lapsed"
    clause = "R41"


class TaskRestricted(DomainError):
    """The institution's credit tier limits its new tasks. Facts: institution, tier, document, most_persons, given_persons, asked_persons."""

    code = "task-restricted"
    clause = "R64"
