"""Refusals at the door."""

from storage.kernel.errors import DomainError, InvalidInput, NotAllowed


class SignInNeeded(DomainError):
    """Nobody is signed in, or the session ended."""

    code = "sign-in-needed"


class LoginRefused(DomainError):
    """Name, password or code is wrong, or the account is not in use: deliberately one answer (ASVS 6.3.8)."""

    code = "login-refused"


class TooManyAttempts(DomainError):
    """Throttled. Facts: retry_after_s."""

    code = "too-many-attempts"


class KeyRefused(DomainError):
    """An API key is unknown, expired or revoked."""

    code = "key-refused"


class ScopeMissing(NotAllowed):
    """The API key does not carry the scope this call needs. Facts: needed."""

    code = "scope-missing"


class ReadOnlyRole(NotAllowed):
    """An auditor tried to change something."""

    code = "read-only-role"


class ForgedRequest(NotAllowed):
    """A change without proof that it came from our own pages (CSRF). Facts: why."""

    code = "forged-request"


class SignInAgain(NotAllowed):
    """This act needs a sign-in with a code that is at most some minutes old. Facts: minutes."""

    code = "sign-in-again"


class PasswordChangeNeeded(NotAllowed):
    """The password was set by somebody else and must be replaced first."""

    code = "password-change-needed"


class WeakPassword(InvalidInput):
    """Facts: why = short | long | common | contains-name | repeated | sequence | same, minimum, maximum."""

    code = "weak-password"


class NameTaken(DomainError):
    """A login name exists already. Facts: login_name."""

    code = "name-taken"


class UnknownScope(InvalidInput):
    """Facts: scope, known."""

    code = "unknown-scope"


class PurposeMissing(InvalidInput):
    """Footage is shown only for a stated purpose (R74)."""

    code = "purpose-missing"


class SingleSignOnFailed(DomainError):
    """The identity provider's answer does not hold. Facts: why."""

    code = "single-sign-on-failed"


class RoleNeedsInstitution(InvalidInput):
    """An institution role without an institution, or an outside role with one. Facts: role."""

    code = "role-needs-institution"
