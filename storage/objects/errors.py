"""Refusals of the object store, as the product understands them. Nothing above this package sees an S3 error."""

from storage.kernel.errors import DomainError


class StoreUnavailable(DomainError):
    """The store did not answer, or kept answering with a server error after the retries. Facts: act, why."""

    code = "store-unavailable"


class StoreRefused(DomainError):
    """The store answered with a refusal that the product did not expect (wrong identity, wrong configuration). Facts: act, why."""

    code = "store-refused"


class BucketMissing(DomainError):
    """A bucket does not exist and this identity may not create it. Facts: bucket."""

    code = "bucket-missing"


class BucketUnlocked(DomainError):
    """A bucket that must have object lock was made without it; the lock cannot be added later. Facts: bucket."""

    code = "bucket-unlocked"
    clause = "R73"


class StoreIdentityTooStrong(DomainError):
    """The application's key may do what only the store's administrator should. Facts: acts."""

    code = "store-identity-too-strong"
    clause = "R73"


class ObjectMissing(DomainError):
    """No such object version. Facts: key, version_id."""

    code = "object-missing"


class UploadGone(DomainError):
    """The store does not know the multipart upload: completed, aborted or never begun. Facts: key, upload_id."""

    code = "upload-gone"


class PartMissing(DomainError):
    """A part named in the completion is not in the store, or another content is. Facts: key, upload_id."""

    code = "part-missing"


class PartTooSmall(DomainError):
    """A part other than the last is below 5 MiB. Facts: key, upload_id."""

    code = "part-too-small"


class VersionLocked(DomainError):
    """The store refuses: the version is under retention or legal hold. Facts: key, version_id."""

    code = "version-locked"
    clause = "R73"
