"""Example contexts of every template of the frame: rendered by the unit tests, looked at by the browser tests."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

from jinja2 import FileSystemLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse

from api.locale.language import choose_language
from api.pages.coverage_bar import coverage_bar
from api.pages.frame import Need, Viewer, environment, render
from api.pages.listing import Column, Listing
from api.pages.stages import nav
from storage.kernel.span import Span

AT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
VIEWER = Viewer("王丽华", "机构经办人", "古县鸿运职业技能培训学校有限责任公司")
NAV = nav("home", "recordings", "coverage", "findings", counts={"findings": 3})
COLUMNS = (
    Column("starts_at", "From", sort=True),
    Column("lesson", "Lesson and camera", sort=True),
    Column("length", "Length", figures=True),
    Column("state", "State"),
)

LOOKS = Path(__file__).parent / "looks"


def span(start: int, end: int) -> Span:
    return Span(AT + timedelta(minutes=start), AT + timedelta(minutes=end))


def parts_page(request: Request, rows: int = 24) -> HTMLResponse:
    """Every component on one page. Its template lives beside the tests: it is no page of the product."""
    states = ("retained", "quarantined", "rejected", "due", "uploading")
    lines = [
        {
            "at": AT + timedelta(hours=i),
            "lesson": f"焊工（初级）2026第3期 hg-2026-03/2026-11-24/{i} · CAM-0{i % 3}",
            "seconds": 5400 + i,
            "state": states[i % 5],
        }
        for i in range(rows)
    ]
    listing = replace(
        Listing.of(request, COLUMNS, sort="-starts_at", filters=["state"], exports=["csv", "xlsx"]), total=rows, next_after="x" if rows else ""
    )
    moves = [
        {"at": AT, "title": "uploading → received", "actor": "王丽华", "clause": "R72"},
        {"at": AT + timedelta(minutes=1), "title": "verified", "tone": "ok", "actor": "classproof", "text": "SHA-256 abababab"},
        {"at": AT + timedelta(minutes=2), "title": "integrity-alarm", "tone": "bad", "href": "/x", "link": "…"},
    ]
    context = {
        "bar": coverage_bar(span(0, 120), [span(0, 50), span(70, 110)], [span(50, 58)]),
        "listing": listing,
        "rows": lines,
        "at": AT,
        "moves": moves,
    }
    loader = environment(choose_language(request)).loader
    assert isinstance(loader, FileSystemLoader)
    if str(LOOKS) not in loader.searchpath:
        loader.searchpath.append(str(LOOKS))
    return render(
        request,
        "parts.html",
        viewer=VIEWER,
        nav=NAV,
        nav_here="recordings",
        search_url="/search",
        needs=(Need.MEDIA,),
        modules=("player.js",),
        **context,
    )


SSO = {"href": "/login/oidc", "label": "SSO"}
PROBLEM = SimpleNamespace(
    status=409,
    code="forbidden-move",
    title="现在不能这样做",
    detail="该录像已锁定，不能更换课次。",
    advice="如确有错误，请向培训科提出说明。",
    clause="R73",
    reference="a1b2c3d4",
    errors=[{"where": "第 3 行", "code": "x", "text": "身份证号位数不对"}],
)

PAGES: dict[str, Callable[[Request], HTMLResponse]] = {
    "parts": parts_page,
    "empty": lambda request: parts_page(request, 0),
    "login": lambda r: render(r, "login.html", step="password", name="", next="/", unsent=False, error="", oidc=SSO, csrf_token="t"),
    "login-refused": lambda r: render(
        r, "login.html", step="password", name="wang", next="/", unsent=False, error="用户名或密码不对。", oidc=None, csrf_token="t"
    ),
    "code": lambda r: render(r, "login.html", step="code", name="", next="/", unsent=False, error="", oidc=None),
    "upload": lambda r: render(
        r,
        "upload.html",
        viewer=VIEWER,
        nav=NAV,
        nav_here="recordings",
        search_url="/search",
        limits={"max_bytes": 50_000_000_000},
        formats=".mp4,.mkv,.ts,.mpg,.avi",
        recordings_url="/recordings",
        needs=(Need.UPLOAD,),
        modules=("upload.js",),
    ),
    "error": lambda r: render(r, "error.html", status_code=409, problem=PROBLEM, viewer=VIEWER, nav=NAV),
}
