"""What each role finds on the left, and where it lands after signing in."""

from typing import Any, Final

from starlette.requests import Request

from api.auth.caller import Caller
from api.auth.roles import INSTITUTION, Role
from api.pages.stages import nav

OFFICE: Final = (
    "dashboard",
    "coverage",
    "recordings",
    "due",
    "leads",
    "draws",
    "visits",
    "findings",
    "approvals",
    "credit",
    "exit",
    "outcomes",
    "subsidy",
    "targets",
    "reports",
    "responsible",
    "records",
    "publication",
    "registry",
)
KEYS: Final[dict[Role, tuple[str, ...]]] = {
    Role.INSTITUTION_OPERATOR: ("coverage", "recordings", "upload", "findings", "approvals", "credit", "exit", "outcomes", "subsidy"),
    Role.INSTITUTION_HEAD: ("coverage", "recordings", "upload", "findings", "approvals", "credit", "exit", "outcomes", "subsidy", "keys"),
    Role.INSPECTOR: ("review", "visits", "my-figures", "draws"),
    Role.BUREAU_OFFICER: (*OFFICE, "releases", "reviewers"),
    Role.BUREAU_LEADER: (*OFFICE, "releases", "reviewers", "watch"),
    Role.LEGAL_OFFICER: OFFICE,
    Role.DEPARTMENT_OFFICER: ("coverage", "draws", "approvals", "responsible"),
    Role.THIRD_PARTY_VERIFIER: ("review", "my-figures", "draws"),
    Role.ADMINISTRATOR: ("registry", "draws", "accounts", "keys"),
    Role.AUDITOR: (*OFFICE, "releases", "reviewers", "watch", "accounts"),
}


def home_of(caller: Caller) -> str:
    """The first page of a role."""
    if caller.role is None:
        return "/login"
    if caller.role in INSTITUTION:
        return "/coverage"
    first = {Role.INSPECTOR: "/review", Role.ADMINISTRATOR: "/registry", Role.THIRD_PARTY_VERIFIER: "/review", Role.DEPARTMENT_OFFICER: "/coverage"}
    return first.get(caller.role, "/dashboard")


def show_navigation(request: Request, caller: Caller, here: str) -> dict[str, Any]:  # Any: template context
    """Context of every signed-in page: `**show_navigation(request, caller, "coverage")`."""
    keys = (*((*KEYS[caller.role], "machine") if caller.role else ("draws",)), "policy")  # what the machine can do and the figures are everybody's
    return {"nav": nav(*keys), "nav_here": here, "caller": caller}
