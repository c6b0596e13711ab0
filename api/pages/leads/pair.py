"""The same footage twice: both recordings on their own axes with the agreeing stretches joined, and a minute of each played in step. F-06, F-07; R60.

Copies are blurred, asked for by a button, and every opening is on record with its purpose for both recordings.
"""

from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.models import ViewKind
from api.auth.roles import BUREAU, Role
from api.http.services import ServicesDep
from api.http.session import SessionDep
from api.locale.marks import N_
from api.pages.frame import catalogue_of, render
from api.pages.leads.queue import listing_of
from api.pages.leads.words import NAMES, figure_text
from api.pages.navigation import show_navigation
from api.playback import open_playback
from storage.clips.models import ClipState
from supervision.screening import leads, pairs
from supervision.screening.clusters import cluster_of
from supervision.screening.kinship import Kind
from supervision.screening.pairs import Pair
from supervision.screening.recycled_models import Way
from supervision.screening.same_sound import Sounding, said

router = APIRouter(include_in_schema=False)
OFFICE = BUREAU - {Role.INSPECTOR}  # looks are blind: who looks for the draw is shown no lead before their own verdict (G17)
Reader = Annotated[Caller, access(roles=OFFICE | {Role.AUDITOR})]
Viewer = Annotated[Caller, access(roles=OFFICE | {Role.AUDITOR}, purpose=ViewKind.PLAY)]
At = Annotated[int | None, Query(ge=0, le=1_000_000_000)]
WIDTH: Final = 1000  # of the drawing; heights are fixed
KINDS: Final = {Kind.AGAIN: N_("Used again under another lesson"), Kind.TOGETHER: N_("One class filmed for two")}
WAYS: Final = {
    Way.PACKETS: N_("The same coded pictures, byte for byte"),
    Way.MOVEMENT: N_("The same movement, minute after minute, on one line of time"),
    Way.PIECES: N_("Pictures as near to each other as those that follow each other, at one distance in time"),
}


SOUNDS: Final = {
    Sounding.ALIKE: N_("rises and falls alike (%(share)s), as one and the same sound track does"),
    Sounding.OTHER: N_("another sound under the same pictures (%(share)s alike)"),
    Sounding.UNCLEAR: N_("neither clearly the same nor another (%(share)s alike)"),
    Sounding.NOT_COMPARED: N_("not compared: no sound in one of them, or too little"),
}


@dataclass(frozen=True, slots=True)
class Joined:
    """A stretch of the copy and of the other, in time and as corners of a band between the two axes."""

    from_ms: int
    to_ms: int
    other_from_ms: int
    other_to_ms: int
    band: str


def joined(pair: Pair) -> list[Joined]:
    """Both axes are as long as the longer recording, so that a band which leans shows a shift in time."""
    longest = max(pair.copy.duration_ms, pair.source.duration_ms, 1)
    found = []
    for from_ms, to_ms in pair.spans:
        there = pair.source_span(from_ms, to_ms)
        x = [round(ms * WIDTH / longest, 1) for ms in (from_ms, to_ms, there[1], there[0])]
        found.append(Joined(from_ms, to_ms, *there, band=f"{x[0]},22 {x[1]},22 {x[2]},78 {x[3]},78"))
    return found


@router.get("/leads/recycled/{lead_id}")
def pair_page(request: Request, caller: Viewer, session: SessionDep, services: ServicesDep, lead_id: UUID, at: At = None) -> Response:
    """Facts of both, the joined stretches, and the players when the copies of the minute at `at` are there."""
    pair = pairs.find_pair(session, lead_id)
    at_ms = pair.spans[0][0] if at is None else at
    begin, end = pair.stretch(at_ms)
    mine, other = pairs.clips_of(session, pair, at_ms)
    opened = None
    if mine is not None and other is not None and mine.state is other.state is ClipState.READY:
        opened = [open_playback(services, caller, clip.id, purpose="lead of screening", case_ref=pairs.purpose_of(pair)) for clip in (mine, other)]
    longest = max(pair.copy.duration_ms, pair.source.duration_ms, 1)
    cluster = cluster_of(session, pair.copy.recording.id) if pair.match else None
    return render(
        request,
        "leads/pair.html",
        modules=("pair.js", "review.js"),
        styles=("css/review.css",),
        **show_navigation(request, caller, "leads"),
        listing=listing_of(request),
        pair=pair,
        name=NAMES[pair.lead.code],
        kind=KINDS[pair.match.kind] if pair.match else None,
        way=WAYS[pair.match.way] if pair.match else None,
        sound=SOUNDS[said(pair.match.sound_permille)] if pair.match else None,
        figure=figure_text(pair.lead, catalogue_of(request)),
        joined=joined(pair),
        matched_ms=sum(to_ms - from_ms for from_ms, to_ms in pair.spans),
        axes=[round(side.duration_ms * WIDTH / longest, 1) for side in (pair.copy, pair.source)],
        playhead=round(begin * WIDTH / longest, 1),
        playhead_there=round(pair.source_span(begin, end)[0] * WIDTH / longest, 1),
        stretch=(begin, end),
        there=pair.source_span(begin, end),
        clips=(mine, other),
        cluster=cluster if cluster and len(cluster.members) > 2 else None,
        opened=opened,
        starts=[leads.wall_of(side.recording, 0) for side in (pair.copy, pair.source)],
    )


@router.post("/leads/recycled/{lead_id}")
def prepare(request: Request, caller: Reader, session: SessionDep, services: ServicesDep, lead_id: UUID, at: At = None) -> Response:
    """Ask for blurred copies of one minute of both recordings."""
    pair = pairs.find_pair(session, lead_id)
    at_ms = pair.spans[0][0] if at is None else at
    pairs.prepare(session, pair, at_ms, events=services.events, at=services.clock.now_at())
    kept = listing_of(request).kept
    return RedirectResponse(f"/leads/recycled/{lead_id}{kept}{'&' if kept else '?'}at={at_ms}", status_code=303)
