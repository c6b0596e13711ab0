"""The stages of the evidence in their order: the left navigation. A role sees those its access rules open."""

from typing import Final

from api.locale.marks import N_
from api.pages.frame import NavItem

# key → (label, address)
STAGES: Final[dict[str, tuple[str, str]]] = {
    "home": (N_("Today"), "/"),
    "dashboard": (N_("Overview"), "/dashboard"),
    "recordings": (N_("Recordings"), "/recordings"),
    "due": (N_("Due for destruction"), "/recordings/due"),
    "upload": (N_("Upload"), "/upload"),
    "coverage": (N_("Coverage"), "/coverage"),
    "leads": (N_("Leads of the machine"), "/leads"),
    "draws": (N_("Spot-check draws"), "/draws"),
    "review": (N_("Review"), "/review"),
    "releases": (N_("Original footage"), "/releases"),
    "visits": (N_("On-site visits"), "/visits"),
    "findings": (N_("Findings"), "/findings"),
    "outcomes": (N_("Employment"), "/employment"),
    "subsidy": (N_("Subsidy"), "/subsidy"),
    "records": (N_("Official records"), "/records"),
    "approvals": (N_("Places and extensions"), "/approvals"),
    "reviewers": (N_("Reviewers"), "/reviewers"),
    "my-figures": (N_("My figures"), "/reviewers/me"),
    "credit": (N_("Credit"), "/credit"),
    "exit": (N_("Exit"), "/exit"),
    "targets": (N_("Targets"), "/targets"),
    "reports": (N_("Biweekly reports"), "/reports"),
    "responsible": (N_("Who is responsible"), "/responsible"),
    "watch": (N_("Supervisors"), "/watch"),
    "publication": (N_("Publication"), "/public"),
    "machine": (N_("Quality of the machine"), "/machine"),
    "policy": (N_("Policy"), "/policy"),
    "registry": (N_("Registry"), "/registry"),
    "accounts": (N_("Accounts"), "/accounts"),
    "keys": (N_("API keys"), "/keys"),
}


def nav(*keys: str, counts: dict[str, int] | None = None) -> tuple[NavItem, ...]:
    """The named stages in their fixed order. `counts`: what waits there. Raises: KeyError — a stage nobody knows."""
    unknown = set(keys) - set(STAGES)
    if unknown:
        raise KeyError(", ".join(sorted(unknown)))
    waiting = counts or {}
    return tuple(NavItem(key, label, href, waiting.get(key)) for key, (label, href) in STAGES.items() if key in keys)
