"""The queue of leads as a file: lead by lead in the order in which the queue is walked, further leads of a recording behind its first. R60, R72."""

from typing import Final

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from api.locale.marks import N_
from api.pages.formats import position_text
from api.pages.frame import catalogue_of, translator
from api.pages.leads.words import NAMES, OPINIONS, figure_text
from api.pages.sheet import CSV, rows_of, sheet
from supervision.screening import lead_lists
from supervision.screening.lead_lists import Narrowed, Order
from supervision.screening.leads import wall_of

HEADING: Final = (
    N_("Lead"), N_("Clause"), N_("Figure and threshold"), N_("Institution"), N_("Camera"), N_("File"), N_("Begins at"), N_("Ends at"),
    N_("Position in the file, from"), N_("Position in the file, to"), N_("Strength in per cent"), N_("Verdict"), N_("Found"),
)  # fmt: skip


def leads_sheet(request: Request, session: Session, narrowed: Narrowed, order: Order) -> Response:
    """Every lead of the list, whatever page of it was asked from."""
    rows = lead_lists.in_order(session, narrowed, order, limit=rows_of(CSV))
    said = lead_lists.opinions_of(session, [row.lead.id for row in rows])
    _, words = translator(request), catalogue_of(request)
    lines = [
        [
            _(NAMES[row.lead.code]),
            row.lead.clause,
            figure_text(row.lead, words),
            row.institution.name,
            row.camera.code if row.camera else "",
            row.recording.file_name,
            row.at,
            wall_of(row.recording, row.lead.to_ms),
            position_text(row.lead.from_ms),
            position_text(row.lead.to_ms),
            row.lead.strength // 10,
            _(OPINIONS[said[row.lead.id]][1]) if said[row.lead.id] in OPINIONS else "",
            row.lead.found_at,
        ]
        for row in rows
    ]
    return sheet(request, "leads", HEADING, lines)
