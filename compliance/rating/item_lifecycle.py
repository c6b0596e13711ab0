"""States of an information item (信用信息): recorded, classified, published, repaired or expired. R64, R65, R67; domain.md 2.1, 2.3.4.

`min-reached` is not stored: it is a day that the rule set in force says (`terms.Terms.repairable_on`), and the guard of the application asks it.
"""

from enum import StrEnum
from typing import Final

from storage.kernel.guards import every, fact, reason_given, somebody_else
from storage.kernel.lifecycle import Move, Moves


class ItemState(StrEnum):
    RECORDED = "recorded"
    CLASSIFIED = "classified"  # the letter with its repair page is served; the days for a statement run
    UNCONTESTED = "uncontested"  # 放弃陈述申辩: the head declared to make no statement
    KEPT = "kept"  # in force and not published: a minor one
    PUBLISHED = "published"
    REPAIR_APPLIED = "repair-applied"
    ACCEPTED = "accepted"  # the application is complete; somebody else verifies
    REPAIRED = "repaired"  # publication, sharing and restriction have stopped
    EXPIRED = "auto-expired"
    VOID = "void"


class ItemEvent(StrEnum):
    CLASSIFY = "classify"
    WAIVE = "waive"
    PUBLISH = "publish"
    KEEP = "keep"
    APPLY = "apply"
    ACCEPT = "accept"
    RETURN = "return"
    RETURN_KEPT = "return-kept"
    VERIFY = "verify"
    REFUSE = "refuse"
    REFUSE_KEPT = "refuse-kept"
    REVOKE = "revoke-repair"
    REVOKE_KEPT = "revoke-repair-kept"
    EXPIRE = "expire"
    VOID = "void"


_another_person: Final = somebody_else("decided_by", "seen_by")
_classified_whole: Final = every(
    _another_person,
    fact("facts_stated", "facts-missing"),
    fact("basis_stated", "legal-basis-missing"),
    fact("rights_stated", "rights-missing"),
    fact("repair_stated", "repair-page-missing"),
    fact("signed", "signer-missing"),
)
_declared_by_the_head: Final = every(
    fact("by_head", "not-the-head"),
    fact("within_deadline", "deadline-over"),
    fact("nothing_stated", "statement-given"),
    fact("statement_given", "statement-missing"),
)
_takes_effect: Final = every(_another_person, fact("statement_time_over", "objection-time-open"), fact("statement_answered", "objection-unanswered"))
_published_lawfully: Final = every(_takes_effect, fact("may_be_published", "minor-not-published"), fact("not_over", "publication-over"))
_application: Final = every(
    fact("repairable", "not-repairable-by-law"),
    fact("minimum_reached", "publication-minimum-open"),
    fact("promise_given", "statement-missing"),
    fact("evidence_given", "evidence-missing"),
)
_all_three_stop: Final = every(_another_person, fact("publication_stopped", "still-published"), fact("sharing_stopped", "still-shared"), reason_given)
_refused: Final = every(_another_person, reason_given)
_false_material: Final = every(_another_person, reason_given, fact("not_over", "publication-over"))
_at_the_end: Final = fact("over", "publication-maximum-open")

_S, _E = ItemState, ItemEvent
_VOID: Final = Move(_S.VOID, guard=reason_given, clause="2.3.4")
_EXPIRE: Final = Move(_S.EXPIRED, guard=_at_the_end, clause="R65")

ITEM_MOVES: Final[Moves[ItemState, ItemEvent]] = {
    (_S.RECORDED, _E.CLASSIFY): Move(_S.CLASSIFIED, guard=_classified_whole, clause="R64"),
    (_S.CLASSIFIED, _E.PUBLISH): Move(_S.PUBLISHED, guard=_published_lawfully, clause="R67"),
    (_S.CLASSIFIED, _E.KEEP): Move(_S.KEPT, guard=_takes_effect, clause="R64"),
    (_S.CLASSIFIED, _E.WAIVE): Move(_S.UNCONTESTED, guard=_declared_by_the_head, clause="2.3.4"),
    (_S.UNCONTESTED, _E.PUBLISH): Move(_S.PUBLISHED, guard=_published_lawfully, clause="R67"),
    (_S.UNCONTESTED, _E.KEEP): Move(_S.KEPT, guard=_takes_effect, clause="R64"),
    (_S.PUBLISHED, _E.APPLY): Move(_S.REPAIR_APPLIED, guard=_application, clause="R65"),
    (_S.KEPT, _E.APPLY): Move(_S.REPAIR_APPLIED, guard=_application, clause="R65"),
    (_S.REPAIR_APPLIED, _E.ACCEPT): Move(_S.ACCEPTED, clause="R65"),
    (_S.REPAIR_APPLIED, _E.RETURN): Move(_S.PUBLISHED, guard=reason_given, clause="R65"),
    (_S.REPAIR_APPLIED, _E.RETURN_KEPT): Move(_S.KEPT, guard=reason_given, clause="R65"),
    (_S.ACCEPTED, _E.VERIFY): Move(_S.REPAIRED, guard=_all_three_stop, clause="R65"),
    (_S.ACCEPTED, _E.REFUSE): Move(_S.PUBLISHED, guard=_refused, clause="R65"),
    (_S.ACCEPTED, _E.REFUSE_KEPT): Move(_S.KEPT, guard=_refused, clause="R65"),
    (_S.REPAIRED, _E.REVOKE): Move(_S.PUBLISHED, guard=_false_material, clause="R65"),
    (_S.REPAIRED, _E.REVOKE_KEPT): Move(_S.KEPT, guard=_false_material, clause="R65"),
    (_S.PUBLISHED, _E.EXPIRE): _EXPIRE,
    (_S.KEPT, _E.EXPIRE): _EXPIRE,
    (_S.REPAIR_APPLIED, _E.EXPIRE): _EXPIRE,
    (_S.ACCEPTED, _E.EXPIRE): _EXPIRE,
    (_S.RECORDED, _E.VOID): _VOID,
    (_S.CLASSIFIED, _E.VOID): _VOID,
    (_S.UNCONTESTED, _E.VOID): _VOID,
    (_S.PUBLISHED, _E.VOID): _VOID,
    (_S.KEPT, _E.VOID): _VOID,
    (_S.REPAIR_APPLIED, _E.VOID): _VOID,
    (_S.ACCEPTED, _E.VOID): _VOID,
}

INSTITUTION_SEES: Final = (
    _S.CLASSIFIED, _S.UNCONTESTED, _S.KEPT, _S.PUBLISHED, _S.REPAIR_APPLIED, _S.ACCEPTED, _S.REPAIRED, _S.EXPIRED,
)  # fmt: skip
REPAIR_OPEN: Final = (_S.REPAIR_APPLIED, _S.ACCEPTED)
IN_FORCE: Final = (_S.PUBLISHED, _S.KEPT, _S.REPAIR_APPLIED, _S.ACCEPTED)  # counts in a rating
