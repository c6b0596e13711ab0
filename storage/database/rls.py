"""Row-level security generated from the tables themselves, so that a new tenant table cannot be forgotten (docs/decisions/0006, 0050).

A class says what it is by class variables:
- `TENANT = "<column>"`: rows belong to the institution in that column; a NULL there belongs to no institution (bureau rows);
- `TENANT_WHEN = "<SQL>"`: the institution sees and touches its row only while this condition on it holds (a finding, from its notice on);
- `PUBLIC_READ = True`: the public scope may read it too; `PUBLIC_WHEN = "<SQL>"`: only while this condition on the row holds;
- `BUREAU_ONLY = True`: only the scopes bureau and system may touch it (assignments, duplicate leads, holds);
  `OPEN_WHEN = "<SQL>"`: everybody may read a row of it while this condition on the row holds (the list of a draw, once it is revealed);
- `SYSTEM_ONLY = True`: only the system scope may touch it (credentials, sessions);
- `GRANTS = ("SELECT", "INSERT")`: what the application's role may do at all; default everything but TRUNCATE.
"""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import MetaData, Table

from storage.database.base import Base

APP_ROLE: Final = "classproof_app"
DEFAULT_GRANTS: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")

# Sub-selects: evaluated once per query, not once per row.
_SCOPE = "(select current_setting('app.scope', true))"
_TENANT = "(select nullif(current_setting('app.tenant', true), '')::uuid)"


def policy_statements(metadata: MetaData) -> list[str]:
    """Statements that put every protected table of `metadata` under FORCEd row-level security. Safe to run again.

    The policies bind every role, the owner too: a definer's function or a data migration says `set app.scope = 'system'` or sees nothing.
    Raises: ValueError — a class names a TENANT column its table does not have.
    """
    statements: list[str] = []
    for cls, table in _mapped(metadata):
        reading, writing = _conditions(cls, table)
        if not reading:
            continue
        name = _quoted(table)
        statements += [
            f"alter table {name} enable row level security",
            f"alter table {name} force row level security",
            *(f"drop policy if exists {policy} on {name}" for policy in ("scope_read", "scope_insert", "scope_update", "scope_delete")),
            f"create policy scope_read on {name} for select using ({reading})",
            f"create policy scope_insert on {name} for insert with check ({writing})",
            f"create policy scope_update on {name} for update using ({writing}) with check ({writing})",
            f"create policy scope_delete on {name} for delete using ({writing})",
        ]
    return statements


def grants(metadata: MetaData, *, role: str = APP_ROLE) -> list[str]:
    """What the application's role may do at all, table by table. Everything not listed is revoked first.

    Run before statements that narrow rights further (`storage.ledger.ddl`).
    """
    declared = {table.name: tuple(getattr(cls, "GRANTS", DEFAULT_GRANTS)) for cls, table in _mapped(metadata)}
    statements: list[str] = []
    for table in metadata.sorted_tables:
        rights = ", ".join(declared.get(table.name, DEFAULT_GRANTS)).lower()
        statements += [f"revoke all on {_quoted(table)} from {role}", f"grant {rights} on {_quoted(table)} to {role}"]
    return statements


def unprotected(metadata: MetaData) -> list[str]:
    """Tables that look like one institution's (a column `institution_id` or `tenant_id`) and declare neither TENANT nor SYSTEM_ONLY."""
    protected = {table.name for cls, table in _mapped(metadata) if _conditions(cls, table)[0]}
    telling = {"institution_id", "tenant_id"}
    return [table.name for table in metadata.sorted_tables if table.name not in protected and telling & set(table.columns.keys())]


def _conditions(cls: type, table: Table) -> tuple[str, str]:
    """(may be read when, may be written when); empty for a shared table."""
    if getattr(cls, "SYSTEM_ONLY", False):
        return f"{_SCOPE} = 'system'", f"{_SCOPE} = 'system'"
    if getattr(cls, "BUREAU_ONLY", False):
        bureau, open_when = f"{_SCOPE} in ('bureau', 'system')", getattr(cls, "OPEN_WHEN", "")
        return bureau + (f" or {open_when}" if open_when else ""), bureau
    tenant: str | None = getattr(cls, "TENANT", None)
    if tenant is None:
        return "", ""
    if tenant not in table.columns:
        msg = f"{cls.__name__}.TENANT names {tenant!r}, which table {table.name} does not have"
        raise ValueError(msg)
    when: str = getattr(cls, "TENANT_WHEN", "")
    own = f"({_SCOPE} = 'institution' and {table.columns[tenant].name} = {_TENANT}" + (f" and {when})" if when else ")")
    writing = f"{_SCOPE} in ('bureau', 'system') or {own}"
    if getattr(cls, "PUBLIC_READ", False):
        return f"{writing} or {_SCOPE} = 'public'", writing
    public_when: str = getattr(cls, "PUBLIC_WHEN", "")
    return writing + (f" or ({_SCOPE} = 'public' and {public_when})" if public_when else ""), writing


def _mapped(metadata: MetaData) -> Iterator[tuple[type, Table]]:
    for mapper in sorted(Base.registry.mappers, key=lambda mapper: mapper.class_.__name__):
        table = mapper.local_table
        if isinstance(table, Table) and table.metadata is metadata:
            yield mapper.class_, table


def _quoted(table: Table) -> str:
    return f'"{table.schema}"."{table.name}"' if table.schema else f'"{table.name}"'
