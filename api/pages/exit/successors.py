"""Who shares what with an institution that is out of the directory: leads of a return under another name. F-29; R43, R47. A lead decides nothing."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from sqlalchemy import select
from starlette.responses import Response

from api.http.services import ServicesDep
from api.http.session import SessionDep
from api.locale.marks import N_
from api.pages.exit.views import Insider
from api.pages.frame import render, translator
from api.pages.navigation import show_navigation
from api.pages.sheet import CSV, sheet
from compliance.exit.successor_facts import successor_links
from compliance.exit.successors import STRONG, Link, SuccessorRule, Trait
from supervision.institutions.models import Bar, DirectoryExclusion, Institution

router = APIRouter(include_in_schema=False)
Word = Annotated[str, Query(max_length=60)]
SHEET: Final = (
    N_("Code of the institution out of the directory"), N_("Out of the directory"), N_("Exit case"), N_("Out since"),
    N_("Code of the registered institution"), N_("Registered institution"), N_("Entered"), N_("What is the same"), N_("Shared value"),
)  # fmt: skip
TRAITS: Final = {
    Trait.LEGAL_REPRESENTATIVE: N_("legal representative"),
    Trait.CAMERA: N_("serial number of a camera"),
    Trait.ACCOUNT: N_("payee and account"),
    Trait.PRINCIPAL: N_("principal"),
    Trait.ADDRESS: N_("address"),
    Trait.TEACHERS: N_("teachers"),
}


@router.get("/exit/successors")
def successors_page(
    request: Request, caller: Insider, session: SessionDep, services: ServicesDep, institution: Word = "", export: str = ""
) -> Response:
    """Every pair that shares enough, or those of one institution. Nothing is kept: the registers say the same tomorrow, or were changed."""
    rule = services.policy.read(SuccessorRule, services.clock.today_on())
    chosen = session.scalars(select(Institution).where(Institution.code == institution)).one_or_none() if institution else None
    found = successor_links(session, rule, institution_id=chosen.id if chosen else None)
    ids = {ident for link in found for ident in (link.out, link.other)}
    excluded = session.scalars(
        select(DirectoryExclusion).where(
            DirectoryExclusion.institution_id.in_(ids), DirectoryExclusion.bar == Bar.EXCLUDED, DirectoryExclusion.lifted_on.is_(None)
        )
    )
    _ = translator(request)
    institutions = {row.id: row for row in session.scalars(select(Institution).where(Institution.id.in_(ids)))}
    barred = {row.institution_id: row for row in excluded}
    if export == CSV:
        lines = [
            [
                institutions[link.out].code,
                institutions[link.out].name,
                barred[link.out].case_code,
                barred[link.out].from_on,
                institutions[link.other].code,
                institutions[link.other].name,
                institutions[link.other].created_at,
                _(TRAITS[one.trait]),
                _(", ").join(one.values),
            ]
            for link in found
            for one in link.shared
        ]
        return sheet(request, "successors", SHEET, lines)
    return render(
        request,
        "exit/successors.html",
        **show_navigation(request, caller, "exit"),
        links=found,
        institutions=institutions,
        exclusions=barred,
        query=request.url.query,
        traits={trait: _(word) for trait, word in TRAITS.items()},
        strong=STRONG,
        rule=rule,
        chosen=chosen,
        asked=institution,
    )


def told_of(links: list[Link], words: dict[Trait, str]) -> list[str]:
    """The words of everything that is shared, once each, in the order of the traits."""
    shared = {one.trait for link in links for one in link.shared}
    return [word for trait, word in words.items() if trait in shared]
