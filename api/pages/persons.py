"""Who did something, in words: the person's name and the hat that was worn. The log itself holds the login, which a name may outlive."""

import re
from collections.abc import Callable, Collection, Iterable
from typing import Final, Protocol
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request

from api.auth.models import Account
from api.auth.roles import ROLE_NAMES
from api.locale.language import Language

MACHINES: Final = {
    "system": {"zh": "系统", "en": "system"},
    "worker": {"zh": "自动处理", "en": "automatic"},
    "scheduler": {"zh": "定时处理", "en": "on schedule"},
}
OFFICE: Final[dict[Language, str]] = {"zh": "人社局", "en": "the bureau"}
LOGIN: Final = re.compile(r"[a-z0-9][a-z0-9._-]*")
KEY_WORDS: Final[dict[Language, str]] = {"zh": "接口密钥", "en": "key"}
_WORDS: Final = {role.value: names for role, names in ROLE_NAMES.items()} | MACHINES


class Acted(Protocol):
    """A move of the log (`ActorColumns`)."""

    actor_kind: str
    actor_id: UUID | None
    actor_name: str
    actor_role: str


def display_name(session: Session, account_id: UUID | None, otherwise: str) -> str:
    """The person's name; `otherwise` when no person did it, or none this reader may know of."""
    return (session.scalar(select(Account.display_name).where(Account.id == account_id)) if account_id else None) or otherwise


def names_of(session: Session, logins: Iterable[str]) -> dict[str, str]:
    """Login → the person's name."""
    rows = session.execute(select(Account.login_name, Account.display_name).where(Account.login_name.in_(set(logins))))
    return {login: name for login, name in rows}  # noqa: C416 - rows, not pairs


def person_teller(request: Request, language: Language) -> Callable[[str], str]:
    """Login (or `login/prefix` of a key) → the person's name, for templates.

    Whom this reader may not know of stays a login inside the bureau and is "the bureau" for an institution; what is no login stays as it is.
    """
    known: dict[str, str] = {}
    viewer = getattr(request.state, "viewer", None)

    def told(name: str) -> str:
        login = name.partition("/")[0]
        session = getattr(request.state, "transaction", None)
        if session is None or not LOGIN.fullmatch(login):
            return name
        if login not in known:
            known[login] = names_of(session, [login]).get(login, OFFICE[language] if viewer is not None and viewer.institution else login)
        return known[login]

    return told


def namer(session: Session, moves: Collection[Acted], language: Language) -> Callable[[Acted], str]:
    """`培训科 袁海燕 · 业务科室` for each of these moves.

    Somebody whose account this reader may not know of (the bureau's people, for an institution) is told by the hat alone: a login is nobody's
    business outside. A role that no table knows stays as the log spells it.
    """
    ids = {move.actor_id for move in moves if move.actor_kind == "account" and move.actor_id is not None}
    query = select(Account.id, Account.display_name).where(Account.id.in_(ids))
    names = {account_id: name for account_id, name in session.execute(query)} if ids else {}  # noqa: C416 - rows, not pairs
    logins = {move.actor_name.rpartition("/")[0] for move in moves if move.actor_kind == "api_key"}
    owners = names_of(session, logins) if logins else {}

    def told(move: Acted) -> str:
        hat = _WORDS[move.actor_role][language] if move.actor_role in _WORDS else move.actor_role
        if move.actor_kind == "system":  # which job it was, the title of the move says
            return hat
        if move.actor_kind == "api_key":  # `login/prefix of the key`
            login, _, prefix = move.actor_name.rpartition("/")
            by = f"{KEY_WORDS[language]} {prefix}"
            return f"{owners[login]} · {hat} · {by}" if login in owners else f"{hat} · {by}"
        return f"{names[move.actor_id]} · {hat}" if move.actor_id in names else hat

    return told
