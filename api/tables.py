"""Every mapped class of the product, imported once: what migrations, grants and row-level security are generated from."""
# ruff: noqa: F401 - imported for their tables

from sqlalchemy import MetaData

import api.auth.models
import api.play_models
import api.schedule_models
import compliance.approvals.models
import compliance.exit.models
import compliance.papers.models
import compliance.rating.models
import compliance.reports.models
import compliance.subsidy.models
import storage.clips.models
import storage.ledger.models
import storage.retention.models
import storage.uploads.models
import supervision.classes.models
import supervision.classes.place_models
import supervision.findings.models
import supervision.footage.copy_models
import supervision.footage.destruction_models
import supervision.footage.models
import supervision.footage.receipts
import supervision.institutions.models
import supervision.institutions.restriction_models
import supervision.outcomes.models
import supervision.releases.models
import supervision.sampling.models
import supervision.screening.clock_models
import supervision.screening.recycled_models
import supervision.screening.screening_models
import supervision.screening.view_history_models
import supervision.spotchecks.interest_models
import supervision.spotchecks.models
import supervision.spotchecks.result_models
import supervision.spotchecks.room_models
import supervision.visits.models
from storage.database.base import Base

METADATA: MetaData = Base.metadata
