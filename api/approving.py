"""The caller as `compliance.approvals` knows people: a reader of applications, an officer of the bureau or of an industry department. R23."""

from api.auth.caller import Caller
from api.auth.roles import BUREAU, INSTITUTION, OFFICERS, OUTSIDE_INSTITUTIONS, Role
from api.http.services import Services
from compliance.approvals.deciding import Officer
from compliance.approvals.queries import Reader
from compliance.approvals.rules import ApprovalRule

READERS = INSTITUTION | (OUTSIDE_INSTITUTIONS - {Role.INSPECTOR, Role.THIRD_PARTY_VERIFIER, Role.ADMINISTRATOR})
OFFICE = (BUREAU - {Role.INSPECTOR}) | {Role.DEPARTMENT_OFFICER}  # may visit and assess
DECIDERS = OFFICERS | {Role.DEPARTMENT_OFFICER}  # may accept and decide; which of the two offices, the route says


def reader_of(caller: Caller) -> Reader:
    """Whose applications the caller may read."""
    return Reader(caller.tenant() if caller.role in INSTITUTION else None, caller.only_department)


def officer_of(caller: Caller) -> Officer:
    """The caller acting for their office."""
    return Officer(caller.actor, caller.display_name, caller.only_department)


def rule_of(services: Services) -> ApprovalRule:
    """The figures in force today."""
    return services.policy.read(ApprovalRule, services.clock.today_on())
