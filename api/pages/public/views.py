"""The public directory: "Whom can I trust to train me?" Readable without script, on a phone, by a screen reader. R48, R49, R67; G23; UI.md."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.auth.access import access
from api.auth.caller import Caller
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.locale.language import choose_language
from api.pages.credit.items import CLASSES
from api.pages.exit.acts import FATES, GROUNDS
from api.pages.findings.views import SEVERITIES
from api.pages.frame import render
from api.pages.public import feeds, words
from api.pages.public.choice import Choice, chosen
from api.pages.registry.views import KINDS
from compliance.publication import queries
from compliance.rating.queries import published_items
from compliance.rating.ruleset import EffectRule
from compliance.rating.words import reason_text
from supervision.findings.rules import DEFECTS
from supervision.institutions.models import InstitutionStatus, Tier
from supervision.sampling.strata import RiskWeights
from supervision.spotchecks.rules import ReviewRule

router = APIRouter(include_in_schema=False)
Anyone = Annotated[Caller, access(public=True)]
PAGE_ROWS = 20


def _rated(request: Request) -> Callable[[queries.PublicReason], str]:
    """A reason of a published rating in the reader's language."""
    language = choose_language(request)
    return lambda one: reason_text({"code": one.code, "value": one.value, "limit": one.limit, "floor": one.floor}, language)


def _brings(services: Services, tier: str, on: date) -> dict[str, object]:
    """What a tier brings in the figures of the day: the same that the draw, the selection and the agreements ask. R63, R64, R66."""
    effects, weights, review = services.policy.read(EffectRule, on), services.policy.read(RiskWeights, on), services.policy.read(ReviewRule, on)
    rate, minutes = weights.of_tier(tier) / 1000, review.clip_s(tier) / 60
    return {"rank": effects.rank(tier), "most": effects.most_persons(tier), "times": rate, "minutes": minutes}


CONTEXT: dict[str, Any] = {  # Any: template context
    "standings": words.STANDINGS,
    "meanings": words.MEANINGS,
    "tiers": words.TIERS,
    "reasons": words.REASONS,
    "kinds": KINDS,
    "bars": words.BARS,
    "ended": words.ENDED,
    "grounds": {ground.value: word for ground, word in GROUNDS.items()},
    "fates": FATES,
}


@router.get("/public/institutions")
def directory(
    request: Request,
    _caller: Anyone,
    session: SessionDep,
    services: ServicesDep,
    choice: Choice,
    after: Annotated[str, Query(max_length=60)] = "",
) -> Response:
    """Cards by code; search by name, trade and place."""
    today, wanted = services.clock.today_on(), chosen(choice)
    rows = queries.directory(session, today, wanted, after=after, limit=PAGE_ROWS + 1)
    asked = {key: value for key, value in choice.model_dump().items() if value}
    more = rows[PAGE_ROWS - 1].code if len(rows) > PAGE_ROWS else ""
    return render(
        request,
        "public/directory.html",
        styles=("css/public.css",),
        rows=rows[:PAGE_ROWS],
        total=queries.count(session, today, wanted),
        asked=choice,
        narrowed=bool(asked),
        query=urlencode(asked),
        more=urlencode(asked | {"after": more}) if more else "",
        after=after,
        trades=queries.trades(session),
        statuses=list(InstitutionStatus),
        every_tier=list(Tier),
        rated=_rated(request),
        **CONTEXT,
    )


@router.get("/public/institutions/{code}")
def show(request: Request, _caller: Anyone, session: SessionDep, services: ServicesDep, code: str) -> Response:
    """One institution at an address that does not change."""
    today = services.clock.today_on()
    row = queries.listed(session, code, today)
    return render(
        request,
        "public/institution.html",
        styles=("css/public.css",),
        row=row,
        courses=queries.courses(session, row.id, ends_from=today),
        brings=_brings(services, row.tier, today) if row.tier else None,
        credit_items=published_items(session, on=today, institution_id=row.id),
        classes=CLASSES,
        findings=queries.findings(session, institution_id=row.id),
        exclusions=queries.exclusions(session, institution_id=row.id),
        defects=DEFECTS,
        severities=SEVERITIES,
        rated=_rated(request),
        **CONTEXT,
    )


@router.get("/public/exclusions")
def exclusions(request: Request, _caller: Anyone, session: SessionDep) -> Response:
    """The one public list of what decisions of the exit stage forbid: in force, then ended."""
    rows = queries.exclusions(session)
    current, past = [one for one in rows if one.in_force], [one for one in rows if not one.in_force]
    return render(request, "public/exclusions.html", current=current, past=past, **CONTEXT)


@router.get("/public/feeds")
def documentation(request: Request, _caller: Anyone, services: ServicesDep) -> Response:
    """What each feed holds."""
    seconds = services.policy.read(feeds.FeedRule, services.clock.today_on()).feed_cache_seconds
    return render(request, "public/feeds.html", seconds=seconds, most=feeds.MOST, format=feeds.FORMAT)
