"""Who may call what. A route carries its rule; the application refuses to start when one does not (ADR 0051).

    @router.post("/api/v1/uploads")
    def open_upload(caller: Annotated[Caller, access(roles=INSTITUTION, scopes={"upload:write"})], session: SessionDep) -> ...

Central, for every route: an auditor reads what the bureau reads and changes nothing; an API key reaches only routes that name a scope it
has; a change by cookie must come from our own page; a password set by somebody else must be replaced before anything else.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import Mount

from api.auth.caller import Caller
from api.auth.errors import PasswordChangeNeeded, ReadOnlyRole, ScopeMissing, SignInNeeded
from api.auth.identify import identify
from api.auth.keys import SCOPES
from api.auth.models import ViewKind
from api.auth.origin import SAFE_METHODS, require_own_page, require_own_site
from api.auth.roles import INSTITUTION, OUTSIDE_INSTITUTIONS, ROLE_NAMES, Role
from api.http.services import services_of
from api.http.typed import look_through
from api.pages.frame import Viewer
from api.pages.navigation import KEYS
from api.pages.stages import nav
from storage.kernel.errors import NotAllowed, NotFound


class RouteWithoutRule(RuntimeError):
    """The application must not start: somebody added a route and did not say who may use it."""


async def current_caller(request: Request, identified: Annotated[Caller, Depends(identify)]) -> Caller:
    """The caller, admitted by the rule of the route that was matched. Everything that needs to know who asks depends on this, the
    transaction too, so that no handler and no query runs for a refused caller whatever the order of its parameters.
    """
    rule = rule_of(request.scope["route"])
    if rule is None:
        raise RouteWithoutRule(request.url.path)
    if identified.via == "session":
        _tell_pages(request, identified)  # before the check: who is refused still is somebody, with ways to go on
    rule.check(identified, request)
    if request.method not in SAFE_METHODS and identified.via != "api_key":
        if rule.public:  # done without the session's authority, so its token is not asked for: somebody signed in may sign in again
            require_own_site(request)
        else:
            await require_own_page(request, identified.csrf_token)
    await look_through(request)
    return identified


@dataclass(frozen=True, eq=False)
class Rule:
    """The metadata of one route and, as a dependency, the check itself.

    - `roles`: may use it when signed in; - `scopes`: an API key needs all of them, and none named means no key gets in;
    - `tenant`: name of a path parameter holding an institution id; an institution's own id or 404;
    - `public`: anyone, under the public row scope even when signed in; - `purpose`: footage is shown, so the handler records a view
      (`api.auth.footage`), and an auditor may POST; - `personal`: about the caller's own account, so auditors may POST and an owed
      password change does not block; - `system`: its transaction runs under the system scope (accounts, credentials);
    - `fresh`: needs a sign-in at most 5 minutes old.
    """

    roles: frozenset[Role] = frozenset()
    scopes: frozenset[str] = frozenset()
    tenant: str | None = None
    public: bool = False
    purpose: ViewKind | None = None
    personal: bool = False
    system: bool = False
    fresh: bool = False

    async def __call__(self, caller: Annotated[Caller, Depends(current_caller)]) -> Caller:
        return caller

    def refusal(self, role: Role | None, method: str) -> type[NotAllowed] | type[SignInNeeded] | None:
        """What a role gets for a method, before any data is looked at. Pure: the matrix in the docs and the tests is made of it."""
        if self.public:
            return None
        if role is None:
            return SignInNeeded
        if role is Role.AUDITOR and method not in SAFE_METHODS and self.purpose is None and not self.personal:
            return ReadOnlyRole
        if role in self.roles or (role is Role.AUDITOR and self.roles & OUTSIDE_INSTITUTIONS):
            return None
        return NotAllowed

    def check(self, caller: Caller, request: Request) -> None:
        """Raises: SignInNeeded, NotAllowed and its kinds, NotFound (another institution's id)."""
        refused = self.refusal(caller.role, request.method)
        if refused is SignInNeeded:
            raise SignInNeeded
        if refused is not None:
            raise refused(role=str(caller.role))
        if self.public:
            return
        if caller.via == "api_key" and not (self.scopes and self.scopes <= caller.scopes):
            raise ScopeMissing(needed=", ".join(sorted(self.scopes)) or "-")
        if caller.must_change_password and not self.personal:
            raise PasswordChangeNeeded
        if self.tenant is not None and caller.role in INSTITUTION and not _names(request, self.tenant, caller.institution_id):
            raise NotFound(what="institution")
        if self.fresh:
            caller.require_fresh(services_of(request).clock.now_at())


def access(
    *,
    roles: Iterable[Role] = (),
    scopes: Iterable[str] = (),
    tenant: str | None = None,
    public: bool = False,
    purpose: ViewKind | None = None,
    personal: bool = False,
    system: bool = False,
    fresh: bool = False,
) -> Any:  # Any: fastapi's Depends, usable in Annotated and as a default value
    """The rule of a route, as a dependency that yields the `Caller`. See `Rule` for the words.

    Raises: ValueError — nobody could ever pass, everybody could by mistake, or a scope is unknown.
    """
    rule = Rule(frozenset(roles), frozenset(scopes), tenant, public, purpose, personal, system, fresh)
    if public == bool(rule.roles):
        msg = "a rule is either public or names roles"
        raise ValueError(msg)
    if not rule.scopes <= SCOPES:
        msg = f"unknown scopes {sorted(rule.scopes - SCOPES)}"
        raise ValueError(msg)
    return Depends(rule)


def rule_of(route: object) -> Rule | None:
    """The one rule of a route; None when it has none. Raises: RouteWithoutRule — it has two."""
    if not isinstance(route, APIRoute):
        return None
    rules = [dependency.call for dependency in route.dependant.dependencies if isinstance(dependency.call, Rule)]
    if len(rules) > 1:
        msg = f"{route.path} has {len(rules)} access rules"
        raise RouteWithoutRule(msg)
    return rules[0] if rules else None


def require_every_route_has_a_rule(app: FastAPI, *, static: Iterable[str] = ("/static",)) -> None:
    """Call last in the application factory. `static`: mounts of files that anyone may read, named one by one.

    Raises: RouteWithoutRule — naming every route without a rule.
    """
    allowed = set(static)
    bare = [
        f"{'/'.join(sorted(context.methods or ())) or 'MOUNT'} {context.path}"
        for context in iter_route_contexts(app.routes)
        if not (isinstance(context.route, Mount) and context.path in allowed) and rule_of(context.original_route) is None
    ]
    if bare:
        msg = "no access rule on: " + "; ".join(sorted(bare))
        raise RouteWithoutRule(msg)


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One method of one route: what each role gets (None: admitted) and what an API key needs."""

    method: str
    path: str
    rule: Rule
    refusals: dict[Role | None, str | None]


def matrix(app: FastAPI) -> list[MatrixRow]:
    """Role × route, for the generated test and for docs/design/access.md. Sorted by path, then method."""
    return sorted(_rows(app), key=lambda row: (row.path, row.method))


def _rows(app: FastAPI) -> Iterator[MatrixRow]:
    for context in iter_route_contexts(app.routes):
        rule = rule_of(context.original_route)
        if rule is None:
            continue
        for method in sorted((context.methods or set()) - {"HEAD"}):
            refusals = {role: rule.refusal(role, method) for role in (None, *Role)}
            yield MatrixRow(method, context.path or "", rule, {role: None if refused is None else refused.code for role, refused in refusals.items()})


def matrix_table(app: FastAPI) -> str:
    """The matrix as a Markdown table: ● admitted, · refused; the last column is what an API key needs."""
    head = "| method | path | public | " + " | ".join(role.value for role in Role) + " | key scopes |"
    lines = [head, "|" + "---|" * (len(Role) + 4)]
    for row in matrix(app):
        marks = " | ".join("●" if row.refusals[role] is None else "·" for role in (None, *Role))
        lines.append(f"| {row.method} | `{row.path}` | {marks} | {', '.join(sorted(row.rule.scopes)) or '—'} |")
    return "\n".join(lines)


def _names(request: Request, parameter: str, institution_id: UUID | None) -> bool:
    try:
        return UUID(str(request.path_params.get(parameter))) == institution_id
    except ValueError:
        return False


def _tell_pages(request: Request, caller: Caller) -> None:
    """What the frame of every page shows (`api.pages.frame`), and where a page that says no leads on (`api.http.problem`)."""
    request.state.csrf_token = caller.csrf_token
    request.state.ways = nav(*KEYS[caller.role]) if caller.role else ()
    request.state.viewer = Viewer(
        name=caller.display_name, role=ROLE_NAMES[caller.role][caller.language] if caller.role else "", institution=caller.institution_name
    )
