"""What a line of the watch pages is about and who did it, as the rest of the site names them: a code that leads to its page, a person's name. G26."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from api.auth.roles import ROLE_NAMES
from api.locale.language import Language
from compliance.approvals.models import Approval
from compliance.exit.models import ExitCase
from compliance.rating.models import CreditItem, Rating
from compliance.reports.models import ProgressReport
from compliance.reports.watch_queries import Decision
from compliance.subsidy.models import SubsidyClaim
from supervision.findings.models import Finding
from supervision.footage.destruction_models import Destruction
from supervision.footage.models import GapExplanation, Recording
from supervision.sampling.models import DrawRound
from supervision.visits.models import Visit

# machine → what its rows are called by, and where they are shown; `{id}` is the subject's, `{name}` what it is called
PAGES: Final[Mapping[str, tuple[InstrumentedAttribute[Any], str]]] = {  # Any: a code or a file name
    "finding": (Finding.code, "/findings/{name}"),
    "draw-round": (DrawRound.code, "/draws/{name}"),
    "visit": (Visit.code, "/visits/{name}"),
    "exit-case": (ExitCase.code, "/exit/{name}"),
    "rating": (Rating.code, "/credit/ratings/{name}"),
    "credit-item": (CreditItem.code, "/credit/items/{name}"),
    "approval": (Approval.code, "/approvals/{name}"),
    "progress-report": (ProgressReport.code, "/reports/{name}"),
    "subsidy-claim": (SubsidyClaim.code, "/subsidy/claims/{name}"),
    "recording": (Recording.file_name, "/recordings/{id}"),
    "gap-explanation": (GapExplanation.slot_id, "/slots/{name}"),
    "destruction": (Destruction.recording_id, "/recordings/{name}"),
}


@dataclass(frozen=True, slots=True)
class Matter:
    """`name`: its code or the name of its file; empty where a page shows it and it has no name of its own. `href` empty: no page shows it."""

    name: str
    href: str


def matters(session: Session, rows: Iterable[Decision]) -> dict[UUID, Matter]:
    """Subject → what it is called and where it is shown; what no page shows is missing."""
    of_machine: dict[str, set[UUID]] = {}
    for row in rows:
        of_machine.setdefault(row.machine, set()).add(row.subject_id)
    found: dict[UUID, Matter] = {}
    for machine, ids in of_machine.items():
        if machine not in PAGES:
            continue
        column, page = PAGES[machine]
        for ident, name in session.execute(select(column.class_.id, column).where(column.class_.id.in_(ids))):
            found[ident] = Matter("" if isinstance(name, UUID) else str(name), page.format(id=ident, name=name))
    return found


def role_words(language: Language) -> dict[str, str]:
    """Role as the log spells it → its name."""
    return {role.value: words[language] for role, words in ROLE_NAMES.items()}
