"""The application factory. Everything a process needs is handed in; nothing is read from the environment here."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from api.auth.access import require_every_route_has_a_rule
from api.http import problem
from api.http.headers import HeaderPolicy, SecurityHeaders
from api.http.services import Services
from api.routes import ROUTERS

MAX_BODY_BYTES: Final = 12 << 20  # the largest spreadsheet (supervision.classes.sheets) and its form; recordings go straight to the store
STATIC: Final = Path(__file__).parent / "static"


def create_app(services: Services) -> FastAPI:
    """The site and its API. Raises: RouteWithoutRule — a route says nothing about who may use it, so nothing starts."""
    app = FastAPI(title="ClassProof 课证", version="0.1.0", docs_url=None, redoc_url=None, openapi_url=None, max_body_size=MAX_BODY_BYTES)
    app.state.services = services
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    problem.install_problem_handlers(app)
    require_every_route_has_a_rule(app)
    return app


def serve_with_headers(app: FastAPI, services: Services) -> SecurityHeaders:
    """What the server runs: the application inside the layer that puts security headers on every answer."""
    return SecurityHeaders(app, HeaderPolicy(https=services.settings.site_url.startswith("https"), store_origin=store_origin(services)))


def store_origin(services: Services) -> str:
    """Where browsers PUT parts: the one foreign origin the pages may talk to."""
    if services.engines is not None:
        return services.engines.addresses.s3.public_origin
    settings = services.settings
    return f"{'https' if settings.s3_secure else 'http'}://{settings.s3_public_endpoint or settings.s3_endpoint}"
