"""What a death leaves in the store is swept away; what anybody still needs is not."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from storage.database.session import SYSTEM
from storage.uploads import service as uploads
from storage.uploads.models import UploadSession
from tests.integration.chaos.conftest import Sender

pytestmark = pytest.mark.xdist_group("chaos")


def test_an_upload_that_only_the_store_knows_is_swept_and_a_living_one_is_not(sender: Sender) -> None:
    services, trigger = sender.house.services, sender.house.trigger
    store = services.buckets.evidence
    trigger.arm("create_multipart.after")
    sender.assert_kept(sender.start().result(120))
    with services.database.transaction(SYSTEM) as session:
        known = set(session.scalars(select(UploadSession.store_upload_id)))
    orphans = {upload.upload_id for upload in store.list_multiparts()} - known
    assert orphans
    trigger.arm("presign_part.after", waits=True, skip=1)
    sending = sender.start()
    trigger.reached("presign_part.after")
    living = {upload.upload_id for upload in store.list_multiparts()} - orphans
    assert len(living) == 1
    with services.database.transaction(SYSTEM) as session:
        assert uploads.sweep_orphans(session, store, at=services.clock.now_at()) == 0  # younger than a day
        assert uploads.sweep_orphans(session, store, at=services.clock.now_at() + timedelta(days=2)) == len(orphans)
    assert {upload.upload_id for upload in store.list_multiparts()} == living
    trigger.go("presign_part.after")
    sender.assert_kept(sending.result(120))


def test_parts_that_a_store_did_not_forget_after_joining_them_are_not_freed(sender: Sender) -> None:
    """A store killed between the two still lists the upload; the parts are the recording's bytes."""
    services = sender.house.services
    store = services.buckets.evidence
    sent = sender.start().result(120)
    with services.database.transaction(SYSTEM) as session:
        row = uploads.find(session, UUID(sent.upload_id), None)
        listed = store.create_multipart(row.object_key, row.content_type)
        session.execute(update(UploadSession).where(UploadSession.id == row.id).values(store_upload_id=listed))
    with services.database.transaction(SYSTEM) as session:
        uploads.sweep_orphans(session, store, at=services.clock.now_at() + timedelta(days=2))  # what other deaths left goes, this stays
    assert listed in {upload.upload_id for upload in store.list_multiparts()}
    store.abort_multipart(row.object_key, listed)
    sender.assert_kept(sent)
