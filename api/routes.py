"""Every router of the site, in the order they are matched."""

from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter

from api.auth import account_views, views
from api.auth import routes as auth_routes
from api.pages import home
from api.pages.accounts import views as account_pages
from api.pages.approvals import procedure as approval_acts
from api.pages.approvals import views as approval_pages
from api.pages.credit import acts as credit_acts
from api.pages.credit import items as credit_items
from api.pages.credit import views as credit_pages
from api.pages.draws import views as draw_pages
from api.pages.exit import lists as statutory_lists
from api.pages.exit import steps as exit_acts
from api.pages.exit import successors
from api.pages.exit import views as exit_pages
from api.pages.findings import procedure as finding_acts
from api.pages.findings import views as finding_pages
from api.pages.institution import views as institution
from api.pages.keys import views as key_pages
from api.pages.leads import clocks as clock_pages
from api.pages.leads import crosschecks as crosscheck_pages
from api.pages.leads import pair as pair_pages
from api.pages.leads import rehearsal as rehearsal_pages
from api.pages.leads import views as lead_pages
from api.pages.outcomes import records as record_pages
from api.pages.outcomes import views as outcome_pages
from api.pages.policy import views as policy_pages
from api.pages.public import feeds as public_feeds
from api.pages.public import views as directory_pages
from api.pages.publication import views as publication
from api.pages.recordings import copies as copy_pages
from api.pages.recordings import due as due_pages
from api.pages.recordings import views as recording_pages
from api.pages.registry import class_views as class_pages
from api.pages.registry import views as registry_pages
from api.pages.releases import views as release_pages
from api.pages.reports import report_views as report_pages
from api.pages.reports import responsible_views as responsible_pages
from api.pages.reports import views as target_pages
from api.pages.review import views as review_pages
from api.pages.reviewers import interests as interest_pages
from api.pages.reviewers import rounds as look_pages
from api.pages.reviewers import views as reviewer_pages
from api.pages.subsidy import claims as claim_pages
from api.pages.subsidy import views as subsidy_pages
from api.pages.visits import acts as visit_acts
from api.pages.visits import views as visit_pages
from api.pages.watch import views as watch_pages
from api.v1 import (
    approvals,
    copies,
    coverage,
    destructions,
    draws,
    exits,
    health,
    ratings,
    recordings,
    registry,
    review_room,
    reviews,
    subsidy,
    uploads,
    viewing,
    visits,
)

ROUTERS: Final[Sequence[APIRouter]] = (
    views.router,
    account_views.router,
    auth_routes.router,
    uploads.router,
    recordings.router,
    destructions.router,
    coverage.router,
    registry.router,
    draws.router,
    reviews.router,
    review_room.router,
    visits.router,
    subsidy.router,
    approvals.router,
    health.router,
    home.router,
    institution.router,
    due_pages.router,  # before the page of one recording: `due` is no id
    recording_pages.router,
    registry_pages.router,
    class_pages.router,
    review_pages.router,
    release_pages.router,
    viewing.router,
    reviewer_pages.router,
    interest_pages.router,
    look_pages.router,
    visit_pages.router,
    visit_acts.router,
    draw_pages.router,
    finding_pages.router,
    finding_acts.router,
    outcome_pages.router,
    record_pages.router,
    claim_pages.router,
    subsidy_pages.router,
    copies.router,
    copy_pages.router,
    exits.router,
    successors.router,
    exit_pages.router,
    statutory_lists.router,
    exit_acts.router,
    approval_pages.router,
    approval_acts.router,
    ratings.router,
    credit_items.router,
    credit_acts.router,
    credit_pages.router,
    account_pages.router,
    key_pages.router,
    target_pages.router,
    report_pages.router,
    pair_pages.router,
    rehearsal_pages.router,
    clock_pages.router,
    crosscheck_pages.router,
    lead_pages.router,
    responsible_pages.router,
    watch_pages.router,
    policy_pages.router,
    publication.router,
    public_feeds.router,
    directory_pages.router,
)
