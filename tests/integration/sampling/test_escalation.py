"""A leader makes a finding an exit case: it waits, and its footage stays held until that case ends. R46; domain.md 2.3.2, 2.3.5."""

import pytest

from compliance.exit import opening, procedure, queries
from compliance.exit.errors import MalformedExit
from compliance.exit.lifecycle import ExitState
from compliance.exit.rules import Trigger
from storage.database.session import SYSTEM, Scope, apply_scope
from storage.kernel.errors import ForbiddenMove
from supervision.findings.lifecycle import FindingState
from supervision.findings.models import Finding
from tests.integration.sampling.stage import Stage
from tests.integration.sampling.test_procedure import LEADER, confirmed, noticed, rule, shelf
from tests.integration.sampling.test_reviews_and_findings import Shelf, given

__all__ = ["confirmed", "given", "noticed", "rule", "shelf"]  # fixtures


def escalate(stage: Stage, found: Finding, shelf: Shelf, reason: str = "伪造录像，情节严重") -> str:
    return opening.escalate(stage.session, found.code, reason=reason, holds=shelf, actor=LEADER, clock=stage.clock).code


def test_a_finding_becomes_an_exit_case_and_two_matters_hold_its_footage_until_that_ends(stage: Stage, noticed: Finding, shelf: Shelf) -> None:
    code = escalate(stage, noticed, shelf)
    row = queries.case(stage.session, code)
    assert (noticed.state, noticed.exit_case) == (FindingState.ESCALATED, code)
    assert (row.trigger, row.state) == (Trigger.FINDING, ExitState.FROZEN)
    assert [one.code for one in queries.findings(stage.session, row.id)] == [noticed.code]
    assert len(shelf.held) == 2
    procedure.withdraw(stage.session, code, reason="认定有误", holds=shelf, actor=LEADER, clock=stage.clock)
    assert not shelf.held


def test_only_a_finding_that_was_told_becomes_a_case_and_only_with_a_reason(stage: Stage, confirmed: Finding, shelf: Shelf) -> None:
    with pytest.raises(MalformedExit), stage.session.begin_nested():
        escalate(stage, confirmed, shelf, " ")
    with pytest.raises(ForbiddenMove), stage.session.begin_nested():
        escalate(stage, confirmed, shelf)
    assert confirmed.state is FindingState.CONFIRMED


def test_the_institution_reads_that_it_became_a_case_but_not_the_case_before_its_notice(stage: Stage, noticed: Finding, shelf: Shelf) -> None:
    code = escalate(stage, noticed, shelf)
    stage.session.flush()
    apply_scope(stage.session, Scope("institution", noticed.institution_id))
    assert noticed.exit_case == code
    assert list(queries.to_do(stage.session)) == []
    apply_scope(stage.session, SYSTEM)
