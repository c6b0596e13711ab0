"""What of a round may be known when. 2.3.2; G8, G9. Pure.

The list of an on-site round would warn whoever is on it: until its visits are over only commitments are shown. The strata tell which lessons the
machine has flagged: until the reviews are over they would steer the eyes of the inspector, and warn the institution.
"""

from supervision.sampling.lifecycle import DrawState
from supervision.sampling.models import DrawRound


def list_is_open(draw_round: DrawRound) -> bool:
    """Ids, shares, seed, tickets and what was drawn."""
    return not draw_round.on_site or draw_round.revealed_at is not None


def strata_are_open(draw_round: DrawRound) -> bool:
    """Which lesson lies in which stratum, and the salt of the commitment."""
    return list_is_open(draw_round) and (not draw_round.strata_by or draw_round.state is DrawState.CLOSED)
