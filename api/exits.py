"""What acts on exit cases work with: the figures of the right day, the holds, the clock. R43–R47; Q10."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from api.auth.caller import Caller
from api.employment import employment_rule
from api.holds import EvidenceHolds
from api.http.services import Services
from compliance.exit.clocks import ExitClocks
from compliance.exit.models import ExitCase
from compliance.exit.rules import ExitRule, RemedyRule
from storage.kernel.clock import local_date
from supervision.outcomes.rules import EmploymentRule


@dataclass(frozen=True, slots=True)
class ExitTools:
    """Made per request."""

    services: Services
    caller: Caller

    @property
    def by(self) -> dict[str, Any]:  # Any: keywords of the use-cases
        """Who acts, when, and the name as it is printed."""
        return {"actor": self.caller.actor, "clock": self.services.clock, "name": self.caller.display_name}

    @property
    def holds(self) -> EvidenceHolds:
        return EvidenceHolds(self.services.buckets.evidence)

    @property
    def ending(self) -> dict[str, Any]:  # Any: keywords of the use-cases
        """What an act needs that puts in force or ends."""
        return {"holds": self.holds, "events": self.services.events}

    @property
    def rule(self) -> ExitRule:
        return self._rule(self.services.clock.today_on())

    @property
    def clocks(self) -> ExitClocks:
        return self.services.policy.read(ExitClocks, self.services.clock.today_on())

    @property
    def remedies(self) -> RemedyRule:
        return self.services.policy.read(RemedyRule, self.services.clock.today_on())

    def as_detected(self, row: ExitCase) -> tuple[ExitRule, EmploymentRule]:
        """The rules of the day of detection: a recheck counts by them, whatever the figures are today (Q10)."""
        on = local_date(row.detected_at)
        return self._rule(on), employment_rule(self.services.policy, on)

    def _rule(self, on: date) -> ExitRule:
        return self.services.policy.read(ExitRule, on)
