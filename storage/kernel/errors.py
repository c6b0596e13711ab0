"""Base of every refusal the product can give.

A `DomainError` carries a stable `code` and typed facts; it knows no HTTP and no language. The wording (Chinese and English)
and the HTTP status are looked up by `code` in `api/http`. A test demands that every subclass is mapped and translated.
"""

from typing import Any, ClassVar


class DomainError(Exception):
    """A refusal with a reason.

    `code` is kebab-case and becomes `/problems/<code>`. Keyword arguments are the facts used in the message.
    """

    code: ClassVar[str] = "domain-error"
    clause: ClassVar[str] = ""

    def __init__(self, **facts: Any) -> None:
        self.facts: dict[str, Any] = facts  # Any: facts are only ever formatted into a message
        super().__init__(f"{self.code}: {', '.join(f'{k}={v}' for k, v in facts.items())}")


class NotFound(DomainError):
    """No such thing, or not yours: the two are deliberately not told apart (ASVS 8.2.2)."""

    code = "not-found"


class NotAllowed(DomainError):
    """The caller's role has no right to this act."""

    code = "not-allowed"


class ForbiddenMove(DomainError):
    """A lifecycle has no such move from here. Facts: machine, state, event, why."""

    code = "forbidden-move"


class Conflict(DomainError):
    """Somebody else changed it first, or the same key was used for something else."""

    code = "conflict"


class InvalidInput(DomainError):
    """Malformed input. Facts: errors = list of {"where", "code", "value"}; all defects at once."""

    code = "invalid-input"


class BeyondWhatIsKept(InvalidInput):
    """A number or a date is larger than its column holds."""

    code = "beyond-what-is-kept"


class ConfiguredInHalf(DomainError):
    """Some addresses or keys of configured servers are set and others are not. Facts: command, missing (names of variables)."""

    code = "configured-in-half"


class SecretFileUnreadable(DomainError):
    """A file that should hold a secret cannot be read or is empty. Facts: variable, path, why."""

    code = "secret-file-unreadable"
