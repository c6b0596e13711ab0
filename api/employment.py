"""The definition of the employment rate in force on a day. R44, Q1."""

from datetime import date

from api.policy import Policy
from supervision.outcomes.rules import EmploymentRule


def employment_rule(policy: Policy, on: date) -> EmploymentRule:
    """Who is counted, and what counts as employed, by the policy of that day."""
    return policy.read(EmploymentRule, on)
