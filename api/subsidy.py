"""The figures that subsidies are reckoned with, of every stage that has a say, by the policy of one day."""

from datetime import date

from api.policy import Policy
from compliance.subsidy.deadlines import DeadlineRule
from compliance.subsidy.facts import Rules
from compliance.subsidy.portfolio import PortfolioRule
from compliance.subsidy.rules import SubsidyRule
from supervision.footage.rules import CoverageRule
from supervision.outcomes.leads import LeadRule
from supervision.outcomes.rules import EmploymentRule


def subsidy_rules(policy: Policy, on: date) -> Rules:
    """Tariff and gates, what counts as footage, what counts as employed."""
    return Rules(
        subsidy=policy.read(SubsidyRule, on),
        coverage=policy.read(CoverageRule, on),
        employment=policy.read(EmploymentRule, on),
    )


def deadline_rule(policy: Policy, on: date) -> DeadlineRule:
    """By when subsidies are paid, and start-up classes have their success."""
    return policy.read(DeadlineRule, on)


def portfolio_rule(policy: Policy, on: date) -> PortfolioRule:
    """The shares of a year's classes."""
    return policy.read(PortfolioRule, on)


def lead_rule(policy: Policy, on: date) -> LeadRule:
    """When evidence of employment is pointed out."""
    return policy.read(LeadRule, on)
