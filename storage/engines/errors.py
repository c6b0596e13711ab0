"""Refusals of the engines. They stop a process at its start, with a reason an operator can act on."""

from storage.kernel.errors import DomainError


class EngineWontStart(DomainError):
    """An embedded engine did not come up. Facts: engine, why (the end of its log)."""

    code = "engine-wont-start"


class DataDirectoryInUse(DomainError):
    """Processes of another container or machine hold the data directory; two engines on one directory would destroy it. Facts: data_dir."""

    code = "data-directory-in-use"


class SecretUnusable(DomainError):
    """A secret is not what it must be (length, alphabet). Facts: name, why."""

    code = "secret-unusable"


class DatabaseSilent(DomainError):
    """A configured database does not answer a login in time. Facts: host, waited_s, why."""

    code = "database-silent"


class RoleTooStrong(DomainError):
    """A database role can do what it must not: row-level security would not bind it. Facts: role, rights."""

    code = "role-too-strong"


class AddressNamesAnotherRole(DomainError):
    """An address logs in as somebody else, to another database, or without a password. Facts: variable, role, database."""

    code = "address-names-another-role"
