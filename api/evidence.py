"""Are the bytes that a finding rests on still what they were? Read and hashed at the moment of every act that relies on them. 2.3.2."""

from sqlalchemy.orm import Session

from api.http.services import Services
from api.wiring import bench
from supervision.findings import evidence
from supervision.findings.models import Finding
from supervision.footage.models import Recording
from supervision.footage.verification import check_hash
from supervision.visits import on_site, queries, record
from supervision.visits.errors import PhotoNotVerified
from supervision.visits.models import Visit


def verify_now(services: Services, session: Session, found: Finding) -> None:
    """Raises: HashMismatch, ObjectMissing — the footage; PhotoNotVerified — the record of the visit or a photo."""
    stretch = evidence.marked(found)
    if stretch is not None:
        check_hash(bench(services), session.get_one(Recording, stretch.recording_id))
        return
    visit = evidence.visit_of(session, found)
    if visit is not None:
        verify_visit(services, session, visit, item=found.visit_item)


def verify_visit(services: Services, session: Session, visit: Visit, *, item: str) -> None:
    """The record still has the hash that was signed, and each photo of the item the hash that the record names. Raises: PhotoNotVerified."""
    if visit.record_sha256 is None or record.digest(session, visit) != visit.record_sha256:
        raise PhotoNotVerified(photo=visit.code)
    for photo in queries.photos(session, visit.id):
        if photo.item == item:
            on_site.check_photo(services.buckets.evidence, photo)
