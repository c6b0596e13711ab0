"""Refusals of an upload. R72."""

from storage.kernel.errors import DomainError


class FileTooLarge(DomainError):
    """Facts: size_bytes, limit_bytes."""

    code = "file-too-large"
    clause = "R72"


class FileEmpty(DomainError):
    """A file of zero bytes proves nothing. Facts: file_name."""

    code = "file-empty"
    clause = "R72"


class QuotaExceeded(DomainError):
    """Facts: used_bytes, limit_bytes, size_bytes."""

    code = "quota-exceeded"
    clause = "R72"


class TooManyUploads(DomainError):
    """Facts: open, limit."""

    code = "too-many-uploads"
    clause = "R72"


class UploadClosed(DomainError):
    """The session takes no more parts. Facts: state."""

    code = "upload-closed"
    clause = "R72"


class NoSuchPart(DomainError):
    """Facts: number, part_count."""

    code = "no-such-part"
    clause = "R72"


class UploadIncomplete(DomainError):
    """The store does not have every byte yet. Facts: missing = part numbers, wrong_size = part numbers."""

    code = "upload-incomplete"
    clause = "R72"


class StoreLowOnSpace(DomainError):
    """New uploads wait: the store's disk is nearly full. Facts: free_bytes, limit_bytes."""

    code = "store-low-on-space"
    clause = "R72"
