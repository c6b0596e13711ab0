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


class RoomWithoutCamera(DomainError):
    """A lesson there could be taught and expected by nobody: absence would be a silence. Facts: rooms."""

    code = "room-without-camera"
    clause = "R71"


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


class BarredByDecision(NotTaskable):
    """A decision in force forbids it. Facts: institution, decision (its number), until (first day on which it may end)."""

    code = "institution-barred-by-decision"
    clause = "R47"


class HallTaken(DomainError):
    """Another lesson, perhaps of another institution, is in the same hall at that time. Facts: room, starts_at."""

    code = "hall-taken"
    clause = "2.3.3"


class ExtensionNeeded(DomainError):
    """A day beyond what was planned and approved. Facts: class_code, planned_ends_on, until_on."""

    code = "class-extension-needed"
    clause = "R21"


class ExtensionDaysUsed(DomainError):
    """More training days after the planned end than were approved. Facts: class_code, days, asked."""

    code = "class-extension-used"
    clause = "R22"
