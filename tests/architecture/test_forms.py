"""Every text that a form sends has a longest length, told at the form; every act of a page is tried where its refusals keep what was typed. UI.md."""

import re
from collections.abc import Iterator
from enum import StrEnum

from fastapi.routing import APIRoute
from pydantic.fields import FieldInfo

from api.http.messages import message, texts
from api.http.states import MACHINES, OF_CODE
from api.http.typed import limits_of
from api.http.wording import kernel
from api.pages.labels import LABELS
from api.routes import ROUTERS
from storage.kernel.errors import ForbiddenMove
from tests.architecture.test_refusals import ROOT

AT_THE_DOOR = ("/login", "/account", "/language", "/logout")  # before anybody is known there is no page that keeps what was typed
UNSHOWN = {"RunState", "ClipState", "PlaceState"}  # jobs, clips and how a phone found its place: no page tells their state in a refusal


def form_routes() -> Iterator[APIRoute]:
    for router in ROUTERS:
        for route in router.routes:
            if isinstance(route, APIRoute) and "POST" in route.methods and not route.path.startswith(("/api/", *AT_THE_DOOR)):
                yield route


def texts_of(route: APIRoute) -> Iterator[tuple[str, FieldInfo]]:
    pending = [route.dependant]
    while pending:
        one = pending.pop()
        pending += one.dependencies
        for field in one.body_params:
            kind = str(field.field_info.annotation)
            if field.field_info.annotation is str or kind.startswith(("list[str]", "typing.Optional[list[str]]")):
                yield field.alias, field.field_info


def test_every_text_of_a_form_has_a_longest_length_that_is_told_at_the_form() -> None:
    routes = list(form_routes())
    assert len(routes) > 100
    bare = {f"{route.path} {name}" for route in routes for name, info in texts_of(route) if name not in limits_of(route) and name != "next"}
    assert bare == set()


def test_no_text_of_a_form_is_refused_before_its_page_can_say_so() -> None:
    """`Form(max_length=…)` answers with the general page, on which everything typed is gone."""
    pages = sorted((ROOT / "api/pages").rglob("*.py"))
    early = {f"{path.name}: {found}" for path in pages for found in re.findall(r"Form\((?:min|max)_length=[^)]*\)", path.read_text(encoding="utf-8"))}
    assert early == set()


def test_every_act_of_a_page_is_tried_by_attempt() -> None:
    bare = [path.relative_to(ROOT).as_posix() for path in (ROOT / "api/pages").rglob("*.py") if "begin_nested" in path.read_text(encoding="utf-8")]
    assert bare == []


def test_every_state_that_a_refusal_may_name_is_named_as_its_page_names_it() -> None:
    found = {one.__name__: one for one in StrEnum.__subclasses__() if re.fullmatch(r"\w+State", one.__name__)}
    found = {name: one for name, one in found.items() if one.__module__.split(".")[0] in ("storage", "supervision", "compliance", "api")}
    assert set(found) - UNSHOWN == set(MACHINES)
    for name, states in found.items():
        if name in MACHINES:
            assert {one.value for one in states} <= set(LABELS[MACHINES[name]]), name


def test_every_refusal_that_names_a_state_says_of_which_machine_or_has_its_own_words() -> None:
    told = {code for code, text in texts().items() if "{state}" in text.zh.detail}
    assert told == set(OF_CODE) | {"forbidden-move", "clip-not-ready"}


def test_a_forbidden_move_shows_no_code() -> None:
    refused = ForbiddenMove(machine="ApprovalState", state="site-visit", event="conditions-met", why="visit-needed")
    assert not re.search(r"[a-z]+-[a-z]+", message(refused.code, refused.facts, "zh").detail)
    assert "site visited" in message(refused.code, refused.facts, "en").detail
    assert "site-visit" not in message(refused.code, refused.facts, "en").detail
    assert kernel.TEXTS["forbidden-move"].zh.detail.count("{") == 2
