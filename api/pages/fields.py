"""The names of form fields: for `filed_on`, as the defects of a refusal call it, the page says what stands over that field. UI.md."""

from collections.abc import Callable
from typing import Final

from api.locale.marks import N_

FIELDS: Final = {
    "answers": N_("Answers to the points"),
    "authority": N_("Authority"),
    "case": N_("State of the case"),
    "class": N_("Class"),
    "collective": N_("Collective discussion"),
    "decided_on": N_("Day of the decision"),
    "document": N_("Document"),
    "entry_name": N_("Entry"),
    "files": N_("Documents and pictures"),
    "filed_on": N_("Filed on"),
    "ground": N_("Ground"),
    "hearing_at": N_("Day and time"),
    "how": N_("What was seen, or how it was served"),
    "inputs": N_("Frozen inputs"),
    "institution": N_("Institution"),
    "kind": N_("Kind"),
    "late_reason": N_("Why it was accepted after the last day"),
    "list_name": N_("List"),
    "listed_on": N_("Listed on"),
    "months": N_("Months"),
    "opinion": N_("Opinion"),
    "place": N_("Place"),
    "points": N_("Your points"),
    "reason": N_("Reason"),
    "reasons": N_("Facts and reasons"),
    "received_by": N_("Received by"),
    "record": N_("Record of the hearing"),
    "result": N_("Result"),
    "running_classes": N_("Running classes"),
    "said": N_("What was put right"),
    "source_document": N_("Document"),
    "state": N_("State"),
    "strike": N_("Evidence that no longer counts"),
    "summary": N_("Matter"),
    "until_on": N_("Until"),
    "cause_removed": N_("The cause is removed"),
    "subsidy_repaid": N_("Subsidies to be repaid were repaid"),
    "site_checked": N_("The site was checked"),
}


def field_name(where: str, *, translate: Callable[[str], str]) -> str:
    """The words of a field; what is no field of a form (the name of a file) stays as it is."""
    return translate(FIELDS[where]) if where in FIELDS else where
