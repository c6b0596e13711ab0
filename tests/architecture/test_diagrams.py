"""The diagrams on the design pages are the machines themselves."""

from pathlib import Path

import pytest

from compliance.approvals.lifecycle import APPROVAL_MOVES, LATE_MOVES
from compliance.exit.lifecycle import CHALLENGE_MOVES, EXIT_MOVES
from compliance.rating.item_lifecycle import ITEM_MOVES
from compliance.rating.lifecycle import RATING_MOVES
from compliance.reports.lifecycle import REPORT_MOVES
from compliance.subsidy.lifecycle import CERTIFICATE_MOVES, CLAIM_MOVES
from storage.kernel.lifecycle import mermaid
from supervision.footage.destruction_lifecycle import DESTRUCTION_MOVES
from supervision.footage.lifecycle import EXPLANATION_MOVES, RECORDING_MOVES, SLOT_MOVES
from supervision.outcomes.lifecycle import MOVES as EVIDENCE_MOVES
from supervision.spotchecks.mark_lifecycle import MARK_MOVES
from supervision.visits.lifecycle import VISIT_MOVES

DESIGN = Path(__file__).resolve().parents[2] / "docs" / "design"


@pytest.mark.parametrize(
    ("page", "moves"),
    [
        ("catalogue", RECORDING_MOVES),
        ("retention", DESTRUCTION_MOVES),
        ("coverage", SLOT_MOVES),
        ("coverage", EXPLANATION_MOVES),
        ("visits", VISIT_MOVES),
        ("review-room", MARK_MOVES),
        ("rating", RATING_MOVES),
        ("rating", ITEM_MOVES),
        ("reports", REPORT_MOVES),
        ("outcomes", EVIDENCE_MOVES),
        ("subsidy", CERTIFICATE_MOVES),
        ("subsidy", CLAIM_MOVES),
        ("exit", EXIT_MOVES),
        ("exit", CHALLENGE_MOVES),
        ("approvals", APPROVAL_MOVES),
        ("approvals", LATE_MOVES),
    ],
)
def test_a_design_page_shows_the_machine_as_it_is(page: str, moves: object) -> None:
    assert mermaid(moves) in (DESIGN / f"{page}.md").read_text(encoding="utf-8")  # type: ignore[arg-type]
