"""Which lanes lie on the axis of the room, in words of the reader. UI.md, Workbench."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fastapi import Request

from api.locale.language import choose_language
from api.pages.formats import span_text, time_text
from api.pages.frame import translator
from api.pages.review.lanes import Lane, Shown, lane, ticks
from api.pages.review.room_data import RoomCamera, drawn_spans
from api.v1.review_room import MarkOut
from storage.kernel.span import Span
from supervision.classes.models import Lesson
from supervision.findings.models import Finding
from supervision.spotchecks import queries
from supervision.spotchecks.flags import Flag
from supervision.spotchecks.models import ReviewAssignment, ReviewItem
from supervision.spotchecks.stretch import Stretch


def room_lanes(
    request: Request,
    row: ReviewAssignment,
    lesson: Lesson,
    cameras: Sequence[RoomCamera],
    items: Sequence[ReviewItem],
    *,
    watched: Sequence[Stretch],
    findings: Sequence[Finding],
    marks: Sequence[MarkOut],
    signs: Sequence[Any],  # Any: rows of two instants
    flags: Sequence[Flag],
) -> tuple[Span, list[Lane]]:
    """The axis (timetable, widened by what was proven outside it) and its lanes from top to bottom."""
    _, language = translator(request), choose_language(request)
    scheduled = Span(lesson.starts_at, lesson.ends_at)
    proven = [Span(queries.from_ms(start), queries.from_ms(end)) for start, end in row.proven]
    axis = Span(min([scheduled.start_at, *(s.start_at for s in proven)]), max([scheduled.end_at, *(s.end_at for s in proven)]))

    def shown(spans: Sequence[Span], look: str, word: str = "") -> list[Shown]:
        return [Shown(s, f"{word} {span_text(s.start_at, s.end_at, language=language, seconds=True)}".strip(), look) for s in spans]

    lanes = [lane("schedule", _("timetable"), 0, axis, shown([scheduled], "schedule"))]
    for number, camera in enumerate(cameras, start=1):
        covered = camera.coverage
        parts = [
            *shown(covered.proven, "proven", _("proven")),
            *shown(covered.explained, "explained", _("explained")),
            *shown(covered.missing, "missing", _("gap")),
        ]
        lanes.append(lane("camera", f"{number} {camera.name or camera.code}", len(lanes), axis, sorted(parts, key=lambda one: one.span.start_at)))
    instants: list[tuple[datetime, str, str]] = []
    came, left = _("signed in"), _("signed out")
    for signed_in_at, signed_out_at in signs:
        instants.append((signed_in_at, f"{came} {time_text(signed_in_at, seconds=True)}", "sign-in"))
        if signed_out_at is not None:
            instants.append((signed_out_at, f"{left} {time_text(signed_out_at, seconds=True)}", "sign-out"))
    lanes.append(ticks("signs", _("sign-ins"), len(lanes), axis, instants))
    lanes.append(lane("drawn", _("drawn"), len(lanes), axis, shown(drawn_spans(items), "drawn")))
    held = [Span(m.starts_at, m.ends_at) for m in marks if m.ends_at is not None and m.state != "dropped" and not m.finding]
    found = [Span(f.span.lower, f.span.upper) for f in findings if f.span.lower is not None and f.span.upper is not None]
    lanes.append(lane("marks", _("my marks"), len(lanes), axis, [*shown(held, "mark"), *shown(found, "found")]))
    seen = [Span(queries.from_ms(s.start_ms), queries.from_ms(s.end_ms)) for s in watched]
    lanes.append(lane("watched", _("watched"), len(lanes), axis, shown(seen, "watched")))
    if flags:
        noticed = [Shown(Span(f.start_at, f.end_at), f.zh if language == "zh" else f.en, "noticed") for f in flags if f.start_at < f.end_at]
        lanes.append(lane("machine", _("machine"), len(lanes), axis, noticed))
    return axis, lanes
