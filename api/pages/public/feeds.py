"""The directory as data: stable fields, cacheable, paged by code. Documented at /public/feeds. R49, R67; G23.

A field may be added; none is renamed or removed without a new `format`. Words are codes, so a feed has no language.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.auth.access import access
from api.auth.caller import Caller
from api.http.paging import csv_download
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.pages.public.choice import Choice, chosen
from compliance.publication import queries
from compliance.publication.queries import Exclusion, Listed, PublicFinding

router = APIRouter(include_in_schema=False)
Anyone = Annotated[Caller, access(public=True)]
After = Annotated[str, Query(max_length=60)]
MOST: Final = 200
FORMAT: Final = "classproof-directory/1"
FIELDS: Final = ("code", "name", "kind", "status", "tier", "tier_from_on", "tier_document", "trades", "places", "findings", "url")
EXCLUSION_FIELDS: Final = (
    "institution", "name", "document", "from_on", "until_on", "clause", "in_force", "bar", "ground", "running_classes", "ended_on", "ended_why",
    "ended_document",
)  # fmt: skip
FINDING_FIELDS: Final = ("code", "institution", "name", "defect", "severity", "clause")


@dataclass(frozen=True, slots=True)
class FeedRule:
    """Figures in force."""

    feed_cache_seconds: int


def institution_line(row: Listed) -> dict[str, Any]:  # Any: JSON
    """One institution as published."""
    return {
        "code": row.code,
        "name": row.name,
        "kind": row.kind.value,
        "status": row.status.value,
        "address": row.address,
        "tier": row.tier or None,
        "tier_from_on": _day(row.tier_from_on),
        "tier_document": row.tier_document or None,
        "reasons": [{"code": one.code, "value": one.value, "limit": one.limit, "clause": one.clause} for one in row.reasons],
        "trades": list(row.trades),
        "places": [{"name": name, "address": address} for name, address in row.places],
        "findings": row.findings,
        "url": f"/public/institutions/{row.code}",
    }


def exclusion_line(row: Exclusion) -> dict[str, Any]:  # Any: JSON
    """One exclusion, in force or ended."""
    return {
        "institution": row.institution_code,
        "name": row.institution,
        "document": row.document,
        "from_on": _day(row.from_on),
        "until_on": _day(row.until_on),
        "clause": row.clause,
        "in_force": row.in_force,
        "bar": row.bar.value,
        "ground": row.ground,
        "running_classes": row.running_classes.value,
        "ended_on": _day(row.ended_on),
        "ended_why": row.ended_why.value if row.ended_why else None,
        "ended_document": row.ended_document or None,
    }


def finding_line(row: PublicFinding) -> dict[str, Any]:  # Any: JSON
    """One published finding."""
    return {
        "code": row.code,
        "institution": row.institution_code,
        "name": row.institution,
        "defect": row.defect.value,
        "severity": row.severity.value,
        "clause": row.clause,
    }


@router.get("/public/institutions.json")
def institutions_json(request: Request, _caller: Anyone, session: SessionDep, services: ServicesDep, choice: Choice, after: After = "") -> Response:
    """The directory, at most 200 at a time; `next` is the `after` of the following page."""
    rows = queries.directory(session, services.clock.today_on(), chosen(choice), after=after, limit=MOST)
    body = {"format": FORMAT, "items": [institution_line(row) for row in rows], "next": rows[-1].code if len(rows) == MOST else None}
    return _json(request, services, body)


@router.get("/public/institutions.csv")
def institutions_csv(_caller: Anyone, session: SessionDep, services: ServicesDep, choice: Choice, after: After = "") -> Response:
    """The same as a sheet; lists inside a cell are separated by a semicolon."""
    rows = queries.directory(session, services.clock.today_on(), chosen(choice), after=after, limit=MOST)
    lines = [institution_line(row) for row in rows]
    table = [[_cell(line[name]) for name in FIELDS] for line in lines]
    return _cached(csv_download("institutions", FIELDS, table), services)


@router.get("/public/exclusions.json")
def exclusions_json(request: Request, _caller: Anyone, session: SessionDep, services: ServicesDep) -> Response:
    """Exclusions in force and ended."""
    return _json(request, services, {"format": FORMAT, "items": [exclusion_line(row) for row in queries.exclusions(session)]})


@router.get("/public/exclusions.csv")
def exclusions_csv(_caller: Anyone, session: SessionDep, services: ServicesDep) -> Response:
    """The same as a sheet."""
    table = [[exclusion_line(row)[name] for name in EXCLUSION_FIELDS] for row in queries.exclusions(session)]
    return _cached(csv_download("exclusions", EXCLUSION_FIELDS, table), services)


@router.get("/public/findings.json")
def findings_json(request: Request, _caller: Anyone, session: SessionDep, services: ServicesDep, before: After = "") -> Response:
    """Published findings, newest first, at most 200 at a time; `next` is the `before` of the following page."""
    rows = queries.findings(session, before=before, limit=MOST)
    body = {"format": FORMAT, "items": [finding_line(row) for row in rows], "next": rows[-1].code if len(rows) == MOST else None}
    return _json(request, services, body)


@router.get("/public/findings.csv")
def findings_csv(_caller: Anyone, session: SessionDep, services: ServicesDep, before: After = "") -> Response:
    """The same as a sheet."""
    table = [[finding_line(row)[name] for name in FINDING_FIELDS] for row in queries.findings(session, before=before, limit=MOST)]
    return _cached(csv_download("findings", FINDING_FIELDS, table), services)


def _json(request: Request, services: Services, body: Mapping[str, Any]) -> Response:  # Any: JSON
    data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    if tag in request.headers.get("if-none-match", ""):
        return _cached(Response(status_code=304, headers={"ETag": tag}), services)
    return _cached(Response(data, media_type="application/json; charset=utf-8", headers={"ETag": tag}), services)


def _cached(response: Response, services: Services) -> Response:
    """Anybody may keep it for a while, on any site."""
    seconds = services.policy.read(FeedRule, services.clock.today_on()).feed_cache_seconds
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _cell(value: object) -> object:
    if isinstance(value, list):
        return "; ".join(" ".join(one.values()).strip() if isinstance(one, dict) else str(one) for one in value)
    return value
