"""Refusals of clips."""

from storage.kernel.errors import DomainError


class ClipNotReady(DomainError):
    """The clip is still being cut, or could not be. Facts: state, failure."""

    code = "clip-not-ready"


class ClipGone(DomainError):
    """The viewing copy was deleted: its purpose ended. Facts: clip."""

    code = "clip-gone"
